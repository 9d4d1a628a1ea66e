"""Our hosts and whole groups as a small graph laid out by forces, each group's members spread around its place.

A tailnet of thousands has no shape node by node, since every host probes every peer; hosts against groups has one:
which hosts are near which groups. Groups get rectangles that do not overlap, in proportion to their members.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tsym_tui.graph.groups import TAGS_FIRST, Grouping
from tsym_tui.graph.layouts.fitting import EDGE, hosts_of, stay, sunflower
from tsym_tui.graph.layouts.forces import Field, Floats, Ints, Springs, relax
from tsym_tui.graph.layouts.values import Area, Arrangement, Points, Request
from tsym_tui.graph.model import TailnetGraph

MOST_HOSTS = 150
"""With more hosts than this they stand among their groups: each as a dot of its own they would be the crowd."""

_ROUNDS = 40
_SHARE = 0.4
"""Part of the square that groups fill together; the rest is room for lines."""

_HOST_REACH = 0.016
"""Half the side of the room that a host gets."""

_FILLED = 0.8
"""How much of its room a group's sunflower takes: its title stands above."""

_APART_ROUNDS = 200


@dataclass(frozen=True, eq=False)
class Quotient:
    """The small graph: groups first, then hosts."""

    vertex_of: Ints
    """Vertex of each node."""
    groups: int
    hosts: Ints
    """The nodes that are vertices of their own."""
    reach: Floats
    """Half the side of each vertex's room."""
    springs: Springs


def tags(request: Request) -> Arrangement:
    """Lay out hosts and groups, push them apart, and fill groups with their members."""
    grouping = request.groups(TAGS_FIRST)
    quotient = _quotient(request.graph, grouping)
    points = stay(request, by_group=True)
    if points is None:
        points = _members(quotient, *_stretched(_apart(_relaxed(request, quotient), quotient.reach), quotient.reach))
    return Arrangement(points, _areas(points, quotient, grouping), grouping.words)


def _quotient(graph: TailnetGraph, grouping: Grouping) -> Quotient:
    count, groups = len(graph.nodes), len(grouping.groups)
    vertex_of = np.array(grouping.group_of(count), dtype=np.int64)
    hosts = np.flatnonzero(hosts_of(graph))
    hosts = hosts if len(hosts) <= min(MOST_HOSTS, count // 2) else hosts[:0]
    vertex_of[hosts] = groups + np.arange(len(hosts))
    sizes = np.bincount(vertex_of, minlength=groups + len(hosts))
    reach = np.sqrt(sizes * _SHARE / max(count, 1)) / 2
    reach[groups:] = _HOST_REACH
    return Quotient(vertex_of, groups, hosts, reach, _springs(graph, vertex_of, len(reach)))


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
    """Return places of the vertices in about the unit square; groups begin around a circle, hosts in the middle."""
    count = len(quotient.reach)
    points = 0.1 * (np.random.default_rng(request.seed).random((count, 2)) - 0.5)
    angles = np.arange(quotient.groups) * (math.tau / max(quotient.groups, 1))
    if quotient.groups > 1:
        points[: quotient.groups] += 0.4 * np.column_stack([np.cos(angles), np.sin(angles)])
    field, ideal = Field(count), 1 / math.sqrt(count)
    for done in range(_ROUNDS):
        points = relax(points, quotient.springs, field, 0.1 * (1 - done / (_ROUNDS + 1)), ideal)
        if done % 8 == 0:
            request.check()
    extent = max(float(np.ptp(points, axis=0).max()), 1e-9)
    return np.asarray((points - points.mean(axis=0)) / extent)


def _apart(points: Points, reach: Floats) -> Points:
    """Move squares until none overlaps another, each pair along the axis where that is the shorter way."""
    room = reach[:, None] + reach[None]
    np.fill_diagonal(room, 0.0)  # nobody is in its own way
    for _ in range(_APART_ROUNDS):
        across = points[:, None, 0] - points[None, :, 0]
        down = points[:, None, 1] - points[None, :, 1]
        over_x, over_y = room - np.abs(across), room - np.abs(down)
        overlaps = (over_x > 1e-6) & (over_y > 1e-6)
        if not overlaps.any():
            break
        sideways = over_x <= over_y
        sign_x, sign_y = _sign(across), _sign(down)
        push_x = np.where(overlaps & sideways, over_x * sign_x, 0.0).sum(axis=1)
        push_y = np.where(overlaps & ~sideways, over_y * sign_y, 0.0).sum(axis=1)
        points = points + 0.3 * np.column_stack([push_x, push_y])
    return points


def _sign(apart: Floats) -> Floats:
    """Return which way is out; two in the very same place go opposite ways by their number."""
    order = np.arange(len(apart))
    return np.asarray(np.where(apart != 0, np.sign(apart), np.sign(order[:, None] - order[None])))


def _stretched(points: Points, reach: Floats) -> tuple[Points, Points]:
    """Fill the unit square with all rooms; returns middles and half sides, each (vertices, 2)."""
    low, high = (points - reach[:, None]).min(axis=0), (points + reach[:, None]).max(axis=0)
    scale = (1 - EDGE) / np.maximum(high - low, 1e-9)
    return np.asarray(EDGE / 2 + (points - low) * scale), np.asarray(reach[:, None] * scale)


def _members(quotient: Quotient, middles: Points, reach: Points) -> Points:
    """Return every node's place: hosts in the middle of their room, others as seeds in a sunflower."""
    order = np.argsort(quotient.vertex_of, kind="stable")
    sizes = np.bincount(quotient.vertex_of, minlength=len(middles))
    points = np.empty((len(order), 2))
    begin = 0
    for vertex, size in enumerate(sizes.tolist()):
        nodes = order[begin : begin + size]
        begin += size
        spread = sunflower(size) if size > 1 else np.zeros((size, 2))
        points[nodes] = middles[vertex] + spread * reach[vertex] * _FILLED
    return points


def _areas(points: Points, quotient: Quotient, grouping: Grouping) -> tuple[Area, ...]:
    """Return a rectangle around the members of each group that has a name."""
    areas = []
    for vertex, group in enumerate(grouping.groups):
        inside = points[quotient.vertex_of == vertex]
        if not group.title or not len(inside):
            continue
        low, high = inside.min(axis=0), inside.max(axis=0)
        margin = (high - low) * (1 / _FILLED - 1) / 2 + 0.004
        left, top = np.maximum(low - margin, 0.0)
        right, bottom = np.minimum(high + margin, 1.0)
        areas.append(Area(group.title, group.detail, float(left), float(top), float(right), float(bottom)))
    return tuple(areas)
