"""Who gets which rectangle of the screen: groups dealt into columns, each with room for its nodes and names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np

from tsym_agent.model.paths import SampleState
from tsym_tui.graph.cells import width
from tsym_tui.graph.drawing.raster import Floats
from tsym_tui.graph.groups import Group
from tsym_tui.graph.layouts.values import Size
from tsym_tui.graph.model import TailnetGraph

WIDEST_GAP = 36
"""Columns between two stacks of sites: beyond this, lines only get longer."""

HIGHEST_GAP = 9
"""Rows between two sites of a stack."""


class Box(NamedTuple):
    """A rectangle of whole cells; right and bottom are inside."""

    left: int
    top: int
    right: int
    bottom: int


class _Wish(NamedTuple):
    """What a group would like."""

    columns: int
    rows: int
    least_columns: int


def _wish(group: Group, names: Sequence[int]) -> _Wish:
    members = len(group.members)
    longest = max(names[node] for node in group.members)
    title = width(f"{group.title} {group.detail}") + 3
    least = max(6, min(longest, 12) + 4)
    if members == 1:
        return _Wish(max(longest + 7, title), 6, least)
    across = longest + 10 + round(7 * math.sqrt(members))
    return _Wish(max(across, title), 4 + 2 * members, least)


def boxes_of(graph: TailnetGraph, groups: Sequence[Group], names: Sequence[int], size: Size) -> list[Box]:
    """Give each group a rectangle: columns from left to right, the largest group first.

    `names` are the widths of all nodes' names.
    """
    wishes = [_wish(group, names) for group in groups]
    crowds = [len(group.members) for group in groups]
    affinity = _affinity(graph, groups)
    columns = _columns(wishes, size)
    columns = [_order(column, affinity, columns) for column in columns]
    widest = [max(wishes[g].columns for g in column) for column in columns]
    spans = _spans(widest, [max(crowds[g] for g in column) for column in columns], size.width)
    boxes: dict[int, Box] = {}
    for column, (left, right), wish in zip(columns, spans, widest, strict=True):
        tops = _stack([wishes[g].rows for g in column], [crowds[g] for g in column], size.height)
        for position, (top, bottom) in zip(column, tops, strict=True):
            share = max(2 / 3, wishes[position].columns / wish)
            boxes[position] = Box(left, top, left + round((right - left) * share), bottom)
    return [boxes[position] for position in range(len(groups))]


def _columns(wishes: Sequence[_Wish], size: Size) -> list[list[int]]:
    """Deal groups into columns: as few as hold them all, two where there are two groups."""
    if len(wishes) == 1:
        return [[0]]
    for count in range(2, len(wishes) + 1):
        columns = _deal(wishes, count)
        least = sum(max(wishes[g].least_columns for g in column) for column in columns) + 3 * (count - 1)
        if count > 2 and least > size.width:
            break
        fits = all(
            sum(max(4, wishes[g].rows * 2 // 3) for g in column) + len(column) - 1 <= size.height for column in columns
        )
        if fits:
            return columns
    return _deal(wishes, max(2, min(len(wishes), size.width // 24)))


def _deal(wishes: Sequence[_Wish], count: int) -> list[list[int]]:
    """Put each group, largest first, into the column with the fewest rows."""
    columns: list[list[int]] = [[] for _ in range(count)]
    loads = [0.0] * count
    for position, wish in enumerate(wishes):
        column = min(range(count), key=lambda c: (loads[c], c))
        columns[column].append(position)
        loads[column] += wish.rows
    return [column for column in columns if column]


def _affinity(graph: TailnetGraph, groups: Sequence[Group]) -> Floats:
    """Count lines between groups; the last column counts lines that a DERP region carries."""
    count = len(groups)
    of = [0] * len(graph.nodes)
    for position, group in enumerate(groups):
        for member in group.members:
            of[member] = position
    lines = np.zeros((count, count + 1))
    for line, (a, b) in enumerate(zip(*graph.ends, strict=True)):
        one, other = of[int(a)], of[int(b)]
        if graph.lines[line].state is SampleState.NEVER or one == other:
            continue
        lines[one, other] += 1
        lines[other, one] += 1
        if graph.line_region[line] >= 0:
            lines[one, count] += 1
            lines[other, count] += 1
    return lines


def _order(column: list[int], affinity: Floats, columns: Sequence[list[int]]) -> list[int]:
    """Order a stack: relayed groups on top, where the relay marks are, talkative ones next to each other."""
    if len(column) < 2 or len(column) > 7 or len(columns) < 2:
        return column

    def cost(order: Sequence[int]) -> float:
        relayed = sum(position * affinity[group, -1] for position, group in enumerate(order))
        apart = sum(affinity[a, b] * (j - i) for (i, a), (j, b) in combinations(enumerate(order), 2))
        return float(2 * relayed + apart)

    return list(min(permutations(column), key=lambda order: (cost(list(order)), list(order))))


def _spans(wishes: Sequence[int], crowds: Sequence[int], total: int) -> list[tuple[int, int]]:
    """Share out the columns of the screen: each its wish, crowds more, and gaps between for lines to be seen in."""
    count = len(wishes)
    if count == 1:
        return [(1, max(1, total - 2))]
    least = 3 if total < 70 else 5
    free = total - 2 - least * (count - 1)
    widths = [max(4, min(wish, wish * free // sum(wishes))) for wish in wishes]
    spare = max(0, free - sum(widths))
    growth = [math.sqrt(crowd - 1) for crowd in crowds]
    for position, wish in enumerate(wishes):
        share = growth[position] / sum(growth) if sum(growth) else 0.0
        widths[position] += min(int(spare * 0.6 * share), int(1.4 * wish))
    spare = max(0, free - sum(widths))
    gap = least + min(spare // (count - 1), WIDEST_GAP)
    left = 1 + max(0, total - 2 - sum(widths) - gap * (count - 1)) // 2
    spans = []
    for wide in widths:
        spans.append((left, min(left + wide - 1, total - 1)))
        left += wide + gap
    return spans


def _stack(wishes: Sequence[int], crowds: Sequence[int], height: int) -> list[tuple[int, int]]:
    """Share out the rows of a column: each its wish, crowds up to twice that, the rest to gaps and both ends."""
    count = len(wishes)
    margin = 1 if height >= 24 else 0
    free = height - 2 * margin - (count - 1)
    scale = min(1.0, free / sum(wishes))
    heights = [max(3, int(wish * scale)) for wish in wishes]
    spare = max(0, free - sum(heights) - 3 * (count - 1))
    crowded = sum(wish for wish, crowd in zip(wishes, crowds, strict=True) if crowd > 1)
    for position, wish in enumerate(wishes):
        if crowds[position] > 1:
            heights[position] += min(spare * wish // crowded, wish)
    spare = max(0, free - sum(heights))
    gap = 1 + (min(spare // (count - 1), HIGHEST_GAP) if count > 1 else 0)
    top = margin + max(0, free - sum(heights) - (gap - 1) * (count - 1)) // 2
    spans = []
    for high in heights:
        bottom = min(height - 1, top + high - 1)
        spans.append((min(top, height - 1), bottom))
        top = bottom + 1 + gap
    return spans
