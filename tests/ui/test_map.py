"""The map screen: steering, looking, laying out, hovering; driven by keys and the mouse."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.fake_source import FakeSource
from tests.ui.pictures import node, ref
from tests.ui.running import Running, quiet_app, running
from tsym_agent.model.paths import PathKind
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph import layouts
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.layouts import LAYOUTS, Layout
from tsym_tui.graph.layouts.values import Arrangement, Request
from tsym_tui.graph.looks import Role
from tsym_tui.ui.app import TsymApp
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.viewports import Viewport
from tsym_tui.ui.widgets.mappane import GROUPINGS, MapPane


def map_of(run: Running) -> MapPane:
    return run.app.screen.query_one(MapPane)


async def select(run: Running, *names: str) -> None:
    run.app.desk.view.select(*(ref(name) for name in names))
    run.app.front.after_selection()
    await run.settled()


def place(run: Running, name: str) -> tuple[float, float]:
    drawn = map_of(run).drawn
    assert drawn is not None
    found = drawn.place_of(ref(name))
    assert found is not None
    return found


def cell(run: Running, name: str) -> tuple[int, int]:
    """Return where a node's name is, on the whole screen."""
    pane = map_of(run)
    assert pane.drawn is not None
    index = pane.drawn.refs.index(ref(name))
    x, y = min(spot for spot, there in pane.drawn.frame.nodes.items() if there == index)
    return pane.region.x + x, pane.region.y + y


# steering


@pytest.mark.parametrize(("key", "axis", "sign"), [("l", 0, 1), ("h", 0, -1), ("j", 1, 1), ("k", 1, -1)])
async def test_each_key_goes_its_way(key: str, axis: int, sign: int) -> None:
    async with running(pictures.home()) as run:
        for start in ("nas", "laptop", "vps-fra", "phone"):
            await select(run, start)
            await run.press(key)
            found = run.app.desk.view.node
            assert found is not None
            before, after = place(run, start), map_of(run).drawn.place_of(found)  # type: ignore[union-attr]  # there is one
            assert found == ref(start) or (after[axis] - before[axis]) * sign > 0  # type: ignore[index]  # on the map


async def test_arrows_steer_as_letters_do() -> None:
    async with running(pictures.home()) as run:
        await select(run, "nas")
        await run.press("l")
        by_letter = run.app.desk.view.node
        await select(run, "nas")
        await run.press("right")

        assert run.app.desk.view.node == by_letter != ref("nas")


async def test_every_node_of_a_company_can_be_steered_to() -> None:
    nodes = [node(f"n{number:02}", tags=(f"tag:t{number % 5}",)) for number in range(50)]
    was = pictures.home()
    crowd = msgspec.structs.replace(was, nodes={one.ref: one for one in nodes} | was.nodes)
    async with running(crowd, size=(160, 80)) as run:
        pane = map_of(run)
        assert pane.drawn is not None
        assert pane.drawn.layout == "arcs"
        await run.press("j")

        assert len(pane.drawn.spots) == 58


async def test_a_terminal_too_small_for_a_map_moves_through_its_list() -> None:
    async with running(pictures.home(), size=(40, 10)) as run:
        await run.press("j", "down", "k")

        assert run.app.desk.view.node == ref("nas")


# looking


async def test_centring_puts_the_selection_in_the_middle() -> None:
    async with running(pictures.home()) as run:
        await select(run, "nas")
        await run.press("full_stop")

        view = map_of(run).viewport
        assert view.zoom > 1
        assert view == Viewport(*place(run, "nas"), view.zoom).kept_inside()


async def test_both_ends_of_a_pair_are_seen_when_it_is_centred() -> None:
    async with running(pictures.home()) as run:
        await run.press("plus", "plus", "plus", "plus")
        await select(run, "laptop", "phone")
        await run.press("full_stop")

        view = map_of(run).viewport
        assert view.holds(place(run, "laptop"), 1.0)
        assert view.holds(place(run, "phone"), 1.0)


async def test_panning_says_why_nothing_moves_when_all_is_seen() -> None:
    async with running(pictures.home()) as run:
        await run.press("shift+left")
        assert "+ goes nearer" in run.text()

        await run.press("plus", "plus", "shift+left")
        assert map_of(run).viewport.x < 0.5


async def test_the_wheel_zooms_where_the_mouse_is() -> None:
    async with running(pictures.home()) as run:
        pane = map_of(run)
        x, y = cell(run, "phone")
        for _ in range(3):
            await run.pilot._post_mouse_events([wheel_up()], pane, offset=(x - pane.region.x, y - pane.region.y))
        await run.settled()

        assert pane.viewport.zoom > 3
        assert pane.viewport.holds(place(run, "phone"), 1.0)


def wheel_up() -> type:
    from textual.events import MouseScrollUp

    return MouseScrollUp


# laying out


async def test_a_layout_that_turns_is_turned_and_comes_back_upright() -> None:
    settings = Settings(theme="dark", glyphs="braille", layout="circular")
    async with running(pictures.home(), settings=settings) as run:
        before = place(run, "nas")
        await run.press("greater_than_sign")
        turned = place(run, "nas")
        assert turned != before
        assert "turned by 15 degrees" in run.text()

        await run.press("less_than_sign")
        assert place(run, "nas") == pytest.approx(before)
        assert "upright" in run.text()


async def test_a_layout_that_does_not_turn_says_so() -> None:
    async with running(pictures.home()) as run:
        await run.press("greater_than_sign")

        assert "sites cannot be turned: L takes the next layout" in run.text()


async def test_focus_puts_the_selected_node_in_the_middle_and_the_same_key_goes_back() -> None:
    async with running(pictures.home()) as run:
        await select(run, "vps-fra")
        await run.press("f")
        pane = map_of(run)
        assert pane.drawn is not None
        assert pane.drawn.layout == "focus"
        assert "around vps-fra" in run.text()

        await run.press("f")
        assert pane.drawn.layout == "sites"


async def test_focus_on_another_node_moves_on_and_escape_goes_back() -> None:
    async with running(pictures.home()) as run:
        await run.press("f")
        await select(run, "nas")
        await run.press("f")
        assert map_of(run).focus_ref == ref("nas")

        await run.press("escape")
        assert map_of(run).focus_ref is None


async def test_b_goes_through_every_grouping_and_says_which() -> None:
    async with running(pictures.home()) as run:
        seen = []
        for _ in GROUPINGS:
            await run.press("b")
            seen.append(map_of(run).group_by)
            assert map_of(run).drawn is not None

        assert seen == [*GROUPINGS[1:], None]
        assert Criterion.OWNER in seen


async def test_going_back_to_a_layout_finds_it_as_it_was() -> None:
    settings = Settings(theme="dark", glyphs="braille", layout="spring")
    async with running(pictures.home(), settings=settings) as run:
        before = place(run, "nas")
        names = list(LAYOUTS)
        for _ in range(len(names) + 1 - ("focus" in names)):
            await run.press("L")

        assert map_of(run).layout_name == "spring"
        assert place(run, "nas") == before


async def test_a_lifted_filter_finds_the_map_as_it_was() -> None:
    async with running(pictures.home()) as run:
        before = place(run, "nas")
        await run.press("slash", *"os:linux", "enter")
        await run.press("escape")

        assert place(run, "nas") == before


async def test_a_layout_shown_anew_ends_where_it_would_have_stood() -> None:
    settings = Settings(theme="dark", glyphs="braille", layout="circular")
    async with running(pictures.home(), settings=settings) as run:
        before = place(run, "nas")
        await run.press("a")

        assert place(run, "nas") == pytest.approx(before)


# layouts that take long


class SlowLayout:
    """A layout that comes to its end when told to."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.was_cancelled = threading.Event()

    def arrange(self, request: Request) -> Arrangement:
        while not self.may_end.wait(0.01):
            try:
                request.check()
            except Exception:
                self.was_cancelled.set()
                raise
        return LAYOUTS["circular"].arrange(replace(request, cancel=None))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowLayout:
    layout = SlowLayout()
    monkeypatch.setitem(layouts.LAYOUTS, "spring", Layout("spring", layout.arrange))
    return layout


async def begin_slow(run: Running) -> None:
    """Ask for the slow layout and wait until the screen says that it takes its time."""
    pane = map_of(run)
    pane.layout_name = "spring"
    pane.redraw()
    await run.until(lambda: "laying out (spring)" in run.text(), "the word that it takes long")


async def test_a_long_layout_says_so_while_the_map_stays_usable(slow: SlowLayout) -> None:
    async with running(pictures.home()) as run:
        await begin_slow(run)
        assert "esc cancels" in run.text()
        before = run.app.desk.view.node
        await run.pilot.press("l", "plus")
        await run.until(lambda: map_of(run).drawn.request.viewport.zoom > 1, "the zoomed map")  # type: ignore[union-attr]
        assert run.app.desk.view.node != before

        slow.may_end.set()
        await run.settled()
        assert map_of(run).drawn.layout == "spring"  # type: ignore[union-attr]
        assert "laying out" not in run.text()


async def test_escape_gives_a_long_layout_up_and_keeps_the_map_that_is_shown(slow: SlowLayout) -> None:
    async with running(pictures.home()) as run:
        before = place(run, "nas")
        await run.press("tab")
        await begin_slow(run)
        await run.press("escape")
        assert map_of(run).layout_name == "auto"
        assert place(run, "nas") == before
        assert "spring was cancelled" in run.text()
        assert run.app.desk.view.pair is not None  # the next escape drops the pair

        await run.until(slow.was_cancelled.is_set, "the end of the layout")
        await run.press("escape")
        assert run.app.desk.view.pair is None


async def test_leaving_does_not_wait_for_a_long_layout(slow: SlowLayout) -> None:
    async with running(pictures.home()) as run:
        await begin_slow(run)

    assert slow.was_cancelled.wait(5.0)


async def test_another_layout_stops_the_one_under_way(slow: SlowLayout) -> None:
    async with running(pictures.home()) as run:
        await begin_slow(run)
        await run.press("L")

        await run.until(slow.was_cancelled.is_set, "the end of the layout")
        assert map_of(run).drawn.layout != "spring"  # type: ignore[union-attr]


async def test_news_do_not_start_a_long_layout_again(slow: SlowLayout) -> None:
    was = pictures.home()
    async with running(was) as run:
        await begin_slow(run)
        newer = msgspec.structs.replace(was, nodes=was.nodes | {ref("new"): node("new")}, revision=2)
        run.source.show(newer)
        await run.until(lambda: map_of(run).drawn.request.snapshot is newer, "the newer picture")  # type: ignore[union-attr]
        assert not slow.was_cancelled.is_set()
        assert "laying out (spring)" in run.text()

        slow.may_end.set()
        await run.settled()
        assert map_of(run).drawn.place_of(ref("new")) is not None  # type: ignore[union-attr]


# what stands out


def lit_rows(run: Running, role: Role) -> list[int]:
    """Return the rows of the map that have cells on a ground."""
    ground = run.app.desk.pen.theme.colour(role)
    return [y for y, row in enumerate(map_of(run)._rows) if any(cells.style.bg == ground for cells in row)]


async def test_a_selected_node_lights_its_lines() -> None:
    async with running(pictures.home()) as run:
        await select(run, "vps-fra")

        ends = {round(place(run, name)[1] * map_of(run).size.height) for name in ("laptop", "nas", "work-mbp")}
        assert min(ends) - 1 <= min(lit_rows(run, Role.RAISED)) <= max(ends)
        assert len(lit_rows(run, Role.RAISED)) > 5


async def test_a_selected_pair_lights_its_line_and_who_relays_it() -> None:
    was = pictures.home()
    relayed = pictures.pair("laptop", "phone", PathKind.PEER_RELAY, 61, peer_relay="100.64.9.9:40000:vni:7")
    nodes = was.nodes | {ref("nas"): node("nas", addresses=("100.64.9.9",), site=pictures.HOME_SITE)}
    async with running(msgspec.structs.replace(was, nodes=nodes, pairs=was.pairs | {relayed.key: relayed})) as run:
        await select(run, "laptop", "phone")

        drawn = map_of(run).drawn
        assert drawn is not None
        assert drawn.request.highlight[0] == (ref("laptop"), ref("nas"), ref("phone"))
        assert lit_rows(run, Role.SELECTION)


# trouble


async def test_n_goes_round_all_that_is_wrong_and_says_what() -> None:
    async with running(pictures.home()) as run:
        seen = []
        await run.press("n")
        while run.app.desk.view.selected not in seen:
            seen.append(run.app.desk.view.selected)
            assert f"{len(seen)} of " in run.text()
            await run.press("n")

        assert (ref("old-mac"),) in seen
        assert any(set(pair) == {ref("pi-kitchen"), ref("vps-fra")} for pair in seen)


async def test_shift_n_goes_back() -> None:
    async with running(pictures.home()) as run:
        await run.press("n", "n")
        second = run.app.desk.view.selected
        await run.press("n", "N")

        assert run.app.desk.view.selected == second


async def test_where_nothing_is_wrong_n_says_so() -> None:
    async with running(pictures.alone()) as run:
        await run.press("n")

        assert "nothing is wrong here" in run.text()


# the mouse


async def test_hovering_repaints_only_rows_that_change() -> None:
    async with running(pictures.home()) as run:
        pane = map_of(run)
        before = [list(row) for row in pane._rows]
        painted: list[int] = []
        pane.refresh = lambda *regions, **_: painted.extend(region.y for region in regions)  # type: ignore[method-assign,assignment]
        x, y = cell(run, "phone")
        await run.pilot.hover(offset=(x, y))
        await run.settled()

        assert pane._hover == (ref("phone"),)
        assert sorted(painted) == [row for row in range(len(before)) if before[row] != pane._rows[row]]
        assert 0 < len(set(painted)) < len(before)


async def test_leaving_the_map_puts_the_light_out() -> None:
    async with running(pictures.home()) as run:
        await run.pilot.hover(offset=cell(run, "phone"))
        await run.settled()
        await run.pilot.hover(offset=(2, 2))
        await run.until(lambda: map_of(run)._hover == (), "dark")


async def test_many_moves_become_few_looks() -> None:
    async with running(pictures.home()) as run:
        pane = map_of(run)
        looks: list[object] = []
        look = pane._look_under
        pane._look_under = lambda: (looks.append(None), look())[1]  # type: ignore[method-assign,func-returns-value]
        from textual.events import MouseMove

        for x in range(200):
            pane.on_mouse_move(MouseMove(pane, x % 40, 3, 0, 0, 0, False, False, False))

        assert len(looks) == 1


async def test_a_click_selects_the_node_under_the_mouse() -> None:
    async with running(pictures.home()) as run:
        await run.pilot.click(offset=cell(run, "phone"))
        await run.settled()

        assert run.app.desk.view.node == ref("phone")


# between sessions


async def session(folder: Path, snapshot: Snapshot) -> tuple[float, float]:
    """Look at a picture with a state folder, and say where the NAS stood."""
    source = FakeSource(snapshot)
    settings = Settings(theme="dark", glyphs="braille", layout="spring")
    app = TsymApp(
        source,
        settings=settings,
        env={"TERM": "xterm-256color", "XDG_STATE_HOME": str(folder)},
        clock=lambda: pictures.NOW,
    )
    async with app.run_test(size=(120, 36)) as pilot:
        run = Running(app, pilot, source)
        await run.until(lambda: app.desk.view.picture is not None, "the first picture")
        await run.settled()
        return place(run, "nas")


async def test_nodes_stand_where_they_stood_in_the_session_before(tmp_path: Path) -> None:
    was = pictures.home()
    first = await session(tmp_path, was)
    fewer = dict(list(was.nodes.items())[::-1])  # another order, and one node less
    del fewer[ref("tv")]
    pairs = {key: pair for key, pair in was.pairs.items() if ref("tv") not in key}

    again = await session(tmp_path, msgspec.structs.replace(was, nodes=fewer, pairs=pairs))

    assert again == pytest.approx(first, abs=1e-4)


async def test_a_state_folder_that_cannot_be_written_harms_nothing() -> None:
    app = quiet_app(FakeSource(pictures.home()))
    assert app.desk.state == Path("/dev/null/tsym")

    async with running(pictures.home()) as run:
        await map_of(run).save()
        assert map_of(run).drawn is not None


# terminals


async def test_on_a_slow_line_news_rest_and_keys_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    was = pictures.home()
    async with running(was) as run:
        pane = map_of(run)
        pane._rests_until_s = time.monotonic() + 3600
        monkeypatch.setattr(pane, "_look_whether_taken", lambda: None)
        newer = msgspec.structs.replace(was, revision=2)
        run.source.show(newer)
        await run.until(lambda: run.app.desk.view.narrowed_snapshot() is newer, "the newer picture")
        assert pane.drawn is not None
        assert pane.drawn.request.snapshot is was

        await run.pilot.press("l")
        await run.until(lambda: pane.drawn.request.snapshot is newer, "the map after a key")  # type: ignore[union-attr]


async def test_the_time_that_a_terminal_takes_for_a_map_is_learnt() -> None:
    async with running(pictures.home()) as run:
        pane = map_of(run)
        waiting = [1]
        run.app.desk.backlog = lambda: waiting[0]
        pane._painted_s = time.monotonic() - 1.0
        pane._look_whether_taken()
        assert pane._rests_until_s <= time.monotonic()

        waiting[0] = 0
        await run.until(lambda: pane._painted_s is None, "the end of the wait")
        assert pane._rests_until_s - time.monotonic() > 2.9


@pytest.mark.parametrize("size", [(20, 5), (84, 24), (320, 90), (31, 60)])
async def test_every_key_of_the_map_works_at_any_size(size: tuple[int, int]) -> None:
    async with running(pictures.home(), size=size) as run:
        for keys in ("f f", "L", "plus i b", "n greater_than_sign a", "full_stop shift+left"):
            await run.press(*keys.split())
            assert map_of(run)._trouble is None


@pytest.mark.parametrize("face", [pictures.alone, pictures.connecting, pictures.unreachable])
async def test_keys_of_the_map_do_no_harm_where_there_is_none(face: Callable[[], Snapshot]) -> None:
    async with running(face()) as run:
        await run.press(*"fLbianN.<>hjkl+-0", "escape")

        assert "q quit" in run.text()


async def test_a_resize_storm_ends_in_a_map_of_the_last_size() -> None:
    async with running(pictures.home()) as run:
        for width in (*range(60, 200, 7), 20, 300, 118):
            await run.pilot.resize_terminal(width, max(5, width // 3))
        await run.settled()

        drawn = map_of(run).drawn
        assert drawn is not None
        assert drawn.request.size == tuple(map_of(run).size)
        assert drawn.frame.width == map_of(run).size.width
