"""The table of nodes: its columns, what each means, how they sort, and which of them fit.

Built row by row, so a table of thousands costs only the rows on screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.cells import clip as clip_text
from tsym_tui.graph.looks import (
    Glyph,
    Role,
    host_words,
    number_of,
)
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.problems import host_title
from tsym_tui.ui.rows.groupsums import GroupSum
from tsym_tui.ui.rows.nodecolumns import COLUMNS, Column, Entry, Trace
from tsym_tui.ui.rows.nodelist import node_mark, selectable
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit, fit_name, fit_text, width_of

Sort: TypeAlias = tuple[str, bool]
"""Letter of a column, and whether the order is turned round."""
GAP = 2
LEAST_NAME_CELLS = 14
MOST_NAME_CELLS = 32

NAME_LETTER = "n"


def fitting_columns(cells: int) -> tuple[tuple[Column, ...], int]:
    """Choose the columns that fit, and how wide the name may be."""
    room = cells - 3 - 2 - LEAST_NAME_CELLS
    chosen = []
    for column in sorted(COLUMNS, key=lambda column: column.rank):
        if column.cells + GAP > room:
            break
        chosen.append(column)
        room -= column.cells + GAP
    name_cells = min(MOST_NAME_CELLS, LEAST_NAME_CELLS + max(0, room))
    return tuple(column for column in COLUMNS if column in chosen), name_cells


def sort_letters(cells: int) -> dict[str, str]:
    """Return the letters of the columns on screen, and their titles."""
    columns, _ = fitting_columns(cells)
    return {NAME_LETTER: "name"} | {column.letter: column.title for column in columns if column.letter}


def ordered(digest: Digest, refs: Iterable[NodeRef], sort: Sort | None) -> list[NodeRef]:
    """Sort nodes by a column's letter; equal ones stay in the order of lists, unknown ones come last either way."""
    listed = [ref for ref in refs if ref in digest.snapshot.nodes]
    if sort is None or sort[0] == NAME_LETTER:
        return listed[::-1] if sort is not None and sort[1] else listed
    letter, is_reversed = sort
    column = next(column for column in COLUMNS if column.letter == letter)
    keys = {ref: column.order(Entry(digest, digest.snapshot.nodes[ref], digest.sum_of(ref))) for ref in listed}
    known = [ref for ref in listed if keys[ref][0] == 0]
    known.sort(key=keys.__getitem__, reverse=is_reversed)
    return known + [ref for ref in listed if keys[ref][0] != 0]


def shown_pair(digest: Digest, ref: NodeRef) -> tuple[NodeRef, NodeRef] | None:
    """Return the pair whose round trip stands for a node: the one in the middle of those that reach it.

    Where nobody reaches it, the first one that tried; None where nobody can.
    """
    pairs = digest.incoming.get(ref, ())
    median_ms = digest.sum_of(ref).median_ms
    middle = next((pair for pair in pairs if median_ms is not None and number_of(pair) == median_ms), None)
    chosen = middle or next((pair for pair in pairs if pair.samples), None)
    return None if chosen is None else chosen.key


def heading_row(pen: Pen, cells: int, sort: Sort | None) -> Row:
    """Write the column titles; the sorted one says which way."""
    columns, name_cells = fitting_columns(cells)
    row: Row = [*blank(5), *_title(pen, "name", NAME_LETTER, name_cells, sort, is_number=False)]
    for column in columns:
        row += blank(GAP)
        row += _title(pen, column.title, column.letter, column.cells, sort, is_number=column.is_number)
    return fit(row, cells)


def _title(pen: Pen, title: str, letter: str, cells: int, sort: Sort | None, *, is_number: bool) -> Row:
    is_sorted = sort is not None and sort[0] == letter
    arrow = (pen.signs.up if sort is not None and sort[1] else pen.signs.down) if is_sorted else ""
    text = f"{title}{arrow}"
    text = text if len(text) <= cells else f"{title.removesuffix(' ms')}{arrow}"
    text = text.rjust(cells)[-cells:] if is_number else fit_text(text, cells, "")
    return [pen(text, Role.TEXT if is_sorted else Role.CHROME)]


def table_row(  # noqa: PLR0913 - a row shows that many things
    pen: Pen,
    digest: Digest,
    ref: NodeRef,
    cells: int,
    *,
    is_selected: bool = False,
    is_marked: bool = False,
    trace: Trace | None = None,
) -> Row:
    """Write one node as a row of the table."""
    columns, name_cells = fitting_columns(cells)
    entry = Entry(digest, digest.snapshot.nodes[ref], digest.sum_of(ref), trace)
    name = fit_name(digest.name_of(ref), name_cells, pen.signs.ellipsis)
    is_host = entry.sums.host is not None and entry.sums.host.state is HostState.OK
    written = pen.accent(name) if is_selected else pen(name, Role.STRONG if is_host else Role.TEXT)
    row: Row = [node_mark(pen, digest, ref, is_selected=is_selected), pen(" "), written]
    for column in columns:
        row += [*blank(GAP), *_cell(pen, column, column.write(pen, entry))]
    return selectable(pen, row, cells, is_selected=is_selected, is_marked=is_marked)


def group_row(pen: Pen, title: str, group: GroupSum, cells: int, *, is_folded: bool, is_selected: bool = False) -> Row:
    """Write a group as a row: how many there are, and what they have in common or the worst of."""
    columns, name_cells = fitting_columns(cells)
    sign = pen.glyph(CLOSED if is_folded else OPEN)
    count = f" {group.count}"
    name = fit_text(clip_text(title, name_cells - len(count), pen.signs.ellipsis) + count, name_cells)
    title_run = pen.accent(name) if is_selected else pen(name, Role.DIM, bold=True)
    row: Row = [pen(sign, Role.DIM), pen(" "), title_run]
    for column in columns:
        row += [*blank(GAP), *_cell(pen, column, column.add_up(pen, group))]
    return selectable(pen, row, cells, is_selected=is_selected)


OPEN, CLOSED = Glyph("▾", "▾", "-"), Glyph("▸", "▸", "+")
"""Before a group whose nodes stand below it, and before one that is folded."""


def _cell(pen: Pen, column: Column, written: Row) -> Row:
    """Write one cell at its width, numbers to the right."""
    kept = clip(written, column.cells, pen.signs.ellipsis)
    padding = blank(column.cells - width_of(kept))
    return [*padding, *kept] if column.is_number else [*kept, *padding]


def host_notes(pen: Pen, digest: Digest, cells: int, room: int) -> Sequence[Row]:
    """Say below the table which hosts do not answer, and what to do; the rest as a count."""
    silent = [host for host in digest.snapshot.hosts if host.state not in {HostState.OK, HostState.CONNECTING}]
    if not silent or room < 2:
        return []
    rows: list[Row] = []
    for host in silent[: room if len(silent) <= room else room - 1]:
        head = [pen("! ", Role.WARN), pen(host_title(host)), pen(f"  {host_words(host)}", Role.WARN)]
        rows.append(clip([*blank(3), *head, pen.dim(f"  {host.error or ''}")], cells, pen.signs.ellipsis))
    hidden = len(silent) - len(rows)
    return [*rows, [*blank(5), pen(f"{hidden} more hosts do not answer", Role.CHROME)]] if hidden else rows
