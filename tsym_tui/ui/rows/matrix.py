"""The matrix: a row for each host, a column for each node, a tile for each pair, or the two swapped.

Tiles are two cells wide, so that they are square. The glyph says the class, colour the latency, the tint behind it the
same a second time. The cursor's row opens two rows of numbers, staggered, so that three digits fit without shortening.
Only what is in sight is built; what is not stands summed up in a column and a row of its own, so that nothing hides.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.cells import width
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import NodeKind, Role
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.matrixaxis import BAND_GAP, TILE, Axis, Band, bands_in_sight, folded_cells
from tsym_tui.ui.rows.matrixboard import Board, Room, Spot, Summary, ends_of
from tsym_tui.ui.rows.matrixcells import Mark, TileLook, look_key
from tsym_tui.ui.rows.matrixfoot import foot_rows
from tsym_tui.ui.rows.matrixheads import head_rows
from tsym_tui.ui.rows.matrixmargins import SAYS_CELLS, leader_rows, remarks_of, row_says, says_row, signs_of
from tsym_tui.ui.rows.matrixmetric import short_number
from tsym_tui.ui.rows.matrixtiles import Tiles, cursor_of
from tsym_tui.ui.rows.nodelist import MARK, list_window, node_mark
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit, fit_name, fit_text, on, width_of

FEWEST_NAME_CELLS = 8
MOST_NAME_CELLS = 18
MOST_HEAD_ROWS = 9
MOST_LEADERS = 4
FOOT_ROWS = 4
SAYS_GAP = 2
LEFT = 5
"""Cells before a name: margin, edge, mark, what the node is to us, a blank."""


class Drawn(msgspec.Struct, frozen=True):
    """Rows, and where in them which cell is."""

    rows: list[Row]
    left: int
    """Cell of the first tile."""
    lines: dict[int, int]
    """Row item by screen row."""
    columns: range
    """Column items on screen."""
    offsets: list[int]
    """Where each of these begins, counted from the first tile; one more ends the last."""

    def cell_at(self, x: int, y: int) -> Spot | None:
        """Return what is at a place on screen."""
        place = bisect_right(self.offsets, x - self.left) - 1
        if y not in self.lines or not 0 <= place < len(self.columns):
            return None
        return Spot(self.lines[y], self.columns[place])


class Scene(msgspec.Struct, frozen=True):
    """What every row of one drawing needs."""

    tiles: Tiles
    digest: Digest
    board: Board
    spot: Spot
    name_cells: int
    columns: range
    bands: tuple[tuple[Band, range], ...]
    """The groups in sight, and their columns in sight."""
    others: tuple[slice, ...]
    """Where the columns are that are not in sight."""
    says: int
    """Cells for what rows say; 0 = no room."""
    cells: int
    """Of the whole pane."""
    marked: frozenset[NodeRef]

    @property
    def pen(self) -> Pen:
        """The pen to write with."""
        return self.tiles.pen

    @property
    def left(self) -> int:
        """Cells before the first tile."""
        return LEFT + self.name_cells + 2

    @property
    def other_cells(self) -> int:
        """Width of the column that sums up what is not in sight."""
        return _other_cells(self.other_count) if self.others else 0

    @property
    def other_count(self) -> int:
        """Nodes in columns that are not in sight."""
        return sum(span.stop - span.start for span in self.others)


def room_for(digest: Digest, names: Sequence[NodeRef], cells: int, height: int) -> Room:
    """Say how many cells of columns and how many rows there is room for beside names of these nodes."""
    longest = max((width(digest.name_of(ref)) for ref in names), default=0)
    name_cells = min(MOST_NAME_CELLS, max(FEWEST_NAME_CELLS, longest))
    beside = LEFT + name_cells + 2
    return Room(max(TILE, cells - beside - _says_cells(cells, beside)), max(1, height - 12))


def _says_cells(cells: int, beside: int) -> int:
    return SAYS_CELLS + SAYS_GAP if cells - beside >= SAYS_CELLS + 16 * TILE else 0


def _other_cells(count: int) -> int:
    return folded_cells(f"other ({count})", count) + BAND_GAP


def render_matrix(
    tiles: Tiles,
    digest: Digest,
    board: Board,
    spot: Spot,
    size: tuple[int, int],
    marked: frozenset[NodeRef] = frozenset(),
) -> Drawn:
    """Write as much of the matrix around the cursor as there is room for, and below it the pair it stands on."""
    cells, height = size
    scene = _scene(tiles, digest, board, spot, cells, marked)
    foot = foot_rows(tiles, digest, board, spot, cells, FOOT_ROWS if height >= 20 else 3 if height >= 14 else 0)
    heads = _heads(scene, max(2, min(MOST_HEAD_ROWS, height // 4)))
    remarks = remarks_of(tiles, digest, board, scene.columns)
    most_leaders = min(MOST_LEADERS if height >= 30 else 2, max(0, height // 8 - (height < 30)))
    leaders = leader_rows(scene.pen, remarks, cells - scene.left - 1, most_leaders, scene.left - 4)
    room = max(1, height - len(heads) - len(foot) - len(leaders) - 6)
    body, lines, seen = _body(scene, room, len(heads) + 1)
    rows = [*heads, [], *body]
    if height - len(rows) - len(foot) > len(leaders) + 1:
        rows += [[], _says(scene), *([*blank(4), *row] for row in leaders)]
    rows += [[] for _ in range(height - len(rows) - len(foot))]
    rows = [*rows[: height - len(foot)], *foot]
    legend = tiles.mark_words(_marks_in_sight(board, seen, scene.columns))
    if legend and not rows[height - len(foot) - 1]:
        rows[height - len(foot) - 1] = [*blank(3), *legend]
    offsets = board.columns.offsets[scene.columns.start : scene.columns.stop + 1]
    return Drawn(rows, scene.left, lines, scene.columns, [at - offsets[0] for at in offsets])


def _scene(tiles: Tiles, digest: Digest, board: Board, spot: Spot, cells: int, marked: frozenset[NodeRef]) -> Scene:
    name_cells = min(MOST_NAME_CELLS, max(FEWEST_NAME_CELLS, board.rows.name_cells))
    left = LEFT + name_cells + 2
    says = _says_cells(cells, left)
    columns = _columns_in_sight(board.columns, spot.column, max(TILE, cells - left - says))
    outside = (board.columns.span(0, columns.start), board.columns.span(columns.stop, len(board.columns.items)))
    others = tuple(span for span in outside if span.stop > span.start)
    bands = tuple(bands_in_sight(board.columns, columns))
    return Scene(tiles, digest, board, spot, name_cells, columns, bands, others, says, cells, marked)


def _columns_in_sight(axis: Axis, cursor: int, room: int) -> range:
    """Choose the columns to show around the cursor; where not all fit, one more cell group is kept for the others."""
    offsets, count = axis.offsets, len(axis.items)
    if offsets[-1] <= room:
        return range(count)
    room = max(TILE, room - _other_cells(axis.count))
    middle = (offsets[cursor] + offsets[cursor + 1]) // 2
    start = bisect_left(offsets, max(0, min(middle - room // 2, offsets[-1] - room)), 0, count - 1)
    start = min(start, cursor)
    stop = bisect_right(offsets, offsets[start] + room) - 1
    return range(start, max(stop, cursor + 1))


def _heads(scene: Scene, most: int) -> list[Row]:
    """Write what is shown into the corner, and the names of the columns beside it."""
    board, pen = scene.board, scene.pen
    heads = head_rows(pen, board.columns, scene.columns, scene.spot.column, most)
    if scene.others:
        width_now = max(width_of(row) for row in heads)
        texts = [f"other ({scene.other_count})", *[""] * (len(heads) - 1)]
        heads = [
            [*row, *blank(width_now - width_of(row) + BAND_GAP), pen.dim(text)]
            for row, text in zip(heads, texts, strict=True)
        ]
    corner = _corner(scene)
    corner += [[] for _ in range(len(heads) - len(corner))]
    return [[*fit([*blank(LEFT), *words], scene.left, ""), *row] for words, row in zip(corner, heads, strict=False)]


def _corner(scene: Scene) -> list[Row]:
    """Say which metric, which grouping and which order this is, and how much of it there is."""
    pen, board = scene.pen, scene.board
    choice, cells = board.choice, scene.name_cells + 1
    nodes = board.rows if choice.is_swapped else board.columns
    size = f"{board.rows.count} x {board.columns.count}"
    rows: list[Row] = [[pen.strong(choice.metric.value)]]
    rows += [[pen.dim(f"by {nodes.by.value}")]] if nodes.by.value != "none" else []
    rows += [[pen.dim(choice.sort.value)]] if choice.sort.value != "group" else []
    return [clip(row, cells, pen.signs.ellipsis) for row in [*rows, [pen(size, Role.CHROME)]]]


def _body(scene: Scene, room: int, first: int) -> tuple[list[Row], dict[int, int], list[int]]:
    """Write the rows around the cursor, the numbers below its own, and one that sums up those not in sight."""
    board, spot = scene.board, scene.spot
    plan = _lines(board)
    focus = plan.index(spot.row)
    room = room - 1 if len(plan) > room else room
    shown = [plan[at] for at in list_window(len(plan), focus, max(1, room))]
    seen = [at for at in shown if at >= 0]
    written = dict(zip(seen, _tile_rows(scene, seen), strict=True))
    rows: list[Row] = []
    lines: dict[int, int] = {}
    for at in shown:
        if at < 0:
            rows.append([*blank(LEFT - 2), scene.pen.dim(board.rows.bands[-at - 1].title)])
            continue
        lines[first + len(rows)] = at
        rows.append(_row(scene, at, written[at]))
        rows += _numbers(scene) if at == spot.row else []
    outside = (board.rows.span(0, seen[0]), board.rows.span(seen[-1] + 1, len(board.rows.items)))
    hidden = [span for span in outside if span.stop > span.start]
    rows += [_other_row(scene, hidden)] if hidden else []
    return rows, lines, seen


def _lines(board: Board) -> list[int]:
    """List the row items, each group of nodes under a line for its title: -1 for the first group, and so on."""
    if not board.choice.is_swapped or len(board.rows.bands) < 2:
        return list(range(len(board.rows.items)))
    lines: list[int] = []
    for number, band in enumerate(board.rows.bands):
        lines += [] if band.is_folded else [-number - 1]
        lines += range(band.start, band.stop)
    return lines


def _tile_rows(scene: Scene, rows: Sequence[int]) -> list[Row]:
    """Write the cells of some rows: single tiles from their keys, all others summed up."""
    board = scene.board
    items = board.columns.items
    single = [at for at in scene.columns if not items[at].is_folded]
    folded = {at: board.column_sums(at) for at in scene.columns if items[at].is_folded}
    others = iter(board.sums(rows, scene.others) if scene.others else ())
    places = [int(board.columns.starts[at]) for at in single]
    written = []
    for row in rows:
        if board.rows.items[row].is_folded:
            keys = board.worst_across(row, single)
        else:
            keys = board.keys[int(board.rows.starts[row])][places].tolist()
        sums = {at: column[row] for at, column in folded.items()}
        written.append(_cells(scene, iter(keys), sums, next(others, None)))
    return written


def _cells(scene: Scene, keys: Iterator[int], sums: Mapping[int, Summary], other: Summary | None) -> Row:
    """Put one row's cells side by side, groups apart from each other."""
    tiles = scene.tiles
    row: Row = []
    for band, seen in scene.bands:
        if row:
            row += _GAP
        if band.is_folded:
            row += tiles.folded(sums[band.start], band.cells)
        else:
            for _ in seen:
                row += tiles[next(keys)]
    return row if other is None else [*row, *_GAP, *tiles.folded(other, scene.other_cells - BAND_GAP)]


_GAP = blank(BAND_GAP)


def _row(scene: Scene, at: int, tiles: Row) -> Row:
    """Write one row: its name, its tiles, and what it says."""
    board, pen = scene.board, scene.pen
    item = board.rows.items[at]
    is_here = at == scene.spot.row
    name = fit_name(board.rows.label(item), scene.name_cells, pen.signs.ellipsis)
    ref = None if item.is_folded else board.row_refs[item.members[0]]
    sign = pen("+", Role.CHROME) if ref is None else node_mark(pen, scene.digest, ref, is_selected=is_here)
    mark = pen.accent(pen.glyph(MARK)) if ref is not None and ref in scene.marked else pen(" ")
    edge = pen.accent(pen.signs.selected_row) if is_here else pen(" ")
    named = pen.accent(name) if is_here else pen(name, _name_role(scene.digest, ref))
    line: Row = [*blank(1), edge, mark, sign, pen(" "), named, *blank(2)]
    line += _with_cursor(scene, tiles) if is_here else tiles
    if scene.says:
        line += [*blank(SAYS_GAP), *row_says(scene.tiles, scene.digest, board, at)]
    return _raised(scene, line) if is_here else line


def _name_role(digest: Digest, ref: NodeRef | None) -> Role:
    """Write hosts that answer strong, as lists do."""
    if ref is None:
        return Role.TEXT
    return {NodeKind.AGENT: Role.STRONG, NodeKind.SILENT: Role.DIM}.get(digest.kind_of(ref), Role.TEXT)


def _raised(scene: Scene, row: Row) -> Row:
    """Lift the cursor's rows off the others, over the whole width but a cell on each side."""
    tint = scene.pen.theme.colour(Role.RAISED)
    if tint is None:
        return row
    return [row[0], *on(fit(row[1:], scene.cells - 2, ""), tint)]


def _with_cursor(scene: Scene, tiles: Row) -> Row:
    """Turn the cell that the cursor stands on."""
    start, stop = _cells_of(scene, scene.spot.column)
    row: Row = []
    at = 0
    for run in tiles:
        size = width(run.text)
        row += cursor_of(scene.pen, [run]) if start <= at < stop else [run]
        at += size
    return row


def _cells_of(scene: Scene, column: int) -> tuple[int, int]:
    """Return where a column in sight begins and ends, counted from the first tile."""
    axis = scene.board.columns
    start = axis.offsets[column] - axis.offsets[scene.columns.start]
    return start, start + (axis.band_of(column).cells if axis.items[column].is_folded else TILE)


def _numbers(scene: Scene) -> list[Row]:
    """Write the numbers of the cursor's row: every other one on the second line, so that none touches its neighbour."""
    board, pen = scene.board, scene.pen
    rows: list[Row] = []
    for parity in (0, 1):
        label = board.choice.metric.unit if parity == 0 else ""
        row: Row = [*blank(1), *blank(LEFT - 1), pen.dim(fit_text(label, scene.name_cells + 2, ""))]
        at = scene.left
        for column in scene.columns:
            is_folded = board.columns.items[column].is_folded
            if column % 2 != parity and not is_folded:
                continue
            run = _crowd_number(scene, column, parity) if is_folded else _number(scene, column)
            if run.text:
                start = scene.left + _cells_of(scene, column)[0]
                row += blank(start - at)
                row.append(pen.accent(run.text) if column == scene.spot.column else run)
                at = start + width(run.text)
        rows.append(_raised(scene, row))
    return rows


def _number(scene: Scene, column: int) -> Run:
    """Write the figure of one pair, or its sign where it has none to be bad by; of a folded row the worst figure."""
    board, tiles, spot = scene.board, scene.tiles, Spot(scene.spot.row, column)
    key = board.key(spot)
    host, node = ends_of(board, spot)
    if host is None or node is None:
        text = board.choice.metric.write(board.figures(board.row_span(spot.row), board.column_span(column))[0])
    else:
        text = short_number(scene.digest.pair(host, node), board.choice.metric)
    if not text and look_key(key)[3]:
        text = tiles[key][0].text.strip()
    return Run(text, tiles.style(key))


def _crowd_number(scene: Scene, column: int, parity: int) -> Run:
    """Write of many pairs the worst figure, and below it the one in the middle."""
    board = scene.board
    figure = board.figures(board.row_span(scene.spot.row), board.column_span(column))[parity]
    if figure is None:
        return scene.pen("")
    words, role = (("max", Role.TEXT), ("mid", Role.DIM))[parity]
    return scene.pen(f"{words} {board.choice.metric.write(figure)}"[: board.columns.band_of(column).cells], role)


def _other_row(scene: Scene, hidden: Sequence[slice]) -> Row:
    """Write the worst of all rows that are not in sight."""
    board = scene.board
    count = sum(span.stop - span.start for span in hidden)
    name = fit_text(f"other ({count})", scene.name_cells + 2, scene.pen.signs.ellipsis)
    items = board.columns.items
    single = [at for at in scene.columns if not items[at].is_folded]
    keys = [summary.worst for summary in board.sums_across(hidden, single)]
    sums = {at: board.sum_up(hidden, [board.column_span(at)]) for at in scene.columns if items[at].is_folded}
    other = board.sum_up(hidden, scene.others) if scene.others else None
    return [*blank(LEFT), scene.pen.dim(name), *_cells(scene, iter(keys), sums, other)]


def _says(scene: Scene) -> Row:
    """Write the signs of the columns that say something."""
    signs = signs_of(scene.tiles, scene.board, scene.columns)
    label = fit_text("column says" if signs else "", scene.name_cells + 4, scene.pen.signs.ellipsis)
    return [*blank(LEFT - 2), scene.pen.dim(label), *says_row(signs)]


def _marks_in_sight(board: Board, rows: Sequence[int], columns: range) -> set[Mark]:
    """Say which marks there are to explain."""
    lines = [int(board.rows.starts[row]) for row in rows if not board.rows.items[row].is_folded]
    places = [int(board.columns.starts[at]) for at in columns if not board.columns.items[at].is_folded]
    return {Mark(mark) for mark in np.unique(board.keys[np.ix_(lines, places)] >> TileLook.MARK).tolist()}
