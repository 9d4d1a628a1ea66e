"""The command line in the app, the way back and forward, and what hides side panes."""

from __future__ import annotations

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.pictures import ref
from tests.ui.running import Running, running
from tsym_tui.ui.screens.calls import CallsScreen
from tsym_tui.ui.screens.detail import DetailScreen
from tsym_tui.ui.screens.map import MapScreen
from tsym_tui.ui.screens.matrix import MatrixScreen
from tsym_tui.ui.screens.nodes import NodesScreen
from tsym_tui.ui.screens.results import ResultsScreen
from tsym_tui.ui.screens.stream import StreamScreen
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.widgets.commandline import CommandPrompt
from tsym_tui.ui.widgets.details import DetailPane
from tsym_tui.ui.widgets.mappane import MapPane

NAMES = {
    " ": "space",
    ":": "colon",
    "!": "exclamation_mark",
    "-": "minus",
    "/": "slash",
    ",": "comma",
    ".": "full_stop",
}


def keys(text: str) -> list[str]:
    """Return the keys that type a text."""
    return [NAMES.get(character, character) for character in text]


async def write(run: Running, text: str) -> None:
    """Type a line and finish it."""
    await run.press("colon", *keys(text), "enter")


def prompt_row(run: Running) -> str:
    return next((line for line in run.text().splitlines() if line.startswith("  : ")), "")


async def test_a_screen_and_a_filter_in_one_line() -> None:
    async with running(pictures.home()) as run:
        await write(run, "nodes os:linux")

        assert isinstance(run.app.screen, NodesScreen)
        assert run.app.desk.view.filter.text == "os:linux"
        assert run.app.focused is None


async def test_a_mistake_is_told_in_place_and_can_be_mended() -> None:
    async with running(pictures.home()) as run:
        await write(run, "theme lihgt")
        assert "there is no theme 'lihgt': there are auto, dark, light" in prompt_row(run)

        await run.press(*["backspace"] * 5, *"light", "enter")
        assert run.app.desk.pen.theme.name == "light"


async def test_escape_leaves_the_line_and_changes_nothing() -> None:
    async with running(pictures.home()) as run:
        await run.press("colon", *"nodes", "escape")

        assert isinstance(run.app.screen, MapScreen)
        assert prompt_row(run) == ""
        assert run.app.focused is None


async def test_keys_typed_into_the_line_are_text_and_those_behind_it_act() -> None:
    async with running(pictures.home()) as run:
        await run.press("colon", *"q23", *["backspace"] * 3, *"matrix", "enter", "p")

        assert isinstance(run.app.screen, MatrixScreen)
        assert run.app.desk.view.is_paused


async def test_lines_are_remembered() -> None:
    async with running(pictures.home()) as run:
        await write(run, "nodes")
        await write(run, "map os:linux")
        await run.press("colon", "up", "up", "enter")

        assert isinstance(run.app.screen, NodesScreen)


async def test_tab_completes_a_line() -> None:
    async with running(pictures.home()) as run:
        await run.press("colon", *"mat", "tab", "enter")

        assert isinstance(run.app.screen, MatrixScreen)


@pytest.mark.parametrize(("line", "hosts"), [("ping nas tv", 1), ("ping tv", 4), ("get ping ip=tv --on nas", 1)])
async def test_a_ping_runs_from_the_hosts_it_names(line: str, hosts: int) -> None:
    async with running(pictures.home()) as run:
        await run.press("colon", *[{"=": "equals_sign"}.get(key, key) for key in keys(line)], "enter")
        screen = run.app.screen

        assert isinstance(screen, ResultsScreen)
        assert (screen.state.job.command.name, len(screen.state.hosts)) == ("ping", hosts)
        assert screen.state.job.values["ip"] == pictures.home().nodes[ref("tv")].addresses[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ping tv nas", "tv is no host of ours"),
        ("ping nobody", "no node is called 'nobody'"),
        ("get whoi", "did you mean whois"),
        ("get", "write get COMMAND"),
        ("layout round", "there is no layout 'round'"),
        ("set speed 3", "there is no setting 'speed'"),
        ("set thresholds-ms 3,2", "five rising numbers"),
        ("map rtt:>x", "rtt: wants a number"),
        ("mark nobody", "no host of ours matches nobody"),
        ("save report.doc", "write a file that ends in"),
        ("probe now", "probe takes nothing behind it"),
    ],
)
async def test_what_cannot_be_done_is_said_before_anything_happens(line: str, words: str) -> None:
    async with running(pictures.home(), size=(160, 36)) as run:
        await run.press("colon", *keys(line), "enter")

        assert words in prompt_row(run)
        assert isinstance(run.app.screen, MapScreen)


async def test_the_line_does_what_the_palette_lists() -> None:
    async with running(pictures.home()) as run:
        await write(run, "only-problems")
        assert run.app.desk.view.only_problems

        await write(run, "logs")
        assert isinstance(run.app.screen, StreamScreen)


async def test_the_line_works_over_other_screens_too() -> None:
    async with running(pictures.home()) as run:
        await run.press("at")
        assert isinstance(run.app.screen, CallsScreen)

        await write(run, "map")
        assert isinstance(run.app.screen, MapScreen)


async def test_settings_can_be_changed_while_it_runs() -> None:
    async with running(pictures.home()) as run:
        await write(run, "set thresholds-ms 1,2,3,4,5")
        await write(run, "set glyphs ascii")
        await write(run, "layout rings")
        pen = run.app.desk.pen

        assert (pen.thresholds_ms, pen.is_ascii, run.text().isascii()) == ((1, 2, 3, 4, 5), True, True)
        assert run.app.screen.query_one(MapPane).layout_name == "rings"


async def test_a_layout_can_be_asked_for_before_the_map_was_ever_open() -> None:
    async with running(pictures.home(), settings=Settings(theme="dark", start_screen="nodes")) as run:
        await write(run, "layout rings")

        assert isinstance(run.app.screen, MapScreen)
        assert run.app.screen.map.layout_name == "rings"


async def test_a_node_that_a_filter_had_left_out_stays_open_when_news_come() -> None:
    async with running(pictures.home()) as run:
        await write(run, "filter name:laptop")
        await write(run, "open tv")
        await run.show(msgspec.structs.replace(pictures.home(), revision=9))

        assert isinstance(run.app.screen, DetailScreen)
        assert run.app.desk.view.node == ref("tv")


@pytest.mark.parametrize("screen", ["overview", "nodes", "matrix", "map"])
async def test_a_filter_that_leaves_nobody_says_so_and_how_to_get_back(screen: str) -> None:
    async with running(pictures.home(), settings=Settings(theme="dark", start_screen=screen)) as run:
        await write(run, "filter nobody")

        assert "no node matches nobody; esc drops the filter" in run.text()


async def test_there_is_nothing_to_copy_where_nothing_is_selected() -> None:
    async with running(pictures.home()) as run:
        await write(run, "filter nobody")
        await run.press("y")

        assert run.app.desk.notice == "nothing is selected to copy"


async def test_marks_are_set_by_a_filter() -> None:
    async with running(pictures.home()) as run:
        await write(run, "mark nas")
        assert run.app.desk.view.marked == {ref("nas")}

        await write(run, "mark")
        assert run.app.desk.view.marked == set()


async def test_open_shows_a_pair_in_full() -> None:
    async with running(pictures.home()) as run:
        await write(run, "open laptop nas")

        assert isinstance(run.app.screen, DetailScreen)
        assert run.app.desk.view.pair == (ref("laptop"), ref("nas"))


async def test_q_ends_the_app() -> None:
    async with running(pictures.home()) as run:
        await run.press("colon", "q", "enter")
        await run.until(lambda: not run.app.is_running, "the end")


async def test_w_says_that_there_is_nothing_to_write() -> None:
    async with running(pictures.home()) as run:
        await write(run, "w")

        assert "E saves this view" in run.text()


async def test_a_long_line_keeps_its_end_in_sight() -> None:
    async with running(pictures.home(), size=(80, 24)) as run:
        await run.press("colon", *("x" * 120), "y")

        assert "xy" in prompt_row(run)


async def test_brackets_go_back_and_forward_with_selection_and_filter() -> None:
    async with running(pictures.home()) as run:
        await run.press("tab")
        pair = run.app.desk.view.pair
        await write(run, "nodes os:linux")
        await run.press("left_square_bracket")
        assert isinstance(run.app.screen, MapScreen)
        assert (run.app.desk.view.pair, run.app.desk.view.filter.text) == (pair, "")

        await run.press("right_square_bracket")
        assert isinstance(run.app.screen, NodesScreen)
        assert run.app.desk.view.filter.text == "os:linux"


async def test_the_way_back_leads_through_what_was_open() -> None:
    async with running(pictures.home()) as run:
        await run.press("enter", "2", "left_square_bracket")
        assert isinstance(run.app.screen, DetailScreen)

        await run.press("left_square_bracket")
        assert isinstance(run.app.screen, MapScreen)
        await run.press("left_square_bracket")
        assert "there is no view before this one" in run.text()


async def test_backslash_gives_the_map_all_the_room_and_takes_it_back() -> None:
    async with running(pictures.home()) as run:
        await run.press("backslash")
        assert run.app.screen.query_one(MapPane).size.width == 120

        await run.press("backslash")
        assert run.app.screen.query_one(DetailPane).size.width > 20


async def test_a_screen_of_one_pane_says_so() -> None:
    async with running(pictures.home(), settings=Settings(theme="dark", start_screen="matrix")) as run:
        await run.press("backslash")

        assert "one pane only" in run.text()


async def test_the_prompt_is_gone_when_its_screen_comes_back() -> None:
    async with running(pictures.home()) as run:
        await write(run, "nodes")
        await write(run, "map")

        assert not run.app.screen.query_one(CommandPrompt).display
        assert "legend" not in prompt_row(run)
