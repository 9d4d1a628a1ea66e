"""The app on a source that a test holds in its hand."""

from __future__ import annotations

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.fake_source import FakeSource
from tests.ui.pictures import node, pair, ref
from tests.ui.running import Running, quiet_app, running
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui.app import TsymApp
from tsym_tui.ui.screens.detail import DetailScreen
from tsym_tui.ui.screens.help import HelpScreen
from tsym_tui.ui.screens.map import MapScreen
from tsym_tui.ui.screens.matrix import MatrixScreen
from tsym_tui.ui.screens.nodes import NodesScreen
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.source import SnapshotSource
from tsym_tui.ui.widgets.lists import ListPane
from tsym_tui.ui.widgets.mappane import MapPane


def changed(snapshot: Snapshot, **fields: object) -> Snapshot:
    """Return a later picture."""
    return msgspec.structs.replace(snapshot, revision=snapshot.revision + 1, **fields)


async def test_it_starts_on_the_map_with_the_first_host_selected() -> None:
    async with running(pictures.home()) as run:
        assert isinstance(run.app.screen, MapScreen)
        assert run.app.desk.view.node == ref("laptop")


async def test_a_selection_survives_a_new_picture() -> None:
    async with running(pictures.home()) as run:
        await run.press("2", "j", "j", "4", "tab")
        before = run.app.desk.view.selected
        await run.show(changed(pictures.home()))

        assert run.app.desk.view.selected == before == (ref("pi-kitchen"), ref("laptop"))


async def test_when_the_selected_node_leaves_its_successor_is_selected() -> None:
    async with running(pictures.home()) as run:
        await run.press("2", "j", "4")
        was = pictures.home()
        rest = {key: one for key, one in was.nodes.items() if key != ref("nas")}
        pairs = {key: one for key, one in was.pairs.items() if ref("nas") not in key}
        await run.show(changed(was, nodes=rest, pairs=pairs))

        assert run.app.desk.view.node == ref("pi-kitchen")


async def test_a_paused_picture_stays_until_it_is_let_go() -> None:
    async with running(pictures.home()) as run:
        await run.press("p")
        later = changed(pictures.home(), nodes=pictures.home().nodes | {ref("new"): node("new")})
        run.source.show(later)
        await run.pilot.pause()
        assert "paused" in run.text()
        assert "new" not in run.text()

        await run.press("p")
        await run.until(lambda: ref("new") in run.app.desk.view.listed, "the newer picture")


async def test_letting_go_shows_what_happened_meanwhile_though_nothing_happens_any_more() -> None:
    async with running(pictures.home()) as run:
        await run.press("p")
        later = changed(pictures.home(), hidden=412)
        run.source.show(later)
        await run.until(lambda: run.app.newest is not None and run.app.newest.snapshot is later, "the hidden picture")
        await run.press("p")

        assert "+412" in run.text()


async def test_a_selected_pair_is_looked_at_and_probed() -> None:
    async with running(pictures.home()) as run:
        await run.press("tab", "r")
        both = ((ref("laptop"), ref("nas")), (ref("nas"), ref("laptop")))

        assert run.source.looked_at[-1] == both
        assert run.source.probed == [both]


async def test_without_a_pair_everything_is_probed() -> None:
    async with running(pictures.home()) as run:
        await run.press("r")

        assert run.source.probed == [None]


async def test_typing_a_filter_narrows_list_and_map_and_escape_widens_again() -> None:
    async with running(pictures.home()) as run:
        await run.press("slash", *"path:derp", "enter")
        assert run.app.desk.view.listed == (ref("work-mbp"),)
        drawn = run.app.screen.query_one(MapPane).drawn
        assert drawn is not None
        assert ref("phone") not in drawn.refs

        await run.press("escape")
        assert len(run.app.desk.view.listed) == 8


async def test_a_filter_that_cannot_be_read_says_so_and_changes_nothing() -> None:
    async with running(pictures.home()) as run:
        await run.press("slash", *"nas rtt:>")
        before = run.app.desk.view.listed
        await run.press("f")

        assert "rtt: wants a number" in run.text()
        assert run.app.desk.view.listed == before == (ref("nas"),)


async def test_keys_typed_into_the_filter_are_text_and_nothing_else() -> None:
    async with running(pictures.home()) as run:
        await run.press("slash", *"q2?!p")

        assert run.app.desk.view.filter.text == "q2?!p"
        assert not run.app.desk.view.is_paused
        assert isinstance(run.app.screen, MapScreen)


async def test_a_filter_that_matches_nothing_says_how_to_get_back() -> None:
    async with running(pictures.home(), settings=Settings(theme="dark", start_screen="nodes")) as run:
        await run.press("slash", *"nobody", "enter")

        assert "no node matches nobody" in run.text()


async def test_only_problems_leaves_out_what_is_well() -> None:
    async with running(pictures.home()) as run:
        await run.press("exclamation_mark")

        assert ref("laptop") not in run.app.desk.view.listed
        assert ref("old-mac") in run.app.desk.view.listed


async def test_screens_are_reached_by_number_and_left_by_backtick() -> None:
    async with running(pictures.home()) as run:
        await run.press("2")
        assert isinstance(run.app.screen, NodesScreen)
        await run.press("3")
        assert isinstance(run.app.screen, MatrixScreen)
        await run.press("grave_accent")
        assert isinstance(run.app.screen, NodesScreen)
        await run.press("4")
        assert isinstance(run.app.screen, MapScreen)


async def test_enter_opens_the_selection_and_escape_closes_it() -> None:
    async with running(pictures.home(), size=(80, 24)) as run:
        await run.press("tab", "enter")
        assert isinstance(run.app.screen, DetailScreen)
        assert "192.0.2.20:41641" in run.text()
        await run.press("escape")
        assert isinstance(run.app.screen, MapScreen)


@pytest.mark.parametrize("size", [(120, 36), (60, 20)])
async def test_where_a_filter_left_no_node_a_click_selects_none(size: tuple[int, int]) -> None:
    async with running(pictures.home(), size=size, settings=Settings(theme="dark", start_screen="nodes")) as run:
        await run.press("slash", *"nobody", "enter")
        (pane,) = (pane for pane in run.app.screen.query(ListPane) if pane.display and pane.size.area)
        await run.pilot.click(pane, offset=(8, 4))
        await run.settled()

        assert run.app.desk.view.node is None


async def test_a_number_leaves_the_details_for_that_screen() -> None:
    async with running(pictures.home()) as run:
        await run.press("enter", "2")

        assert isinstance(run.app.screen, NodesScreen)
        assert len(run.app.screen_stack) == 2


async def test_the_help_opens_over_a_screen_and_closes() -> None:
    async with running(pictures.home()) as run:
        await run.press("question_mark")
        assert isinstance(run.app.screen, HelpScreen)
        await run.press("q")
        assert isinstance(run.app.screen, MapScreen)


async def test_a_picture_that_comes_while_help_is_open_is_not_lost() -> None:
    async with running(pictures.home()) as run:
        await run.press("question_mark")
        later = changed(pictures.home(), hidden=7)
        await run.show(later)
        await run.press("escape")

        assert "+7" in run.text()


async def test_the_table_sorts_by_a_letter_and_turns_round_with_the_same() -> None:
    async with running(pictures.home(), settings=Settings(theme="dark", start_screen="nodes")) as run:
        await run.press("o", "r")
        assert run.app.desk.view.table[0] == ref("tv")
        await run.press("o", "r")

        assert run.app.desk.view.table[0] == ref("phone")
        assert run.app.desk.view.table[-1] == ref("old-mac")  # what has no number stays last both ways


async def test_every_layout_draws_or_says_why_not() -> None:
    async with running(pictures.home()) as run:
        pane = run.app.screen.query_one(MapPane)
        seen = []
        while "auto" not in seen:
            await run.press("L")
            seen.append(pane.layout_name)
            assert pane.drawn is not None

        assert len(seen) >= 10


async def test_zooming_keeps_the_selection_in_sight() -> None:
    async with running(pictures.home()) as run:
        pane = run.app.screen.query_one(MapPane)
        await run.press("plus", "plus", "G")
        drawn, node_ref = pane.drawn, run.app.desk.view.node
        assert drawn is not None
        assert node_ref is not None

        shown = {drawn.refs[index] for index in drawn.frame.nodes.values()}
        assert node_ref in shown


async def test_copying_goes_through_the_terminal() -> None:
    async with running(pictures.home()) as run:
        await run.press("tab", "y")

        assert "laptop" in run.app.clipboard
        assert "192.0.2.20:41641" in run.app.clipboard


@pytest.mark.parametrize("size", [(20, 5), (10, 3), (1, 1), (60, 20), (79, 50), (200, 10)])
async def test_no_size_is_too_small(size: tuple[int, int]) -> None:
    async with running(pictures.home(), size=size) as run:
        for key in ("2", "3", "4", "enter", "escape", "question_mark", "escape"):
            await run.press(key)

        assert run.app.is_running


async def test_resizing_in_the_middle_of_everything_does_no_harm() -> None:
    async with running(pictures.home()) as run:
        for width in range(10, 150, 7):
            await run.pilot.resize_terminal(width, width // 3)
        await run.pilot.resize_terminal(120, 36)
        await run.settled()

        assert "wrong now" in run.text()


async def test_wide_names_do_not_move_columns() -> None:
    was = pictures.home()
    wide = msgspec.structs.replace(was.nodes[ref("tv")], name="客厅电视机-大屏幕-📺.home.ts.net")
    async with running(changed(was, nodes=was.nodes | {ref("tv"): wide})) as run:
        strips = run.app.screen._compositor.render_strips()

        assert {strip.cell_length for strip in strips} == {120}


async def test_a_source_that_cannot_be_opened_becomes_the_failed_face_and_r_tries_again() -> None:
    tries: list[str] = []

    async def open_source() -> SnapshotSource:
        tries.append("x")
        if len(tries) == 1:
            raise RuntimeError("no daemon at /run/tailscale: start tailscaled")
        return FakeSource(pictures.home())

    app = TsymApp(open_source, settings=Settings(theme="dark", glyphs="braille"), env={})
    async with app.run_test(size=(100, 30)) as pilot:
        run = Running(app, pilot, FakeSource(pictures.home()))
        await run.until(lambda: "start tailscaled" in run.text(), "the words")
        await pilot.press("r")
        await run.until(lambda: "work-mbp" in run.text(), "the map")


async def test_another_try_closes_the_source_before() -> None:
    opened: list[FakeSource] = []

    async def open_source() -> SnapshotSource:
        opened.append(FakeSource(pictures.home()))
        return opened[-1]

    app = TsymApp(open_source, settings=Settings(theme="dark", glyphs="braille"), env={})
    async with app.run_test(size=(100, 30)) as pilot:
        run = Running(app, pilot, FakeSource(pictures.home()))
        await run.until(lambda: bool(opened) and "work-mbp" in run.text(), "the map")
        opened[0].fail(RuntimeError("broken"))
        await run.until(lambda: "broken" in run.text(), "the words")
        await pilot.press("r")
        await run.until(lambda: len(opened) == 2 and "live" in run.text(), "the second source")

    assert [source.is_closed for source in opened] == [True, True]


async def test_a_source_that_breaks_keeps_the_last_picture_and_says_so() -> None:
    async with running(pictures.home()) as run:
        run.source.fail(RuntimeError("the recording ended early"))
        await run.until(lambda: "the recording ended early" in run.text(), "the words")

        assert "ended" in run.text()
        assert "work-mbp" in run.text()


async def test_a_pane_that_cannot_draw_says_so_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsym_tui.ui.widgets.details.selection_rows", lambda *_: 1 / 0)
    async with running(pictures.home()) as run:
        assert "cannot draw this" in run.text()
        assert "wrong now" in run.text()


def raise_an_escape_sequence(*_: object, **__: object) -> None:
    """Fail with words that would clear the screen."""
    raise RuntimeError("no good\n\x1b[2Jat all")


@pytest.mark.parametrize("broken", ["details.selection_rows", "mappane.Cartographer.draw"])
async def test_an_escape_sequence_in_the_words_of_a_pane_that_failed_does_nothing(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"tsym_tui.ui.widgets.{broken}", raise_an_escape_sequence)
    async with running(pictures.home()) as run:
        assert "\N{REPLACEMENT CHARACTER}[2Jat" in run.text()
        assert "\x1b" not in run.text()


async def test_an_escape_sequence_in_the_words_of_a_source_that_broke_does_nothing() -> None:
    async with running(pictures.home()) as run:
        run.source.fail(RuntimeError("no good\n\x1b[2Jat all"))
        await run.until(lambda: "no good" in run.text(), "the words")

        assert "no good \N{REPLACEMENT CHARACTER}[2Jat all" in run.text()


async def test_leaving_closes_the_source() -> None:
    async with running(pictures.home()) as run:
        source = run.source
        await run.pilot.press("q")

    assert source.is_closed


async def test_every_theme_can_be_had_while_it_runs() -> None:
    async with running(pictures.home()) as run:
        seen = []
        for _ in THEMES:
            await run.press("ctrl+t")
            seen.append(run.app.desk.pen.theme.name)

        assert set(seen) == set(THEMES)


async def test_a_key_before_the_first_picture_does_nothing_bad() -> None:
    app = quiet_app(FakeSource(pictures.connecting()))
    async with app.run_test(size=(100, 30)) as pilot:
        for key in ("j", "tab", "enter", "y", "r", "n", "plus", "L", "2", "o", "escape", "3", "m", "n", "l"):
            await pilot.press(key)

        assert app.is_running


async def test_a_burst_of_changes_ends_in_the_newest() -> None:
    async with running(pictures.home()) as run:
        for hidden in range(1, 60):
            run.source.show(changed(pictures.home(), hidden=hidden))
        await run.until(lambda: "+59 hidden" in run.text(), "the newest")


async def test_two_nodes_of_one_name_are_both_there() -> None:
    was = pictures.home()
    twin = node("twin", name="tv.home.ts.net")
    pairs = was.pairs | {(ref("nas"), ref("twin")): pair("nas", "twin")}
    async with running(changed(was, nodes=was.nodes | {ref("twin"): twin}, pairs=pairs)) as run:
        assert "tv#" in run.text()


@pytest.mark.parametrize("screen", ["nodes", "matrix", "map"])
async def test_a_small_terminal_moves_through_its_list_on_every_screen(screen: str) -> None:
    settings = Settings(theme="dark", start_screen=screen)
    async with running(pictures.home(), size=(60, 20), settings=settings) as run:
        await run.press("j", "j")

        assert run.app.desk.view.node == ref("pi-kitchen")


async def test_a_map_waits_for_a_terminal_that_has_not_taken_the_last_one() -> None:
    async with running(pictures.home()) as run:
        pane = run.app.screen.query_one(MapPane)
        waiting = [1]
        run.app.desk.backlog = lambda: waiting[0]
        before = pane._rows
        await run.press("tab")
        assert pane._rows == before

        waiting[0] = 0
        await run.until(lambda: pane._rows != before, "the newer map")


async def test_without_a_pane_the_selected_pair_is_one_line() -> None:
    async with running(pictures.home(), size=(80, 24)) as run:
        await run.press("tab")

        assert "laptop ⇄ nas  ● direct 3.1 ms" in run.text()


async def test_a_notice_that_runs_out_while_the_app_ends_is_let_go() -> None:
    async with running(pictures.home()) as run:
        front = run.app.front
        front.say("going")

    assert not run.app.screen_stack
    with run.app._context():
        front._unsay("going")
    assert run.app.desk.notice == ""
