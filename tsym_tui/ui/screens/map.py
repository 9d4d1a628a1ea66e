"""The map: nodes and what is wrong at the left, the graph, the selection at the right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from tsym_agent.model.ids import NodeRef
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.details import DetailPane
from tsym_tui.ui.widgets.lists import NodeListPane
from tsym_tui.ui.widgets.mappane import MapPane


class MapScreen(TailnetScreen, inherit_bindings=False):
    """The tailnet as a graph."""

    SCOPE = Scope.MAP
    TITLE = "Map"
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def compose_body(self) -> Iterable[Widget]:
        """Return the panes between header and legend."""
        yield NodeListPane(self.desk, id="list", classes="data left")
        yield MapPane(self.desk, id="map", classes="data")
        yield DetailPane(self.desk, id="detail", classes="data right")

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are; a layout that was chosen is part of it."""
        layout = self.query_one(MapPane).layout_name
        where = super().crumbs
        return where if layout == "auto" else (where[0], layout, *where[1:])

    @property
    def order(self) -> Sequence[NodeRef]:
        """The order of the list, whatever the table is sorted by."""
        return self.desk.view.listed

    def after_selection(self) -> None:
        """Keep the selection in sight."""
        self.query_one(MapPane).follow(self.desk.view.node)
        super().after_selection()

    def action_zoom(self, step: int) -> None:
        """Go nearer or farther; 0 shows all."""
        self.query_one(MapPane).zoom(step)

    def action_pan(self, across: int, down: int) -> None:
        """Move the map."""
        self.query_one(MapPane).pan(across, down)

    def action_layout(self) -> None:
        """Take the next layout."""
        self.say(f"layout: {self.query_one(MapPane).next_layout()}")
        self.show()
