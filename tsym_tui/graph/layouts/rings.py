"""Two rings: our hosts inside, everybody else outside in arcs of one group each.

Nothing is searched for, so it is as quick for five thousand nodes as one look at every line, and a person knows where
to look: who belongs together stands together, and each host stands towards the groups it is nearest to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tsym_tui.graph.groups import TAGS_FIRST, Group
from tsym_tui.graph.layouts.fitting import hosts_of
from tsym_tui.graph.layouts.values import Arrangement, Request
from tsym_tui.graph.model import TailnetGraph

_OUTER = 0.32, 0.46
"""Radii between which the arcs lie."""

_INNER = 0.21
"""Radius of the outermost ring of hosts."""

_HOSTS_A_RING = 48
"""With more hosts than this there are several rings of them."""

_MOST_LINES = 40_000

_GAP_COLUMNS = 1.5
"""Room between two arcs, in columns of nodes."""

_START = -math.pi / 2
"""The first arc begins at the top and they follow clockwise."""


def rings(request: Request) -> Arrangement:
    """Place arcs, then hosts inside them; where most nodes are hosts, all of them stand in the arcs."""
    graph = request.graph
    inside = hosts_of(graph)
    if inside.sum() * 2 > len(inside):
        inside[:] = False
    grouping = request.groups(TAGS_FIRST)
    angles, reach = _arcs(grouping.groups, inside)
    if inside.any():
        _place_hosts(request, inside, angles, reach)
    points = 0.5 + np.column_stack([np.cos(angles), np.sin(angles)]) * reach[:, None]
    return Arrangement(points, grouped=grouping.words)


def _arcs(groups: Sequence[Group], inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return angle and radius of every node; hosts have the angle of their group's middle and no radius."""
    angles, reach = np.zeros(len(inside)), np.zeros(len(inside))
    members = [np.array(group.members, dtype=np.int64) for group in groups]
    outside = [some[~inside[some]] for some in members]
    rows = _row_count(sum(len(some) for some in outside))
    columns = [-(-len(some) // rows) for some in outside]
    gap = _GAP_COLUMNS if len(groups) > 1 else 0.0
    turn = math.tau / max(sum(columns) + gap * len(groups), 1.0)
    begin = 0.0
    for every, some, wide in zip(members, outside, columns, strict=True):
        place = np.arange(len(some))
        column, row = np.divmod(place, rows)
        angles[every] = _START + turn * (begin + wide / 2)
        angles[some] = _START + turn * (begin + column + 0.25 + 0.5 * (row % 2 if rows > 1 else 0.5))
        reach[some] = _OUTER[1] - (_OUTER[1] - _OUTER[0]) * row / max(rows - 1, 1)
        begin += wide + gap
    return angles, reach


def _row_count(count: int) -> int:
    """Return how many rows an arc has, so that nodes are about as far apart along it as across."""
    depth = _OUTER[1] - _OUTER[0]
    apart = math.sqrt(math.pi * (_OUTER[1] ** 2 - _OUTER[0] ** 2) / max(count, 1))
    return max(1, math.floor(depth / apart + 0.5))


def _place_hosts(request: Request, inside: np.ndarray, angles: np.ndarray, reach: np.ndarray) -> None:
    """Spread hosts evenly over their rings, in the order of the directions that their lines pull them to."""
    hosts = np.flatnonzero(inside)
    wanted = _directions(request.graph, hosts, angles, request.seed)
    order = hosts[np.argsort(wanted[hosts], kind="stable")]
    even = math.tau * np.arange(len(order)) / len(order)
    lean = np.exp(1j * (wanted[order] - even)).sum()
    angles[order] = even + float(np.angle(lean))
    count = -(-len(order) // _HOSTS_A_RING)
    reach[order] = _INNER * (1 - 0.6 * (np.arange(len(order)) % count) / count)


def _directions(graph: TailnetGraph, hosts: np.ndarray, angles: np.ndarray, seed: int) -> np.ndarray:
    """Return for each host the mean angle of the nodes it has lines to, fast lines counting more.

    Of very many lines some thousands, drawn by lot, say the same.
    """
    (first, second), strength = graph.ends, np.where(graph.probed, graph.pull, 0.0)
    if len(strength) > _MOST_LINES:
        some = np.random.default_rng(seed).integers(0, len(strength), _MOST_LINES)
        first, second, strength = first[some], second[some], strength[some]
    count, across, down = len(angles), np.cos(angles), np.sin(angles)
    sums = np.zeros((2, count))
    for here, there in ((first, second), (second, first)):
        sums[0] += np.bincount(here, strength * across[there], count)
        sums[1] += np.bincount(here, strength * down[there], count)
    lone = hosts[np.hypot(*sums[:, hosts]) < 1e-9]
    sums[:, lone] = across[lone], down[lone]
    return np.asarray(np.arctan2(sums[1], sums[0]))
