"""The table of nodes: its columns, what each means, how they sort, and which of them fit.

Built row by row, so a table of thousands costs only the rows on screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node, Standing
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.times import parse_time
from tsym_tui.graph.looks import STANDING_WORDS, Role, format_age, format_loss, format_ms, host_words, verdict_look
from tsym_tui.ui.digests import Digest, NodeSum
from tsym_tui.ui.problems import KEY_WARNING_S, host_title
from tsym_tui.ui.rows.facts import age_of
from tsym_tui.ui.rows.nodelist import node_mark, selectable
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit, fit_text, width_of

SortKey: TypeAlias = tuple[int, float, str]
GAP = 2
LEAST_NAME_CELLS = 14
MOST_NAME_CELLS = 32


class Entry(msgspec.Struct, frozen=True):
    """One node as a column sees it."""

    digest: Digest
    node: Node
    sums: NodeSum


class Column(msgspec.Struct, frozen=True):
    """One column."""

    letter: str
    """Sorts by it, after `o`."""
    title: str
    cells: int
    write: Callable[[Pen, Entry], Row]
    order: Callable[[Entry], SortKey]
    rank: int
    """How soon it is left out where there is no room: the highest first."""
    is_number: bool = False


def _number(value: float | None) -> SortKey:
    """Sort by a number, the unknown ones last."""
    return (1, 0.0, "") if value is None else (0, value, "")


def _text(value: str) -> SortKey:
    return (0 if value else 1, 0.0, value.casefold())


_BADNESS = {
    SampleState.FAILED: 0.0,
    SampleState.STALE: 5.0,
    SampleState.NEVER: 6.0,
}
_PATH_BADNESS = {PathKind.DERP: 1.0, PathKind.PEER_RELAY: 2.0, PathKind.UNKNOWN: 3.0, PathKind.DIRECT: 4.0}


def _path_order(entry: Entry) -> SortKey:
    """Sort by class, the worst first."""
    if entry.node.standing is not Standing.OK:
        return 0, -1.0, ""
    sums = entry.sums
    rank = _PATH_BADNESS[sums.path] if sums.state is SampleState.FRESH else _BADNESS[sums.state]
    return 0, rank, ""


def _path(pen: Pen, entry: Entry) -> Row:
    """How the node is mostly reached; why it cannot be, where it may not take part."""
    sums = entry.sums
    if entry.node.standing is not Standing.OK:
        return [pen("! ", Role.WARN), pen(STANDING_WORDS[entry.node.standing], Role.WARN)]
    if not sums.probed and not sums.never:
        return [pen("we look from here" if sums.host is not None else "", Role.CHROME)]
    look = verdict_look(sums.state, sums.path)
    others = ", mixed" if len(sums.paths) > 1 else ""
    mark = pen.look(pen.glyph(look.glyph), look, sums.median_ms, sums.age_s)
    if sums.state is SampleState.FRESH:
        return [mark, pen(" "), pen(look.words), pen.dim(others)]
    return [mark, pen(" "), pen(look.words, look.role)]


def _round_trip(pen: Pen, entry: Entry) -> Row:
    """Median of the typical round trips of everybody who reaches it."""
    sums = entry.sums
    return [pen.latency(format_ms(sums.median_ms), sums.median_ms, sums.age_s)] if sums.median_ms is not None else []


def _worst(pen: Pen, entry: Entry) -> Row:
    """Write the slowest of them."""
    worst_ms = entry.sums.worst_ms
    return [pen.latency(format_ms(worst_ms), worst_ms, entry.sums.age_s)] if worst_ms is not None else []


def _loss(pen: Pen, entry: Entry) -> Row:
    """Mean share of unanswered probes, over everybody who probes it."""
    loss = entry.sums.loss
    if loss is None:
        return []
    return [pen(format_loss(loss), Role.WARN if loss > 0 else Role.TEXT)]


def _reached(pen: Pen, entry: Entry) -> Row:
    """From how many of the hosts that probe it."""
    sums = entry.sums
    if not sums.probed:
        return []
    return [pen(f"{sums.fresh}/{sums.probed}", Role.TEXT if sums.fresh == sums.probed else Role.WARN)]


def _heard(pen: Pen, entry: Entry) -> Row:
    """How long ago anybody heard from it."""
    return [pen.dim(format_age(entry.sums.age_s))] if entry.sums.age_s is not None else []


def _online(pen: Pen, entry: Entry) -> Row:
    """Write what control says: a claim of its own, no proof that packets get there."""
    if entry.node.online is None:
        return [pen("unknown", Role.CHROME)]
    return [pen.dim("online") if entry.node.online else pen("offline", Role.STALE)]


def _owner(pen: Pen, entry: Entry) -> Row:
    """Its tags, else its owner."""
    return [pen.dim(_owner_text(entry))]


def _owner_text(entry: Entry) -> str:
    return " ".join(tag.removeprefix("tag:") for tag in entry.node.tags) or (entry.node.owner or "")


def _handshake(pen: Pen, entry: Entry) -> Row:
    """How long ago the newest WireGuard handshake was."""
    ago = age_of(entry.node.last_handshake, entry.digest.snapshot.generated_at)
    return [pen.dim(ago.removesuffix(" ago"))] if ago else []


def _left_s(moment: str | None, entry: Entry) -> float | None:
    then = parse_time(moment)
    return None if then is None else (then - entry.digest.snapshot.generated_at).total_seconds()


def _key(pen: Pen, entry: Entry) -> Row:
    """When its key expires."""
    left_s = _left_s(entry.node.key_expiry, entry)
    if left_s is None:
        return []
    words = format_age(left_s) if left_s > 0 else "expired"
    return [pen(words, Role.WARN) if left_s < KEY_WARNING_S else pen.dim(words)]


def _system(pen: Pen, entry: Entry) -> Row:
    return [pen.dim(entry.node.os)]


def _version(pen: Pen, entry: Entry) -> Row:
    """Of its tailscaled; known for our hosts only."""
    return [pen.dim((entry.node.version or "").split("-")[0])]


def _address(pen: Pen, entry: Entry) -> Row:
    return [pen.dim(entry.node.addresses[0] if entry.node.addresses else "")]


COLUMNS: tuple[Column, ...] = (
    Column("p", "path", 19, _path, _path_order, 0),
    Column("r", "p50 ms", 6, _round_trip, lambda e: _number(e.sums.median_ms), 0, is_number=True),
    Column("w", "worst", 5, _worst, lambda e: _number(e.sums.worst_ms), 4, is_number=True),
    Column("l", "loss", 5, _loss, lambda e: _number(e.sums.loss), 2, is_number=True),
    Column("f", "from", 5, _reached, lambda e: _number(e.sums.fresh), 1, is_number=True),
    Column("h", "heard", 6, _heard, lambda e: _number(e.sums.age_s), 5, is_number=True),
    Column("c", "control", 7, _online, lambda e: _text("" if e.node.online is None else str(not e.node.online)), 3),
    Column(
        "s",
        "handshake",
        9,
        _handshake,
        lambda e: _number(None if (left := _left_s(e.node.last_handshake, e)) is None else -left),
        9,
        is_number=True,
    ),
    Column("o", "system", 8, _system, lambda e: _text(e.node.os), 6),
    Column("t", "tags, owner", 18, _owner, lambda e: _text(_owner_text(e)), 7),
    Column("k", "key", 7, _key, lambda e: _number(_left_s(e.node.key_expiry, e)), 8, is_number=True),
    Column("a", "address", 15, _address, lambda e: _text(e.node.addresses[0] if e.node.addresses else ""), 10),
    Column("v", "version", 8, _version, lambda e: _text(e.node.version or ""), 11),
)

NAME_LETTER = "n"


def fitting_columns(cells: int) -> tuple[tuple[Column, ...], int]:
    """Choose the columns that fit, and how wide the name may be."""
    room = cells - 3 - 2 - LEAST_NAME_CELLS - 2
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
    return {NAME_LETTER: "name"} | {column.letter: column.title for column in columns}


def ordered(digest: Digest, refs: Iterable[NodeRef], sort: tuple[str, bool] | None) -> list[NodeRef]:
    """Sort nodes by a column's letter; equal ones stay in the order of lists."""
    listed = [ref for ref in refs if ref in digest.snapshot.nodes]
    if sort is None or sort[0] == NAME_LETTER:
        return listed[::-1] if sort is not None and sort[1] else listed
    letter, is_reversed = sort
    column = next(column for column in COLUMNS if column.letter == letter)
    entries = {ref: Entry(digest, digest.snapshot.nodes[ref], digest.sum_of(ref)) for ref in listed}
    known = [ref for ref in listed if column.order(entries[ref])[0] == 0]
    unknown = [ref for ref in listed if column.order(entries[ref])[0] != 0]
    known.sort(key=lambda ref: column.order(entries[ref]), reverse=is_reversed)
    return known + unknown


def heading_row(pen: Pen, cells: int, sort: tuple[str, bool] | None) -> Row:
    """Write the column titles; the sorted one says which way."""
    columns, name_cells = fitting_columns(cells)
    row: Row = [*blank(5), *_title(pen, "name", NAME_LETTER, name_cells, sort, is_number=False)]
    for column in columns:
        row += blank(GAP)
        row += _title(pen, column.title, column.letter, column.cells, sort, is_number=column.is_number)
    return fit(row, cells)


def _title(pen: Pen, title: str, letter: str, cells: int, sort: tuple[str, bool] | None, *, is_number: bool) -> Row:
    is_sorted = sort is not None and sort[0] == letter
    arrow = (pen.signs.up if sort is not None and sort[1] else pen.signs.down) if is_sorted else ""
    text = f"{title}{arrow}"
    text = text.rjust(cells)[-cells:] if is_number else fit_text(text, cells, "")
    return [pen(text, Role.TEXT if is_sorted else Role.CHROME)]


def table_row(
    pen: Pen, digest: Digest, ref: NodeRef, cells: int, *, is_selected: bool = False, is_marked: bool = False
) -> Row:
    """Write one node as a row of the table."""
    columns, name_cells = fitting_columns(cells)
    entry = Entry(digest, digest.snapshot.nodes[ref], digest.sum_of(ref))
    name = fit_text(digest.name_of(ref), name_cells, pen.signs.ellipsis)
    is_host = entry.sums.host is not None and entry.sums.host.state is HostState.OK
    written = pen.accent(name) if is_selected else pen(name, Role.STRONG if is_host else Role.TEXT)
    row: Row = [node_mark(pen, digest, ref, is_selected=is_selected), pen(" "), written]
    for column in columns:
        row += blank(GAP)
        row += _cell(pen, column, entry)
    return selectable(pen, row, cells, is_selected=is_selected, is_marked=is_marked)


def _cell(pen: Pen, column: Column, entry: Entry) -> Row:
    """Write one cell at its width, numbers to the right."""
    written = clip(column.write(pen, entry), column.cells, pen.signs.ellipsis)
    padding = blank(column.cells - width_of(written))
    return [*padding, *written] if column.is_number else [*written, *padding]


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
