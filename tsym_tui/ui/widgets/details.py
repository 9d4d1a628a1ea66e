"""The selection in full: the right pane, and the same over the whole screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events

from tsym_tui.fleet.inquiry import Inquiry
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.rows.jsontree import Tree, tree_rows
from tsym_tui.ui.rows.pens import Row, blank, clip, joined
from tsym_tui.ui.rows.selection import detail_rows, pair_history, raw_value, selection_rows
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
    """The selection over the whole screen, laid out or as a tree of its JSON; scrolls."""

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id, classes=classes)
        self.top = 0
        """First row shown."""
        self.inquiry = Inquiry()
        self.raw: Tree | None = None
        """None = laid out."""

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write it from the row that was scrolled to."""
        inner = cells - 2 * MARGIN - 1
        if self.raw is not None:
            self.raw.show(raw_value(self.desk.view, self.desk.source, self.inquiry))
            return [[*blank(MARGIN), *row] for row in tree_rows(self.pen, self.raw, inner + 1, height)]
        rows = self.laid_out(inner, height)
        room = height if len(rows) <= height else height - 1
        self.top = min(max(0, self.top), max(0, len(rows) - room))
        shown: list[Row] = rows[self.top : self.top + room]
        below = len(rows) - self.top - len(shown)
        return [[*blank(MARGIN + 1), *row] for row in (*shown, [self.pen.dim(f"{below} more rows")] if below else [])]

    def laid_out(self, cells: int, height: int) -> list[Row]:
        """Write the whole selection, whatever fits."""
        view, desk = self.desk.view, self.desk
        now = desk.clock()
        if view.digest is not None:
            now = view.digest.snapshot.generated_at.astimezone(now.tzinfo)
        return detail_rows(self.pen, view, desk.source, self.inquiry, now, (cells, height))

    def scroll_by(self, rows: int) -> None:
        """Scroll down, or up; in the tree the cursor moves."""
        if self.raw is not None:
            self.raw.move(rows)
        self.top += rows
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """Put the tree's cursor where the mouse is; there again, fold."""
        if self.raw is None or not self.raw.lines:
            return
        row = self.raw.top + event.y
        if row >= len(self.raw.lines):
            return
        if row == self.raw.row:
            self.raw.fold()
        else:
            self.raw.at = self.raw.lines[row].path
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.scroll_by(-3)
