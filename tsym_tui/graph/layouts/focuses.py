"""One node in the middle and what it has to do with everybody: trouble on the right, what works on the left.

Hosts that reach it well stand near it, other nodes it reaches well farther out, and whoever it has no line with waits
in a strip at the bottom. Inside an arc nodes stand by group and name, so a line that turns bad moves few others.
"""

from __future__ import annotations

import math

import numpy as np

from tsym_tui.graph import edges as codes
from tsym_tui.graph.groups import TAGS_FIRST
from tsym_tui.graph.layouts.fitting import hosts_of
from tsym_tui.graph.layouts.values import Arrangement, Points, Request
from tsym_tui.graph.model import TailnetGraph

SLOW_MS = 100.0
"""From here on a direct line counts as trouble, like one that is relayed."""

_NEAR, _FAR = 0.22, 0.36
"""How far from the middle the arcs of hosts, and those of trouble and of other nodes are."""

_SIDES = ((_FAR, 2, 0.13), (-_NEAR, 2, 0.07), (-_FAR, 3, 0.05))
"""Trouble, hosts, others: how far to the right, in how many arcs at most, and how far these are from each other.

Names of those in trouble are what one wants to read, so there is room for them between the arcs.
"""

_TOP, _BOTTOM = 0.06, 0.9
_STRIP = 0.955, 0.985
"""The rows of those without a line."""


def focus(request: Request) -> Arrangement:
    """Place everybody by the state of the line between them and the node in the middle."""
    graph = request.graph
    middle = busiest(graph) if request.focus is None else request.focus
    order = np.array([member for group in request.groups(TAGS_FIRST).groups for member in group.members])
    order = order[order != middle]
    is_bad, is_good = _neighbours(graph, middle)
    near = hosts_of(graph)
    points = np.full((len(graph.nodes), 2), 0.5)
    rows = max(4, round(request.size.height * (_BOTTOM - _TOP)))
    kinds = is_bad, is_good & near, is_good & ~near
    for kind, (reach, most_arcs, between) in zip(kinds, _SIDES, strict=True):
        nodes = order[kind[order]]
        arcs = min(most_arcs, -(-len(nodes) // rows)) or 1
        points[nodes] = _arcs(len(nodes), rows, reach, arcs, between)
    alone = order[~is_bad[order] & ~is_good[order]]
    points[alone] = _strip(len(alone), request.size.width)
    return Arrangement(points)


def busiest(graph: TailnetGraph) -> int:
    """Return the host with the most lines, or without hosts the node with the most."""
    lines = np.zeros(len(graph.nodes), dtype=np.int64)
    for ends in graph.ends:
        lines += np.bincount(ends[graph.probed], minlength=len(lines))
    return int((lines + hosts_of(graph) * (lines.max() + 1)).argmax())


def _neighbours(graph: TailnetGraph, middle: int) -> tuple[np.ndarray, np.ndarray]:
    """Return who has a bad line to the middle, and who a good one."""
    edges = graph.edges
    own = np.flatnonzero((edges.first == middle) | (edges.second == middle))
    there = edges.first[own] + edges.second[own] - middle
    state, known = edges.state[own], edges.state[own] != codes.NEVER
    fine = (state == codes.FRESH) & (edges.path[own] == codes.DIRECT) & (edges.direction[own] == 0)
    fine &= ~(edges.latency_ms[own] >= SLOW_MS)
    sides = np.zeros((2, len(graph.nodes)), dtype=bool)
    sides[0, there[known & ~fine]] = True
    sides[1, there[known & fine]] = True
    return sides[0], sides[1]


def _arcs(count: int, rows: int, reach: float, arcs: int, between: float) -> Points:
    """Return `count` places on arcs of some rows each, bowing away from the middle."""
    place = np.arange(count)
    step = (place + 0.5) / max(count, 1)
    spread = min(1.0, max(count, 2) / rows * 1.6)
    height = (step - 0.5) * (_BOTTOM - _TOP) * spread
    bow = np.sqrt(np.maximum(0.0, 1 - (height / 0.62) ** 2))
    away = reach * bow + between * (place % arcs - (arcs - 1) / 2)
    return np.column_stack([0.5 + away, (_TOP + _BOTTOM) / 2 + height])


def _strip(count: int, width: int) -> Points:
    """Return places in the strip at the bottom, in as many rows as there are."""
    rows = min(len(_STRIP), max(1, math.ceil(count / max(1, width // 3))))
    place = np.arange(count)
    across = (place + 0.5) / max(count, 1)
    return np.column_stack([0.04 + 0.92 * across, np.array(_STRIP)[place % rows]])
