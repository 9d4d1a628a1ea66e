"""Where the mark of each DERP region stands: near the lines it carries, off everything else."""

from __future__ import annotations

import numpy as np

from tsym_tui.graph.cells import width
from tsym_tui.graph.layouts.values import Arrangement, Points, Size
from tsym_tui.graph.model import TailnetGraph

MOST_LINES = 600
"""More lines of one region than this change its place no further."""

CROWD_FROM = 200
"""From so many nodes on fewer spots and lines are looked at, and the crowd is read from a grid."""

_LINES_IN_CROWD, _SPOTS_IN_CROWD = 64, 400

_SIGHT = 3
"""How many rows away a crowd is felt."""


def place_regions(graph: TailnetGraph, arranged: Arrangement, size: Size) -> dict[str, tuple[float, float]]:
    """Return a place in the unit square for each region: shortest way round for its lines, free of names and titles."""
    if not graph.regions or size.width < 8 or size.height < 4:
        return {}
    is_crowd = len(graph.nodes) >= CROWD_FROM
    spots = _spots(size, _SPOTS_IN_CROWD if is_crowd else None)
    scale = np.array([size.width, 2 * size.height])
    nodes = arranged.positions * scale - np.array([0.5, 1.0])
    names = _near_many(spots, nodes, size) if is_crowd else _near_names(spots, nodes, graph)
    crowd = names + _on_areas(spots, arranged, size)
    places = {}
    for position, code in enumerate(graph.regions):
        chosen = np.flatnonzero(graph.line_region == position)
        chosen = chosen[:: max(1, len(chosen) // _LINES_IN_CROWD)] if is_crowd else chosen[:MOST_LINES]
        detour = _detour(spots, nodes[graph.ends[0][chosen]], nodes[graph.ends[1][chosen]]) if len(chosen) else 0.0
        spot = spots[int((crowd + detour).argmin())]
        places[code] = (spot[0] + 0.5) / size.width, (spot[1] / 2 + 0.5) / size.height
        crowd = crowd + 4000.0 / (np.hypot(*(spots - spot).T) + 4.0) ** 2
    return places


def _spots(size: Size, most: int | None) -> Points:
    """Return the middles of cells where a mark may stand, in cells across and half cells down; at most about `most`."""
    rows, columns = np.arange(1, size.height - 1), np.arange(3, size.width - 4, 2)
    coarse = 1 if most is None else max(1, round((len(rows) * len(columns) / most) ** 0.5))
    down, across = np.meshgrid(rows[coarse // 2 :: coarse], columns[coarse // 2 :: coarse], indexing="ij")
    return np.column_stack([across.ravel(), 2 * down.ravel()]).astype(np.float64)


def _detour(spots: Points, a: Points, b: Points) -> np.ndarray:
    """Mean extra length of the lines when they run through each spot."""
    round_trip = _away(spots, a) + _away(spots, b)
    return np.asarray((round_trip - np.hypot(*(b - a).T)[None]).mean(axis=1))


def _away(spots: Points, points: Points) -> np.ndarray:
    """Return the distance of each spot from each point."""
    return np.hypot(spots[:, 0, None] - points[None, :, 0], spots[:, 1, None] - points[None, :, 1])


def _near_names(spots: Points, nodes: Points, graph: TailnetGraph) -> np.ndarray:
    """Price of standing near names."""
    cost = np.zeros(len(spots))
    if len(nodes):
        names = np.array([width(name) for name in graph.names], dtype=np.float64)
        for share in (0.0, 0.6, 1.2):
            spread = nodes + np.column_stack([share * names, np.zeros(len(nodes))])
            near = _away(spots, spread)
            cost += (900.0 / (near + 3.0) ** 2).sum(axis=1) / 3 + 1000.0 * (near < 5).any(axis=1)
    return cost


def _near_many(spots: Points, nodes: Points, size: Size) -> np.ndarray:
    """Price of standing near nodes when they are many: those of one cell count as one with their number."""
    cells = np.clip(np.round(nodes / np.array([1.0, 2.0])).astype(np.int64), 0, np.array(size) - 1)
    heads = np.bincount(cells[:, 1] * size.width + cells[:, 0], minlength=size.width * size.height)
    across, down = spots[:, 0].astype(np.int64), spots[:, 1].astype(np.int64) // 2
    cost = np.zeros(len(spots))
    counts = np.pad(heads.reshape(size.height, size.width), ((_SIGHT, _SIGHT), (2 * _SIGHT, 2 * _SIGHT)))
    for y in range(-_SIGHT, _SIGHT + 1):
        for x in range(-2 * _SIGHT, 2 * _SIGHT + 1, 2):
            near = (x**2 + 4.0 * y**2) ** 0.5
            there = counts[down + y + _SIGHT, across + x + 2 * _SIGHT]
            cost += there * (900.0 / (near + 3.0) ** 2) + 1000.0 * (there > 0) * (near < 5)
    return cost


def _on_areas(spots: Points, arranged: Arrangement, size: Size) -> np.ndarray:
    """Price of standing on titles and inside somebody's site."""
    cost = np.zeros(len(spots))
    for area in arranged.areas:
        left, right = area.left * size.width - 3, area.right * size.width + 2
        top, bottom = 2 * (area.top * size.height - 1), 2 * (area.bottom * size.height + 1)
        x, y = spots[:, 0], spots[:, 1]
        cost += 40.0 * ((x > left) & (x < right) & (y > top) & (y < bottom))
        cost += 1000.0 * ((x > left) & (x < right) & (np.abs(y - top) < 6))
    return cost
