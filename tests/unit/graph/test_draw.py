"""The map says what the graph says: names, numbers, dashes, in every size and at every level."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import host, node, pair, ref, snapshot
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.cells import width
from tsym_tui.graph.draw import MapOptions, View, draw_map
from tsym_tui.graph.frame import Frame, to_plain
from tsym_tui.graph.layouts import Placement, Size
from tsym_tui.graph.looks import Level
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.themes import DARK, THEMES, Role

DIRECT, DERP, UNKNOWN = PathKind.DIRECT, PathKind.DERP, PathKind.UNKNOWN


def draw(scene: Snapshot, size: tuple[int, int] = (66, 31), layout: str = "auto", **options: object) -> Frame:
    graph, placement = scenes.placed(scene, size, layout)
    return draw_map(graph, placement, size, MapOptions(**options))  # type: ignore[arg-type]  # a test's shorthand


def draw_at(
    scene: Snapshot, spots: dict[str, tuple[int, int]], size: tuple[int, int] = (40, 9), **options: object
) -> Frame:
    """Draw with nodes at given cells."""
    graph = TailnetGraph.from_snapshot(scene)
    positions = np.array([spots[name] for name in graph.names], dtype=float)
    placement = Placement("test", tuple(graph.index), (positions + 0.5) / np.array(size), Size(*size))
    return draw_map(graph, placement, size, MapOptions(**options))  # type: ignore[arg-type]  # a test's shorthand


def row_text(frame: Frame, y: int) -> str:
    return "".join(run.text for run in frame.rows[y])


def style_of(frame: Frame, text: str) -> object:
    for row in frame.rows:
        for run in row:
            if text in run.text:
                return run.style
    raise AssertionError(f"{text!r} is not in the picture")


@pytest.mark.parametrize("size", [(66, 31), (80, 20), (120, 36), (200, 60)], ids=str)
@pytest.mark.parametrize("level", list(Level))
def test_the_home_map_names_every_node(size: tuple[int, int], level: Level) -> None:
    scene = scenes.home()

    text = to_plain(draw(scene, size, level=level))

    assert all(node.short_name in text for node in scene.nodes.values())


def test_the_home_map_says_what_the_picture_says() -> None:
    text = to_plain(draw(scenes.home(), selected=(ref("laptop"), ref("nas"))))

    for words in ("home 192.168.1.0/24", "DERP fra", "no reply", "3.1", "22 →", "6 min", "118"):
        assert words in text, words


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 1), (20, 5), (31, 9)], ids=str)
@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("scene", [scenes.home(), scenes.company(), snapshot([], [])], ids=["home", "company", "empty"])
def test_no_size_is_too_small(size: tuple[int, int], level: Level, scene: Snapshot) -> None:
    frame = draw(scene, size, level=level)

    assert (frame.width, frame.height, len(frame.rows)) == (*size, size[1])


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=lambda theme: theme.name)
def test_every_row_fills_the_width(theme: object) -> None:
    frame = draw(scenes.home(), theme=theme)

    assert {sum(width(run.text) for run in row) for row in frame.rows} == {66}


def test_ascii_pictures_are_ascii() -> None:
    assert to_plain(draw(scenes.home(), level=Level.ASCII)).isascii()


def test_block_pictures_have_no_braille() -> None:
    assert not any("\u2800" <= char <= "\u28ff" for char in to_plain(draw(scenes.home(), level=Level.BLOCK)))


def two(state: SampleState = SampleState.FRESH, path: PathKind = DIRECT, latency_ms: float | None = 3) -> Snapshot:
    age_s = 5.0 if state is SampleState.FRESH else 400.0
    return snapshot([node("a"), node("b")], [pair("a", "b", path, latency_ms, state=state, age_s=age_s)], [host("a")])


ENDS = {"a": (2, 4), "b": (36, 4)}


def line_between_ends(frame: Frame) -> str:
    return row_text(frame, 4)[3:36]


@pytest.mark.parametrize(
    ("state", "path", "line"),
    [
        (SampleState.FRESH, DIRECT, "⠤" * 33),
        (SampleState.FRESH, PathKind.PEER_RELAY, "⠤⠤⠤  ⠤⠤⠤⠤"),
        (SampleState.FRESH, DERP, "⠄ ⠤⠄ ⠤⠄ ⠤"),
        (SampleState.STALE, DIRECT, " ⠠  ⠄ ⠠  ⠄ ⠠"),
    ],
)
def test_a_dash_says_the_class(state: SampleState, path: PathKind, line: str) -> None:
    drawn = line_between_ends(draw_at(two(state, path), ENDS, numbers=False))

    assert drawn.startswith(line)


def test_a_fresh_line_has_the_colour_of_its_latency() -> None:
    frame = draw_at(two(latency_ms=3), ENDS)

    assert style_of(frame, "⠤⠤") == DARK.latency(0)


@pytest.mark.parametrize("state", [SampleState.STALE, SampleState.FAILED])
def test_a_line_that_is_not_fresh_keeps_no_latency_colour(state: SampleState) -> None:
    ramp = {DARK.latency(step, share / 8).fg for step in range(6) for share in range(9)}

    colours = {run.style.fg for row in draw_at(two(state), ENDS).rows for run in row}

    assert not colours & ramp


def test_a_line_never_probed_is_not_drawn() -> None:
    frame = draw_at(two(SampleState.NEVER, UNKNOWN), ENDS)

    assert "a" in line_between_ends(frame)
    assert not any("\u2800" <= char <= "\u28ff" for char in to_plain(frame))


def test_a_stale_line_carries_its_age_in_grey() -> None:
    frame = draw_at(two(SampleState.STALE), ENDS)

    assert style_of(frame, "6 min") == DARK.style(Role.STALE)


def test_a_dead_node_wears_the_cross_and_its_line_none() -> None:
    frame = draw_at(two(SampleState.FAILED), ENDS)

    assert row_text(frame, 4)[36] == "✕"
    assert to_plain(frame).count("✕") == 1


def dead_pair_between_living() -> Snapshot:
    pairs = [
        pair("a", "b", DIRECT, state=SampleState.FAILED),
        pair("a", "c", DIRECT, 5),
        pair("c", "b", DIRECT, 5),
    ]
    return snapshot([node("a"), node("b"), node("c")], pairs, [host("a"), host("c")])


def test_one_dead_pair_is_drawn_near_its_far_end_only() -> None:
    frame = draw_at(dead_pair_between_living(), {**ENDS, "c": (18, 8)}, numbers=False)
    dots = [x for x, char in enumerate(row_text(frame, 4)) if "\u2800" <= char <= "\u28ff"]

    assert dots
    assert min(dots) > 22


def test_one_dead_pair_has_a_cross_for_a_number() -> None:
    assert "✕" in to_plain(draw_at(dead_pair_between_living(), {**ENDS, "c": (18, 8)}))


def one_way(failing: str) -> Snapshot:
    ways = [("a", "b"), ("b", "a")]
    pairs = [
        pair(source, target, DIRECT, 22, state=SampleState.FAILED if source == failing else SampleState.FRESH)
        for source, target in ways
    ]
    return snapshot([node("a"), node("b")], pairs, [host("a"), host("b")])


@pytest.mark.parametrize(("failing", "number"), [("b", "22 →"), ("a", "22 ←")])
def test_one_way_points_the_way_that_works(failing: str, number: str) -> None:
    assert number in to_plain(draw_at(one_way(failing), ENDS))


def test_one_way_upright_points_up_or_down() -> None:
    assert "22 ↓" in to_plain(draw_at(one_way("b"), {"a": (20, 0), "b": (20, 8)}))


def test_the_selected_pair_is_two_dots_wide() -> None:
    frame = draw_at(two(), ENDS, selected=(ref("b"), ref("a")), numbers=False)

    assert set(line_between_ends(frame)) == {"⣤"}


def test_derp_wins_the_cell_where_lines_cross() -> None:
    nodes = [node(name) for name in "abcd"]
    crossing = snapshot(nodes, [pair("a", "b", DERP, 150), pair("c", "d", DIRECT, 3)])
    frame = draw_at(crossing, {**ENDS, "c": (20, 0), "d": (20, 8)}, numbers=False)
    colours = [run.style.fg for run in frame.rows[4] for _ in run.text]

    assert colours[20] == DARK.ramp[4].fg
    assert row_text(frame, 4)[20] == "⡧"


def test_derp_lines_meet_at_their_regions_mark() -> None:
    text = to_plain(draw(scenes.home()))

    assert "▲" in text


def test_only_problems_leaves_quiet_lines_out() -> None:
    quiet, all_lines = (to_plain(draw(scenes.home(), only_problems=flag)) for flag in (True, False))

    assert "0.8" in all_lines
    assert "0.8" not in quiet
    assert "22 →" in quiet


def test_in_focus_only_the_own_lines_have_numbers() -> None:
    text = to_plain(draw(scenes.home(), focus=ref("phone")))

    assert all(number in text for number in ("61", "58", "118", "38"))
    assert not any(number in text for number in ("3.1", "0.8", "22 →"))


def test_hostile_names_reach_no_terminal() -> None:
    evil = snapshot([node("\x1b[2Jboom"), node("日本語サーバー"), node("👩\u200d💻-box")], [])

    frame = draw(evil, (60, 12))

    assert "\x1b" not in to_plain(frame)
    assert {sum(width(run.text) for run in row) for row in frame.rows} == {60}


def test_long_names_are_cut_with_an_ellipsis() -> None:
    long = snapshot([node("a" * 60), node("b")], [pair("a" * 60, "b", DIRECT, 4)])

    assert "aaa…" in to_plain(draw(long, (50, 12)))


def test_every_node_can_be_hit() -> None:
    size = (66, 31)
    graph, placement = scenes.placed(scenes.home(), size)
    frame = draw_map(graph, placement, size)
    spots = np.floor(placement.positions * np.array(size)).astype(int).tolist()

    assert [frame.node_at(x, y) for x, y in spots] == list(range(8))


def test_zooming_in_keeps_the_middle_and_drops_the_rest() -> None:
    graph, placement = scenes.placed(scenes.home(), (66, 31))
    x, y = placement.positions[graph.index[ref("nas")]]

    text = to_plain(draw_map(graph, placement, (66, 31), MapOptions(view=View(x, y, 6.0))))

    assert "nas" in text
    assert "phone" not in text


def test_the_same_question_gives_the_same_picture() -> None:
    assert to_plain(draw(scenes.home())) == to_plain(draw(scenes.home()))
