"""The selection in full: the right pane, and the same over the whole screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events

from tsym_tui.ui.rows.pens import Row, blank, clip, joined
from tsym_tui.ui.rows.selection import full_rows, pair_history, selection_rows
from tsym_tui.ui.widgets.panes import Pane

MARGIN = 2


class DetailPane(Pane):
    """The right pane."""

    DEFAULT_CSS: ClassVar[str] = "DetailPane { width: 31; }"

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the selection beside a hairline; what does not fit is counted on the last row but one."""
        inner = cells - 2 * MARGIN - 1
        view = self.desk.view
        rows = selection_rows(self.pen, view, pair_history(view, self.desk.source), inner, most_pairs=height)
        room = height - 2
        if len(rows) > room:
            rows = [*rows[: room - 1], [self.pen.dim(f"{len(rows) - room + 1} more rows")]]
        shown = [[*blank(MARGIN), *clip(row, inner, self.pen.signs.ellipsis)] for row in rows]
        rows = [*shown, *([] for _ in range(height - 1 - len(shown))), self._foot()]
        return [[self.pen.hairline(), *row] for row in rows]

    def _foot(self) -> Row:
        """Name the keys that act on the selection."""
        if self.desk.view.node is None:
            return []
        keys = (("enter", "open"), ("r", "probe"))
        return [*blank(MARGIN), *joined([[self.pen.accent(key), self.pen.dim(f" {word}")] for key, word in keys])]


class FullDetailPane(Pane):
    """The selection over the whole screen; scrolls."""

    top = 0
    """First row shown."""

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write it from the row that was scrolled to."""
        view = self.desk.view
        rows = full_rows(self.pen, view, pair_history(view, self.desk.source), cells - 2 * MARGIN - 1)
        room = height if len(rows) <= height else height - 1
        self.top = min(max(0, self.top), max(0, len(rows) - room))
        shown: list[Row] = rows[self.top : self.top + room]
        below = len(rows) - self.top - len(shown)
        return [[*blank(MARGIN + 1), *row] for row in (*shown, [self.pen.dim(f"{below} more rows")] if below else [])]

    def scroll_by(self, rows: int) -> None:
        """Scroll down, or up."""
        self.top += rows
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.scroll_by(-3)
