"""A node in full: whether it may take part, who reaches it how, what it is, and each of its pairs."""

from __future__ import annotations

from collections import Counter

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.times import parse_time
from tsym_tui.graph.looks import (
    LOOKS,
    NODE_LOOKS,
    Direction,
    Line,
    Look,
    NodeKind,
    Role,
    combine,
    format_age,
    format_ms,
    verdict_look,
)
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.problems import KEY_WARNING_S
from tsym_tui.ui.rows.facts import claims, fact, host_lines, standing_lines
from tsym_tui.ui.rows.pens import Pen, Row, fit_text, spread, wrap
from tsym_tui.ui.tallies import standing_of

MOST_PAIRS = 400
"""More than anybody scrolls through; the table and its filter find the others."""


def node_rows(pen: Pen, digest: Digest, ref: NodeRef, cells: int, most_pairs: int = MOST_PAIRS) -> list[Row]:
    """Write a node for a pane of that many cells; of its pairs the first so many."""
    node = digest.snapshot.nodes.get(ref)
    if node is None:
        return [[pen.dim("this node has left the tailnet")]]
    sums = digest.sum_of(ref)
    rows: list[Row] = [node_title(pen, digest, node, cells)]
    for about in ("  ".join((*node.tags, node.owner or "")), node.site or ""):
        rows += [[pen.dim(text)] for text in wrap(about, cells)]
    for block in (
        standing_lines(pen, node, cells),
        host_lines(pen, sums.host, cells) if sums.host is not None else [],
        class_bars(pen, digest, ref, cells),
        claims(pen, node, sums, digest.snapshot.generated_at),
        _facts(pen, digest, node, cells),
        pair_list(pen, digest, ref, cells, most_pairs),
    ):
        rows += [[], *block] if block else []
    return rows


def node_title(pen: Pen, digest: Digest, node: Node, cells: int) -> Row:
    """Name the node and say what it is to us."""
    kind = digest.kind_of(node.ref)
    host = digest.sum_of(node.ref).host
    words = NODE_LOOKS[kind].words if kind is NodeKind.DEAD else ("host" if host is not None else "no host")
    return spread([pen.accent(digest.name_of(node.ref))], [pen.dim(words)], cells, pen.signs.ellipsis)


def line_between(digest: Digest, one: NodeRef, other: NodeRef) -> Line:
    """Merge what both ends measured."""
    return combine(digest.pair(one, other), digest.pair(other, one))


def class_bars(pen: Pen, digest: Digest, ref: NodeRef, cells: int) -> list[Row]:
    """Count a node's pairs by class, with a bar each; classes nobody shows are left out."""
    counts = _counted(digest, ref)
    most = max(counts.values(), default=0)
    order = [*((SampleState.FRESH, path) for path in PathKind), *((s, PathKind.UNKNOWN) for s in SampleState)]
    rows = []
    for look in dict.fromkeys(LOOKS[key] for key in order):
        count = counts[look]
        if not count:
            continue
        role = Role.TEXT if look.role is Role.LATENCY else look.role
        room = cells - 17 - 5
        bar = ("-" if pen.is_ascii else "━") * max(1, round(room * count / most))
        head = [pen(pen.glyph(look.glyph), role), pen(" "), pen.dim(fit_text(look.words, 14)), pen(bar, role)]
        rows.append(spread(head, [pen.strong(str(count))], cells))
    return rows


def _counted(digest: Digest, ref: NodeRef) -> Counter[Look]:
    """Count a node's pairs by look; where both ends ask, that follows from how the two directions stand."""
    places, codes = digest.places, digest.codes
    alone, mutual = Counter[int](), Counter[tuple[int, int]]()
    examples: dict[tuple[int, int], int] = {}
    for place in places.leaving.get(ref, ()):
        twin = places.twin(place)
        if twin is None:
            alone[codes[place]] += 1
        else:
            both = codes[place], codes[twin]
            mutual[both] += 1
            examples[both] = place
    alone.update(codes[place] for place in places.arriving.get(ref, ()) if places.twin(place) is None)
    counts = Counter[Look]()
    for code, count in alone.items():
        counts[verdict_look(*standing_of(code))] += count
    for both, count in mutual.items():
        line = line_between(digest, *places.keys[examples[both]])
        counts[verdict_look(line.state, line.path)] += count
    return counts


def _facts(pen: Pen, digest: Digest, node: Node, cells: int) -> list[Row]:
    """Write what control and its own daemon say of it."""
    rows = [fact(pen, "address" if place == 0 else "", text) for place, text in enumerate(node.addresses)]
    system = f"{node.os} {node.version.split('-')[0]}" if node.version else node.os
    rows += [fact(pen, "system", system)] if system else []
    rows += [fact(pen, "home", f"DERP {node.home_region}")] if node.home_region else []
    rows += _key_fact(pen, digest, node)
    served = [*node.routes, *(["exit node"] if node.is_exit_node_option else [])]
    lines = [line for text in served for line in wrap(text, cells - 9)]
    rows += [fact(pen, "routes" if place == 0 else "", text) for place, text in enumerate(lines)]
    return rows


def _key_fact(pen: Pen, digest: Digest, node: Node) -> list[Row]:
    """Say when its key expires, in warning colour when that is soon."""
    expiry = parse_time(node.key_expiry)
    if expiry is None:
        return []
    left_s = (expiry - digest.snapshot.generated_at).total_seconds()
    words = f"expires in {format_age(left_s)}" if left_s > 0 else f"expired {format_age(-left_s)} ago"
    row = fact(pen, "key", words)
    return [[row[0], pen(words, Role.WARN)] if left_s < KEY_WARNING_S else row]


def pair_list(pen: Pen, digest: Digest, ref: NodeRef, cells: int, most: int) -> list[Row]:
    """List its pairs, each with class and number, and count those that are left out."""
    others = digest.neighbours(ref)
    if not others:
        return []
    rows: list[Row] = [spread([pen.dim("pairs"), pen(f" {len(others)}", Role.CHROME)], [pen("ms", Role.CHROME)], cells)]
    rows += [pair_row(pen, digest, ref, other, cells) for other in others[:most]]
    return [*rows, [pen.dim(f"{len(others) - most} more pairs")]] if len(others) > most else rows


def pair_row(pen: Pen, digest: Digest, ref: NodeRef, other: NodeRef, cells: int) -> Row:
    """Write one pair as a list row: the other end, class, number."""
    line = line_between(digest, ref, other)
    number = format_ms(line.latency_ms) if line.state is SampleState.FRESH else _since(line)
    way = ""
    if line.direction is not Direction.EVEN:
        forth = line.direction is Direction.THERE
        way = f"{pen.signs.right if forth else pen.signs.left} "
    right = [pen(way, Role.WARN), pen.line(f"{pen.glyph(line.look.glyph)}{number.rjust(7)}", line)]
    return spread([pen(digest.name_of(other))], right, cells, pen.signs.ellipsis)


def _since(line: Line) -> str:
    return format_age(line.age_s) if line.age_s is not None else ""
