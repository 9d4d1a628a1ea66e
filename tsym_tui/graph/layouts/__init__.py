"""Layouts: one registry, one question, positions in the unit square.

networkx's family stands beside our own two: `sites` for up to some thirty nodes and `arcs` above. `place()` picks one
by size unless a name is given. All are deterministic for a seed, and keep earlier positions as far as they can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.layouts import arcs, family, sites
from tsym_tui.graph.layouts.motions import turned
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

DEFAULT_SIZE = Size(120, 36)
_SMALLEST = Size(4, 2)


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


_ALL = (
    Layout("sites", sites.sites, most_nodes=120, turns=False),
    Layout("arcs", arcs.arcs, turns=False),
    Layout("spring", family.spring, most_nodes=499),
    Layout("kamada-kawai", family.kamada_kawai, most_nodes=150, needs_scipy=True),
    Layout("spectral", family.spectral, most_nodes=2000, needs_scipy=True),
    Layout("circular", family.circular),
    Layout("shell", family.shell),
    Layout("spiral", family.spiral),
    Layout("planar", family.planar, most_nodes=2000),
    Layout("multipartite", family.multipartite),
    Layout("bipartite", family.bipartite),
    Layout("arf", family.arf, most_nodes=300),
    Layout("forceatlas2", family.forceatlas2, most_nodes=500),
    Layout("bfs", family.bfs),
)
LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in _ALL}
"""Every layout by its name, in the order of a list of choices."""


def choose(graph: TailnetGraph, trunks_above: int = TRUNKS_ABOVE) -> str:
    """Return the layout that `auto` takes for a graph.

    Up to `trunks_above` nodes a plane has room for every name and line, so `sites` shows places. Above, `arcs` keeps
    every name on a row of its own and gathers lines in trunks.
    """
    return "sites" if len(graph.nodes) <= trunks_above else "arcs"


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
    arranged = layout.arrange(request) if graph.nodes else Arrangement(np.empty((0, 2)))
    upright = arranged.positions
    if degrees:
        arranged = replace(arranged, positions=turned(upright, degrees))
    return Placement(
        layout=layout.name,
        refs=tuple(node.ref for node in graph.nodes),
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


def _check_fits(layout: Layout, count: int) -> None:
    if layout.most_nodes is not None and count > layout.most_nodes:
        raise LayoutError(
            f"{layout.name} takes too long above {layout.most_nodes} nodes and there are {count}: choose arcs or shell"
        )
    if layout.needs_scipy and find_spec("scipy") is None:
        raise LayoutError(f"{layout.name} needs scipy: pip install 'tsym[layouts]', or choose another layout")


def _is_same(previous: Placement, layout: Layout, criterion: Criterion | None, focus: NodeRef | None) -> bool:
    return (previous.layout, previous.criterion, previous.focus) == (layout.name, criterion, focus)


def _find(name: str) -> Layout:
    if name not in LAYOUTS:
        raise LayoutError(f"there is no layout {name!r}: choose {AUTO}, {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
