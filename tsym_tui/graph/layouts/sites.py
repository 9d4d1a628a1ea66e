"""Places side by side: each group in its own rectangle, its nodes on a ring inside, nothing over anything else.

The largest group stands left, the others are stacked in columns beside it, with gaps where relay marks and long lines
have room. Inside, nodes start on a ring, no two in one row if that can be helped, and are then moved apart until lines
are told from each other and pass no name. Same question, same answer; with earlier positions, whoever was there stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.groups import SITES_FIRST, Group
from tsym_tui.graph.layouts.parcels import Box, boxes_of
from tsym_tui.graph.layouts.regions import place_regions
from tsym_tui.graph.layouts.untangle import untangle
from tsym_tui.graph.layouts.values import Area, Arrangement, Placement, Points, Request, Size

MOST_NODES = 120
"""Moving nodes apart looks at all pairs of lines, many times; and names would not fit."""


def sites(request: Request) -> Arrangement:
    """Place groups, then nodes."""
    graph, size = request.graph, request.size
    grouping = request.groups(SITES_FIRST)
    if not graph.nodes:
        return Arrangement(np.empty((0, 2)))
    kept = _keep(request)
    if kept is not None:
        return kept
    names = [width(settle(name)) for name in graph.names]
    boxes = boxes_of(graph, grouping.groups, names, size)
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
    marks = [(x * size.width, y * size.height) for x, y in regions.values()]
    untangle(graph, cells, rooms, marks, np.random.default_rng(request.seed), request.check)
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
    grouping = request.groups(SITES_FIRST)
    groups = grouping.groups
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
    return Arrangement(_to_unit(cells, size), previous.areas, grouping.words, regions)


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
