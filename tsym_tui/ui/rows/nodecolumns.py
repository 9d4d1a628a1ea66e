"""The columns of the table of nodes: what each says of a node and of a group, and how it sorts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from tsym_agent.model.nodes import Node, Standing
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.times import parse_time
from tsym_tui.fleet.terms import short_version
from tsym_tui.graph.cells import settle
from tsym_tui.graph.looks import (
    LOOKS,
    STANDING_WORDS,
    Glyph,
    Look,
    Role,
    format_age,
    format_loss,
    format_ms,
    verdict_look,
)
from tsym_tui.ui.digests import Digest, NodeSum
from tsym_tui.ui.problems import KEY_WARNING_S
from tsym_tui.ui.rows.groupsums import GroupSum
from tsym_tui.ui.rows.pens import Pen, Row
from tsym_tui.ui.rows.timelines import Span, spark
from tsym_tui.ui.source import Sample

SortKey: TypeAlias = tuple[int, float, str]
"""Whether it is unknown, then what it is sorted by."""

HISTORY_CELLS = 8


class Entry(msgspec.Struct, frozen=True):
    """One node as a column sees it."""

    digest: Digest
    node: Node
    sums: NodeSum
    trace: Trace | None = None
    """Its round trips over time; None where nobody asked for them."""


class Trace(msgspec.Struct, frozen=True):
    """The remembered probes of the pair whose round trip a row shows."""

    samples: Sequence[Sample]
    span: Span


class Column(msgspec.Struct, frozen=True):
    """One column."""

    letter: str
    """Sorts by it, after `o`; empty = it cannot be sorted by."""
    title: str
    cells: int
    write: Callable[[Pen, Entry], Row]
    order: Callable[[Entry], SortKey]
    rank: int
    """How soon it is left out where there is no room: the highest first."""
    is_number: bool = False
    add_up: Callable[[Pen, GroupSum], Row] = lambda _pen, _sum: []
    """What stands in the line of a group."""


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
    """How the node is mostly reached, and the signs of how else; why it cannot be, where it may not take part."""
    sums = entry.sums
    if entry.node.standing is not Standing.OK:
        return [pen("! ", Role.WARN), pen(STANDING_WORDS[entry.node.standing], Role.WARN)]
    if not sums.probed and not sums.never:
        return [pen("we look here" if sums.host is not None else "", Role.CHROME)]
    look = verdict_look(sums.state, sums.path)
    mark = pen.look(pen.glyph(look.glyph), look, sums.median_ms, sums.age_s)
    if sums.state is not SampleState.FRESH:
        return [mark, pen(" "), pen(look.words, look.role)]
    others = sorted(sums.paths - {sums.path}, key=_PATH_BADNESS.__getitem__)
    signs = "".join(pen.glyph(LOOKS[SampleState.FRESH, path].glyph) for path in others)
    return [mark, pen(" "), pen(_short(look)), pen.dim(f" {signs}" if signs else "")]


def _short(look: Look) -> str:
    """Say a class in one word: a column has no room for two."""
    return look.words.removeprefix("peer ").removeprefix("path ").partition(",")[0]


def _worst_path(pen: Pen, group: GroupSum) -> Row:
    """How the worst member is reached, and how many are reached so."""
    look = group.worst
    if look is None:
        return []
    text = f"{pen.glyph(look.glyph)} {_short(look)}"
    return [pen.look(text, look, group.worst_ms), pen.dim(f" {group.worst_share}/{group.count}")]


def _figure(value: Callable[[NodeSum], float | None]) -> Callable[[Pen, Entry], Row]:
    """Write a round trip of the sums."""

    def write(pen: Pen, entry: Entry) -> Row:
        ms = value(entry.sums)
        return [pen.latency(format_ms(ms), ms, entry.sums.age_s)] if ms is not None else []

    return write


def _group_figure(value: Callable[[GroupSum], float | None]) -> Callable[[Pen, GroupSum], Row]:
    def write(pen: Pen, group: GroupSum) -> Row:
        ms = value(group)
        return [pen.latency(format_ms(ms), ms)] if ms is not None else []

    return write


def _loss_of(pen: Pen, loss: float | None) -> Row:
    """Mean share of unanswered probes, over everybody who probes it."""
    return [] if loss is None else [pen(format_loss(loss), Role.WARN if loss > 0 else Role.TEXT)]


def _share(pen: Pen, part: int, whole: int) -> Row:
    """Write how many of how many."""
    return [pen(f"{part}/{whole}", Role.TEXT if part == whole else Role.WARN)] if whole else []


MOST_SHARE = 6
"""Cells of the columns that hold a share."""


def _members(pen: Pen, part: int, whole: int) -> Row:
    """Write how many members of a group something is true of; in percent where both numbers have no room."""
    if not whole:
        return []
    if part in {0, whole}:
        return [pen("all") if part else pen("none", Role.CHROME)]
    text = f"{part}/{whole}"
    return [pen(text if len(text) <= MOST_SHARE else f"{100 * part // whole} %", Role.WARN)]


def _history(pen: Pen, entry: Entry) -> Row:
    """Draw the round trips of the pair whose number stands before it."""
    return spark(pen, entry.trace.samples, entry.trace.span, HISTORY_CELLS) if entry.trace is not None else []


# three facts that stay apart: control says online, WireGuard shook hands, a probe was answered


def _fact(pen: Pen, is_so: bool | None, age: str, bad: Role = Role.STALE) -> Row:
    """Write a fact with its age; None = nobody knows."""
    if is_so is None:
        return [pen("?", Role.CHROME)]
    sign = pen.glyph(YES if is_so else NO)
    return [pen(sign, Role.OK if is_so else bad), pen.dim(f" {age}") if is_so else pen(f" {age}", bad)]


YES, NO = Glyph("✓", "✓", "+"), Glyph("✕", "x", "x")


def _age_since(moment: str | None, entry: Entry) -> str:
    left_s = _left_s(moment, entry)
    return "" if left_s is None else _short_age(max(0.0, -left_s))


def _short_age(age_s: float | None) -> str:
    return "" if age_s is None else format_age(age_s).replace(" min", " m")


def _online(pen: Pen, entry: Entry) -> Row:
    """Write what control says: a claim of its own, no proof that packets get there."""
    node = entry.node
    return _fact(pen, node.online, "" if node.online else _age_since(node.last_seen, entry))


def _handshake(pen: Pen, entry: Entry) -> Row:
    """How long ago the newest WireGuard handshake was; none seen is no proof of anything."""
    return _fact(pen, True if entry.node.last_handshake else None, _age_since(entry.node.last_handshake, entry))


def _probe(pen: Pen, entry: Entry) -> Row:
    """Whether probes are answered, and how long ago anybody heard from it."""
    sums = entry.sums
    is_so = True if sums.fresh else False if sums.failed else None
    if is_so is None and sums.stale:
        return [
            pen(f"{pen.glyph(LOOKS[SampleState.STALE, PathKind.UNKNOWN].glyph)} {_short_age(sums.age_s)}", Role.STALE)
        ]
    return _fact(pen, is_so, _short_age(sums.age_s), Role.DEAD)


def _owner_text(node: Node) -> str:
    """Its tags, else its owner."""
    return " ".join(tag.removeprefix("tag:") for tag in node.tags) or (node.owner or "")


def _left_s(moment: str | None, entry: Entry) -> float | None:
    then = parse_time(moment)
    return None if then is None else (then - entry.digest.snapshot.generated_at).total_seconds()


def _age_order(moment: Callable[[Node], str | None]) -> Callable[[Entry], SortKey]:
    """Sort by how long ago something was."""
    return lambda entry: _number(None if (left := _left_s(moment(entry.node), entry)) is None else -left)


def _key(pen: Pen, entry: Entry) -> Row:
    """When its key expires."""
    left_s = _left_s(entry.node.key_expiry, entry)
    if left_s is None:
        return []
    words = format_age(left_s) if left_s > 0 else "expired"
    return [pen(words, Role.WARN) if left_s < KEY_WARNING_S else pen.dim(words)]


def _plain(text: Callable[[Node], str]) -> Callable[[Pen, Entry], Row]:
    """Write a text of the node."""
    return lambda pen, entry: [pen.dim(settle(text(entry.node)))]


def _by_text(text: Callable[[Node], str]) -> Callable[[Entry], SortKey]:
    return lambda entry: _text(text(entry.node))


def _first_address(node: Node) -> str:
    return node.addresses[0] if node.addresses else ""


def _site(node: Node) -> str:
    return node.site or ""


COLUMNS: tuple[Column, ...] = (
    Column("t", "tags, owner", 14, _plain(_owner_text), _by_text(_owner_text), 7),
    Column("o", "os", 7, _plain(lambda n: n.os), _by_text(lambda n: n.os), 9),
    Column("v", "version", 7, _plain(short_version), _by_text(short_version), 10),
    Column("p", "path", 14, _path, _path_order, 0, add_up=_worst_path),
    Column("r", "p50 ms", 6, _figure(lambda s: s.median_ms), lambda e: _number(e.sums.median_ms), 1, is_number=True,
           add_up=_group_figure(lambda g: g.median_ms)),
    Column("w", "worst", 5, _figure(lambda s: s.worst_ms), lambda e: _number(e.sums.worst_ms), 12, is_number=True,
           add_up=_group_figure(lambda g: g.slowest_ms)),
    Column("l", "loss", 5, lambda pen, e: _loss_of(pen, e.sums.loss), lambda e: _number(e.sums.loss), 2,
           is_number=True, add_up=lambda pen, g: _loss_of(pen, g.loss)),
    Column("", "history", HISTORY_CELLS, _history, lambda _: _number(None), 6),
    Column("c", "online", 6, _online, lambda e: _text("" if e.node.online is None else str(not e.node.online)), 4,
           add_up=lambda pen, g: _members(pen, g.online, g.count)),
    Column("s", "handshake", 9, _handshake, _age_order(lambda n: n.last_handshake), 5,
           add_up=lambda pen, g: _members(pen, g.with_handshake, g.count)),
    Column("h", "probe", 6, _probe, lambda e: _number(e.sums.age_s), 3,
           add_up=lambda pen, g: _members(pen, g.reached, g.asked)),
    Column("f", "from", 5, lambda pen, e: _share(pen, e.sums.fresh, e.sums.probed), lambda e: _number(e.sums.fresh), 11,
           is_number=True),
    Column("k", "key", 7, _key, lambda e: _number(_left_s(e.node.key_expiry, e)), 8, is_number=True),
    Column("i", "site", 18, _plain(_site), _by_text(_site), 13),
    Column("a", "address", 15, _plain(_first_address), _by_text(_first_address), 14),
)  # fmt: skip
"""Every column, in the order of the table."""
