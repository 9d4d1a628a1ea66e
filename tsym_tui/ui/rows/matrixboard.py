"""A matrix as it stands: the cells of one metric between two axes, what each row and column adds up to, and a cursor.

Rows and columns may be swapped; everything here speaks of rows and columns as they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.themes import THRESHOLDS_MS
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.matrixaxis import Axis, Wanted, arrange
from tsym_tui.ui.rows.matrixcells import Cells, Codes, Keys, Kind, Numbers, Sheet, count_kinds, read_sheet
from tsym_tui.ui.rows.matrixmetric import Choice
from tsym_tui.ui.rows.matrixorder import badness, mean_of, profiles, seriate
from tsym_tui.ui.rows.pens import Row

SCREENS_OF_ROWS = 4
"""Rows scroll before their groups fold: a list of this many screens is still walked through."""

Value = TypeVar("Value", bound=np.generic)


class Spot(msgspec.Struct, frozen=True):
    """Where the cursor stands: a row item and a column item."""

    row: int = 0
    column: int = 0


class Summary(msgspec.Struct, frozen=True, gc=False):
    """What a folded cell says."""

    worst: int
    """Key of the worst member's tile."""
    worst_kind: Kind
    count: int
    """Members of the worst kind."""
    common_kind: Kind
    """The commonest one of those that were probed, if any was."""
    common: int
    """Members of the commonest kind."""
    total: int
    """Members that are pairs at all."""
    middle: int
    """Key of a member in the middle, from well to bad."""


@dataclass(frozen=True, eq=False)
class Board:
    """Cells between two axes. Arrays stand in the order of the axes, so that neighbours are slices."""

    sheet: Sheet
    rows: Axis
    columns: Axis
    choice: Choice
    said: dict[object, Row] = field(default_factory=dict)
    """Rows that were written from this board and stay as they are, by a key of who wrote them."""

    @cached_property
    def keys(self) -> Keys:
        """The tiles' keys."""
        return self._ordered(self.sheet.keys)

    @cached_property
    def kinds(self) -> Codes:
        """What each cell is."""
        return self._ordered(self.sheet.kinds)

    @cached_property
    def severity(self) -> Numbers:
        """How bad each cell is."""
        return self._ordered(self.sheet.severity)

    @cached_property
    def numbers(self) -> Numbers:
        """The metric's figures."""
        return self._ordered(self.sheet.numbers)

    def _ordered(self, values: NDArray[Value]) -> NDArray[Value]:
        values = values.T if self.choice.is_swapped else values
        return values[np.ix_(self.rows.members, self.columns.members)]

    @property
    def row_refs(self) -> tuple[NodeRef, ...]:
        """The nodes that members of rows are."""
        return self.sheet.cells.nodes if self.choice.is_swapped else self.sheet.cells.hosts

    @property
    def column_refs(self) -> tuple[NodeRef, ...]:
        """The nodes that members of columns are."""
        return self.sheet.cells.hosts if self.choice.is_swapped else self.sheet.cells.nodes

    @property
    def is_empty(self) -> bool:
        """Whether there is no cell."""
        return not self.rows.items or not self.columns.items

    @cached_property
    def worst_kinds(self) -> Codes:
        """The worst kind of each row item and column item."""
        if self.is_empty:
            return np.zeros((len(self.rows.items), len(self.columns.items)), dtype=np.uint8)
        along = np.maximum.reduceat(self.kinds, self.columns.starts[:-1], axis=1)
        return np.maximum.reduceat(along, self.rows.starts[:-1], axis=0)

    @cached_property
    def row_counts(self) -> list[tuple[int, ...]]:
        """How often each kind stands in each row item, over all columns."""
        return self._counts(self.kinds, self.rows)

    @cached_property
    def column_counts(self) -> list[tuple[int, ...]]:
        """How often each kind stands in each column item, over all rows."""
        return self._counts(self.kinds.T, self.columns)

    def _counts(self, kinds: Codes, axis: Axis) -> list[tuple[int, ...]]:
        if not axis.items:
            return []
        return [tuple(line) for line in np.add.reduceat(count_kinds(kinds), axis.starts[:-1], axis=0).tolist()]

    def prepare(self) -> None:
        """Work out what every drawing needs: in a thread, where there is much of it."""
        if not self.is_empty:
            _ = self.worst_kinds, self.row_counts, self.column_counts, self.keys, self.severity, self.numbers
            for at, item in enumerate(self.columns.items):
                if item.is_folded:
                    self.column_sums(at)

    def row_span(self, row: int) -> slice:
        """Return where the cells of a row item are."""
        return self.rows.span(row, row + 1)

    def column_span(self, column: int) -> slice:
        """Return where the cells of a column item are."""
        return self.columns.span(column, column + 1)

    def key(self, spot: Spot) -> int:
        """Return the key of the worst tile where two items meet."""
        places = self.row_span(spot.row), self.column_span(spot.column)
        return int(self.keys[places].ravel()[int(self.severity[places].argmax())])

    def column_sums(self, column: int) -> list[Summary]:
        """Sum up a folded column for each row item; kept, since every drawing asks again."""
        if column not in self._column_sums:
            self._column_sums[column] = self.sums(range(len(self.rows.items)), [self.column_span(column)])
        return self._column_sums[column]

    @cached_property
    def _column_sums(self) -> dict[int, list[Summary]]:
        return {}

    def sums(self, rows: Sequence[int], columns: Sequence[slice]) -> list[Summary]:
        """Sum up some spans of columns for each of some row items."""
        single = [row for row in rows if not self.rows.items[row].is_folded]
        lines = [int(self.rows.starts[row]) for row in single]
        found = dict(zip(single, self._sum_lines(lines, columns), strict=True))
        return [found[row] if row in found else self.sum_up([self.row_span(row)], columns) for row in rows]

    def _sum_lines(self, lines: Sequence[int], columns: Sequence[slice]) -> list[Summary]:
        """Sum up rows of cells; neighbours, which most are, are sliced and not picked."""
        if not lines:
            return []
        picked: slice | Sequence[int] = lines
        if lines[-1] - lines[0] == len(lines) - 1 and list(lines) == sorted(lines):
            picked = slice(lines[0], lines[-1] + 1)

        def cut(values: NDArray[Value]) -> NDArray[Value]:
            return np.concatenate([values[picked][:, span] for span in columns], axis=1)

        return summaries(cut(self.kinds), cut(self.severity), cut(self.keys))

    def sum_up(self, rows: Sequence[slice], columns: Sequence[slice]) -> Summary:
        """Sum up whole blocks."""

        def cut(values: NDArray[Value]) -> NDArray[Value]:
            return np.concatenate([values[down, span].reshape(1, -1) for down in rows for span in columns], axis=1)

        return summaries(cut(self.kinds), cut(self.severity), cut(self.keys))[0]

    def worst_across(self, row: int, columns: Sequence[int]) -> list[int]:
        """Return the keys of the worst tiles of a folded row, for each of some columns that are one node each."""
        wanted = (row, tuple(columns))
        if wanted not in self._across:
            self._across[wanted] = [summary.worst for summary in self.sums_across([self.row_span(row)], columns)]
        return self._across[wanted]

    @cached_property
    def _across(self) -> dict[tuple[int, tuple[int, ...]], list[int]]:
        return {}

    def sums_across(self, rows: Sequence[slice], columns: Sequence[int]) -> list[Summary]:
        """Sum up spans of rows for each of some columns that are one node each."""
        if not columns:
            return []
        lines = [int(self.columns.starts[column]) for column in columns]

        def cut(values: NDArray[Value]) -> NDArray[Value]:
            return np.concatenate([values[span][:, lines].T for span in rows], axis=1)

        return summaries(cut(self.kinds), cut(self.severity), cut(self.keys))

    def count_block(self, spot: Spot) -> list[int]:
        """Count the kinds where two items meet."""
        block = self.kinds[self.row_span(spot.row), self.column_span(spot.column)]
        found: list[int] = count_kinds(block.reshape(1, -1))[0].tolist()
        return found

    def figures(self, rows: slice, columns: slice) -> tuple[float | None, float | None]:
        """Return the largest figure of a block and the one in the middle; None without a fresh pair."""
        found = self.numbers[rows, columns]
        known = np.sort(found[~np.isnan(found)])
        return (float(known[-1]), float(known[known.size // 2])) if known.size else (None, None)

    def typical_key(self, item: int, kinds: Sequence[Kind], *, is_row: bool) -> int:
        """Return the key of the tile in the middle, from well to bad, of those of some kinds in a row or column."""
        places = (self.row_span(item), slice(None)) if is_row else (slice(None), self.column_span(item))
        chosen = np.isin(self.kinds[places], kinds)
        keys, severity = self.keys[places][chosen], self.severity[places][chosen]
        return int(keys[np.argsort(severity, kind="stable")[severity.size // 2]]) if severity.size else 0


_KINDS = tuple(Kind)

SAMPLE = 64
"""So many members, evenly picked, are enough to find one in the middle."""


def summaries(kinds: Codes, severity: Numbers, keys: Keys) -> list[Summary]:
    """Sum up each row of a block."""
    height, size = kinds.shape
    if not size:
        return [Summary(0, Kind.NOTHING, 0, Kind.NOTHING, 0, 0, 0)] * height
    counts = count_kinds(kinds)
    at, lines = severity.argmax(axis=1), np.arange(height)
    worst_kinds, worst_keys = kinds[lines, at].tolist(), keys[lines, at].tolist()
    told = counts[:, Kind.NEVER :]
    common = (counts[:, Kind.WELL :].argmax(axis=1) + Kind.WELL).tolist()
    step = -(-size // SAMPLE)
    picked = np.argsort(severity[:, ::step], axis=1, kind="stable")
    middle_keys = keys[lines, picked[:, picked.shape[1] // 2] * step].tolist()
    totals, table = told.sum(axis=1).tolist(), counts.tolist()
    return [
        Summary(
            key, _KINDS[kind], row[kind], _KINDS[often if row[often] else kind], row[often] or row[kind], total, middle
        )
        for key, kind, row, often, total, middle in zip(
            worst_keys, worst_kinds, table, common, totals, middle_keys, strict=True
        )
    ]


def clamped(board: Board, row: int, column: int) -> Spot:
    """Return the nearest spot there is."""
    last_row, last_column = len(board.rows.items) - 1, len(board.columns.items) - 1
    return Spot(min(max(0, row), max(0, last_row)), min(max(0, column), max(0, last_column)))


def ends_of(board: Board, spot: Spot) -> tuple[NodeRef | None, NodeRef | None]:
    """Return the host and the node of a spot; None for the side that is a folded group."""
    row, column = board.rows.items[spot.row], board.columns.items[spot.column]
    ends = (
        None if row.is_folded else board.row_refs[row.members[0]],
        None if column.is_folded else board.column_refs[column.members[0]],
    )
    return ends[::-1] if board.choice.is_swapped else ends


def spot_of(board: Board, host: NodeRef | None, node: NodeRef | None, other: Spot) -> Spot:
    """Find where a host and a node meet; a side that is None or not in the matrix stays where `other` is."""
    cells = board.sheet.cells
    row = cells.row.get(host) if host is not None else None
    column = cells.column.get(node) if node is not None else None
    first, second = (column, row) if board.choice.is_swapped else (row, column)
    at_row = board.rows.item_of.get(first) if first is not None else None
    at_column = board.columns.item_of.get(second) if second is not None else None
    return clamped(board, other.row if at_row is None else at_row, other.column if at_column is None else at_column)


def next_bad(board: Board, spot: Spot, step: int = 1) -> Spot | None:
    """Find the next bad cell, row by row, round and round; None where no cell is bad."""
    if board.is_empty:
        return None
    bad = np.flatnonzero(board.worst_kinds.ravel() > Kind.WELL)
    if not bad.size:
        return None
    width = len(board.columns.items)
    here = spot.row * width + spot.column
    at = np.searchsorted(bad, here, side="right") if step > 0 else np.searchsorted(bad, here) - 1
    return Spot(*divmod(int(bad[int(at) % bad.size]), width))


class Room(msgspec.Struct, frozen=True):
    """How much of the two axes is seen at once."""

    cells: int
    rows: int


class Boards:
    """Makes boards, and keeps what the one before can lend: sorting and grouping are done once."""

    def __init__(self) -> None:
        self._sheet: tuple[tuple[object, ...], Sheet] | None = None
        self._axes: dict[bool, tuple[tuple[object, ...], Axis]] = {}
        self._board: Board | None = None
        self._wanted: tuple[object, ...] | None = None

    def board(
        self,
        digest: Digest,
        cells: Cells,
        listed: Sequence[NodeRef],
        choice: Choice,
        room: Room,
        *,
        thresholds_ms: tuple[float, ...] = THRESHOLDS_MS,
    ) -> Board:
        """Put a board together. Groups and orders stay while the same nodes are listed, so that nothing jumps."""
        wanted = (digest, cells, listed, choice, room, thresholds_ms)
        if self._board is not None and self._wanted is not None and _is_same(self._wanted, wanted):
            return self._board
        self._wanted = wanted
        sheet = self._sheet_of(cells, choice, thresholds_ms)
        nodes_axis = self._axis(digest, sheet, listed, choice, room, is_hosts=False)
        hosts_axis = self._axis(digest, sheet, cells.hosts, choice, room, is_hosts=True, by=nodes_axis.by)
        rows, columns = (nodes_axis, hosts_axis) if choice.is_swapped else (hosts_axis, nodes_axis)
        known = self._board
        if known is None or known.sheet is not sheet or (known.rows, known.columns) != (rows, columns):
            self._board = known = Board(sheet, rows, columns, choice)
        return known

    def sort_anew(self) -> None:
        """Forget the orders: what behaviour they went by may have changed."""
        self._axes.clear()
        self._wanted = None

    def _sheet_of(self, cells: Cells, choice: Choice, thresholds_ms: tuple[float, ...]) -> Sheet:
        wanted = (cells, choice.metric, thresholds_ms)
        if self._sheet is None or self._sheet[0] != wanted:
            self._sheet = (wanted, read_sheet(cells, choice.metric, thresholds_ms))
        return self._sheet[1]

    def _axis(  # noqa: PLR0913 - each decides on the axis
        self,
        digest: Digest,
        sheet: Sheet,
        refs: Sequence[NodeRef],
        choice: Choice,
        room: Room,
        *,
        is_hosts: bool,
        by: Criterion | None = None,
    ) -> Axis:
        is_rows = is_hosts is not choice.is_swapped
        index = sheet.cells.row if is_hosts else sheet.cells.column
        known = [ref for ref in refs if ref in index and ref in digest.snapshot.nodes]
        wanted = Wanted(
            members=tuple(index[ref] for ref in known),
            nodes=tuple(digest.snapshot.nodes[ref] for ref in known),
            names=tuple(digest.name_of(ref) for ref in known),
            choice=choice,
            folds=choice.hosts if is_hosts else choice.nodes,
            by=_crossing(by) if is_hosts else choice.by,
            room=room.rows * SCREENS_OF_ROWS if is_rows else room.cells,
            is_rows=is_rows,
        )
        facts = (sheet.cells.hosts, sheet.cells.nodes, *wanted.facts)
        kept = self._axes.get(is_hosts)
        if kept is None or kept[0] != facts:
            behaviour = _Behaviour(sheet, is_hosts=is_hosts)
            kept = self._axes[is_hosts] = (facts, arrange(wanted, behaviour.rank, behaviour.seriate))
        return kept[1]


def _is_same(before: tuple[object, ...], now: tuple[object, ...]) -> bool:
    """Whether two wishes are one: of what is large only the same object counts."""
    return all(old is new for old, new in zip(before[:3], now[:3], strict=True)) and before[3:] == now[3:]


def _crossing(by: Criterion | None) -> Criterion | None:
    """Choose what hosts are ordered by: where they stand decides what they see, so tags of nodes cross their places."""
    return Criterion.SITE if by in {Criterion.TAG, Criterion.REGION} else by


class _Behaviour:
    """How the members of one axis behave towards those of the other."""

    def __init__(self, sheet: Sheet, *, is_hosts: bool) -> None:
        self._sheet = sheet
        self._is_hosts = is_hosts

    @cached_property
    def _kinds(self) -> Codes:
        return self._sheet.kinds if self._is_hosts else self._sheet.kinds.T

    @cached_property
    def _profiles(self) -> Numbers:
        keys = self._sheet.keys if self._is_hosts else self._sheet.keys.T
        return profiles(keys, self._kinds)

    @cached_property
    def _ranks(self) -> list[float]:
        return badness(self._kinds, self._sheet.severity if self._is_hosts else self._sheet.severity.T)

    def rank(self, members: Sequence[int]) -> list[float]:
        """Say how bad members are."""
        return [self._ranks[member] for member in members]

    def seriate(self, groups: Sequence[Sequence[int]]) -> list[int]:
        """Order groups of members, each by its mean behaviour."""
        if all(len(group) == 1 for group in groups):
            return seriate(self._profiles[[member for group in groups for member in group]])
        return seriate(np.array([mean_of(self._profiles[list(group)]) for group in groups]))
