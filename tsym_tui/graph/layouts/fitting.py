"""What layouts share: filling the unit square, who is a host of ours, and positions that stay."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.groups import TAGS_FIRST
from tsym_tui.graph.layouts.values import Points, Request
from tsym_tui.graph.looks import NodeKind
from tsym_tui.graph.model import TailnetGraph

EDGE = 0.06
"""Share of the square left free on each side, so that names at the rim have room."""

MOST_NEW = 0.25
"""With a larger share of newcomers than this nobody recognises the picture anyway, and it is made anew."""

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def fit(points: Points) -> Points:
    """Stretch positions to fill the unit square; what has no extent stays in the middle."""
    if not len(points):
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    spread = np.where(extent > 1e-9, extent, 1.0)
    unit = np.where(extent > 1e-9, (points - low) / spread, 0.5)
    return np.asarray(EDGE + unit * (1 - 2 * EDGE))


def hosts_of(graph: TailnetGraph) -> NDArray[np.bool_]:
    """Return which nodes are hosts of ours, answering or not."""
    kinds = (kind is NodeKind.AGENT or kind is NodeKind.SILENT for kind in graph.kinds)
    return np.fromiter(kinds, bool, len(graph.kinds))


def sunflower(count: int) -> Points:
    """Return points spread evenly over a disc of radius 1, the first ones in the middle."""
    order = np.arange(count)
    angles, reach = order * GOLDEN_ANGLE, np.sqrt((order + 0.5) / max(count, 1))
    return np.column_stack([np.cos(angles) * reach, np.sin(angles) * reach])


def stay(request: Request, *, by_group: bool) -> Points | None:
    """Keep everybody's earlier position and give newcomers free places; None when there is too little to keep.

    A newcomer stands near its group (`by_group`) or near the nodes it has lines to, whichever there are.
    """
    kept, count = request.kept(), len(request.graph.nodes)
    if not kept or count - len(kept) > MOST_NEW * count:
        return None
    return settle_newcomers(request, kept, by_group=by_group)


def settle_newcomers(request: Request, kept: dict[int, tuple[float, float]], *, by_group: bool) -> Points:
    """Return all positions: those kept, and for each newcomer the nearest free place to where it belongs."""
    count = len(request.graph.nodes)
    places = np.full((count, 2), np.nan)
    places[list(kept)] = list(kept.values())
    newcomers = [node for node in range(count) if node not in kept]
    if not newcomers:
        return places
    roomy = max(4.0, 2 * math.sqrt(count))
    taken = {(int(x * roomy), int(y * roomy)) for x, y in kept.values()}
    around = sunflower(4 * count + 16) * math.sqrt(4 * count + 16) / roomy / 2
    for node, anchor in zip(newcomers, _anchors(request, places, newcomers, by_group=by_group), strict=True):
        candidates = np.clip(anchor + around, EDGE, 1 - EDGE)
        for x, y in candidates.tolist():
            cell = int(x * roomy), int(y * roomy)
            if cell not in taken:
                break
        taken.add(cell)
        places[node] = x, y
    return places


def _anchors(request: Request, places: Points, newcomers: list[int], *, by_group: bool) -> list[Points]:
    """Return where each newcomer belongs: in the middle of its group or of its neighbours, or of everybody."""
    graph = request.graph
    here = ~np.isnan(places[:, 0])
    middle = places[here].mean(axis=0)
    groups = request.groups(TAGS_FIRST)
    group_of = groups.group_of(len(places))
    first, second = (ends[graph.probed] for ends in graph.ends)
    anchors = []
    for node in newcomers:
        mates = np.array([member for member in groups.groups[group_of[node]].members if here[member]], dtype=np.int64)
        near = np.concatenate([second[first == node], first[second == node]])
        near = near[here[near]]
        chosen = next((some for some in ((mates, near) if by_group else (near, mates)) if len(some)), None)
        anchors.append(middle if chosen is None else places[chosen].mean(axis=0))
    return anchors
