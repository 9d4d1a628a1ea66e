"""The matrix: from which host to which node, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.matrixmetric import SORT_LETTERS, Metric
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.frame import FootPane
from tsym_tui.ui.widgets.matrixpane import CellPicked, MatrixPane
from tsym_tui.ui.widgets.prompt import LetterPrompt, SortChosen


class MatrixScreen(TailnetScreen, inherit_bindings=False):
    """Tells a bad row (the host) from a bad column (the node), a bad block (the place) and one bad pair."""

    SCOPE = Scope.MATRIX
    TITLE = "Matrix"
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def compose_body(self) -> Iterable[Widget]:
        """Return the one pane."""
        yield MatrixPane(self.desk, id="matrix", classes="data")

    def compose_prompts(self) -> Iterable[Widget]:
        """Ask for the order."""
        yield LetterPrompt(self.desk, "sort by")

    @property
    def _pane(self) -> MatrixPane:
        return self.query_one(MatrixPane)

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are; a metric that was chosen is part of it."""
        where, metric = super().crumbs, self._pane.choice.metric
        return where if metric is Metric.PATH else (where[0], metric.value, *where[1:])

    def show(self) -> None:
        """Draw, with the legend of the metric."""
        for foot in self.query(FootPane):
            metric = self._pane.choice.metric
            foot.ramp = None if metric is Metric.PATH else metric.ramp(self.desk.pen.thresholds_ms)
        super().show()

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
        """Move the cursor to the first row."""
        self._pane.move_to_end(-1)

    def action_last(self) -> None:
        """Move the cursor to the last row."""
        self._pane.move_to_end(1)

    def action_metric(self) -> None:
        """Take the next metric."""
        self._pane.next_metric()
        self.show()

    def action_next_bad(self, step: int) -> None:
        """Go to the next cell with trouble, or to the one before."""
        if not self._pane.next_bad(step):
            self.say("no cell is bad")

    def action_sort(self) -> None:
        """Ask for the order."""
        self.add_class("-asking")
        self.query_one(LetterPrompt).open({letter: order.value for letter, order in SORT_LETTERS.items()})

    def on_sort_chosen(self, message: SortChosen) -> None:
        """Put rows and columns into that order."""
        self._pane.sort(SORT_LETTERS[message.letter])
        self.show()

    def action_groups(self) -> None:
        """Group by the next criterion."""
        words = self._pane.next_grouping()
        self.show()
        self.say("not grouped" if words == "none" else f"grouped by {words}")

    def action_fold(self) -> None:
        """Fold the group under the cursor, or unfold it."""
        if not self._pane.fold():
            self.say("there is no group to fold here")
        self.show()

    def action_swap(self) -> None:
        """Make columns of rows."""
        self._pane.swap()
        self.show()
