"""The matrix as a pane: keeps its cursor and what was chosen, and selects the pair that the cursor stands on.

What a large mesh has in pairs is read into arrays in a thread; until that is done the pane shows the picture before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from textual import events
from textual.message import Message

from tsym_agent.model.ids import NodeRef
from tsym_tui.ui.crashes import name_and_words
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.rows.matrixmetric import CRITERIA, Choice, Folds, Metric, Sort
from tsym_tui.ui.rows.nodelist import nothing_left
from tsym_tui.ui.rows.pens import Pen, Row, blank
from tsym_tui.ui.widgets.lists import Scrolled
from tsym_tui.ui.widgets.panes import Pane

if TYPE_CHECKING:
    from tsym_tui.ui.digests import Digest
    from tsym_tui.ui.rows.matrix import Drawn
    from tsym_tui.ui.rows.matrixboard import Board, Boards, Spot
    from tsym_tui.ui.rows.matrixcells import Cells
    from tsym_tui.ui.rows.matrixtiles import Tiles

MADE_AT_ONCE = 5_000
"""With so many pairs a matrix is made between two keys; with more in a thread."""


class _Wanted(NamedTuple):
    """What a matrix is made of."""

    digest: Digest
    listed: Sequence[NodeRef]
    choice: Choice
    size: tuple[int, int]
    thresholds_ms: tuple[float, ...]
    turn: int
    """Counts how often a new order was asked for."""

    def is_as(self, other: _Wanted | None) -> bool:
        """Whether another one is the same; of what is large only the same object counts."""
        return other is not None and all(
            one is two or (place > 1 and one == two) for place, (one, two) in enumerate(zip(self, other, strict=True))
        )


class _Made(NamedTuple):
    """A matrix, and what it was made of."""

    wanted: _Wanted
    cells: Cells
    board: Board


class CellPicked(Message):
    """The cursor was moved to a cell."""


class MatrixMade(Message):
    """A matrix that took a while is ready."""

    def __init__(self, made: _Made) -> None:
        super().__init__()
        self.made = made


class MatrixPane(Pane):
    """Rows are hosts and columns the listed nodes, or the other way round."""

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id, classes=classes)
        self.choice = Choice()
        self.spot: Spot | None = None
        self._made: _Made | None = None
        self._making: asyncio.Task[None] | None = None
        self._maker = _Maker()
        self._turn = 0
        self._tiles: Tiles | None = None
        self._stood: tuple[NodeRef | None, NodeRef | None] = (None, None)
        self._drawn: Drawn | None = None

    @property
    def board(self) -> Board | None:
        """The matrix on screen; None until there is a first one."""
        return None if self._made is None else self._made.board

    @property
    def is_up_to_date(self) -> bool:
        """Whether what is on screen is what is wanted now."""
        wanted = self._wanted()
        return wanted is None or (self._made is not None and wanted.is_as(self._made.wanted))

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the matrix around the cursor."""
        wanted = self._wanted()
        if wanted is None:
            return []
        self._make(wanted)
        if self._made is None:
            return [[], [*blank(3), self.pen.dim(f"reading {len(wanted.digest.snapshot.pairs)} pairs")]]
        board = self._made.board
        self.follow(board)
        if board.is_empty or self.spot is None:
            view = self.desk.view
            if view.is_narrowed and not view.listed:
                return [[], *nothing_left(self.pen, view.filter.text)]
            return [[], [*blank(3), self.pen.dim("no host that answers is left here")]]
        from tsym_tui.ui.rows.matrix import render_matrix

        tiles, marked = self._tiles_for(self.pen, board.choice.metric), frozenset(self.desk.view.marked)
        self._drawn = render_matrix(tiles, self._made.wanted.digest, board, self.spot, (cells, height), marked)
        return self._drawn.rows

    def _wanted(self) -> _Wanted | None:
        view = self.desk.view
        if view.digest is None:
            return None
        size = (self.size.width, self.size.height)
        return _Wanted(view.digest, view.listed, self.choice, size, self.pen.thresholds_ms, self._turn)

    def _make(self, wanted: _Wanted) -> None:
        """Make what is wanted, at once where that is quick, else in a thread, one at a time."""
        if self._making is not None or (self._made is not None and wanted.is_as(self._made.wanted)):
            return
        if len(wanted.digest.snapshot.pairs) <= MADE_AT_ONCE:
            self._take(self._maker.make(wanted))
        else:
            self._making = asyncio.create_task(self._make_aside(wanted), name="matrix")

    async def _make_aside(self, wanted: _Wanted) -> None:
        try:
            made = await asyncio.to_thread(self._maker.make, wanted)
        except Exception as error:  # noqa: BLE001 - the edge where a failed thread becomes a sentence
            self.log(error)
            self.show_rows([[], [*blank(3), self.pen(f"cannot make the matrix: {name_and_words(error)}")]])
            self._making = None
            return
        self.post_message(MatrixMade(made))

    def on_matrix_made(self, message: MatrixMade) -> None:
        """Show what was made; what is wanted by now is made next."""
        self._making = None
        self._take(message.made)
        self.redraw()

    def _take(self, made: _Made) -> None:
        """Draw from a matrix from now on; where its axes are swapped the cursor is, too."""
        was = self.board
        if was is not None and self.spot is not None and was.choice.is_swapped != made.board.choice.is_swapped:
            from tsym_tui.ui.rows.matrixboard import Spot

            self.spot = Spot(self.spot.column, self.spot.row)
        self._made = made

    async def on_unmount(self) -> None:
        """End what is being made."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    def _tiles_for(self, pen: Pen, metric: Metric) -> Tiles:
        from tsym_tui.ui.rows.matrixtiles import Tiles

        if self._tiles is None or self._tiles.pen is not pen or self._tiles.metric is not metric:
            self._tiles = Tiles(pen, metric)
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

        board = self.board
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

        board, spot = self.board, self.spot or Spot()
        if board is not None:
            self.go(clamped(board, spot.row + down, spot.column + right))

    def move_to_end(self, step: int) -> None:
        """Move the cursor to the first row or the last one."""
        board = self.board
        self.move(step * (len(board.rows.items) if board is not None else 0), 0)

    def next_bad(self, step: int) -> bool:
        """Move to the next cell with trouble, or the one before; says whether there is one."""
        from tsym_tui.ui.rows.matrixboard import Spot, next_bad

        board = self.board
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
        self._turn += 1

    def swap(self) -> None:
        """Make columns of rows."""
        self.choice = msgspec.structs.replace(self.choice, is_swapped=not self.choice.is_swapped)

    def fold(self) -> bool:
        """Fold the group of nodes under the cursor, or unfold it; where there is none, that of hosts."""
        board, spot = self.board, self.spot
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


class _Maker:
    """Makes one matrix after the other, and lends the next what stays."""

    def __init__(self) -> None:
        self._cells: Cells | None = None
        self._boards: Boards | None = None
        self._turn = 0

    def make(self, wanted: _Wanted) -> _Made:
        """Read the pairs, group, sort and sum up; may run in a thread, never twice at once."""
        from tsym_tui.ui.rows.matrix import room_for
        from tsym_tui.ui.rows.matrixboard import Boards
        from tsym_tui.ui.rows.matrixcells import read_cells

        boards = self._boards = self._boards or Boards()
        if wanted.turn != self._turn:
            self._turn = wanted.turn
            boards.sort_anew()
        cells = self._cells = read_cells(wanted.digest.snapshot, self._cells)
        room = room_for(wanted.digest, wanted.listed if wanted.choice.is_swapped else cells.hosts, *wanted.size)
        board = boards.board(
            wanted.digest, cells, wanted.listed, wanted.choice, room, thresholds_ms=wanted.thresholds_ms
        )
        board.prepare()
        return _Made(wanted, cells, board)
