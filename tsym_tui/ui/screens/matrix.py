"""The matrix: from which host to which node, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.matrix import Metric
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.matrixpane import CellPicked, MatrixPane


class MatrixScreen(TailnetScreen, inherit_bindings=False):
    """Tells a bad row (the host) from a bad column (the node) and from one bad pair."""

    SCOPE = Scope.MATRIX
    TITLE = "Matrix"
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def compose_body(self) -> Iterable[Widget]:
        """Return the one pane."""
        yield MatrixPane(self.desk, id="matrix", classes="data")

    @property
    def _pane(self) -> MatrixPane:
        return self.query_one(MatrixPane)

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are; a metric that was chosen is part of it."""
        where, metric = super().crumbs, self._pane.grid.metric
        return where if metric is Metric.PATH else (where[0], metric.value, *where[1:])

    def on_cell_picked(self, _: CellPicked) -> None:
        """Draw around the cursor."""
        self.after_selection()

    def action_move(self, step: int) -> None:
        """Move the cursor up or down; on a small terminal, through the list that stands in for the matrix."""
        if self._pane.size.area:
            self._pane.move(step, 0)
        else:
            super().action_move(step)

    def action_step(self, step: int) -> None:
        """Move the cursor left or right."""
        self._pane.move(0, step)

    def action_page(self, step: int) -> None:
        """Move the cursor a page of rows."""
        self._pane.move(step * max(1, self._pane.size.height // 2), 0)

    def action_first(self) -> None:
        """Move the cursor to the first host."""
        self._pane.move(-len(self._pane.grid.hosts), 0)

    def action_last(self) -> None:
        """Move the cursor to the last host."""
        self._pane.move(len(self._pane.grid.hosts), 0)

    def action_metric(self) -> None:
        """Take the next metric."""
        self._pane.next_metric()
        self.show()

    def action_next_bad(self) -> None:
        """Go to the next cell with trouble."""
        self._pane.next_bad()
