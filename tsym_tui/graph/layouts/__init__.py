"""Layouts: one registry, one question, positions in the unit square.

Our own stand first: `sites` and `arcs` for what has names, `tags` and `rings` for what is many, `force` for a shape and
`focus` for one node; then networkx's family. `place()` picks one by size and kind unless a name is given. All are
deterministic for a seed, and keep earlier positions as far as they can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from importlib.util import find_spec

import numpy as np

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.groups import TAGS_FIRST, Criterion
from tsym_tui.graph.layouts import arcs, family, focuses, forces, rings, sites, tags
from tsym_tui.graph.layouts.fitting import hosts_of, stay
from tsym_tui.graph.layouts.motions import turned, way
from tsym_tui.graph.layouts.regions import place_regions
from tsym_tui.graph.layouts.values import (
    Area,
    Arrangement,
    LayoutCancelledError,
    LayoutError,
    Placement,
    Points,
    Request,
    Size,
)
from tsym_tui.graph.model import TailnetGraph

__all__ = [
    "AUTO",
    "LAYOUTS",
    "Area",
    "Layout",
    "LayoutCancelledError",
    "LayoutError",
    "Placement",
    "Points",
    "Size",
    "choose",
    "place",
]

AUTO = "auto"
TRUNKS_ABOVE = 30
"""Above this many nodes `auto` takes arcs: names no longer fit between the lines. A setting."""

NAMES_UP_TO, TRUNKS_UP_TO = 300, 2000
"""Arcs are for up to so many nodes: without groups, since most names would have no row; and with groups, since one
node's view of each group says little where a group has hundreds of members."""

STEPS = 16
"""Pictures of an animation that leads from one placement to another."""

DEFAULT_SIZE = Size(120, 36)
_INSTEAD = {
    "sites": "arcs",
    "spring": "force",
    "arf": "force",
    "forceatlas2": "force",
    "kamada-kawai": "force",
    "spectral": "force",
}
"""What is most like a layout and has no limit."""

_SMALLEST = Size(4, 2)


class Near(Enum):
    """Next to whom a newcomer stands in a picture that stays."""

    GROUP = auto()
    NEIGHBOURS = auto()


@dataclass(frozen=True)
class Layout:
    """One entry of the registry."""

    name: str
    arrange: Callable[[Request], Arrangement]
    most_nodes: int | None = None
    """It takes too long above; None = any number."""
    needs_scipy: bool = False
    """Whether the extra `layouts` must be installed."""
    turns: bool = True
    """Whether `rotation` does anything: rows and rectangles of text cannot be turned."""
    has_focus: bool = False
    """Whether one node stands in the middle."""
    stays: Near | None = Near.GROUP
    """How newcomers find a place while everybody else stays; None = the layout sees to that itself, or must not."""
    is_iterative: bool = False
    """Whether it shows steps of its own on the way."""


_ALL = (
    Layout("sites", sites.sites, most_nodes=sites.MOST_NODES, turns=False, stays=None),
    Layout("arcs", arcs.arcs, turns=False, stays=None),
    Layout("rings", rings.rings),
    Layout("tags", tags.tags, turns=False, stays=None),
    Layout("force", forces.force, stays=Near.NEIGHBOURS, is_iterative=True),
    Layout("focus", focuses.focus, turns=False, stays=None, has_focus=True),
    Layout("spring", family.spring, most_nodes=499, stays=Near.NEIGHBOURS, is_iterative=True),
    Layout("kamada-kawai", family.kamada_kawai, most_nodes=100, stays=Near.NEIGHBOURS, needs_scipy=True),
    Layout("spectral", family.spectral, most_nodes=1000, stays=Near.NEIGHBOURS),
    Layout("forceatlas2", family.forceatlas2, most_nodes=300, stays=Near.NEIGHBOURS, is_iterative=True),
    Layout("arf", family.arf, most_nodes=200, stays=Near.NEIGHBOURS, is_iterative=True),
    Layout("circular", family.circular),
    Layout("shell", family.shell),
    Layout("spiral", family.spiral),
    Layout("planar", family.planar, most_nodes=2000, stays=None),
    Layout("multipartite", family.multipartite),
    Layout("bipartite", family.bipartite),
    Layout("bfs", family.bfs),
)
LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in _ALL}
"""Every layout by its name, in the order of a list of choices."""


def choose(graph: TailnetGraph, trunks_above: int = TRUNKS_ABOVE) -> str:
    """Return the layout that `auto` takes for a graph.

    Up to `trunks_above` nodes a plane has room for every name and line, so `sites` shows places. Above, `arcs` gives
    names rows of their own and gathers lines in trunks, one for each group, which still reads well when groups count
    most of their members instead of naming them. With thousands of nodes `tags` shows every host against whole
    groups: to its hosts all members of a group are alike there, and one host's view is too little. Where nothing groups
    the nodes, or so many are hosts that they would be the crowd themselves, `rings` puts hosts inside and the others
    around them. Forces are never chosen: where every host probes every peer they find no shape, and where only some
    lines are probed a person can ask for them.
    """
    count = len(graph.nodes)
    if count <= min(trunks_above, sites.MOST_NODES):
        return "sites"
    has_groups = len(graph.grouping(TAGS_FIRST).groups) > 1
    if count <= max(TRUNKS_UP_TO if has_groups else NAMES_UP_TO, trunks_above):
        return "arcs"
    return "tags" if has_groups and int(hosts_of(graph).sum()) <= tags.MOST_HOSTS else "rings"


def place(  # noqa: PLR0913 - one question, its choices by name
    graph: TailnetGraph,
    name: str = AUTO,
    *,
    size: tuple[int, int] = DEFAULT_SIZE,
    seed: int = 0,
    previous: Placement | None = None,
    trunks_above: int = TRUNKS_ABOVE,
    rotation: float = 0.0,
    cancel: Callable[[], bool] | None = None,
    on_step: Callable[[Points], None] | None = None,
    focus: int | None = None,
    criterion: Criterion | None = None,
) -> Placement:
    """Place a graph's nodes.

    `size` is the picture's in cells. `previous` is an earlier placement: when it answered the same question (layout,
    criterion, focus), who was there stays and newcomers find a place near their neighbours; None starts anew.
    `rotation` turns positions by degrees clockwise, where the layout can be turned (`Layout.turns`). `focus` is a node
    index for layouts that put one in the middle, `criterion` what to group by where a layout groups.

    Long layouts ask `cancel` between slices of work. `on_step` gets positions on the way, those of the answer last,
    for an animation: it is called in the thread that called `place`, and may take its time there.

    Raises `LayoutError` when the name is unknown, the layout's extra is missing, or the graph is too large for it, and
    `LayoutCancelledError` when `cancel` said yes.
    """
    layout = _find(choose(graph, trunks_above) if name == AUTO else name)
    _check_fits(layout, len(graph.nodes))
    cells = Size(max(size[0], _SMALLEST.width), max(size[1], _SMALLEST.height))
    middle = None if focus is None or not layout.has_focus else graph.nodes[focus].ref
    earlier = previous if previous is not None and _is_same(previous, layout, criterion, middle) else None
    degrees = rotation % 360.0 if layout.turns else 0.0
    shown = None if on_step is None else lambda points: on_step(turned(points, degrees))
    request = Request(graph, cells, seed, earlier, cancel, shown, focus, criterion)
    request.check()
    arranged = _arrange(layout, request)
    upright = arranged.positions
    _animate(layout, request, previous, upright)
    if degrees:
        arranged = replace(arranged, positions=turned(upright, degrees))
    return Placement(
        layout=layout.name,
        refs=tuple(graph.index),
        positions=arranged.positions,
        size=cells,
        areas=arranged.areas,
        regions=place_regions(graph, arranged, cells) if arranged.regions is None else arranged.regions,
        grouped=arranged.grouped,
        rotation=degrees,
        upright=upright if degrees else None,
        criterion=criterion,
        focus=middle,
    )


def _arrange(layout: Layout, request: Request) -> Arrangement:
    """Keep an earlier picture where that can be, else make one."""
    if not request.graph.nodes:
        return Arrangement(np.empty((0, 2)))
    kept = None if layout.stays is None else stay(request, by_group=layout.stays is Near.GROUP)
    return layout.arrange(request) if kept is None else Arrangement(kept)


def _animate(layout: Layout, request: Request, previous: Placement | None, end: Points) -> None:
    """Show the way from an earlier picture of any layout, or from the middle; iterative layouts have shown theirs."""
    if request.on_step is None or not len(end):
        return
    start = np.full_like(end, 0.5)
    before = {} if previous is None else replace(request, previous=previous).kept()
    if before:
        start[list(before)] = list(before.values())
    for points in way(start, end, 1 if layout.is_iterative else STEPS):
        request.step(points)


def _check_fits(layout: Layout, count: int) -> None:
    if layout.most_nodes is not None and count > layout.most_nodes:
        limit, instead = layout.most_nodes, _INSTEAD.get(layout.name, "rings")
        raise LayoutError(f"{layout.name} takes too long above {limit} nodes and there are {count}: choose {instead}")
    if layout.needs_scipy and find_spec("scipy") is None:
        raise LayoutError(f"{layout.name} needs scipy: pip install 'tsym[layouts]', or choose another layout")


def _is_same(previous: Placement, layout: Layout, criterion: Criterion | None, focus: NodeRef | None) -> bool:
    return (previous.layout, previous.criterion, previous.focus) == (layout.name, criterion, focus)


def _find(name: str) -> Layout:
    if name not in LAYOUTS:
        raise LayoutError(f"there is no layout {name!r}: choose {AUTO}, {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
