"""Move nodes inside their rooms until lines can be told apart: a short, bounded, repeatable search.

A picture is judged by what a person trips over: lines through names, lines that leave a node in nearly the same
direction, crossings, names that crowd, and length. Each step tries one node somewhere else and keeps what is better.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np

from tsym_agent.model.paths import SampleState
from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.drawing.raster import Flags, Floats, Integers
from tsym_tui.graph.layouts.parcels import Box
from tsym_tui.graph.layouts.values import Points
from tsym_tui.graph.model import TailnetGraph

ROW = 2.0
"""A row is about twice as high as a column is wide."""

MOVES = 120
"""Nodes tried elsewhere in all, but each at least twice: a tenth of a second for a home, off the loop that draws."""

CHOICES = 16
"""Places tried for a node at a time."""

MOST_LEGS = 200
"""Of more straight pieces of lines an even share is looked at: a map of so many shows bundles, and all would take long.
"""

_NAME, _PARALLEL, _CROSSING, _CROWD, _LENGTH = 9.0, 10.0, 2.0, 25.0, 0.03
"""Prices, tuned by looking."""

_CLOSE = 2.6
"""A line nearer than this to a name or a marker runs into it."""

_SAME_WAY = 0.95
"""Cosine above which two lines at a node are hard to tell apart: 18 degrees."""


def untangle(
    graph: TailnetGraph,
    cells: Points,
    rooms: dict[int, Box],
    marks: list[tuple[float, float]],
    rng: np.random.Generator,
    check: Callable[[], None],
) -> None:
    """Improve `cells` in place; a node never leaves its room. `marks` are the cells of the graph's regions, fixed.

    `check` is called before each node, and may raise to end the search.
    """
    judge = _Judge(graph, cells, marks)
    if not judge.has_lines or len(cells) < 2:
        return
    movable = [node for node, room in rooms.items() if room.right > room.left or room.bottom > room.top]
    turns = max(2, MOVES // max(1, len(movable)))
    for turn in range(turns):
        reach = 1.0 - 0.85 * turn / turns
        for node in movable:
            check()
            spots = _spots(rooms[node], cells[node], reach, rng)
            prices = judge.prices(node, spots)
            best = int(prices.argmin())
            if prices[best] < prices[0] - 1e-9:
                judge.move(node, spots[best])


def _spots(room: Box, now: Points, reach: float, rng: np.random.Generator) -> Floats:
    """Return the present cell and others of the room, nearer when `reach` is small."""
    spread = np.array([room.right - room.left, room.bottom - room.top]) * reach
    drawn = np.rint(now + rng.uniform(-1, 1, (CHOICES, 2)) * np.maximum(spread, 2))
    inside = np.clip(drawn, [room.left, room.top], [room.right, room.bottom])
    return np.concatenate([now[None], inside])


class _Judge:
    """Prices of places for one node, with everybody else where they are."""

    def __init__(self, graph: TailnetGraph, cells: Points, marks: list[tuple[float, float]]) -> None:
        self._cells = cells
        corners = np.concatenate([cells, np.asarray(marks, dtype=np.float64).reshape(-1, 2)])
        self._points = corners * np.array([1.0, ROW])
        legs = _legs(graph, len(cells) if marks else None)
        self._lines = np.array(list(legs), dtype=np.int64).reshape(-1, 2)
        self._weight = np.array(list(legs.values()))
        names = [width(settle(name)) for name in graph.names]
        self._names = np.array([*names, *([8] * len(marks))], dtype=np.float64)

    @property
    def has_lines(self) -> bool:
        return len(self._lines) > 0

    def move(self, node: int, cell: Points) -> None:
        self._cells[node] = cell
        self._points[node] = cell * np.array([1.0, ROW])

    def prices(self, node: int, cells: Floats) -> Floats:
        """Return what depends on a node's place, for each of some cells: shape (cells,)."""
        spots = cells * np.array([1.0, ROW])
        mine = (self._lines == node).any(axis=1)
        far = self._lines[mine].sum(axis=1) - node
        away = self._points[far][None] - spots[:, None]
        total = _CROWD * self._crowding(node, spots)
        total += _NAME * self._names_run_through(node, spots, far)
        total += _NAME * self._name_is_run_through(node, spots, ~mine)
        total += _PARALLEL * self._parallel(away, far, mine)
        total += _CROSSING * self._crossings(spots, far, mine)
        total += _LENGTH * (np.hypot(away[..., 0], away[..., 1]) * self._weight[mine]).sum(axis=1)
        return np.asarray(total)

    def _names_run_through(self, node: int, spots: Floats, far: Integers) -> Floats:
        """Names that the node's lines run through."""
        others = np.flatnonzero(np.arange(len(self._points)) != node)
        targets = _name_spots(self._points[others], self._names[others]).reshape(-1, 2)
        apart = _distance(targets, spots[:, None, None], self._points[far][None, :, None])
        apart = apart.reshape(len(spots), len(far), len(others), 3).min(axis=3)
        hits = _closeness(apart) * (far[:, None] != others[None])[None]
        return np.asarray(hits.sum(axis=(1, 2)))

    def _name_is_run_through(self, node: int, spots: Floats, others: Flags) -> Floats:
        """Lines that run through the node's own name."""
        targets = _name_spots(spots, np.full(len(spots), self._names[node]))
        a, b = self._points[self._lines[others, 0]], self._points[self._lines[others, 1]]
        apart = _distance(targets[:, :, None], a, b).min(axis=1)
        return np.asarray((_closeness(apart) * self._weight[others]).sum(axis=1))

    def _parallel(self, away: Floats, far: Integers, mine: Flags) -> Floats:
        """Lines that leave a node in nearly the same direction: at this node, and at its neighbours."""
        unit = away / np.maximum(np.hypot(away[..., 0], away[..., 1]), 1e-9)[..., None]
        weight = self._weight[mine]
        here = _same_way(unit @ unit.transpose(0, 2, 1)) * np.sqrt(weight[:, None] * weight)
        total = (here.sum(axis=(1, 2)) - here.trace(axis1=1, axis2=2)) / 2
        lines, weights = self._lines[~mine], self._weight[~mine]
        for one, other in ((0, 1), (1, 0)):
            leg, line = np.nonzero(far[:, None] == lines[:, one][None])
            along = self._points[lines[line, other]] - self._points[lines[line, one]]
            along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
            total += (_same_way((-unit[:, leg] * along[None]).sum(axis=2)) * weights[line]).sum(axis=1)
        return np.asarray(total)

    def _crossings(self, spots: Floats, far: Integers, mine: Flags) -> Floats:
        a, b = self._points[self._lines[~mine, 0]], self._points[self._lines[~mine, 1]]
        ends = self._points[far]
        near = spots[:, None, None]
        splits = _turn(near, ends[None, :, None], a) * _turn(near, ends[None, :, None], b) < -1e-9
        parts = _turn(a, b, near) * _turn(a, b, ends[None, :, None]) < -1e-9
        return np.asarray(((splits & parts) * self._weight[~mine]).sum(axis=(1, 2)))

    def _crowding(self, node: int, spots: Floats) -> Floats:
        """How near other markers and names are; a row apart counts as much as a name's width."""
        others = np.arange(len(self._points)) != node
        apart = np.abs(self._points[others][None] - spots[:, None])
        reach = np.maximum(self._names[others], self._names[node]) + 4
        near = np.maximum(apart[..., 0] / reach, apart[..., 1] / (3.2 * ROW))
        return np.asarray((np.clip(1 - near, 0, 1) ** 2).sum(axis=1) + 0.1 * (apart[..., 1] < 1).sum(axis=1))


def _legs(graph: TailnetGraph, first_mark: int | None) -> dict[tuple[int, int], float]:
    """Return the straight pieces of all lines with their weights; a DERP line has two, by way of its region's mark."""
    legs: dict[tuple[int, int], float] = {}
    first, second = (ends.tolist() for ends in graph.ends)
    for line, a, b, region in zip(graph.lines, first, second, graph.line_region.tolist(), strict=True):
        if line.state is SampleState.NEVER:
            continue
        weight = 1.0 if line.state is SampleState.FRESH else 0.3
        by_mark = first_mark is not None and region >= 0
        for leg in (
            ((a, first_mark + region), (b, first_mark + region)) if by_mark and first_mark is not None else ((a, b),)
        ):
            legs[leg] = max(weight, legs.get(leg, 0.0))
    step = -(-len(legs) // MOST_LEGS)
    return legs if step <= 1 else dict(islice(legs.items(), 0, None, step))


def _name_spots(points: Floats, names: Floats) -> Floats:
    """Return three points for each node, shape (nodes, 3, 2): its marker, and its name, which mostly stands right."""
    reach = np.stack([np.zeros(len(points)), 2 + names * 0.4, 2 + names * 0.9], axis=1)
    spots = np.repeat(points[:, None], 3, axis=1)
    spots[:, :, 0] += reach
    return spots


def _distance(point: Floats, a: Floats, b: Floats) -> Floats:
    """Return how far points are from segments; shapes broadcast, the last axis is (x, y)."""
    along, apart = b - a, point - a
    squared = np.maximum((along**2).sum(axis=-1), 1e-9)
    share = np.clip((apart * along).sum(axis=-1) / squared, 0, 1)
    offset = apart - share[..., None] * along
    return np.asarray(np.hypot(offset[..., 0], offset[..., 1]))


def _closeness(apart: Floats) -> Floats:
    return np.clip(1.5 - apart / _CLOSE, 0, 1)


def _same_way(cosine: Floats) -> Floats:
    return np.asarray(np.clip((cosine - _SAME_WAY) / (1 - _SAME_WAY), 0, 1) ** 2)


def _turn(a: Floats, b: Floats, p: Floats) -> Floats:
    """Return on which side of the line a-b a point is, by sign; shapes broadcast."""
    return np.asarray(
        (b[..., 0] - a[..., 0]) * (p[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (p[..., 0] - a[..., 0])
    )
