"""Where the mark of each DERP region stands: near the lines it carries, off everything else."""

from __future__ import annotations

import numpy as np

from tsym_tui.graph.cells import width
from tsym_tui.graph.layouts.values import Arrangement, Points, Size
from tsym_tui.graph.model import TailnetGraph

MOST_LINES = 600
"""More lines of one region than this change its place no further."""


def place_regions(graph: TailnetGraph, arranged: Arrangement, size: Size) -> dict[str, tuple[float, float]]:
    """Return a place in the unit square for each region: shortest way round for its lines, free of names and titles."""
    if not graph.regions or size.width < 8 or size.height < 4:
        return {}
    rows, columns = np.meshgrid(np.arange(1, size.height - 1), np.arange(3, size.width - 4, 2), indexing="ij")
    spots = np.column_stack([columns.ravel(), 2 * rows.ravel()]).astype(np.float64)
    scale = np.array([size.width, 2 * size.height])
    nodes = arranged.positions * scale - np.array([0.5, 1.0])
    crowd = _crowd(spots, nodes, graph, arranged, size)
    places = {}
    for position, code in enumerate(graph.regions):
        chosen = np.flatnonzero(graph.line_region == position)[:MOST_LINES]
        cost = crowd + _detour(spots, nodes[graph.ends[0][chosen]], nodes[graph.ends[1][chosen]])
        spot = spots[int(cost.argmin())]
        places[code] = (spot[0] + 0.5) / size.width, (spot[1] / 2 + 0.5) / size.height
        crowd = crowd + 4000.0 / (np.hypot(*(spots - spot).T) + 4.0) ** 2
    return places


def _detour(spots: Points, a: Points, b: Points) -> np.ndarray:
    """Mean extra length of the lines when they run through each spot."""
    round_trip = np.hypot(*(spots[:, None] - a[None]).transpose(2, 0, 1)) + np.hypot(
        *(spots[:, None] - b[None]).transpose(2, 0, 1)
    )
    return np.asarray((round_trip - np.hypot(*(b - a).T)[None]).mean(axis=1))


def _crowd(spots: Points, nodes: Points, graph: TailnetGraph, arranged: Arrangement, size: Size) -> np.ndarray:
    """Price of standing near names, on titles and inside somebody's site."""
    cost = np.zeros(len(spots))
    if len(nodes):
        names = np.array([width(name) for name in graph.names], dtype=np.float64)
        for share in (0.0, 0.6, 1.2):
            spread = nodes + np.column_stack([share * names, np.zeros(len(nodes))])
            near = np.hypot(*(spots[:, None] - spread[None]).transpose(2, 0, 1))
            cost += (900.0 / (near + 3.0) ** 2).sum(axis=1) / 3 + 1000.0 * (near < 5).any(axis=1)
    for area in arranged.areas:
        left, right = area.left * size.width - 3, area.right * size.width + 2
        top, bottom = 2 * (area.top * size.height - 1), 2 * (area.bottom * size.height + 1)
        x, y = spots[:, 0], spots[:, 1]
        cost += 40.0 * ((x > left) & (x < right) & (y > top) & (y < bottom))
        cost += 1000.0 * ((x > left) & (x < right) & (np.abs(y - top) < 6))
    return cost
