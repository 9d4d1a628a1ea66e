"""Below a matrix: the pair under the cursor in both directions, and whether its row, its column or the pair is bad."""

from __future__ import annotations

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.looks import Role, format_age, format_loss, format_ms, look_of
from tsym_tui.ui.digests import Digest, typical_ms
from tsym_tui.ui.rows.matrixboard import Board, Spot, ends_of
from tsym_tui.ui.rows.matrixcells import Kind
from tsym_tui.ui.rows.matrixmargins import Verdict, verdict_of
from tsym_tui.ui.rows.matrixtiles import Tiles, sign_of
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, joined

MARGIN = 3


def foot_rows(tiles: Tiles, digest: Digest, board: Board, spot: Spot, cells: int, most: int) -> list[Row]:
    """Write the foot in at most so many rows, the most telling ones where there is little room."""
    pen = tiles.pen
    rule: Row = [*blank(MARGIN), pen(("-" if pen.is_ascii else "─") * max(0, cells - MARGIN - 2), Role.RULE)]
    host, node = ends_of(board, spot)
    if host is not None and host == node:
        lines: list[Row] = [[pen.accent(digest.name_of(host)), pen.dim(" itself")], []]
    elif host is None or node is None:
        lines = [_crowd(tiles, board, spot), [pen.accent("z"), pen.dim(" unfolds it")]]
    else:
        lines = [_direction(pen, digest, host, node), _direction(pen, digest, node, host)]
    lines = [*lines, _where(tiles, board, spot)]
    return [rule, *(clip([*blank(MARGIN), *line], cells - 1, pen.signs.ellipsis) for line in lines)][:most]


def _crowd(tiles: Tiles, board: Board, spot: Spot) -> Row:
    """Count what stands in a folded cell."""
    pen = tiles.pen
    rows, columns = board.row_span(spot.row), board.column_span(spot.column)
    names = board.rows.items[spot.row].name, board.columns.items[spot.column].name
    host, node = names[::-1] if board.choice.is_swapped else names
    head: Row = [pen.accent(host), pen.dim(f" {pen.signs.right} "), pen.accent(node)]
    counts = board.count_block(spot)
    total = sum(counts[Kind.NEVER :])
    if not total:
        return [*head, pen.dim("   no pairs")]
    parts: list[Row] = [head, [pen(str(total)), pen.dim(" pair" if total == 1 else " pairs")]]
    parts += [
        [pen(sign_of(pen, kind, board.choice.metric)), pen.dim(f" {counts[kind]} {_WORDS[kind]}")]
        for kind in reversed(Kind)
        if kind > Kind.NOTHING and counts[kind]
    ]
    high, middle = board.figures(rows, columns)
    if high is not None:
        metric = board.choice.metric
        parts.append([pen.dim("worst "), pen(metric.say(high)), pen.dim(" median "), pen(metric.say(middle))])
    return joined(parts, 2)


_WORDS = {
    Kind.NEVER: "not probed",
    Kind.WELL: "well",
    Kind.UNKNOWN: "path unknown",
    Kind.STALE: "stale",
    Kind.SLOW: "bad by it",
    Kind.RELAY: "by peer relay",
    Kind.DERP: "by DERP",
    Kind.DEAD: "dead",
}


def _direction(pen: Pen, digest: Digest, source: NodeRef, target: NodeRef) -> Row:
    """Write one direction as a sentence of figures."""
    pair = digest.pair(source, target)
    ends: Row = [
        pen.accent(digest.name_of(source)),
        pen.dim(f" {pen.signs.right} "),
        pen.accent(digest.name_of(target)),
    ]
    if pair is None:
        return [*ends, pen.dim(f"   no host on {digest.name_of(source)}, so this side is unknown")]
    look = look_of(pair)
    words = f"DERP {pair.derp_region}" if pair.path is PathKind.DERP and pair.derp_region else look.words
    parts: list[Row] = [
        ends,
        [pen.sample(pen.glyph(look.glyph), pair), pen(f" {words if look.last is None else look.words}")],
    ]
    if pair.state is SampleState.FRESH:
        parts.append([pen.sample(f"{format_ms(typical_ms(pair))} ms", pair)])
        parts.append([pen.dim("p95 "), pen(format_ms(pair.p95_ms))])
        parts.append([pen.dim("jitter "), pen(format_ms(pair.jitter_ms))])
    parts.append([pen.dim("loss "), pen(format_loss(pair.loss))])
    parts.append([pen.dim("heard "), pen(f"{format_age(pair.age_s)} ago" if pair.age_s is not None else "never")])
    return joined(parts)


def _where(tiles: Tiles, board: Board, spot: Spot) -> Row:
    """Say whether trouble here is of the row, of the column, or of this pair alone."""
    pen = tiles.pen
    kind = board.worst_kinds[spot.row, spot.column]
    if kind <= Kind.WELL:
        return []
    row = verdict_of(board.row_counts[spot.row])
    column = verdict_of(board.column_counts[spot.column])
    names = board.rows.items[spot.row].name, board.columns.items[spot.column].name
    if row is not None and column is not None:
        return [
            pen.strong("row and column"),
            pen.dim(f"  {_said(board, row, names[0])}, {_said(board, column, names[1])}"),
        ]
    if column is not None:
        return [pen.strong("the column"), pen.dim(f"  {_said(board, column, names[1])}: look at {names[1]}")]
    if row is not None:
        return [pen.strong("the row"), pen.dim(f"  {_said(board, row, names[0])}: look at {names[0]}")]
    return [
        pen.strong("this cell"),
        pen.dim(
            f"  {_bad(board.row_counts[spot.row])} in its row and "
            f"{_bad(board.column_counts[spot.column])} in its column are bad"
        ),
    ]


def _said(board: Board, verdict: Verdict, name: str) -> str:
    return f"{name} is {verdict.words(board.choice.metric)} in {verdict.count} of {verdict.asked}"


def _bad(counts: tuple[int, ...]) -> str:
    return f"{sum(counts[Kind.WELL + 1 :])} of {sum(counts[Kind.WELL :])}"
