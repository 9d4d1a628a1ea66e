"""Lists that select: the left pane of the map, the table of nodes, the plain list of a small terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.message import Message

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import SampleState
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.groupsums import GroupSum, sum_group
from tsym_tui.ui.rows.history import now_of
from tsym_tui.ui.rows.nodecolumns import Trace
from tsym_tui.ui.rows.nodelines import GroupLine, TableLine, cursor_row
from tsym_tui.ui.rows.nodelist import left_pane, list_window, node_row, nothing_left
from tsym_tui.ui.rows.nodestable import group_row, heading_row, host_notes, shown_pair, table_row
from tsym_tui.ui.rows.pens import Row, blank, fit
from tsym_tui.ui.rows.timelines import LEAST_SPAN_S, Span
from tsym_tui.ui.source import PairKey
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
    """First line shown: kept while the cursor stays inside, so that the table does not jump."""

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id, classes=classes)
        self._traced: dict[NodeRef, PairKey] = {}
        self._sums: dict[tuple[NodeRef, ...], GroupSum] = {}
        self._summed: Digest | None = None

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the lines on screen, no others."""
        self.places = {}
        view = self.desk.view
        if view.digest is None:
            return []
        lines = view.table_lines
        rows: list[Row] = [heading_row(self.pen, cells, view.sort), []]
        if not lines:
            return [*rows, *nothing_left(self.pen, view.filter.text)]
        notes = host_notes(self.pen, view.digest, cells, max(1, height // 4))
        room = max(1, height - 3 - (len(notes) + 1 if notes else 0))
        shown = self._shown(lines, room)
        rows += self._line_rows(view.digest, shown, cells)
        below = len(lines) - self.top - len(shown)
        rows.append([*blank(5), self.pen.dim(f"{below} more")] if below else [])
        rows += [[] for _ in range(height - len(rows) - len(notes))]
        return [*rows, *notes]

    def _shown(self, lines: Sequence[TableLine], room: int) -> Sequence[TableLine]:
        """Move as far as the cursor demands; at its first node a group keeps its heading in sight."""
        cursor = cursor_row(lines, self.desk.view.node)
        head = cursor - 1 if cursor and isinstance(lines[cursor - 1], GroupLine) and room > 1 else cursor
        self.top = min(max(self.top, cursor - room + 1), head, max(0, len(lines) - room))
        return lines[self.top : self.top + room]

    def _line_rows(self, digest: Digest, shown: Sequence[TableLine], cells: int) -> list[Row]:
        view = self.desk.view
        traces = self._traces(digest, [line for line in shown if not isinstance(line, GroupLine)])
        rows: list[Row] = []
        for line in shown:
            if isinstance(line, GroupLine):
                is_here = line.is_folded and view.node in line.members
                total = self._sum_of(digest, line.members)
                row = group_row(self.pen, line.title, total, cells, is_folded=line.is_folded, is_selected=is_here)
                self.places |= {len(rows) + 2: line.members[0]} if line.is_folded else {}
            else:
                is_here, is_marked = line == view.node, line in view.marked
                row = table_row(
                    self.pen, digest, line, cells, is_selected=is_here, is_marked=is_marked, trace=traces.get(line)
                )
                self.places[len(rows) + 2] = line
            rows.append(row)
        return rows

    def _sum_of(self, digest: Digest, members: tuple[NodeRef, ...]) -> GroupSum:
        """Add a group up once for each picture."""
        if self._summed is not digest:
            self._summed, self._sums = digest, {}
        if members not in self._sums:
            self._sums[members] = sum_group(digest, members)
        return self._sums[members]

    def _traces(self, digest: Digest, refs: Sequence[NodeRef]) -> dict[NodeRef, Trace]:
        """Ask for the round trips of the nodes on screen, all over the same stretch of time."""
        source = self.desk.source
        if source is None:
            return {}
        found = {}
        for ref in refs:
            key = self._traced_pair(digest, ref)
            if key is not None and (samples := source.history(key)):
                found[ref] = samples, now_of(samples, digest.pair(*key))
        length_s = max([LEAST_SPAN_S, *(now_s - samples[0].at_s for samples, now_s in found.values())])
        return {ref: Trace(samples, Span(now_s, length_s)) for ref, (samples, now_s) in found.items()}

    def _traced_pair(self, digest: Digest, ref: NodeRef) -> PairKey | None:
        """Stay with a pair while it is fresh: the one in the middle is another one at every sweep."""
        key = self._traced.get(ref)
        pair = None if key is None else digest.pair(*key)
        if pair is None or pair.state is not SampleState.FRESH:
            key = shown_pair(digest, ref)
            if key is not None:
                self._traced[ref] = key
        return key

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
