"""The matrix as a pane: keeps its cursor, and selects the pair it stands on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual import events
from textual.message import Message

from tsym_tui.ui.desk import Desk
from tsym_tui.ui.rows.matrix import Drawn, Grid, Metric, next_bad, render_matrix
from tsym_tui.ui.rows.pens import Row, blank
from tsym_tui.ui.widgets.panes import Pane


class CellPicked(Message):
    """The cursor was moved to a cell."""


class MatrixPane(Pane):
    """Rows are hosts, columns the listed nodes."""

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id, classes=classes)
        self.grid = Grid((), ())
        self._drawn: Drawn | None = None

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the matrix around the cursor."""
        view = self.desk.view
        if view.digest is None:
            return []
        self.follow()
        if self.grid.here is None:
            return [[], [*blank(3), self.pen.dim("no host answers, or no node matches the filter")]]
        grid = msgspec.structs.replace(self.grid, marked=frozenset(view.marked))
        self._drawn = render_matrix(self.pen, view.digest, grid, cells, height)
        return self._drawn.rows

    def follow(self) -> None:
        """Take up new hosts and nodes, and go to what is selected; the cursor stays on its pair."""
        view = self.desk.view
        if view.digest is None:
            return
        vantages = view.digest.snapshot.vantages
        hosts = tuple(ref for ref in view.digest.order if ref in vantages)
        stood = self.grid.here or (None, None)
        grid = Grid(hosts, view.listed, self.grid.row, self.grid.column, self.grid.metric).at(*stood)
        if view.pair is not None and set(view.pair) != set(stood):
            source, target = view.pair if view.pair[0] in hosts else view.pair[::-1]
            grid = grid.at(source, target)
        elif view.pair is None and view.node is not None and view.node not in stood:
            grid = grid.at(view.node, None) if view.node in hosts else grid.at(None, view.node)
        self.grid = grid

    def go(self, grid: Grid) -> None:
        """Put the cursor somewhere and select what it stands on."""
        self.grid = grid
        if grid.here is not None:
            source, target = grid.here
            self.desk.view.select(source, target if target != source else None)
        self.post_message(CellPicked())

    def move(self, down: int, right: int) -> None:
        """Move the cursor."""
        self.go(self.grid.moved(down, right))

    def next_bad(self) -> None:
        """Move to the next cell with trouble."""
        if self.desk.view.digest is not None and self.grid.here is not None:
            self.go(next_bad(self.desk.view.digest, self.grid))

    def next_metric(self) -> Metric:
        """Take the next metric."""
        metrics = list(Metric)
        metric = metrics[(metrics.index(self.grid.metric) + 1) % len(metrics)]
        self.grid = Grid(self.grid.hosts, self.grid.nodes, self.grid.row, self.grid.column, metric)
        return metric

    def on_click(self, event: events.Click) -> None:
        """Go to the cell under the mouse."""
        place = self._drawn.cell_at(event.x, event.y) if self._drawn is not None else None
        if place is not None:
            self.go(Grid(self.grid.hosts, self.grid.nodes, *place, self.grid.metric))
