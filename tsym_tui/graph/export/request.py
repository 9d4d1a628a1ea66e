"""What an exporter is asked."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.draw import MapOptions
from tsym_tui.graph.layouts import Placement
from tsym_tui.graph.looks import Level
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

    def options_with(self, *, theme: Theme, level: Level) -> MapOptions:
        """Return the options in another look."""
        return msgspec.structs.replace(self.options, theme=theme, level=level)
