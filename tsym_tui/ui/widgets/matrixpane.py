"""The matrix as a pane: keeps its cursor and what was chosen, and selects the pair that the cursor stands on.

What a large mesh has in pairs is read into arrays in a thread; until that is done the pane shows the picture before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from textual import events
from textual.message import Message

from tsym_agent.model.ids import NodeRef
from tsym_tui.ui.crashes import name_and_words
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.rows.matrixmetric import CRITERIA, Choice, Folds, Metric, Sort
from tsym_tui.ui.rows.pens import Pen, Row, blank
from tsym_tui.ui.widgets.lists import Scrolled
from tsym_tui.ui.widgets.panes import Pane

if TYPE_CHECKING:
    from tsym_tui.ui.digests import Digest
    from tsym_tui.ui.rows.matrix import Drawn
    from tsym_tui.ui.rows.matrixboard import Board, Boards, Spot
    from tsym_tui.ui.rows.matrixcells import Cells
    from tsym_tui.ui.rows.matrixtiles import Tiles

READ_AT_ONCE = 5_000
"""So many pairs are read between two keys; more of them in a thread."""


class CellPicked(Message):
    """The cursor was moved to a cell."""


class CellsRead(Message):
    """The pairs of a picture stand in arrays."""

    def __init__(self, digest: Digest, cells: Cells) -> None:
        super().__init__()
        self.digest = digest
        self.cells = cells


class MatrixPane(Pane):
    """Rows are hosts and columns the listed nodes, or the other way round."""

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id, classes=classes)
        self.choice = Choice()
        self.spot: Spot | None = None
        self._read: tuple[Digest, Cells] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._boards: Boards | None = None
        self._tiles: Tiles | None = None
        self._stood: tuple[NodeRef | None, NodeRef | None] = (None, None)
        self._drawn: Drawn | None = None

    @property
    def is_up_to_date(self) -> bool:
        """Whether the newest picture has been read."""
        return self._read is not None and self._read[0] is self.desk.view.digest

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the matrix around the cursor."""
        view = self.desk.view
        if view.digest is None:
            return []
        self._take_up(view.digest)
        board = self.board()
        if self._read is None or board is None:
            return [[], [*blank(3), self.pen.dim(f"reading {len(view.digest.snapshot.pairs)} pairs")]]
        self.follow(board)
        if board.is_empty or self.spot is None:
            return [[], [*blank(3), self.pen.dim("no host answers, or no node matches the filter")]]
        from tsym_tui.ui.rows.matrix import render_matrix

        marked = frozenset(view.marked)
        self._drawn = render_matrix(self._tiles_for(self.pen), self._read[0], board, self.spot, (cells, height), marked)
        return self._drawn.rows

    def _take_up(self, digest: Digest) -> None:
        """Read a newer picture: at once where that is quick, else in a thread, one at a time."""
        if self.is_up_to_date or self._reading is not None:
            return
        before = None if self._read is None else self._read[1]
        if len(digest.snapshot.pairs) <= READ_AT_ONCE:
            self._read = (digest, _cells_of(digest, before))
        else:
            self._reading = asyncio.create_task(self._read_aside(digest, before, self.choice.metric), name="matrix")

    async def _read_aside(self, digest: Digest, before: Cells | None, metric: Metric) -> None:
        try:
            cells = await asyncio.to_thread(_cells_of, digest, before, metric)
        except Exception as error:  # noqa: BLE001 - the edge where a failed thread becomes a sentence
            self.log(error)
            self.show_rows([[], [*blank(3), self.pen(f"cannot read the pairs: {name_and_words(error)}")]])
            return
        self.post_message(CellsRead(digest, cells))

    def on_cells_read(self, message: CellsRead) -> None:
        """Show what was read; a newer picture is read next."""
        self._reading = None
        self._read = (message.digest, message.cells)
        self.redraw()

    async def on_unmount(self) -> None:
        """End the reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def board(self) -> Board | None:
        """Return the matrix as it stands; None until the first picture has been read."""
        if self._read is None:
            return None
        from tsym_tui.ui.rows.matrix import room_for
        from tsym_tui.ui.rows.matrixboard import Boards

        digest, cells = self._read
        listed = self.desk.view.listed
        room = room_for(digest, listed if self.choice.is_swapped else cells.hosts, *self.size)
        self._boards = self._boards or Boards()
        thresholds_ms = self.pen.thresholds_ms
        return self._boards.board(digest, cells, listed, self.choice, room, thresholds_ms=thresholds_ms)

    def _tiles_for(self, pen: Pen) -> Tiles:
        from tsym_tui.ui.rows.matrixtiles import Tiles

        if self._tiles is None or self._tiles.pen is not pen or self._tiles.metric is not self.choice.metric:
            self._tiles = Tiles(pen, self.choice.metric)
        return self._tiles

    # the cursor

    def follow(self, board: Board) -> None:
        """Stay on the pair that the cursor stood on, and go to what was selected elsewhere."""
        from tsym_tui.ui.rows.matrixboard import Spot, clamped, spot_of

        if board.is_empty:
            return
        view = self.desk.view
        spot = self.spot or Spot()
        spot = spot_of(board, *self._stood, clamped(board, spot.row, spot.column))
        vantages = board.sheet.cells.row
        if view.pair is not None and set(view.pair) != set(self._stood):
            host, node = view.pair if view.pair[0] in vantages else view.pair[::-1]
            spot = self._come_to(board, (host, node), spot)
        elif view.pair is None and view.node is not None and view.node not in self._stood:
            is_host = view.node in vantages
            stood = (view.node, self._stood[1]) if is_host else (self._stood[0], view.node)
            spot = self._come_to(board, stood, spot)
        self.spot = spot

    def _come_to(self, board: Board, ends: tuple[NodeRef | None, NodeRef | None], spot: Spot) -> Spot:
        """Go to a pair that was selected elsewhere, and remember that we did."""
        from tsym_tui.ui.rows.matrixboard import spot_of

        self._stood = ends
        return spot_of(board, *ends, spot)

    def go(self, spot: Spot) -> None:
        """Put the cursor somewhere and select what it stands on."""
        from tsym_tui.ui.rows.matrixboard import ends_of

        board = self.board()
        if board is None or board.is_empty:
            return
        self.spot = spot
        host, node = self._stood = ends_of(board, spot)
        if host is not None and node is not None:
            self.desk.view.select(host, node if node != host else None)
        elif (one := host or node) is not None:
            self.desk.view.select(one)
        self.post_message(CellPicked())

    def move(self, down: int, right: int) -> None:
        """Move the cursor, as far as there are cells."""
        from tsym_tui.ui.rows.matrixboard import Spot, clamped

        board, spot = self.board(), self.spot or Spot()
        if board is not None:
            self.go(clamped(board, spot.row + down, spot.column + right))

    def move_to_end(self, step: int) -> None:
        """Move the cursor to the first row or the last one."""
        board = self.board()
        self.move(step * (len(board.rows.items) if board is not None else 0), 0)

    def next_bad(self, step: int) -> bool:
        """Move to the next cell with trouble, or the one before; says whether there is one."""
        from tsym_tui.ui.rows.matrixboard import Spot, next_bad

        board = self.board()
        found = None if board is None else next_bad(board, self.spot or Spot(), step)
        if found is not None:
            self.go(found)
        return found is not None

    # what is chosen

    def next_metric(self) -> Metric:
        """Take the next metric."""
        metrics = list(Metric)
        metric = metrics[(metrics.index(self.choice.metric) + 1) % len(metrics)]
        self.choice = msgspec.structs.replace(self.choice, metric=metric)
        return metric

    def next_grouping(self) -> str:
        """Group by the next criterion; says which. What was folded by hand belonged to the one before."""
        by = CRITERIA[(CRITERIA.index(self.choice.by) + 1) % len(CRITERIA)]
        self.choice = msgspec.structs.replace(self.choice, by=by, nodes=Folds(), hosts=Folds())
        return "what tells most" if by is None else by.value

    def sort(self, order: Sort) -> None:
        """Sort by something; the same once more goes by what is true now."""
        self.choice = msgspec.structs.replace(self.choice, sort=order)
        if self._boards is not None:
            self._boards.sort_anew()

    def swap(self) -> None:
        """Make columns of rows."""
        from tsym_tui.ui.rows.matrixboard import Spot

        spot = self.spot or Spot()
        self.choice = msgspec.structs.replace(self.choice, is_swapped=not self.choice.is_swapped)
        self.spot = Spot(spot.column, spot.row)

    def fold(self) -> bool:
        """Fold the group of nodes under the cursor, or unfold it; where there is none, that of hosts."""
        board, spot = self.board(), self.spot
        if board is None or spot is None or board.is_empty:
            return False
        rows, columns = board.rows.band_of(spot.row), board.columns.band_of(spot.column)
        nodes, hosts = (rows, columns) if self.choice.is_swapped else (columns, rows)
        if nodes.title and nodes.count > 1:
            turned = self.choice.nodes.turned(nodes.title, is_folded=nodes.is_folded)
            self.choice = msgspec.structs.replace(self.choice, nodes=turned)
        elif hosts.title and hosts.count > 1:
            turned = self.choice.hosts.turned(hosts.title, is_folded=hosts.is_folded)
            self.choice = msgspec.structs.replace(self.choice, hosts=turned)
        else:
            return False
        return True

    # the mouse

    def on_click(self, event: events.Click) -> None:
        """Go to the cell under the mouse."""
        spot = self._drawn.cell_at(event.x, event.y) if self._drawn is not None else None
        if spot is not None:
            self.go(spot)

    def on_mouse_scroll_down(self) -> None:
        """Move down with the wheel."""
        self.post_message(Scrolled(1))

    def on_mouse_scroll_up(self) -> None:
        """Move up with the wheel."""
        self.post_message(Scrolled(-1))


def _cells_of(digest: Digest, before: Cells | None, metric: Metric | None = None) -> Cells:
    """Read a picture, with the figures of a metric if one is named."""
    from tsym_tui.ui.rows.matrixcells import read_cells

    cells = read_cells(digest.snapshot, before)
    if metric is not None:
        cells.numbers(metric)
        cells.numbers(Metric.AGE)
    return cells
