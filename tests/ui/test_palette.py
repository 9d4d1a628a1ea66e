"""Marks, the palette, and the form of a command's values."""

from __future__ import annotations

import pytest

from tests.ui import pictures
from tests.ui.fake_client import FakeClient
from tests.ui.pictures import ref
from tests.ui.running import Running, running
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hosts import Rights
from tsym_tui.fleet.fleet import Asked
from tsym_tui.ui.choices import Choice, ChoiceKind, FormFields, choices_for, matching
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.screens.palette import PaletteScreen
from tsym_tui.ui.screens.results import ResultsScreen
from tsym_tui.ui.screens.stream import StreamScreen
from tsym_tui.ui.settings import Settings


def palette(run: Running) -> PaletteScreen:
    assert isinstance(run.app.screen, PaletteScreen)
    return run.app.screen


def everything(*hosts: Asked) -> tuple[Choice, ...]:
    return choices_for(hosts, Scope.MAP, dict(COMMANDS))


async def test_space_marks_hosts_and_says_how_many() -> None:
    async with running(pictures.home(), settings=Settings(theme="dark", start_screen="nodes")) as run:
        await run.press("space", "j", "space")
        assert run.app.desk.view.marked == {ref("laptop"), ref("nas")}
        assert "2 marked" in run.text()
        assert run.text().count("■") == 2

        await run.press("space")
        assert run.app.desk.view.marked == {ref("laptop")}


async def test_marks_are_dropped_all_at_once() -> None:
    async with running(pictures.home()) as run:
        await run.press("space", "j", "space", "V")

        assert run.app.desk.view.marked == set()
        assert "marked" not in run.text()


async def test_a_node_that_is_no_host_cannot_be_marked() -> None:
    async with running(pictures.home()) as run:
        await run.press("G", "space")

        assert run.app.desk.view.marked == set()
        assert "is no host of ours" in run.text()


@pytest.mark.parametrize("key", ["x", "ctrl+p"])
async def test_the_palette_opens_and_escape_closes_it(key: str) -> None:
    async with running(pictures.home()) as run:
        await run.press(key)
        assert isinstance(run.app.screen, PaletteScreen)
        assert "on 4 hosts" in run.text()

        await run.press("escape")
        assert not isinstance(run.app.screen, PaletteScreen)


async def test_letters_that_mean_something_elsewhere_are_text_in_the_palette() -> None:
    async with running(pictures.home()) as run:
        await run.press("x", *"xq?pref")

        assert palette(run).pane.line.text == "xq?pref"


async def test_a_chosen_command_runs_on_all_hosts() -> None:
    async with running(pictures.home()) as run:
        run.source.clients = {name: FakeClient() for name in ("laptop", "nas", "pi-kitchen", "vps-fra")}
        await run.press("x", *"prefs", "enter")

        assert isinstance(run.app.screen, ResultsScreen)
        assert [host.name for host in run.app.screen.state.hosts] == ["laptop", "nas", "pi-kitchen", "vps-fra"]


async def test_a_chosen_command_runs_on_marked_hosts_alone() -> None:
    async with running(pictures.home(), settings=Settings(theme="dark", start_screen="nodes")) as run:
        await run.press("j", "space", "x")
        assert "on nas" in run.text()

        await run.press(*"prefs", "enter")
        assert isinstance(run.app.screen, ResultsScreen)
        assert [host.name for host in run.app.screen.state.hosts] == ["nas"]


async def test_a_command_with_values_asks_for_them_first() -> None:
    async with running(pictures.home()) as run:
        client = FakeClient()
        run.source.clients = {"laptop": client}
        await run.press("space", "x", *"whois", "enter")
        assert "addr" in run.text()

        await run.press(*"100.64.0.2", "enter")
        await run.until(lambda: bool(client.asked), "the question")
        assert client.asked == [("whois", {"addr": "100.64.0.2"})]


async def test_a_name_may_stand_where_an_address_is_wanted() -> None:
    async with running(pictures.home()) as run:
        client = FakeClient()
        run.source.clients = {"laptop": client}
        await run.press("space", "x", *"whois", "enter", *"nas", "enter")
        await run.until(lambda: bool(client.asked), "the question")

        assert client.asked == [("whois", {"addr": "100.64.0.2"})]


async def test_a_wrong_value_says_what_is_wanted_and_runs_nothing() -> None:
    async with running(pictures.home()) as run:
        await run.press("x", *"whois", "enter", *"nobody", "enter")

        assert "wanted an IP address" in run.text()
        assert isinstance(run.app.screen, PaletteScreen)


async def test_escape_in_the_form_goes_back_to_the_list() -> None:
    async with running(pictures.home()) as run:
        await run.press("x", *"whois", "enter", "escape")

        assert palette(run).pane.form is None


async def test_what_a_key_does_can_be_chosen_too() -> None:
    async with running(pictures.home()) as run:
        await run.press("x", *"only problems", "enter")
        await run.pilot.pause()

        assert run.app.desk.view.only_problems


async def test_the_logs_can_be_chosen() -> None:
    async with running(pictures.home()) as run:
        await run.press("x", *"logs", "enter")

        assert isinstance(run.app.screen, StreamScreen)


async def test_a_command_no_host_will_run_says_so_before_it_is_run() -> None:
    picture = pictures.home()
    only_reading = pictures.snapshot(
        list(picture.nodes.values()), list(picture.pairs.values()), [pictures.host("laptop", rights=Rights.READ)]
    )
    async with running(only_reading) as run:
        run.source.clients = {"laptop": FakeClient()}
        await run.press("x", *"goroutines")

        assert "not here" in run.text()
        assert "sudo tailscale set --operator=$USER" in run.text()


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (20, 5)])
async def test_the_palette_fits_small_terminals(size: tuple[int, int]) -> None:
    async with running(pictures.home(), size=size) as run:
        await run.press("x", *"ping")

        assert "cannot draw" not in run.text()
        assert ": ping" in run.text()
        assert "▎ ping" in run.text()

        await run.press("enter", "tab")
        assert "▎ type" in run.text()


def test_every_read_and_stream_of_the_table_is_listed() -> None:
    listed = {choice.command.name for choice in everything() if choice.command is not None}
    wanted = {command.name for command in COMMANDS.values() if not command.acts and not command.body}

    assert listed == wanted


def test_nothing_that_acts_on_a_daemon_is_listed() -> None:
    assert not {"restun", "rebind"} & {choice.name for choice in everything()}


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("pref", "prefs"),
        ("derp", "derp-map"),
        ("log", "logs"),
        ("grtn", "goroutines"),
        ("dcfg", "dns-config"),
        ("expire", None),
    ],
)
def test_the_best_match_comes_first(text: str, first: str | None) -> None:
    found = matching(everything(), text)

    assert (found[0].name if found else None) == first


def test_names_are_unique_among_questions() -> None:
    names = [choice.name for choice in everything() if choice.kind is not ChoiceKind.ACT]

    assert len(names) == len(set(names))


def test_a_form_goes_to_the_field_that_is_wrong() -> None:
    form = FormFields(COMMANDS["derp-region"])

    assert form.values({}) is None
    assert "needs region" in form.trouble


def test_a_form_steps_through_choices() -> None:
    form = FormFields(COMMANDS["pprof"])
    form.next_choice()
    form.next_choice()

    assert form.line.text == "heap"


@pytest.mark.parametrize("screen", ["map", "nodes", "matrix"])
async def test_a_marked_host_shows_it_on_every_screen(screen: str) -> None:
    async with running(pictures.home(), settings=Settings(theme="mono", glyphs="ascii", start_screen=screen)) as run:
        await run.press("space")

        assert "*@ laptop" in run.text()


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_keys_that_end_things_close_the_palette(key: str) -> None:
    async with running(pictures.home()) as run:
        await run.press("x", key)

        assert not isinstance(run.app.screen, PaletteScreen)
        assert run.app.is_running


async def test_a_name_that_nobody_has_is_said_to_be_none() -> None:
    async with running(pictures.home()) as run:
        await run.press("x", *"ping", "enter", *"zzz", "enter")

        assert "wanted an IP address or the name of a node" in run.text()


async def test_screens_of_answers_and_streams_do_not_pile_up() -> None:
    async with running(pictures.home()) as run:
        clients = {"laptop": FakeClient()}
        run.source.clients = dict(clients)
        for _ in range(3):
            await run.press("s", "x", *"prefs", "enter")
        kinds = [type(screen) for screen in run.app.screen_stack]
        await run.until(lambda: clients["laptop"].followers == 1, "one follower")

        assert (kinds.count(StreamScreen), kinds.count(ResultsScreen)) == (1, 1)
