"""What the mouse is over and what was asked for stand out, and nothing else moves."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import pair, ref
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.draw import MapOptions, View, draw_map
from tsym_tui.graph.frame import Frame, to_plain
from tsym_tui.graph.layouts import place
from tsym_tui.graph.looks import Level
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.themes import DARK, MONO, THEMES, Role

SIZE = (80, 30)
RAISED, SELECTION = DARK.colour(Role.RAISED), DARK.colour(Role.SELECTION)


def draw(layout: str = "auto", scene: Snapshot | None = None, **options: object) -> tuple[Frame, Frame]:
    """Return a picture without and with what the mouse is over."""
    graph = TailnetGraph.from_snapshot(scene or scenes.home())
    placement = place(graph, layout, size=SIZE)
    asked = MapOptions(**options)  # type: ignore[arg-type]  # a test's shorthand
    still = draw_map(graph, placement, SIZE, msgspec.structs.replace(asked, hover=()))
    return still, draw_map(graph, placement, SIZE, asked)


def changed_rows(before: Frame, after: Frame) -> set[int]:
    return {y for y in range(before.height) if before.rows[y] is not after.rows[y]}


def rows_with(frame: Frame, ground: str | None) -> set[int]:
    return {y for y, row in enumerate(frame.rows) for run in row if run.style.bg == ground}


@pytest.mark.parametrize("layout", ["auto", "arcs"])
def test_hover_over_a_node_changes_its_rows_and_leaves_the_others_the_very_same(layout: str) -> None:
    still, lit = draw(layout, hover=(ref("old-mac"),))

    assert changed_rows(still, lit) == rows_with(lit, RAISED)
    assert 0 < len(changed_rows(still, lit)) < SIZE[1]


def test_hover_over_a_line_lights_its_path_and_says_its_class() -> None:
    still, lit = draw(hover=(ref("vps-fra"), ref("nas")))

    assert changed_rows(still, lit)
    assert rows_with(lit, RAISED)
    assert "● 17" in to_plain(lit)


def test_no_hover_is_the_same_picture_again() -> None:
    graph = TailnetGraph.from_snapshot(scenes.home())
    placement = place(graph, size=SIZE)

    assert draw_map(graph, placement, SIZE) is draw_map(graph, placement, SIZE)


@pytest.mark.parametrize("hover", [(), (ref("gone"),), (ref("gone"), ref("nas")), (ref("tv"), ref("phone"))])
def test_hover_over_what_is_not_there_harms_nothing(hover: tuple[NodeRef, ...]) -> None:
    _, lit = draw(hover=hover)

    assert lit.height == SIZE[1]


def test_without_grounds_a_name_under_the_mouse_is_reversed() -> None:
    _, lit = draw(theme=MONO, hover=(ref("phone"),))

    assert "phone" in {run.text.strip() for row in lit.rows for run in row if run.style.reverse}


@pytest.mark.parametrize("level", list(Level))
def test_a_path_stands_out_along_all_its_nodes(level: Level) -> None:
    path = (ref("laptop"), ref("vps-fra"), ref("phone"))
    lit, _ = draw(level=level, highlight=(path,))
    grounds = "".join(run.text for row in lit.rows for run in row if run.style.bg == SELECTION)

    assert all(name in grounds for name in ("laptop", "vps-fra", "phone"))
    assert "nas" not in grounds


def test_a_path_shows_its_lines_where_others_are_bundled() -> None:
    path = (ref("fra-gw"), ref("lon-gw"))
    plain, _ = draw("circular", scenes.company())
    lit, _ = draw("circular", scenes.company(), highlight=(path,))

    assert not rows_with(plain, SELECTION)
    assert rows_with(lit, SELECTION)


def test_new_samples_keep_the_rows_that_say_the_same() -> None:
    scene = scenes.home()
    graph = TailnetGraph.from_snapshot(scene)
    placement = place(graph, size=SIZE)
    before = draw_map(graph, placement, SIZE)
    slower = pair("laptop", "tv", PathKind.DIRECT, 150)
    newer = graph.updated(msgspec.structs.replace(scene, pairs=scene.pairs | {slower.key: slower}))

    after = draw_map(newer, placement, SIZE)

    assert 0 < len(changed_rows(before, after)) < SIZE[1]
    assert to_plain(after) == to_plain(draw_map(TailnetGraph.from_snapshot(newer_snapshot(scene)), placement, SIZE))


def newer_snapshot(scene: Snapshot) -> Snapshot:
    slower = pair("laptop", "tv", PathKind.DIRECT, 150)
    return msgspec.structs.replace(scene, pairs=scene.pairs | {slower.key: slower})


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("theme", list(THEMES.values()), ids=lambda theme: theme.name)
def test_the_mini_map_frames_what_is_seen(level: Level, theme: object) -> None:
    frame, _ = draw(level=level, theme=theme, mini_map=True, view=View(0.7, 0.7, 3.0))
    corner = [("".join(run.text for run in row))[-20:] for row in frame.rows[-10:]]

    assert any(("+--" if level is Level.ASCII else "┌──") in row for row in corner)


@pytest.mark.parametrize("view", [View(), View(0.5, 0.5, 1.0)])
def test_there_is_no_mini_map_while_all_is_seen(view: View) -> None:
    frame, _ = draw(mini_map=True, view=view)

    assert "┌" not in to_plain(frame)


def test_a_tiny_picture_has_no_room_for_a_mini_map() -> None:
    graph = TailnetGraph.from_snapshot(scenes.home())
    tiny = (20, 6)

    frame = draw_map(graph, place(graph, size=tiny), tiny, MapOptions(mini_map=True, view=View(0.5, 0.5, 2.0)))

    assert "┌" not in to_plain(frame)


def test_sides_that_differ_are_told_on_the_line_in_the_order_of_their_ends() -> None:
    scene = scenes.home()
    relayed = pair("vps-fra", "laptop", PathKind.DERP, 61, region="fra")
    frame, _ = draw(scene=msgspec.structs.replace(scene, pairs=scene.pairs | {relayed.key: relayed}))

    assert "61 ●⇄▲" in to_plain(frame)
