"""Hiding names in the app: no screen, answer, log line or saved view shows what was planted; asking still works."""

from __future__ import annotations

from math import dist

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.fake_client import FakeClient
from tests.ui.fake_source import FakeSample
from tests.ui.running import Running, running
from tests.unit.fleet.planted import SECRETS, leaks, secret_tailnet
from tsym_agent.localapi.errors import AccessDeniedError
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.logs import Event, LogLine
from tsym_tui.ui.obeying import prepare
from tsym_tui.ui.screens.results import AnswerCame, ResultsScreen
from tsym_tui.ui.screens.stream import StreamScreen
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.widgets.mappane import MapPane

SHOWN = Settings(theme="dark", glyphs="braille", start_screen="overview")
HIDDEN = msgspec.structs.replace(SHOWN, hide_names=True)


async def hidden(run: Running, *keys: str) -> str:
    """Press keys and return what is on screen."""
    await run.press(*keys)
    await run.until(lambda: run.app.desk.view.hides_names and run.app.desk.veil.is_on, "hiding")
    await run.settled()
    return run.text()


@pytest.mark.parametrize("screen", ["1", "2", "3", "4"])
@pytest.mark.parametrize("size", [(80, 24), (160, 48), (60, 14)])
async def test_a_screen_shows_no_secret(screen: str, size: tuple[int, int]) -> None:
    async with running(secret_tailnet(), settings=HIDDEN, size=size) as run:
        assert leaks(await hidden(run, screen)) == []


@pytest.mark.parametrize("screen", ["1", "2", "3", "4"])
async def test_the_same_screens_show_secrets_while_names_are_shown(screen: str) -> None:
    async with running(secret_tailnet(), settings=SHOWN, size=(160, 48)) as run:
        await run.press(screen)

        assert "zebrafish" in leaks(run.text())


@pytest.mark.parametrize("keys", [("2", "enter"), ("2", "tab", "enter"), ("2", "enter", "t"), ("at",), ("x",)])
async def test_what_lies_over_a_screen_shows_no_secret(keys: tuple[str, ...]) -> None:
    async with running(secret_tailnet(), settings=HIDDEN, size=(160, 48)) as run:
        assert leaks(await hidden(run, *keys)) == []


async def test_h_hides_names_and_h_shows_them_again() -> None:
    async with running(secret_tailnet(), settings=SHOWN, size=(160, 48)) as run:
        text = await hidden(run, "2", "H")
        assert leaks(text) == []
        assert "names are hidden" in text

        await run.press("H")
        await run.until(lambda: not run.app.desk.view.hides_names, "showing")
        await run.settled()
        assert "zebrafish" in run.text()


async def test_a_newer_picture_is_hidden_too() -> None:
    async with running(secret_tailnet(), settings=HIDDEN) as run:
        before = run.app.desk.view.picture
        run.source.show(msgspec.structs.replace(secret_tailnet(), revision=7))
        await run.until(lambda: run.app.desk.view.picture is not before, "a newer picture")
        await run.settled()

        assert leaks(run.text()) == []


async def test_a_paused_picture_is_hidden_where_it_stands() -> None:
    async with running(secret_tailnet(), settings=SHOWN) as run:
        text = await hidden(run, "2", "p", "H")

        assert leaks(text) == []
        assert "paused" in text


@pytest.mark.parametrize(("typed", "stays"), [("zebrafish", True), ("zebraf", False), ("os:linux", True)])
async def test_selection_and_filter_stay_on_their_node_and_parts_of_names_go(typed: str, stays: bool) -> None:
    async with running(secret_tailnet(), settings=SHOWN) as run:
        await run.press("2", "slash", *["colon" if char == ":" else char for char in typed], "enter")
        real = run.app.desk.view.node
        text = await hidden(run, "H")
        view = run.app.desk.view

        assert real is not None
        assert view.node == run.app.desk.veil.ref(real) != real
        assert bool(view.filter) is stays
        assert "zebraf" not in text


async def test_marks_stay_on_their_hosts() -> None:
    async with running(secret_tailnet(), settings=SHOWN) as run:
        await run.press("2", "space")
        (real,) = run.app.desk.view.marked
        await hidden(run, "H")

        assert run.app.desk.view.marked == {run.app.desk.veil.ref(real)}
        assert run.app.desk.veil.real_ref(next(iter(run.app.desk.view.marked))) == real


async def test_probes_and_looks_go_to_the_real_pair() -> None:
    async with running(secret_tailnet(), settings=HIDDEN) as run:
        await hidden(run, "2", "tab", "r")

        assert run.source.probed[-1] is not None
        assert set(run.source.probed[-1]) <= set(secret_tailnet().pairs)
        assert set(run.source.looked_at[-1]) <= set(secret_tailnet().pairs)


async def test_the_history_is_that_of_the_real_pair() -> None:
    async with running(secret_tailnet(), settings=HIDDEN, size=(160, 48)) as run:
        for key in secret_tailnet().pairs:
            run.source.samples[key] = tuple(FakeSample(60.0 * minute, 3.0) for minute in range(9))
        text = await hidden(run, "1")

        assert "━━━━" in text


def place_of(pane: MapPane, ref: NodeRef) -> tuple[float, float]:
    """Return where a node is drawn."""
    place = pane.drawn.place_of(ref) if pane.drawn is not None else None
    assert place is not None
    return place


async def test_nodes_stay_in_their_place_where_a_layout_minds_the_last_one() -> None:
    settings = msgspec.structs.replace(SHOWN, start_screen="map", layout="force")
    async with running(pictures.home(), settings=settings, size=(120, 36)) as run:
        pane = run.app.screen.query_one(MapPane)
        before = {ref: place_of(pane, ref) for ref in pictures.home().nodes}
        await hidden(run, "H")
        await run.until(lambda: pane.is_up_to_date, "the map")
        veil = run.app.desk.veil
        moved = [dist(place, place_of(pane, veil.ref(ref))) for ref, place in before.items()]

        assert len(moved) == 8
        assert sorted(moved)[4] < 0.1
        assert "laptop" not in run.text()


# answers, logs, events

ANSWER = {
    "Self": {"HostName": "zebrafish", "DNSName": "zebrafish.wolverine-home.ts.net.", "ID": "nSECRETKANGAROOCNTRL"},
    "User": {"7": {"LoginName": "marisol@quokka-corp.example", "DisplayName": "Marisol Quokka"}},
    "Routes": {"vault.internal-quokka.lan.": ["203.0.113.177:53"]},
}


async def asked(run: Running, *clients: FakeClient) -> None:
    """Let these answer for the hosts of the secret tailnet."""
    run.source.clients = dict(zip(("zebrafish", "quokka"), clients, strict=False))


async def test_an_answer_shows_no_secret_laid_out_raw_or_compared() -> None:
    async with running(secret_tailnet(), settings=HIDDEN, size=(160, 48)) as run:
        await asked(run, FakeClient(msgspec.json.encode(ANSWER)))
        await run.press("x", *"prefs", "enter")
        screen = run.app.screen
        assert isinstance(screen, ResultsScreen)
        await run.until(lambda: not screen.state.waiting, "the answers")
        laid_out = run.text()
        raw = await hidden(run, "t")
        differences = await hidden(run, "d")

        assert "HostName" in raw
        assert leaks(laid_out + raw + differences) == []


async def test_an_answer_that_was_there_is_asked_for_again_when_names_are_hidden() -> None:
    async with running(secret_tailnet(), settings=SHOWN, size=(160, 48)) as run:
        client = FakeClient(msgspec.json.encode(ANSWER))
        await asked(run, client)
        await run.press("x", *"prefs", "enter", "t")
        await run.until(lambda: "zebrafish" in run.text(), "the answer")
        text = await hidden(run, "H")
        await run.until(lambda: "HostName" in run.text() or not leaks(run.text()), "the answer again")

        assert len(client.asked) == 2
        assert leaks(text + run.text()) == []


async def test_an_answer_that_was_on_its_way_when_names_were_hidden_is_dropped() -> None:
    async with running(secret_tailnet(), settings=SHOWN, size=(160, 48)) as run:
        client = FakeClient(msgspec.json.encode(ANSWER))
        await asked(run, client)
        await run.press("x", *"prefs", "enter")
        screen = run.app.screen
        assert isinstance(screen, ResultsScreen)
        await run.until(lambda: len(screen.state.good) == 1, "the answer")
        late, client.answer = AnswerCame(screen.state, screen.state.good[0]), b"{}"
        await hidden(run, "H")
        await run.until(lambda: len(screen.state.good) == 1, "the other answer")
        screen.post_message(late)
        await run.settled()

        assert late.answer.host.spec not in screen.state.answers
        assert screen.state.good[0].body == b"{}"


async def test_a_question_goes_to_the_host_of_that_pseudonym() -> None:
    async with running(secret_tailnet(), settings=HIDDEN, size=(160, 48)) as run:
        first, second = FakeClient(b"{}"), FakeClient(b"{}")
        await asked(run, first, second)
        name = next(one.host.name for one in run.app.desk.source.asked() if one.client is not None)  # type: ignore[union-attr]  # there
        prepare(run.app, f"get prefs --on {name}")()
        await run.until(lambda: bool(first.asked), "the question")
        await run.settled()

        assert second.asked == []


async def test_what_is_typed_by_its_pseudonym_is_asked_by_its_name() -> None:
    async with running(secret_tailnet(), settings=HIDDEN, size=(160, 48)) as run:
        client = FakeClient(b"{}")
        await asked(run, client)
        address = next(iter(run.app.desk.view.digest.snapshot.nodes.values())).addresses[0]  # type: ignore[union-attr]  # there
        await run.press("x", *"whois", "enter", *address.replace(".", ":").split(":")[0])
        await run.press(*["full_stop" if char == "." else char for char in address[3:]], "enter")
        await run.until(lambda: bool(client.asked), "the question")

        assert "100.71.72.73" in str(client.asked)


async def test_an_error_shows_no_secret() -> None:
    async with running(secret_tailnet(), settings=HIDDEN, size=(160, 48)) as run:
        trouble = AccessDeniedError("/run/zebrafish.sock", "marisol@quokka-corp.example may not", "ask zebrafish")
        await asked(run, FakeClient(trouble))
        await run.press("x", *"prefs", "enter")
        await run.until(lambda: "may not" in run.text(), "the refusal")

        assert leaks(run.text()) == []


LINES = (
    LogLine(at="2025-03-01T12:00:00Z", text="peer zebrafish (100.71.72.73) is gone from Platypus Hall"),
    Event(at="2025-03-01T12:00:01Z", kind="login", words="marisol@quokka-corp.example on zebrafish", node="zebrafish"),
)


@pytest.mark.parametrize("key", ["s", "e"])
async def test_logs_and_events_show_no_secret(key: str) -> None:
    async with running(secret_tailnet(), settings=HIDDEN, size=(160, 48)) as run:
        await asked(run, FakeClient(lines=LINES))
        await run.press(key)
        await run.until(lambda: "gone from" in run.text(), "the log")

        assert leaks(run.text()) == []
        assert isinstance(run.app.screen, StreamScreen)


async def test_a_log_on_screen_begins_anew_when_names_are_hidden() -> None:
    async with running(secret_tailnet(), settings=SHOWN, size=(160, 48)) as run:
        await asked(run, FakeClient(lines=LINES))
        await run.press("s")
        await run.until(lambda: "zebrafish" in run.text(), "the log")
        await hidden(run, "H")
        await run.until(lambda: "gone from" in run.text(), "the log again")

        assert leaks(run.text()) == []


async def test_a_copy_of_the_selection_has_no_secret() -> None:
    async with running(secret_tailnet(), settings=HIDDEN) as run:
        await hidden(run, "2", "tab", "y")

        assert run.app.clipboard
        assert leaks(run.app.clipboard) == []


async def test_why_looking_ended_is_told_without_names() -> None:
    async with running(secret_tailnet(), settings=HIDDEN) as run:
        run.source.fail(ValueError("zebrafish at 100.71.72.73 is broken"))
        await run.until(lambda: run.app.desk.view.trouble is not None, "the end")
        await run.settled()

        assert "is broken" in run.text()
        assert leaks(run.text()) == []


async def test_pseudonyms_look_like_what_they_stand_for() -> None:
    async with running(pictures.home(), settings=HIDDEN, size=(120, 36)) as run:
        text = await hidden(run, "4")

        assert ".ts.net" in text
        assert "laptop" not in text


def test_the_secrets_are_worth_looking_for() -> None:
    assert len(SECRETS) > 15
