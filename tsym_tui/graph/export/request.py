"""What an exporter is asked."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.cells import settle
from tsym_tui.graph.draw import MapOptions
from tsym_tui.graph.drawing.bundles import focus_of, is_dense
from tsym_tui.graph.layouts import Placement
from tsym_tui.graph.looks import Level, NodeKind
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.themes import Theme


class ExportError(RuntimeError):
    """A picture cannot be written here; the text says what is missing and how to get it."""


@dataclass(frozen=True, eq=False)
class ExportRequest:
    """One picture to write."""

    snapshot: Snapshot
    graph: TailnetGraph
    placement: Placement
    size: tuple[int, int]
    """Cells of the map, without title and legend."""
    options: MapOptions
    title: str
    """Usually the tailnet's name."""
    note: str = ""
    """What a reader must know, such as that names are pseudonyms."""

    def options_with(self, *, theme: Theme, level: Level) -> MapOptions:
        """Return the options in another look."""
        return msgspec.structs.replace(self.options, theme=theme, level=level)

    @property
    def facts(self) -> list[str]:
        """Say what is seen, from where, when, and what to know about it."""
        graph = self.graph
        agents = sum(kind in {NodeKind.AGENT, NodeKind.SILENT} for kind in graph.kinds)
        facts = [f"{len(graph.nodes)} nodes, {agents} with agent"]
        facts += [self.placement.grouped] if self.placement.grouped else []
        if self.placement.layout == "arcs" or is_dense(graph, self.options):
            focus = focus_of(graph, self.options)
            facts += [f"seen from {settle(graph.names[focus])}"] if focus >= 0 else []
        facts.append(self.snapshot.generated_at.strftime("%Y-%m-%d %H:%M:%S %Z"))
        return [*facts, self.note] if self.note else facts
