"""One node in the middle and what it has to do with everybody: trouble on the right, what works on the left.

Hosts that reach it well stand near it, other nodes it reaches well farther out, and whoever it has no line with waits
in a strip at the bottom. Inside an arc nodes stand by group and name, so a line that turns bad moves few others. Where
those that work are so many that a trunk leads to each group of them, the group is a block with room for its name.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph import edges as codes
from tsym_tui.graph.groups import TAGS_FIRST
from tsym_tui.graph.layouts.fitting import hosts_of
from tsym_tui.graph.layouts.values import Arrangement, Points, Request
from tsym_tui.graph.model import TailnetGraph

SLOW_MS = 100.0
"""From here on a direct line counts as trouble, like one that is relayed."""

LINES_APART, LINES_IN_ALL = 30, 300
"""With more lines than these, of the middle's that work and of all, a drawing gathers them by group, and so do we."""

_NEAR, _FAR = 0.22, 0.36
"""How far from the middle the arcs of hosts, and those of trouble and of other nodes are."""

_SIDES = ((_FAR, 2, 0.13), (-_NEAR, 2, 0.07), (-_FAR, 3, 0.05))
"""Trouble, hosts, others: how far to the right, in how many arcs at most, and how far these are from each other.

Names of those in trouble are what one wants to read, so there is room for them between the arcs.
"""

_BLOCKS = 0.04, 0.23
"""Between which columns the blocks of those stand that work and are no hosts."""

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
    kinds = [is_bad, is_good & near, is_good & ~near]
    if is_good.sum() > LINES_APART and graph.probed.sum() > LINES_IN_ALL:
        _place_blocks(request, kinds[1], kinds[2], points)
        kinds = kinds[:1]
    for kind, (reach, most_arcs, between) in zip(kinds, _SIDES, strict=False):
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


def _place_blocks(request: Request, near: NDArray[np.bool_], far: NDArray[np.bool_], points: Points) -> None:
    """Give each group rows of its own: one for its name, then its hosts one below the other beside a block of others.

    Hosts have names, so each has a row; too many for that join their block.
    """
    wide, high = request.size
    across = max(2, int((_BLOCKS[1] - _BLOCKS[0]) * wide / _BLOCK_COLUMNS) + 1)
    groups = [np.array(group.members, dtype=np.int64) for group in request.groups(TAGS_FIRST).groups]
    groups = [some for some in groups if (near | far)[some].any()]
    room = round(high * (_BOTTOM - _TOP)) + 1
    hosts = [some[near[some]] for some in groups]
    others = [some[far[some]] for some in groups]
    if sum(1 + max(len(one), -(-len(two) // across)) for one, two in zip(hosts, others, strict=True)) > room:
        hosts, others = [some[:0] for some in groups], [some[(near | far)[some]] for some in groups]
    taken = [1 + max(len(one), -(-len(two) // across)) for one, two in zip(hosts, others, strict=True)]
    gap = min(2.0, max(0.0, (room - sum(taken)) / max(len(groups) - 1, 1)))
    row = max(0.0, (room - sum(taken) - gap * (len(groups) - 1)) / 2)
    squeeze = min(1.0, room / max(sum(taken), 1))
    for some, rest, rows in zip(hosts, others, taken, strict=True):
        first = row + 1
        columns = -(-len(rest) // max(-(-len(rest) // across), 1)) or 1
        line, column = np.divmod(np.arange(len(rest)), columns)
        points[rest, 0] = _BLOCKS[1] - (columns - 1 - column) * _BLOCK_COLUMNS / wide
        points[rest, 1] = _TOP + (first + line) * squeeze / high
        points[some, 0] = 0.5 - _NEAR
        points[some, 1] = _TOP + (first + np.arange(len(some))) * squeeze / high
        row += rows + gap


_BLOCK_COLUMNS = 2
"""From one marker of a block to the next."""


def _strip(count: int, width: int) -> Points:
    """Return places in the strip at the bottom, in as many rows as there are."""
    rows = min(len(_STRIP), max(1, math.ceil(count / max(1, width // 3))))
    place = np.arange(count)
    across = (place + 0.5) / max(count, 1)
    return np.column_stack([0.04 + 0.92 * across, np.array(_STRIP)[place % rows]])
