"""Layouts: one registry, one question, positions in the unit square.

networkx's family stands beside our own two: `sites` for up to some thirty nodes and `arcs` above. `place()` picks one
by size unless a name is given. All are deterministic for a seed, and keep earlier positions as far as they can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from tsym_tui.graph.layouts import arcs, family, sites
from tsym_tui.graph.layouts.regions import place_regions
from tsym_tui.graph.layouts.values import Area, Arrangement, LayoutError, Placement, Request, Size
from tsym_tui.graph.model import TailnetGraph

__all__ = ["AUTO", "LAYOUTS", "Area", "Layout", "LayoutError", "Placement", "Size", "choose", "place"]

AUTO = "auto"
MOST_ON_A_PLANE = 30
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


_ALL = (
    Layout("sites", sites.sites, most_nodes=120),
    Layout("arcs", arcs.arcs),
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


def choose(node_count: int, most_on_a_plane: int = MOST_ON_A_PLANE) -> str:
    """Return the layout that `auto` takes for so many nodes."""
    return "sites" if node_count <= most_on_a_plane else "arcs"


def place(
    graph: TailnetGraph,
    name: str = AUTO,
    *,
    size: tuple[int, int] = DEFAULT_SIZE,
    seed: int = 0,
    previous: Placement | None = None,
    most_on_a_plane: int = MOST_ON_A_PLANE,
) -> Placement:
    """Place a graph's nodes.

    `size` is the picture's in cells; `previous` an earlier placement whose positions are kept as far as the layout can.
    Raises `LayoutError` when the name is unknown, the layout's extra is missing, or the graph is too large for it.
    """
    count = len(graph.nodes)
    layout = _find(choose(count, most_on_a_plane) if name == AUTO else name)
    if layout.most_nodes is not None and count > layout.most_nodes:
        raise LayoutError(
            f"{layout.name} takes too long above {layout.most_nodes} nodes and there are {count}: choose arcs or shell"
        )
    if layout.needs_scipy and find_spec("scipy") is None:
        raise LayoutError(f"{layout.name} needs scipy: pip install 'tsym[layouts]', or choose another layout")
    cells = Size(max(size[0], _SMALLEST.width), max(size[1], _SMALLEST.height))
    earlier = previous if previous is not None and previous.layout == layout.name else None
    arranged = layout.arrange(Request(graph, cells, seed, earlier)) if count else Arrangement(np.empty((0, 2)))
    return Placement(
        layout=layout.name,
        refs=tuple(node.ref for node in graph.nodes),
        positions=arranged.positions,
        size=cells,
        areas=arranged.areas,
        regions=place_regions(graph, arranged, cells) if arranged.regions is None else arranged.regions,
        grouped=arranged.grouped,
    )


def _find(name: str) -> Layout:
    if name not in LAYOUTS:
        raise LayoutError(f"there is no layout {name!r}: choose {AUTO}, {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
