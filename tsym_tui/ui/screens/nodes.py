"""The table of nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.nodelines import GroupedBy
from tsym_tui.ui.rows.nodestable import sort_letters
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.details import DetailPane
from tsym_tui.ui.widgets.lists import TablePane
from tsym_tui.ui.widgets.prompt import LetterPrompt, SortChosen


class NodesScreen(TailnetScreen, inherit_bindings=False):
    """Every node a row; the selected one in full beside it."""

    SCOPE = Scope.NODES
    TITLE = "Nodes"
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def compose_body(self) -> Iterable[Widget]:
        """Return the panes between header and legend."""
        yield TablePane(self.desk, id="table", classes="data")
        yield DetailPane(self.desk, id="detail", classes="data right")

    def compose_prompts(self) -> Iterable[Widget]:
        """Ask for the column to sort by."""
        yield LetterPrompt(self.desk, "sort by")

    def action_page(self, step: int) -> None:
        """Select a node a page away."""
        self.action_move(step * self.query_one(TablePane).page)

    def action_group(self) -> None:
        """Group by the next thing."""
        by = self.desk.view.groups.regroup()
        self.show()
        self.say("groups: none" if by is GroupedBy.NONE else f"grouped by {by}; z folds a group, Z all")

    def action_fold(self) -> None:
        """Fold the group under the cursor, or unfold it."""
        view = self.desk.view
        if view.groups.fold(view.table_lines, view.node):
            self.show()
        else:
            self.say("b groups the nodes first")

    def action_fold_all(self) -> None:
        """Fold every group, or unfold all."""
        view = self.desk.view
        view.groups.fold_all(view.table_lines)
        self.show()

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are, and what the table is grouped by."""
        by = self.desk.view.groups.by
        title, *extra = super().crumbs
        return (title, *([] if by is GroupedBy.NONE else [f"by {by}"]), *extra)

    def action_sort(self) -> None:
        """Ask for the column."""
        self.add_class("-asking")
        self.query_one(LetterPrompt).open(sort_letters(self.query_one(TablePane).size.width))

    def on_sort_chosen(self, message: SortChosen) -> None:
        """Sort by it; the same one again the other way round."""
        view = self.desk.view
        is_again = view.sort is not None and view.sort[0] == message.letter
        view.sort = (message.letter, is_again and view.sort is not None and not view.sort[1])
        self.show()
