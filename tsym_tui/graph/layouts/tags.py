"""Our hosts and whole groups as a small graph laid out by forces, each group's members spread around its place.

A tailnet of thousands has no shape node by node, since every host probes every peer; hosts against groups has one:
which hosts are near which groups. Groups get rectangles that do not overlap, large enough for a title and all members.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.groups import TAGS_FIRST, Group, Grouping
from tsym_tui.graph.layouts.fitting import fit, hosts_of, stay, sunflower
from tsym_tui.graph.layouts.forces import Field, Ints, Springs, relax
from tsym_tui.graph.layouts.values import Area, Arrangement, Points, Request, Size
from tsym_tui.graph.model import TailnetGraph

MOST_HOSTS = 150
"""With more hosts than this they stand among their groups: each as a dot of its own they would be the crowd."""

_SHARE = 0.42
"""Part of the picture that rooms fill together; the rest is for lines. Where that is too little, members overlap."""

_CELLS_A_MEMBER = 1.6
_FLAT = 3.0
"""A room is so many times wider than high, in cells."""

_LONGEST_TITLE = 16
_MOST_GROWTH = 1.7
_HOST_CELLS = 8.0, 1.6
"""Room for a host's marker and some of its name."""

_TOUCH = 0.15
"""Rooms that overlap by less, in cells, do not in whole cells."""

_ROUNDS, _APART_ROUNDS = 40, 120


@dataclass(frozen=True, eq=False)
class Quotient:
    """The small graph: groups first, then hosts."""

    vertex_of: Ints
    """Vertex of each node."""
    groups: tuple[Group, ...]
    """Those with a vertex: of which somebody is no host."""
    room: Points
    """Width and height of each vertex's room, in the unit square."""
    springs: Springs


def tags(request: Request) -> Arrangement:
    """Lay out hosts and groups, push them apart, and fill groups with their members.

    A placement of the same size keeps everybody; of another size, everybody keeps the side they were on.
    """
    grouping = request.groups(TAGS_FIRST)
    quotient = _quotient(request, grouping)
    before = stay(request, by_group=True)
    if before is not None and request.previous is not None and request.previous.size == request.size:
        return Arrangement(before, _areas(before, quotient, request.size), grouping.words)
    middles = _relaxed(request, quotient) if before is None else _middles(before, quotient)
    points = _members(quotient, _apart(middles, quotient.room, request.size), request.size)
    return Arrangement(points, _areas(points, quotient, request.size), grouping.words)


def _quotient(request: Request, grouping: Grouping) -> Quotient:
    graph, size = request.graph, request.size
    count, every = len(graph.nodes), len(grouping.groups)
    vertex_of = np.array(grouping.group_of(count), dtype=np.int64)
    hosts = np.flatnonzero(hosts_of(graph))
    hosts = hosts if len(hosts) <= min(MOST_HOSTS, count // 2) else hosts[:0]
    vertex_of[hosts] = every + np.arange(len(hosts))
    used, vertex_of = np.unique(vertex_of, return_inverse=True)
    groups = tuple(grouping.groups[vertex] for vertex in used[used < every].tolist())
    room = _rooms(np.bincount(vertex_of), groups, size)
    return Quotient(vertex_of, groups, room, _springs(graph, vertex_of, len(used)))


def _rooms(members: Ints, groups: tuple[Group, ...], size: Size) -> Points:
    """Return how large each vertex's room is: a title row, a row of air, and cells for its members.

    Where the picture has room to spare, members get more of it, for their names.
    """
    cells = np.empty((len(members), 2))
    high = np.sqrt(members * _CELLS_A_MEMBER / _FLAT)
    titles = np.array([width(settle(group.title)) for group in groups], dtype=np.float64)
    cells[:] = np.column_stack([high * _FLAT + 3, high + 2.2])
    cells[: len(groups), 0] = np.maximum(cells[: len(groups), 0], np.minimum(titles, _LONGEST_TITLE) + 4)
    cells[len(groups) :] = _HOST_CELLS
    share = float(cells.prod(axis=1).sum()) / (_SHARE * size.width * size.height)
    return np.asarray(np.minimum(cells / np.array(size) * min(_MOST_GROWTH, 1 / math.sqrt(share)), 1.0))


def _springs(graph: TailnetGraph, vertex_of: Ints, count: int) -> Springs:
    """Return one spring for two vertices with lines between them, as strong as these are on average."""
    one, other = (vertex_of[ends[graph.probed]] for ends in graph.ends)
    low, high = np.minimum(one, other), np.maximum(one, other)
    key = low * count + high
    lines = np.bincount(key, minlength=count * count)
    strength = np.bincount(key, graph.pull[graph.probed], count * count)
    between = np.flatnonzero(lines)
    first, second = np.divmod(between, count)
    apart = first != second
    return Springs(first[apart], second[apart], (strength[between] / lines[between])[apart])


def _relaxed(request: Request, quotient: Quotient) -> Points:
    """Return places of the vertices that fill the unit square; groups begin around a circle, hosts in the middle."""
    count = len(quotient.room)
    points = 0.1 * (np.random.default_rng(request.seed).random((count, 2)) - 0.5)
    groups = len(quotient.groups)
    angles = np.arange(groups) * (math.tau / max(groups, 1))
    if groups > 1:
        points[:groups] += 0.4 * np.column_stack([np.cos(angles), np.sin(angles)])
    field, ideal = Field(count), 1 / math.sqrt(count)
    for done in range(_ROUNDS):
        points = relax(points, quotient.springs, field, 0.1 * (1 - done / (_ROUNDS + 1)), ideal)
        if done % 8 == 0:
            request.check()
    return fit(points)


def _middles(points: Points, quotient: Quotient) -> Points:
    """Return the middle of each vertex's nodes."""
    count = len(quotient.room)
    sizes = np.maximum(np.bincount(quotient.vertex_of, minlength=count), 1)
    sums = [np.bincount(quotient.vertex_of, points[:, axis], count) for axis in (0, 1)]
    return np.asarray(np.column_stack(sums) / sizes[:, None])


def _apart(points: Points, room: Points, size: Size) -> Points:
    """Move rooms until none overlaps another, each pair along the axis where that is the shorter way.

    They stay inside the unit square; where all of it is full, some overlap remains.
    """
    far = [(room[:, None, axis] + room[None, :, axis]) / 2 - _TOUCH / size[axis] for axis in (0, 1)]
    for sum_of_halves in far:
        np.fill_diagonal(sum_of_halves, 0.0)  # nobody is in its own way
    low, high = room / 2, np.maximum(1 - room / 2, room / 2)
    aside = np.sign(np.arange(len(room))[:, None] - np.arange(len(room))[None])
    for _ in range(_APART_ROUNDS):
        between = [points[:, None, axis] - points[None, :, axis] for axis in (0, 1)]
        over = [reach - np.abs(apart) for reach, apart in zip(far, between, strict=True)]
        overlaps = (over[0] > 0) & (over[1] > 0)
        if not overlaps.any():
            break
        sideways = over[0] <= over[1]
        for axis, here in enumerate((overlaps & sideways, overlaps & ~sideways)):
            out = np.where(between[axis] != 0, np.sign(between[axis]), aside)  # in one place: away by their number
            points[:, axis] += 0.4 * (np.where(here, over[axis], 0.0) * out).sum(axis=1)
        points = np.clip(points, low, high)
    return points


def _members(quotient: Quotient, middles: Points, size: Size) -> Points:
    """Return every node's place: hosts in the middle of their room, others as seeds in a sunflower below the title."""
    order = np.argsort(quotient.vertex_of, kind="stable")
    cell = 1 / np.array(size)
    points = np.empty((len(order), 2))
    begin = 0
    for vertex, count in enumerate(np.bincount(quotient.vertex_of, minlength=len(middles)).tolist()):
        nodes = order[begin : begin + count]
        begin += count
        inside = np.maximum(quotient.room[vertex] - np.array([3.0, 2.2]) * cell, cell)
        if vertex < len(quotient.groups):
            middle = middles[vertex] + np.array([0.0, 0.5]) * cell
            points[nodes] = middle + (sunflower(count) if count > 1 else 0.0) * inside / 2
        else:
            points[nodes] = middles[vertex] - np.array([quotient.room[vertex, 0] / 2 - cell[0], 0.0])
    return np.clip(points, 0.0, 1.0)


def _areas(points: Points, quotient: Quotient, size: Size) -> tuple[Area, ...]:
    """Return a rectangle around the members of each group that has a name, as wide as its room, and a row above."""
    areas = []
    across, down = 1.5 / size.width, 1.0 / size.height
    middles = _middles(points, quotient)
    for vertex, group in enumerate(quotient.groups):
        inside = points[quotient.vertex_of == vertex]
        if not group.title:
            continue
        (left, top), (right, bottom) = inside.min(axis=0).tolist(), inside.max(axis=0).tolist()
        middle, half = float(middles[vertex, 0]), float(quotient.room[vertex, 0]) / 2 - across / 2
        left, right = max(min(left - across, middle - half), 0.0), min(max(right + across, middle + half), 1.0)
        areas.append(
            Area(group.title, group.detail, left, max(top - 1.5 * down, 0.0), right, min(bottom + down / 2, 1.0))
        )
    return tuple(areas)
