"""Lines become the dots that a slow, plain walk would set."""

from __future__ import annotations

import numpy as np
import pytest

from tsym_tui.graph.drawing.curves import beside, bezier, points_at, through
from tsym_tui.graph.drawing.raster import Dashes, Raster, Samples, clip_segments, trace, walk, widen


def dots_of(raster: Raster) -> set[tuple[int, int]]:
    """Read the set dots back from the braille characters."""
    places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
    found = set()
    for y, row in enumerate(raster.characters().tolist()):
        for x, code in enumerate(row):
            bits = code - 0x2800 if code >= 0x2800 else 0
            found |= {(x * 2 + dx, y * 4 + dy) for bit, (dx, dy) in enumerate(places) if bits >> bit & 1}
    return found


def walked(start: tuple[int, int], end: tuple[int, int]) -> set[tuple[int, int]]:
    """Walk a line in the plainest way there is."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    along = range(steps + 1)
    return {
        (
            int(np.floor(start[0] + (end[0] - start[0]) * i / max(steps, 1) + 0.5)),
            int(np.floor(start[1] + (end[1] - start[1]) * i / max(steps, 1) + 0.5)),
        )
        for i in along
    }


ENDS = [
    ((0, 0), (39, 0)),
    ((5, 2), (5, 38)),
    ((0, 0), (39, 39)),
    ((39, 3), (1, 37)),
    ((3, 30), (36, 7)),
    ((20, 1), (23, 39)),
    ((7, 7), (7, 7)),
]


def samples(start: tuple[int, int], end: tuple[int, int]) -> Samples:
    return next(walk(np.array([start], dtype=float), np.array([end], dtype=float)))


@pytest.mark.parametrize(("start", "end"), ENDS, ids=str)
def test_a_straight_line_is_walked_dot_for_dot(start: tuple[int, int], end: tuple[int, int]) -> None:
    raster = Raster(20, 10)

    raster.paint(samples(start, end), np.array([1], dtype=np.uint8))

    apart = dots_of(raster) ^ walked(start, end)
    assert len(apart) <= 2  # a half may round the other way in fixed point


def test_many_lines_in_chunks_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(1)
    start, end = rng.uniform(0, 39, (900, 2)), rng.uniform(0, 39, (900, 2))
    chunks = list(walk(start, end))

    assert len(chunks) > 1
    assert sum(len(chunk.counts) for chunk in chunks) == 900
    for chunk in chunks:
        for position, (x, y) in enumerate(zip(*(_split(chunk, axis) for axis in ("x", "y")), strict=True)):
            line = chunk.begin + position
            assert (x[0], y[0]) == tuple(np.rint(start[line]))
            assert max(abs(x[-1] - end[line][0]), abs(y[-1] - end[line][1])) <= 1.01


def test_straight_lines_are_drawn_as_they_are_walked() -> None:
    """Steep, flat, dashed and in any order of colours: the short way sets the dots of the long one."""
    rng = np.random.default_rng(2)
    start, end = rng.uniform(0, 39, (400, 2)), rng.uniform(0, 39, (400, 2))
    kinds = np.arange(400) % 2
    dashes = Dashes([(), (2, 3)], kinds, np.arange(400))
    quick, plain = Raster(20, 10), Raster(20, 10)
    for slots in (np.repeat(np.array([4, 9], dtype=np.uint8), 200), np.repeat(np.array([3, 7], dtype=np.uint8), 200)):
        quick.paint_straight(start, end, slots, dashes)
        for chunk in walk(start, end):
            plain.paint(chunk, slots, dashes.on(chunk.begin, chunk.counts))

        assert quick.planes().tolist() == plain.planes().tolist()
        start, end = end[::-1], start[::-1]


def _split(chunk: Samples, axis: str) -> list[np.ndarray]:
    return np.split(getattr(chunk, axis), np.cumsum(chunk.counts)[:-1])


def test_the_higher_slot_keeps_the_dot() -> None:
    raster = Raster(4, 2)
    across, down = samples((0, 3), (7, 3)), samples((3, 0), (3, 7))

    raster.paint(across, np.array([5], dtype=np.uint8))
    raster.paint(down, np.array([2], dtype=np.uint8))

    assert raster.slots().tolist() == [[5, 5, 5, 5], [0, 2, 0, 0]]


def test_a_line_on_top_of_others_leaves_the_higher_ones_when_they_were_looked_at_before() -> None:
    raster = Raster(4, 2)
    flat = np.array([[0.0, 3.0]]), np.array([[7.0, 3.0]])
    raster.paint_straight(*flat, np.array([5], dtype=np.uint8), Dashes([()]))
    raster.slots()

    raster.paint(samples((3, 0), (3, 7)), np.array([2], dtype=np.uint8))

    assert raster.slots().tolist() == [[5, 5, 5, 5], [0, 2, 0, 0]]


def test_dots_outside_the_picture_are_dropped() -> None:
    raster = Raster(2, 1)

    raster.paint(samples((-5, 1), (20, 1)), np.array([1], dtype=np.uint8))

    assert dots_of(raster) == {(x, 1) for x in range(4)}


@pytest.mark.parametrize(
    ("dash", "drawn"),
    [((), "########"), ((3, 3), "###...##"), ((1, 4), "#....#.."), ((6, 3, 1, 3), "######..")],
    ids=str,
)
def test_dashes_go_by_distance(dash: tuple[int, ...], drawn: str) -> None:
    flags = Dashes([dash]).on(0, np.array([8]))

    assert "".join("#" if on else "." for on in (np.ones(8, dtype=bool) if flags is None else flags)) == drawn


def test_a_dash_goes_on_where_the_line_was_cut() -> None:
    whole = Dashes([(3, 3)]).on(0, np.array([16]))
    cut = Dashes([(3, 3)], skipped=np.array([4])).on(0, np.array([12]))

    assert whole is not None
    assert cut is not None
    assert whole[4:].tolist() == cut.tolist()


def test_each_line_of_a_batch_has_its_own_dash() -> None:
    flags = Dashes([(), (1, 1)]).on(0, np.array([4, 4]))

    assert flags is not None
    assert flags.tolist() == [True, True, True, True, True, False, True, False]


def test_corner_dots_of_steps_are_dropped() -> None:
    """A polyline of right angles becomes a diagonal: no dot has one neighbour beside and one below."""
    stairs = np.array([(i // 2 + i % 2, i // 2) for i in range(12)], dtype=float)

    traced = trace([stairs])
    steps = np.abs(np.diff(np.column_stack([traced.x, traced.y]), axis=0))

    assert (steps.max(axis=1) == 1).all()
    assert (steps[1:-1].sum(axis=1) == 2).all()


def test_a_curve_has_no_gaps_and_no_doubles() -> None:
    curve = bezier(np.array([0.0, 0.0]), np.array([30.0, 0.0]), np.array([0.0, 30.0]), np.array([30.0, 30.0]))

    traced = trace([curve, curve + 5])
    for x, y in zip(_split(traced, "x"), _split(traced, "y"), strict=True):
        steps = np.abs(np.diff(np.column_stack([x, y]), axis=0)).max(axis=1)
        assert (steps == 1).all()


def test_no_curves_are_no_samples() -> None:
    assert trace([]).x.size == 0


def test_a_wide_line_is_beside_itself() -> None:
    flat, steep = samples((0, 5), (9, 6)), samples((5, 0), (6, 9))

    assert (widen(flat).y - flat.y == 1).all()
    assert (widen(steep).x - steep.x == 1).all()


def test_segments_are_cut_at_the_edge_and_lost_outside() -> None:
    start = np.array([[-10.0, 5.0], [2.0, 2.0], [-5.0, -5.0], [5.0, 50.0]])
    end = np.array([[30.0, 5.0], [8.0, 8.0], [-1.0, 9.0], [9.0, 60.0]])

    cut_start, cut_end, inside = clip_segments(start, end, 10, 10)

    assert inside.tolist() == [True, True, False, False]
    assert cut_start[0].tolist() == [0, 5]
    assert cut_end[0].tolist() == [9, 5]
    assert (cut_start[1] == start[1]).all()


def test_texture_gives_way_where_a_line_passes() -> None:
    raster = Raster(4, 1)
    raster.paint(samples((0, 0), (7, 0)), np.array([1], dtype=np.uint8))
    raster.paint(samples((2, 3), (3, 3)), np.array([2], dtype=np.uint8))

    raster.clear_texture(1)

    assert dots_of(raster) == {(0, 0), (1, 0), (4, 0), (5, 0), (6, 0), (7, 0), (2, 3), (3, 3)}


def test_a_relayed_line_runs_through_its_waypoint() -> None:
    start, waypoint, end = np.array([[0.0, 0.0]]), np.array([[40.0, 30.0]]), np.array([[80.0, 0.0]])

    for past_node in (False, True):
        curve = through(start, waypoint, end, np.array([past_node]))[0]
        assert np.hypot(*(curve - waypoint).T).min() < 1e-9
        assert (curve[0] == start[0]).all()
        assert (curve[-1] == end[0]).all()


def test_a_line_that_passes_its_relay_anyway_stays_straight() -> None:
    near, far = np.array([40.0, 5.0]), np.array([40.0, 60.0])
    start, end, distance = np.array([0.0, 0.0]), np.array([80.0, 0.0]), np.array([12.0, 12.0])

    waypoint = beside(start, end, far, distance)

    assert beside(start, end, near, distance) is None
    assert waypoint is not None
    assert waypoint.tolist() == [40.0, 48.0]


def test_points_along_a_polyline_go_by_length() -> None:
    curve = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 30.0]])

    assert points_at(curve, np.array([0.0, 0.25, 0.5, 1.0])).tolist() == [[0, 0], [10, 0], [10, 10], [10, 30]]
