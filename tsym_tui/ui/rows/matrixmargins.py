"""The margins of a matrix: they speak only where a whole row or column says the same, and then in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import lru_cache

import msgspec

from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind
from tsym_tui.graph.cells import width
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import Role, format_age, host_words
from tsym_tui.graph.themes import Style
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.matrixaxis import Axis, Band, bands_in_sight
from tsym_tui.ui.rows.matrixboard import Board
from tsym_tui.ui.rows.matrixcells import Kind
from tsym_tui.ui.rows.matrixmetric import Metric
from tsym_tui.ui.rows.matrixtiles import Tiles, sign_of
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip

SAYS_CELLS = 14
MOSTLY = 0.8
"""From this share on a row or column speaks as one."""

FEWEST_ASKED = 2
"""One pair is no pattern."""


class Trouble(Enum):
    """What most of a row or column may have in common."""

    DEAD = "dead"
    RELAYED = "relayed"
    SLOW = "slow"
    STALE = "stale"
    MIXED = "bad"
    """Each of them has some trouble, not all the same."""


_KINDS = {
    Trouble.DEAD: (Kind.DEAD,),
    Trouble.RELAYED: (Kind.DERP, Kind.RELAY),
    Trouble.SLOW: (Kind.SLOW,),
    Trouble.STALE: (Kind.STALE,),
    Trouble.MIXED: (Kind.DEAD, Kind.DERP, Kind.RELAY, Kind.SLOW, Kind.STALE, Kind.UNKNOWN),
}
_BY_METRIC = {Metric.LOSS: "lossy", Metric.JITTER: "jittery", Metric.AGE: "old"}


class Verdict(msgspec.Struct, frozen=True):
    """What a row or column says as one."""

    trouble: Trouble
    kind: Kind
    """The commonest kind of it, which is the sign."""
    count: int
    asked: int

    @property
    def share(self) -> str:
        """Say whether it is all or most of them."""
        return "all" if self.count == self.asked else "mostly"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that count for it."""
        return _KINDS[self.trouble]

    def words(self, metric: Metric) -> str:
        """Name the trouble; by another metric than the path, what is bad is bad by that."""
        return _BY_METRIC.get(metric, "slow") if self.trouble is Trouble.SLOW else self.trouble.value


@lru_cache(maxsize=8192)
def verdict_of(counts: tuple[int, ...]) -> Verdict | None:
    """Judge a row or column by how often each kind stands in it; None where it says nothing as one."""
    asked = sum(counts[Kind.WELL :])
    if asked < FEWEST_ASKED:
        return None
    for trouble, kinds in _KINDS.items():
        count = sum(counts[kind] for kind in kinds)
        if count >= MOSTLY * asked:
            return Verdict(trouble, max(kinds, key=lambda kind: counts[kind]), int(count), int(asked))
    return None


def row_says(tiles: Tiles, digest: Digest, board: Board, row: int) -> Row:
    """Say in the right margin what a row says as one, else count what is not well in it."""
    if (tiles, row) not in board.said:
        board.said[tiles, row] = _row_says(tiles, digest, board, row)
    return board.said[tiles, row]


def _row_says(tiles: Tiles, digest: Digest, board: Board, row: int) -> Row:
    pen = tiles.pen
    silent = _silence(digest, _node_of(board.rows, board.row_refs, row))
    if silent:
        return clip([pen(silent, Role.WARN)], SAYS_CELLS, pen.signs.ellipsis)
    counts = board.row_counts[row]
    verdict = verdict_of(counts)
    if verdict is not None:
        words = f"{verdict.share} {verdict.words(board.choice.metric)}"
        return [Run(words, _strong(tiles.style(board.typical_key(row, verdict.kinds, is_row=True))))]
    parts: Row = []
    for kind in (Kind.STALE, Kind.UNKNOWN, Kind.SLOW, Kind.RELAY, Kind.DERP, Kind.DEAD):
        if counts[kind]:
            role = {Kind.DEAD: Role.DEAD, Kind.STALE: Role.STALE}.get(kind, Role.TEXT)
            parts += [pen(sign_of(pen, kind, board.choice.metric), role), pen.dim(f"{counts[kind]} ")]
    return clip(parts, SAYS_CELLS, "")


def _silence(digest: Digest, ref: NodeRef | None) -> str:
    """Say that a host does not answer, and for how long."""
    host = digest.sum_of(ref).host if ref is not None else None
    if host is None or host.state is HostState.OK:
        return ""
    return host_words(host).replace(" for ", " ")


def _node_of(axis: Axis, refs: Sequence[NodeRef], item: int) -> NodeRef | None:
    """Return the node of an item; None for a folded group."""
    members = axis.items[item].members
    return refs[members[0]] if len(members) == 1 and not axis.items[item].is_folded else None


def _strong(style: Style) -> Style:
    return msgspec.structs.replace(style, bold=True)


class Remark(msgspec.Struct, frozen=True):
    """What one column says, and where."""

    x: int
    """Cell of its sign."""
    sign: Run
    title: Run
    words: str
    rank: int
    """The lowest is told first."""


def signs_of(tiles: Tiles, board: Board, columns: range) -> list[tuple[int, Run]]:
    """Return the sign of each column in sight that says something as one, and its cell."""
    found = []
    for _, seen in bands_in_sight(board.columns, columns):
        for at in seen:
            verdict = verdict_of(board.column_counts[at])
            if verdict is not None:
                found.append((_cell_of(board, columns, at), _sign(tiles, board, at, verdict)))
    return found


def _cell_of(board: Board, columns: range, at: int) -> int:
    return board.columns.offsets[at] - board.columns.offsets[columns.start]


def _sign(tiles: Tiles, board: Board, at: int, verdict: Verdict) -> Run:
    key = board.typical_key(at, (verdict.kind,), is_row=False)
    return Run(tiles[key][0].text.strip(), tiles.style(key))


def remarks_of(tiles: Tiles, digest: Digest, board: Board, columns: range) -> list[Remark]:
    """Say what columns in sight say as one; what most of a group agree on is said once."""
    found: list[Remark] = []
    for band, seen in bands_in_sight(board.columns, columns):
        verdicts = {at: verdict for at in seen if (verdict := verdict_of(board.column_counts[at]))}
        agreed = _agreed(board, band) if verdicts and band.title and band.count > 1 else []
        here = [at for at in agreed if at in verdicts]
        if here:
            place = _cell_of(board, columns, here[0]), band.title
            found.append(_remark(tiles, digest, board, place, agreed, _asked(board, band)))
        for at in verdicts.keys() - set(here):
            place = _cell_of(board, columns, at), board.columns.items[at].name
            found.append(_remark(tiles, digest, board, place, [at], [at]))
    return found


def _asked(board: Board, band: Band) -> list[int]:
    """List the columns of a group that hosts asked about."""
    columns = range(band.start, band.stop)
    return [at for at in columns if sum(board.column_counts[at][Kind.WELL :]) >= FEWEST_ASKED]


def _agreed(board: Board, band: Band) -> list[int]:
    """List the columns of a group that say the same, if most of those that were asked about do."""
    asked = _asked(board, band)
    told = {at: verdict.trouble for at in asked if (verdict := verdict_of(board.column_counts[at])) is not None}
    if not told:
        return []
    trouble, count = Counter(told.values()).most_common(1)[0]
    return [at for at in told if told[at] is trouble] if count >= MOSTLY * len(asked) else []


def _remark(
    tiles: Tiles, digest: Digest, board: Board, place: tuple[int, str], told: Sequence[int], asked: Sequence[int]
) -> Remark:
    """Put into words what some columns tell, of those that were asked about."""
    x, title = place
    verdicts = [verdict for at in told if (verdict := verdict_of(board.column_counts[at])) is not None]
    verdict = max(verdicts, key=lambda one: one.count)
    sign = _sign(tiles, board, told[0], verdict)
    count = sum(one.count for one in verdicts)
    share = _share(board, count, sum(sum(board.column_counts[at][Kind.WELL :]) for at in asked), len(asked))
    words = f"{verdict.words(board.choice.metric)} {share}{_detail(digest, board, told, verdict)}"
    rank = list(Trouble).index(verdict.trouble) * 100_000 - count
    return Remark(x, sign, Run(title, _strong(sign.style)), words, rank)


def _share(board: Board, count: int, asked: int, columns: int) -> str:
    """Say from how many of those that asked."""
    way = "to" if board.choice.is_swapped else "from"
    if count == asked:
        return f"{way} all {asked}" if columns == 1 else f"{way} everywhere"
    return f"{way} {count} of {asked}"


def _detail(digest: Digest, board: Board, told: Sequence[int], verdict: Verdict) -> str:
    """Add since when, through which region, or how slow."""
    refs = [board.column_refs[member] for at in told for member in board.columns.items[at].members]
    book = digest.outgoing if board.choice.is_swapped else digest.incoming
    pairs = [pair for ref in refs[:50] for pair in book.get(ref, ())]
    match verdict.trouble:
        case Trouble.DEAD | Trouble.STALE:
            ages = [pair.age_s for pair in pairs if pair.age_s is not None]
            return f", {format_age(min(ages))}" if ages else ""
        case Trouble.RELAYED:
            return _carriers(pairs)
        case Trouble.SLOW:
            figures = [board.figures(slice(None), board.column_span(at))[0] or 0.0 for at in told]
            return f", up to {board.choice.metric.say(max(figures))}"
        case Trouble.MIXED:
            return ""


def _carriers(pairs: Sequence[Pair]) -> str:
    """Name the one region or the kind of relay that all of them go through."""
    paths = {pair.path for pair in pairs if pair.is_relayed}
    if paths == {PathKind.DERP}:
        regions = {pair.derp_region for pair in pairs if pair.is_relayed}
        region = next(iter(regions)) if len(regions) == 1 else None
        return f" by DERP {region}" if region else " by DERP"
    return " by peer relay" if paths == {PathKind.PEER_RELAY} else ""


def says_row(signs: Sequence[tuple[int, Run]]) -> Row:
    """Write the signs of the columns that say something."""
    row: Row = []
    at = 0
    for x, sign in signs:
        row += [*blank(x - at), sign]
        at = x + 1
    return row


def leader_rows(pen: Pen, remarks: Sequence[Remark], cells: int, most: int, left: int = 0) -> list[Row]:
    """Hang the words of the worst remarks on lines from their signs, in at most so many rows.

    No line crosses words: as many remarks are told as have room for that. `left` cells before the first column may be
    written on, too.
    """
    ranked = sorted(remarks, key=lambda remark: (remark.rank, remark.x))[:most]
    for count in range(len(ranked), 0, -1):
        told = sorted(ranked[:count], key=lambda remark: -remark.x)
        hung = _Hanging(cells, most, left).hang(told)
        if hung is not None:
            return [_leader_row(pen, hung, y, left) for y in range(max(one.y for one in hung) + 1)]
    return []


class _Hung(msgspec.Struct, frozen=True):
    """A remark in its place: words from `start` to `stop` in row `y`, on a line from above at the remark's sign."""

    remark: Remark
    y: int
    start: int
    stop: int

    @property
    def x(self) -> int:
        return self.remark.x

    def meets(self, other: _Hung) -> bool:
        """Whether the two touch: words beside words, or the line of one through the words of the other."""
        if self.y == other.y:
            here, there = (min(self.x, self.start), max(self.x + 1, self.stop)), (other.x, other.start)
            return here[0] - 2 < max(other.x + 1, other.stop) and min(there) - 2 < here[1]
        low, high = (self, other) if self.y > other.y else (other, self)
        return high.start - 1 <= low.x <= high.stop or low.x == high.x


class _Hanging:
    """Tries places until every remark has one."""

    TRIES = 400
    """After so many, fewer remarks must do."""

    def __init__(self, cells: int, most: int, left: int) -> None:
        self._cells, self._most, self._left = cells, most, left
        self._tries = 0

    def hang(self, remarks: Sequence[Remark], placed: tuple[_Hung, ...] = ()) -> tuple[_Hung, ...] | None:
        """Place the first remark where it meets none of those that have a place, then the others."""
        if not remarks:
            return placed
        for one in self._places(remarks[0]):
            self._tries += 1
            if self._tries > self.TRIES:
                return None
            if any(one.meets(other) for other in placed):
                continue
            found = self.hang(remarks[1:], (*placed, one))
            if found is not None:
                return found
        return None

    def _places(self, remark: Remark) -> Iterator[_Hung]:
        """Offer the rows from above, to the right of the line before the left of it."""
        size = width(remark.title.text) + 1 + width(remark.words)
        for y in range(self._most):
            for start in (remark.x + 2, remark.x - 1 - size):
                if start >= -self._left and start + size <= self._cells:
                    yield _Hung(remark, y, start, start + size)


def _leader_row(pen: Pen, hung: Sequence[_Hung], y: int, left: int) -> Row:
    """Write one row of lines and words."""
    line, right, before = ("|", "`", "'") if pen.is_ascii else ("│", "╰", "╯")
    row: Row = []
    at = -left
    for one in sorted(
        (one for one in hung if one.y >= y), key=lambda one: one.x if one.y > y else min(one.x, one.start)
    ):
        if one.y > y:
            parts, start, stop = [pen(line, Role.CHROME)], one.x, one.x + 1
        else:
            words = [one.remark.title, pen.dim(f" {one.remark.words}")]
            is_right = one.start > one.x
            parts = [pen(f"{right} ", Role.CHROME), *words] if is_right else [*words, pen(f" {before}", Role.CHROME)]
            start, stop = (one.x, one.stop) if is_right else (one.start, one.x + 1)
        row += [*blank(start - at), *parts]
        at = stop
    return row
