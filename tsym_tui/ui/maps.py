"""Drawing the map away from the event loop: what is asked, and a cartographer who remembers the last answer.

numpy, networkx and the drawing modules are imported here inside functions, since the first frame must not wait for
them. Everything runs in one thread at a time; the caller sees to that.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.frame import Frame
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import Theme

if TYPE_CHECKING:
    from tsym_tui.graph.layouts import Placement
    from tsym_tui.graph.model import TailnetGraph

AUTO = "auto"
MOST_ZOOM = 8.0


class Viewport(msgspec.Struct, frozen=True):
    """Which part of the map is seen: the middle of it in the unit square, and how near."""

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0

    def zoomed(self, step: int, centre: tuple[float, float] | None) -> Viewport:
        """Go nearer or farther, around `centre` when it is given; farthest shows all."""
        if step == 0:
            return Viewport()
        zoom = min(MOST_ZOOM, max(1.0, self.zoom * (1.5 if step > 0 else 1 / 1.5)))
        if zoom <= 1.01:
            return Viewport()
        x, y = centre if centre is not None and step > 0 else (self.x, self.y)
        return Viewport(x, y, zoom).kept_inside()

    def panned(self, across: int, down: int) -> Viewport:
        """Move by a quarter of what is seen; stays on the map."""
        return Viewport(self.x + across * 0.25 / self.zoom, self.y + down * 0.25 / self.zoom, self.zoom).kept_inside()

    def kept_inside(self) -> Viewport:
        """Move back onto the map."""
        half = 0.5 / self.zoom
        return Viewport(min(max(self.x, half), 1 - half), min(max(self.y, half), 1 - half), self.zoom)


FROM_AFAR = Viewport()


class MapRequest(msgspec.Struct, frozen=True, eq=False):
    """One picture that a screen wants."""

    snapshot: Snapshot
    size: tuple[int, int]
    theme: Theme
    level: Level
    layout: str = AUTO
    selected: tuple[NodeRef, ...] = ()
    focus: NodeRef | None = None
    viewport: Viewport = FROM_AFAR
    only_problems: bool = False

    def is_like(self, other: MapRequest) -> bool:
        """Whether the other picture would be the same; snapshots by identity: comparing takes longer than drawing."""
        if self.snapshot is not other.snapshot:
            return False
        return msgspec.structs.astuple(self)[1:] == msgspec.structs.astuple(other)[1:]


class DrawnMap(msgspec.Struct, frozen=True):
    """The answer."""

    request: MapRequest
    frame: Frame
    refs: tuple[NodeRef, ...]
    """The nodes by the frame's index."""
    layout: str
    """What `auto` turned out to be."""
    positions: dict[NodeRef, tuple[float, float]]
    """Where nodes are, in the unit square."""

    def node_at(self, x: int, y: int) -> NodeRef | None:
        """Return the node at a cell."""
        index = self.frame.node_at(x, y)
        return None if index is None else self.refs[index]


def load_drawing() -> None:
    """Import what drawing needs; takes a few hundred milliseconds the first time."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts one a core, and we do no linear algebra
    import tsym_tui.graph.draw
    import tsym_tui.graph.layouts
    import tsym_tui.graph.model  # noqa: F401 - loading is the point


def layout_names() -> tuple[str, ...]:
    """Return the names of all layouts, `auto` first."""
    from tsym_tui.graph.layouts import LAYOUTS

    return (AUTO, *LAYOUTS)


class Cartographer:
    """Draws maps, and lays out again only when nodes, places or sizes have changed."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._graph: TailnetGraph | None = None
        self._placement: Placement | None = None
        self._placed_for: object = None

    def draw(self, request: MapRequest) -> DrawnMap:
        """Draw a map; raises `LayoutError` when the layout cannot draw this graph."""
        from tsym_tui.graph.draw import MapOptions, View, draw_map

        graph = self._graph_of(request.snapshot)
        placement = self._place(graph, request)
        viewport = request.viewport
        options = MapOptions(
            theme=request.theme,
            level=request.level,
            selected=request.selected,
            focus=request.focus if placement.layout == "arcs" else None,
            view=View(viewport.x, viewport.y, viewport.zoom),
            only_problems=request.only_problems,
        )
        frame = draw_map(graph, placement, request.size, options)
        positions = {ref: (float(x), float(y)) for ref, (x, y) in zip(placement.refs, placement.positions, strict=True)}
        return DrawnMap(request, frame, tuple(node.ref for node in graph.nodes), placement.layout, positions)

    def _graph_of(self, snapshot: Snapshot) -> TailnetGraph:
        """Read a snapshot once, however often it is drawn."""
        from tsym_tui.graph.model import TailnetGraph

        if self._graph is None or self._snapshot is not snapshot:
            self._graph, self._snapshot = TailnetGraph.from_snapshot(snapshot), snapshot
        return self._graph

    def _place(self, graph: TailnetGraph, request: MapRequest) -> Placement:
        """Lay out, unless everything a layout looks at is as it was."""
        from tsym_tui.graph.layouts import place

        places = tuple((node.ref, node.site, node.tags) for node in graph.nodes)
        wanted = (places, graph.regions, request.layout, request.size)
        if self._placement is None or self._placed_for != wanted:
            self._placement = place(graph, request.layout, size=request.size, previous=self._placement)
            self._placed_for = wanted
        return self._placement
