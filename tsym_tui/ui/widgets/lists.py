"""Lists that select: the left pane of the map, the table of nodes, the plain list of a small terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.message import Message

from tsym_agent.model.ids import NodeRef
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.rows.nodelist import left_pane, list_window, node_row, nothing_left
from tsym_tui.ui.rows.nodestable import heading_row, host_notes, table_row
from tsym_tui.ui.rows.pens import Row, blank, fit
from tsym_tui.ui.widgets.panes import Pane


class NodePicked(Message):
    """Somebody clicked a node."""

    def __init__(self, ref: NodeRef) -> None:
        super().__init__()
        self.ref = ref


class Scrolled(Message):
    """Somebody turned the wheel over a list."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = step


class ListPane(Pane):
    """A pane whose rows are nodes; knows which row shows which."""

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id, classes=classes)
        self.places: dict[int, NodeRef] = {}

    def on_click(self, event: events.Click) -> None:
        """Select the node under the mouse."""
        ref = self.places.get(event.y)
        if ref is not None:
            self.post_message(NodePicked(ref))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move on."""
        event.stop()
        self.post_message(Scrolled(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move back."""
        event.stop()
        self.post_message(Scrolled(-1))


class NodeListPane(ListPane):
    """Nodes, then what is wrong now."""

    DEFAULT_CSS: ClassVar[str] = "NodeListPane { width: 24; }"

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the pane, and the hairline at its right."""
        view = self.desk.view
        if view.picture is None or view.digest is None:
            return []
        rows, self.places = left_pane(
            self.pen,
            view.digest,
            view.listed,
            view.picture.problems,
            view.selected,
            size=(cells - 1, height),
            filter_text=view.filter.text,
            marked=view.marked,
        )
        return [[*fit(row, cells - 1), self.pen.hairline()] for row in rows]


class TablePane(ListPane):
    """The table of nodes, and below it the hosts that do not answer."""

    top = 0
    """First row shown: kept while the cursor stays inside, so that the table does not jump."""

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the rows on screen, no others."""
        self.places = {}
        view = self.desk.view
        if view.digest is None:
            return []
        refs = view.table
        if not refs:
            return [heading_row(self.pen, cells, view.sort), [], *nothing_left(self.pen, view.filter.text)]
        notes = host_notes(self.pen, view.digest, cells, max(1, height // 4))
        room = max(1, height - 3 - (len(notes) + 1 if notes else 0))
        cursor = refs.index(view.node) if view.node in refs else 0
        self.top = min(max(self.top, cursor - room + 1), cursor, max(0, len(refs) - room))
        shown = refs[self.top : self.top + room]
        self.places = {row + 2: ref for row, ref in enumerate(shown)}
        rows: list[Row] = [heading_row(self.pen, cells, view.sort), []]
        rows += [
            table_row(self.pen, view.digest, ref, cells, is_selected=ref == view.node, is_marked=ref in view.marked)
            for ref in shown
        ]
        below = len(refs) - self.top - len(shown)
        rows.append([*blank(5), self.pen.dim(f"{below} more")] if below else [])
        rows += [[] for _ in range(height - len(rows) - len(notes))]
        return [*rows, *notes]

    @property
    def page(self) -> int:
        """Rows that a page has."""
        return max(1, self.size.height - 3)


class PlainListPane(ListPane):
    """What a terminal below 80x24 gets: the nodes, and a word about it."""

    def __init__(self, desk: Desk, order: Callable[[], Sequence[NodeRef]]) -> None:
        super().__init__(desk, id="plain")
        self._order = order

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write as many nodes as there are rows, and the notice on the last one."""
        self.places = {}
        view = self.desk.view
        if view.digest is None:
            return []
        refs = self._order()
        if not refs:
            return nothing_left(self.pen, view.filter.text)
        focus = refs.index(view.node) if view.node is not None and view.node in refs else 0
        room = max(1, height - 1)
        window = list_window(len(refs), focus, room)
        shown = refs[window.start : window.stop]
        self.places = dict(enumerate(shown))
        rows: list[Row] = [
            node_row(self.pen, view.digest, ref, cells, is_selected=ref == view.node, is_marked=ref in view.marked)
            for ref in shown
        ]
        if height > 1:
            rows += [[] for _ in range(height - 1 - len(rows))]
            rows.append(fit([*blank(2), self.pen.dim("80x24 shows more")], cells, self.pen.signs.ellipsis))
        return rows
