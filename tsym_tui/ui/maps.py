"""Drawing the map away from the event loop: what is asked, and a cartographer who remembers the last answer.

numpy, networkx and the drawing modules are imported here inside functions, since the first frame must not wait for
them. Drawing runs in one thread at a time; the caller sees to that. Layouts run beside it: see `surveys`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tsym_agent.model.ids import NodeRef, Tailnet
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.frame import Frame
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THRESHOLDS_MS, Theme
from tsym_tui.ui.surveys import FIRST_PATIENCE_S, PATIENCE_S, STEP_S, Plan, Survey, Surveyor
from tsym_tui.ui.viewports import FROM_AFAR, Viewport

if TYPE_CHECKING:
    from tsym_tui.graph.layouts import Placement
    from tsym_tui.graph.model import TailnetGraph
    from tsym_tui.ui.walks import Walk

AUTO = "auto"

FOCUS = "focus"
"""The layout around one node."""


class MapRequest(msgspec.Struct, frozen=True, eq=False):
    """One picture that a screen wants."""

    snapshot: Snapshot
    size: tuple[int, int]
    theme: Theme
    level: Level
    layout: str = AUTO
    selected: tuple[NodeRef, ...] = ()
    focus: NodeRef | None = None
    """Who stands in the middle of the layout around one node."""
    highlight: tuple[tuple[NodeRef, ...], ...] = ()
    """Paths that stand out, each the nodes along it."""
    hover: tuple[NodeRef, ...] = ()
    viewport: Viewport = FROM_AFAR
    rotation: float = 0.0
    """Degrees, clockwise."""
    only_problems: bool = False
    is_whole: bool = True
    """Whether nothing is filtered away, so that places are worth remembering."""
    group_by: Criterion | None = None
    mini_map: bool = False
    animate: bool = False
    """Walk to a new placement instead of jumping."""
    attempt: int = 0
    """Grows with each wish to see the layout made anew."""
    thresholds_ms: tuple[float, ...] = THRESHOLDS_MS
    trunks_above: int = 30
    bundles_above: int = 300

    def is_like(self, other: MapRequest) -> bool:
        """Whether the other picture would be the same; snapshots by identity: comparing takes longer than drawing."""
        if self.snapshot is not other.snapshot:
            return False
        return msgspec.structs.astuple(self)[1:] == msgspec.structs.astuple(other)[1:]


class DrawnMap:
    """The answer."""

    def __init__(
        self, request: MapRequest, frame: Frame, graph: TailnetGraph, placement: Placement, *, is_moving: bool = False
    ) -> None:
        self.request = request
        self.frame = frame
        self.layout = placement.layout
        """What `auto` turned out to be; while another one is being laid out, what is shown meanwhile."""
        self.is_moving = is_moving
        """Whether nodes are on their way, so that the next picture should follow at once."""
        self.survey: Survey | None = None
        """The layout that is under way while this stands in for it."""
        self._graph = graph
        self._placement = placement

    @property
    def refs(self) -> tuple[NodeRef, ...]:
        """The nodes by the frame's index."""
        return tuple(self._graph.index)

    def node_at(self, x: int, y: int) -> NodeRef | None:
        """Return the node at a cell."""
        index = self.frame.node_at(x, y)
        return None if index is None else self._graph.nodes[index].ref

    def place_of(self, ref: NodeRef) -> tuple[float, float] | None:
        """Return where a node is, in the unit square; None when it is not on the map."""
        index = self._graph.index.get(ref)
        if index is None:
            return None
        x, y = self._placement.positions[index]
        return float(x), float(y)

    @property
    def turns(self) -> bool:
        """Whether the layout can be turned."""
        from tsym_tui.graph.layouts import LAYOUTS

        return LAYOUTS[self.layout].turns

    def follow(self, before: DrawnMap) -> None:
        """Take over what the map before knew, where nodes stand as they stood."""
        is_same = before._placement is self._placement and before._graph.index is self._graph.index
        if is_same and "spots" in vars(before) and self.layout != "arcs" and _size(before) == _size(self):
            vars(self)["spots"] = before.spots

    @cached_property
    def spots(self) -> Mapping[NodeRef, tuple[float, float]]:
        """Where nodes are in cells, as drawn: the ones that no row had room for are left out."""
        nodes, frame = self._graph.nodes, self.frame
        if self.layout != "arcs":
            places = self._placement.positions * (frame.width, frame.height)
            return {node.ref: (x, y) for node, (x, y) in zip(nodes, places.tolist(), strict=True)}
        rows: dict[NodeRef, list[tuple[int, int]]] = {}
        for cell, index in frame.nodes.items():
            rows.setdefault(nodes[index].ref, []).append(cell)
        return {ref: (_inner_edge([x for x, _ in cells], frame.width), cells[0][1]) for ref, cells in rows.items()}


def _size(drawn: DrawnMap) -> tuple[int, int]:
    return drawn.frame.width, drawn.frame.height


def _inner_edge(columns: list[int], width: int) -> float:
    """Return the column of a marker: names on arcs run outwards from it."""
    return float(max(columns) if max(columns) < width / 2 else min(columns))


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

    def __init__(self, state: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the folder that keeps places between sessions; None = they are not kept."""
        self._state = state
        self._clock = clock
        self._tailnets: tuple[Tailnet, ...] = ()
        self._saved = 0
        self._snapshot: Snapshot | None = None
        self._graph: TailnetGraph | None = None
        self._surveyor = Surveyor(clock)
        self._shown: Placement | None = None
        self._walk: Walk | None = None
        self._walked: Survey | None = None

    def draw(self, request: MapRequest) -> DrawnMap:
        """Draw a map; raises `LayoutError` when the layout cannot draw this graph.

        A layout that takes long is waited for a moment; then the map is drawn where nodes were before, and the answer
        names the survey that is still under way.
        """
        from tsym_tui.graph.draw import MapOptions, View, draw_map

        graph = self._graph_of(request.snapshot)
        self._recall(request)
        survey = self._survey(graph, request)
        placement, is_moving = self._placement(graph, request, survey)
        viewport = request.viewport
        options = MapOptions(
            theme=request.theme,
            level=request.level,
            selected=request.selected,
            focus=self._seeing(request, placement),
            view=View(viewport.x, viewport.y, viewport.zoom),
            hover=request.hover,
            highlight=request.highlight,
            mini_map=request.mini_map,
            group_by=request.group_by,
            only_problems=request.only_problems,
            thresholds_ms=request.thresholds_ms,
            trunks_above=request.trunks_above,
            bundles_above=request.bundles_above,
        )
        self._shown = placement
        drawn = DrawnMap(
            request, draw_map(graph, placement, request.size, options), graph, placement, is_moving=is_moving
        )
        drawn.survey = None if survey.is_finished else survey
        return drawn

    def cancel(self) -> None:
        """Stop the layout that is under way; may be called from another thread."""
        self._surveyor.cancel()

    def rename(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:
        """Follow when names are hidden or shown: nodes stay where they are, nothing else is kept."""
        self._surveyor.rename(ref_of)
        self._shown = self._walk = self._walked = None

    def save(self) -> None:
        """Write where nodes stand, if that is news; raises `OSError`. Not while drawing goes on in another thread."""
        from tsym_tui.graph import positions

        changes = self._surveyor.changes
        if self._state is None or changes == self._saved or not self._tailnets:
            return
        positions.save(self._state, self._tailnets, self._surveyor.remembered)
        self._saved = changes

    def _graph_of(self, snapshot: Snapshot) -> TailnetGraph:
        """Read a snapshot once, however often it is drawn; a newer one moves only what changed."""
        from tsym_tui.graph.model import TailnetGraph

        if self._graph is None:
            self._graph = TailnetGraph.from_snapshot(snapshot)
        elif self._snapshot is not snapshot:
            self._graph = self._graph.updated(snapshot)
        self._snapshot = snapshot
        return self._graph

    def _recall(self, request: MapRequest) -> None:
        """Look up where nodes stood in an earlier session, when the tailnets have become known or changed."""
        if not request.is_whole or not request.snapshot.nodes:
            return
        tailnets = request.snapshot.tailnets
        if self._state is None or tailnets == self._tailnets:
            return
        from tsym_tui.graph import positions

        self._tailnets = tailnets
        self._surveyor.remember(positions.load(self._state, tailnets))
        self._saved = self._surveyor.changes

    def _survey(self, graph: TailnetGraph, request: MapRequest) -> Survey:
        """Begin to lay out, or look how far it is; raises what kept a layout from its end."""
        survey = self._surveyor.survey(graph, self._plan(graph, request), is_whole=request.is_whole)
        if not survey.is_awaited:
            survey.is_awaited = True
            survey.wait(FIRST_PATIENCE_S if self._shown is None else STEP_S if request.attempt else PATIENCE_S)
        if survey.error is not None:
            raise survey.error
        return survey

    def _plan(self, graph: TailnetGraph, request: MapRequest) -> Plan:
        from tsym_tui.graph.layouts import LAYOUTS, choose

        layout = choose(graph, request.trunks_above) if request.layout == AUTO else request.layout
        known = LAYOUTS.get(layout)
        return Plan(
            layout=layout,
            size=request.size,
            rotation=request.rotation if known is not None and known.turns else 0.0,
            focus=request.focus if known is not None and known.has_focus else None,
            group_by=request.group_by,
            attempt=request.attempt,
        )

    def _placement(self, graph: TailnetGraph, request: MapRequest, survey: Survey) -> tuple[Placement, bool]:
        """Return where nodes are to be drawn now, and whether they are on their way."""
        from tsym_tui.ui.walks import Walk, fitted, on_the_way, quick

        if survey.placement is None:
            shown = quick(graph, request.size) if self._shown is None else fitted(self._shown, graph)
            return on_the_way(survey, shown), False
        target = fitted(survey.placement, graph)
        if survey is not self._walked:
            self._walked = survey
            goes = (request.animate or survey.plan.attempt) and self._shown is not None
            self._walk = Walk(self._shown, target, self._clock()) if goes and self._shown is not None else None
        if self._walk is not None and not self._walk.is_over(self._clock()):
            return fitted(self._walk.at(self._clock()), graph), True
        return target, False

    @staticmethod
    def _seeing(request: MapRequest, placement: Placement) -> NodeRef | None:
        """Return whose view is drawn where a layout has one: on arcs the selected node's."""
        if placement.layout == "arcs":
            return request.selected[0] if request.selected else None
        return request.focus if placement.layout == FOCUS else None
