"""Places side by side: each group in its own rectangle, its nodes on a ring inside, nothing over anything else.

The largest group stands left, the others are stacked in columns beside it, with gaps where relay marks and long lines
have room. Inside, nodes start on a ring, no two in one row if that can be helped, and are then moved apart until lines
are told from each other and pass no name. Same question, same answer; with earlier positions, whoever was there stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, permutations
from typing import NamedTuple

import numpy as np

from tsym_agent.model.paths import SampleState
from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.groups import Group
from tsym_tui.graph.layouts.regions import place_regions
from tsym_tui.graph.layouts.untangle import Box, untangle
from tsym_tui.graph.layouts.values import Area, Arrangement, Placement, Points, Request, Size
from tsym_tui.graph.model import TailnetGraph


def sites(request: Request) -> Arrangement:
    """Place groups, then nodes."""
    graph, size = request.graph, request.size
    grouping = graph.grouping()
    if not graph.nodes:
        return Arrangement(np.empty((0, 2)))
    kept = _keep(request)
    if kept is not None:
        return kept
    names = [width(settle(name)) for name in graph.names]
    boxes = _boxes(grouping.groups, names, size, _affinity(graph, grouping.groups))
    cells = np.zeros((len(graph.nodes), 2))
    for group, box in zip(grouping.groups, boxes, strict=True):
        cells[list(group.members)] = _ring(len(group.members), _inside(box, group, names))
    rooms = {
        node: _inside(box, group, names)
        for group, box in zip(grouping.groups, boxes, strict=True)
        for node in group.members
    }
    areas = _areas(grouping.groups, boxes, size)
    regions = place_regions(graph, Arrangement(_to_unit(cells, size), areas), size)
    untangle(graph, cells, rooms, [(x * size.width, y * size.height) for x, y in regions.values()], request.seed)
    return Arrangement(_to_unit(cells, size), areas, grouping.words, regions)


def _areas(groups: Sequence[Group], boxes: Sequence[Box], size: Size) -> tuple[Area, ...]:
    return tuple(
        Area(
            group.title,
            group.detail,
            box.left / size.width,
            box.top / size.height,
            (box.right + 1) / size.width,
            (box.bottom + 1) / size.height,
        )
        for group, box in zip(groups, boxes, strict=True)
        if group.title
    )


def _to_unit(cells: Points, size: Size) -> Points:
    return np.asarray((cells + 0.5) / np.array([size.width, size.height]))


# --- rectangles -------------------------------------------------------------------------------------------------------


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


def _boxes(groups: Sequence[Group], names: Sequence[int], size: Size, affinity: np.ndarray) -> list[Box]:
    """Give each group a rectangle: columns from left to right, the largest group first."""
    wishes = [_wish(group, names) for group in groups]
    columns = _columns(wishes, size)
    columns = [_order(column, affinity, columns) for column in columns]
    spans = _spans([max(wishes[g].columns for g in column) for column in columns], size.width)
    boxes: dict[int, Box] = {}
    for column, (left, right) in zip(columns, spans, strict=True):
        tops = _stack([wishes[g].rows for g in column], size.height, alone=len(columns) == 1)
        for position, (top, bottom) in zip(column, tops, strict=True):
            wide = min(right - left + 1, max(wishes[position].columns, 2 * (right - left + 1) // 3))
            boxes[position] = Box(left, top, left + wide - 1 if len(columns) > 1 else right, bottom)
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


def _affinity(graph: TailnetGraph, groups: Sequence[Group]) -> np.ndarray:
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


def _order(column: list[int], affinity: np.ndarray, columns: Sequence[list[int]]) -> list[int]:
    """Order a stack: relayed groups on top, where the relay marks are, talkative ones next to each other."""
    if len(column) < 2 or len(column) > 7 or len(columns) < 2:
        return column

    def cost(order: Sequence[int]) -> float:
        relayed = sum(position * affinity[group, -1] for position, group in enumerate(order))
        apart = sum(affinity[a, b] * (j - i) for (i, a), (j, b) in combinations(enumerate(order), 2))
        return float(2 * relayed + apart)

    return list(min(permutations(column), key=lambda order: (cost(list(order)), list(order))))


def _spans(wishes: Sequence[int], total: int) -> list[tuple[int, int]]:
    """Share out the columns of the screen: each its wish, large ones more, the rest to the gaps between."""
    count = len(wishes)
    least_gap = 3 if total < 70 else 5
    free = total - 2 - least_gap * (count - 1)
    widths = [max(4, min(wish, wish * free // max(1, sum(wishes)))) for wish in wishes]
    spare = free - sum(widths)
    if spare > 0:
        wanted = [(wish - 14) if wish > 26 else wish // 4 for wish in wishes]
        share = min(1.0, 0.7 * spare / max(1, sum(wanted)))
        widths = [wide + int(want * share) for wide, want in zip(widths, wanted, strict=True)]
        spare = free - sum(widths)
    gap = least_gap + (max(0, spare) // max(1, count - 1) if count > 1 else 0)
    spans, left = [], 1
    for wide in widths:
        spans.append((left, min(left + wide - 1, total - 1)))
        left += wide + gap
    return spans if count > 1 else [(1, max(1, total - 2))]


def _stack(wishes: Sequence[int], height: int, *, alone: bool) -> list[tuple[int, int]]:
    """Share out the rows of a column: each its wish, the rest to the gaps between."""
    count = len(wishes)
    if count == 1:
        rows = height if alone else min(height, max(wishes[0], height * 7 // 8))
        top = (height - rows + 1) // 2
        return [(top, top + rows - 1)]
    free = height - (count - 1)
    scale = min(1.0, free / sum(wishes))
    heights = [max(3, int(wish * scale)) for wish in wishes]
    while sum(heights) < free and any(high < 1.5 * wish for high, wish in zip(heights, wishes, strict=True)):
        grown = min(range(count), key=lambda i: (heights[i] / wishes[i], i))
        if sum(heights) + 4 * (count - 1) > free:
            break
        heights[grown] += 1
    spare = max(0, free - sum(heights))
    spans, top = [], 0
    for position, high in enumerate(heights):
        bottom = min(height - 1, top + high - 1)
        spans.append((min(top, height - 1), bottom))
        top = bottom + 2 + spare * (position + 1) // (count - 1) - spare * position // (count - 1)
    return spans


# --- nodes ------------------------------------------------------------------------------------------------------------


def _inside(box: Box, group: Group, names: Sequence[int]) -> Box:
    """Return where markers may stand: below the title, with room for a name to the right."""
    longest = min(14, max(names[node] for node in group.members))
    left, right = box.left + 2, max(box.left + 2, box.right - longest - 2)
    top = box.top + (2 if group.title else 1)
    bottom = max(top, box.bottom - 1)
    if len(group.members) == 1:
        return Box(min(right, left + 3), min(bottom, top + 1), max(left, right), bottom)
    return Box(min(left + max(1, longest // 2 - 1), right), min(top + 1, bottom), right, bottom)


def _ring(count: int, box: Box) -> Points:
    """Return `count` cells on one or two ellipses in a box, rows as different as possible."""
    middle = np.array([(box.left + box.right) / 2, (box.top + box.bottom) / 2])
    reach = np.array([(box.right - box.left) / 2, (box.bottom - box.top) / 2])
    if count == 1:
        return np.round(np.array([[box.left + (box.right - box.left) * 0.3, middle[1]]]))
    inner = count // 3 if count > 10 else 1 if count in {5, 6, 7, 8, 9, 10} else 0
    outer = count - inner
    turn = math.tau / outer
    angles = -math.pi / 2 + turn / 4 + turn * np.arange(outer) if outer > 2 else np.array([-2.2, 0.9])[:outer]
    points = [middle + reach * np.column_stack([np.cos(angles), np.sin(angles)])]
    if inner:
        angles = -math.pi / 2 + math.tau / inner * (np.arange(inner) + 0.6)
        spread = 0.5 if inner > 1 else 0.12
        points.append(middle + spread * reach * np.column_stack([np.cos(angles), np.sin(angles)]))
    return _own_rows(np.round(np.concatenate(points)), box)


def _own_rows(cells: Points, box: Box) -> Points:
    """Move nodes up or down so that no two share a row, as long as there are rows enough; never onto each other."""
    taken: set[int] = set()
    full: set[tuple[int, int]] = set()
    rows = range(box.top, box.bottom + 1)
    for position in np.argsort(cells[:, 1], kind="stable"):
        x, wanted = int(cells[position, 0]), int(cells[position, 1])
        free = [row for row in rows if row not in taken] or [row for row in rows if (x, row) not in full]
        row = min(free, key=lambda row: (abs(row - wanted), row), default=wanted)
        while (x, row) in full:
            x += 1
        taken.add(row)
        full.add((x, row))
        cells[position] = x, row
    return cells


# --- staying put ------------------------------------------------------------------------------------------------------


def _keep(request: Request) -> Arrangement | None:
    """Keep everybody's place and the rectangles; newcomers take the freest cell of their group's rectangle.

    None when groups have come or gone, when the picture has another size, or when there is nothing to keep.
    """
    graph, previous, size = request.graph, request.previous, request.size
    groups = graph.grouping().groups
    if previous is None or previous.layout != "sites" or previous.size != size:
        return None
    boxes = _previous_boxes(previous, groups, size)
    kept = request.kept()
    if boxes is None or not kept:
        return None
    names = [width(settle(name)) for name in graph.names]
    cells = np.full((len(graph.nodes), 2), -1.0)
    for node, (x, y) in kept.items():
        cells[node] = math.floor(x * size.width), math.floor(y * size.height)
    for group, box in zip(groups, boxes, strict=True):
        for node in group.members:
            if node in kept and not _holds(box, cells[node]):
                return None
            if node not in kept:
                cells[node] = _freest(cells[cells[:, 0] >= 0], _inside(box, group, names))
    regions = previous.regions if set(previous.regions) == set(graph.regions) else None
    return Arrangement(_to_unit(cells, size), previous.areas, graph.grouping().words, regions)


def _previous_boxes(previous: Placement, groups: Sequence[Group], size: Size) -> list[Box] | None:
    by_name = {(area.title, area.detail): area for area in previous.areas}
    if {(group.title, group.detail) for group in groups if group.title} != set(by_name):
        return None
    boxes = []
    for group in groups:
        area = by_name.get((group.title, group.detail))
        if area is None:
            boxes.append(Box(0, 0, size.width - 1, size.height - 1))
        else:
            left, top = round(area.left * size.width), round(area.top * size.height)
            boxes.append(Box(left, top, round(area.right * size.width) - 1, round(area.bottom * size.height) - 1))
    return boxes


def _holds(box: Box, cell: Points) -> bool:
    return bool(box.left <= cell[0] <= box.right and box.top <= cell[1] <= box.bottom)


def _freest(taken: Points, box: Box) -> Points:
    """Return the cell of a box that is farthest from all taken ones, rows counting most."""
    columns, rows = np.meshgrid(np.arange(box.left, box.right + 1), np.arange(box.top, box.bottom + 1))
    cells = np.column_stack([columns.ravel(), rows.ravel()]).astype(np.float64)
    if not len(taken):
        return np.asarray(cells[len(cells) // 2])
    apart = cells[:, None] - taken[None]
    nearest = np.hypot(apart[..., 0], 3 * apart[..., 1]).min(axis=1)
    return np.asarray(cells[int(nearest.argmax())])
