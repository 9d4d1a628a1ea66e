"""The list of keys, over whatever screen asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tsym_tui.graph.looks import Role
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.helplist import render_help
from tsym_tui.ui.rows.pens import Row, blank, fit, on
from tsym_tui.ui.widgets.panes import Pane


class HelpPane(Pane):
    """The list on raised ground, with an edge in the accent."""

    top = 0

    def __init__(self, desk: Desk, scope: Scope, title: str) -> None:
        super().__init__(desk, id="help")
        self._listed = render_help(desk.pen, scope, title, desk.keys)
        self.styles.height = len(self._listed) + 2

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the list from the row that was scrolled to."""
        listed, room = self._listed, height - 2
        self.top = min(max(0, self.top), max(0, len(listed) - room))
        below = len(listed) - self.top - room
        shown: list[Row] = [[], *listed[self.top : self.top + room]]
        shown += [[] for _ in range(height - 1 - len(shown))]
        shown.append([self.pen.dim(f"{below} more rows")] if below > 0 else [])
        tint = self.pen.theme.colour(Role.RAISED)
        edge = self.pen.accent(self.pen.signs.selected_row)
        return [on(fit([edge, *blank(2), *row], cells, self.pen.signs.ellipsis), tint) for row in shown]

    def scroll_by(self, rows: int) -> None:
        """Scroll down, or up."""
        self.top += rows
        self.redraw()


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """Closes with almost any key a person would try."""

    BINDINGS: ClassVar = bindings_of(Scope.HELP)
    DEFAULT_CSS: ClassVar[str] = """
    HelpScreen {
        align: center middle;
        background: $background 70%;
        &:ansi { background: ansi_default; }
        HelpPane { width: 100; max-width: 100%; max-height: 100%; }
    }
    """

    def __init__(self, desk: Desk, scope: Scope, title: str) -> None:
        super().__init__()
        self._pane = HelpPane(desk, scope, title)

    def compose(self) -> ComposeResult:
        """Show the list."""
        yield self._pane

    def action_move(self, step: int) -> None:
        """Scroll."""
        self._pane.scroll_by(step)

    def action_page(self, step: int) -> None:
        """Scroll a page."""
        self._pane.scroll_by(step * max(1, self._pane.size.height - 3))

    def action_first(self) -> None:
        """Scroll to the top."""
        self._pane.scroll_by(-self._pane.top)

    def action_last(self) -> None:
        """Scroll to the end."""
        self._pane.scroll_by(10_000)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
