"""The matrix as text: a row for each host, a column for each node, in blocks as wide as the terminal.

A cell is the mark of its pair and a number: the median round trip of a fresh pair, the age of a stale one. Below stand
the sums, what is wrong in words, and the legend of the marks in use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.probe.window import TIMED_OUT
from tsym_tui.cli.names import unique_names
from tsym_tui.cli.texts import Pen, Row, line
from tsym_tui.graph.cells import clip, settle, width
from tsym_tui.graph.frame import Run
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.looks import (
    HOST_WORDS,
    Role,
    format_age,
    format_loss,
    format_ms,
    freshness,
    latency_step,
    look_of,
    signs,
)
from tsym_tui.graph.themes import PLAIN
from tsym_tui.ui.rows.matrixmetric import Metric, Sort

MOST_NAME = 16
LEAST_CELL = 7
GAP = 2
MOST_TROUBLES = 12


class Asked(msgspec.Struct, frozen=True):
    """What of a matrix was asked for."""

    metric: Metric = Metric.PATH
    sort: Sort | None = None
    """None = hosts and nodes stand as they were found."""
    group: Criterion | None = None
    """A column for each group instead of one for each node."""


def matrix_rows(pen: Pen, snapshot: Snapshot, asked: Asked = Asked()) -> list[Row]:  # noqa: B008 - frozen
    """Lay out the whole answer."""
    rows: list[Row] = []
    for tailnet in snapshot.tailnets:
        sources = list(dict.fromkeys(source for source, _ in snapshot.pairs if source.tailnet == tailnet))
        targets = [ref for ref in snapshot.nodes if ref.tailnet == tailnet]
        if sources:
            if len(snapshot.tailnets) > 1:
                rows += [line(pen.run(str(tailnet), Role.STRONG)), line()]
            rows += _blocks(pen, snapshot, *_plan(pen, snapshot, sources, targets, asked))
    pairs = snapshot.pairs.values()
    return [*rows, *_sums(pen, snapshot), *_troubles(pen, snapshot), line(), *_legend(pen, pairs, asked)]


class _Column(msgspec.Struct, frozen=True):
    """One column: its name, its width, and its cell for each host."""

    name: str
    cells: int
    write: Callable[[NodeRef], list[Run]]


def _plan(
    pen: Pen, snapshot: Snapshot, sources: Sequence[NodeRef], targets: Sequence[NodeRef], asked: Asked
) -> tuple[list[NodeRef], list[_Column]]:
    """Choose rows and columns, and their order."""
    if asked.sort is None and asked.group is None:
        return list(sources), _node_columns(pen, snapshot, targets, asked.metric)
    from tsym_tui.cli.gridgroups import arranged, group_columns  # they need numpy

    board = arranged(snapshot, targets, asked.metric, asked.sort, asked.group)
    rows = [board.row_refs[member] for member in board.rows.members.tolist()]
    if asked.group is not None:
        return rows, [_Column(*made) for made in group_columns(pen, board)]
    targets = [board.column_refs[member] for member in board.columns.members.tolist()]
    return rows, _node_columns(pen, snapshot, targets, asked.metric)


def _node_columns(pen: Pen, snapshot: Snapshot, targets: Sequence[NodeRef], metric: Metric) -> list[_Column]:
    names = unique_names(snapshot.nodes.values())
    return [_node_column(pen, snapshot, target, _name(names, target), metric) for target in targets]


def _node_column(pen: Pen, snapshot: Snapshot, target: NodeRef, name: str, metric: Metric) -> _Column:
    def write(source: NodeRef) -> list[Run]:
        return [_cell(pen, snapshot.pairs.get((source, target)), metric, is_self=source == target)]

    return _Column(name, min(MOST_NAME, max(LEAST_CELL, width(name))), write)


def _blocks(pen: Pen, snapshot: Snapshot, sources: Sequence[NodeRef], columns: Sequence[_Column]) -> list[Row]:
    """Cut the columns into blocks that fit, each with its own head and row names."""
    names = unique_names(snapshot.nodes.values())
    label = max([4, *(min(MOST_NAME, width(_name(names, source))) for source in sources)])
    rows: list[Row] = []
    start = 0
    while start < len(columns):
        end, used = start, label
        while end < len(columns) and (end == start or used + GAP + columns[end].cells <= pen.columns):
            used += GAP + columns[end].cells
            end += 1
        block = columns[start:end]
        rows.append(
            [Run(" " * label, PLAIN)]
            + [part for column in block for part in _right(pen, column.name, column.cells, Role.DIM)]
        )
        for source in sources:
            row = _left(pen, _name(names, source), label, _row_role(snapshot, source))
            for column in block:
                row += _padded(column.write(source), column.cells)
            rows.append(row)
        rows.append(line())
        start = end
    return rows


def _row_role(snapshot: Snapshot, source: NodeRef) -> Role:
    fine = any(host.ref == source and host.state is HostState.OK for host in snapshot.hosts)
    return Role.STRONG if fine else Role.STALE


def _cell(pen: Pen, pair: Pair | None, metric: Metric, *, is_self: bool) -> Run:
    if is_self:
        return Run(signs(pen.level).self, pen.theme.style(Role.CHROME))
    look = look_of(pair)
    text = cell_number(pair) if metric is Metric.PATH else _figure(pair, metric)
    style = pen.theme.style(look.role)
    if pair is not None and (number := metric.number(pair)) is not None:
        style = pen.theme.latency(latency_step(number, metric.steps()), freshness(pair.age_s))
    mark = look.mark(pen.level)
    return Run(f"{mark} {text}" if text else mark, style)


def _figure(pair: Pair | None, metric: Metric) -> str:
    """Return the metric's figure of a fresh pair, with its unit where that is not a millisecond."""
    number = None if pair is None else metric.number(pair)
    if number is None:
        return cell_number(pair) if pair is not None and pair.state is SampleState.STALE else ""
    return format_ms(number) if metric.is_time else metric.say(number).replace(" ", "")


def typical_ms(pair: Pair) -> float | None:
    """Return the number of a fresh pair: its median, else its newest round trip."""
    return pair.latency_ms if pair.p50_ms is None else pair.p50_ms


def cell_number(pair: Pair | None) -> str:
    """Return what stands beside the mark: a fresh pair's round trip, a stale one's age."""
    if pair is None:
        return ""
    if pair.state is SampleState.FRESH:
        ms = typical_ms(pair)
        return "" if ms is None else format_ms(ms)
    return format_age(pair.age_s).replace(" ", "") if pair.state is SampleState.STALE else ""


def _sums(pen: Pen, snapshot: Snapshot) -> list[Row]:
    pairs = snapshot.pairs.values()
    fresh = Counter(pair.path for pair in pairs if pair.state is SampleState.FRESH)
    states = Counter(pair.state for pair in pairs)
    counts = [
        (fresh[PathKind.DIRECT], "direct"),
        (fresh[PathKind.PEER_RELAY], "by peer relay"),
        (fresh[PathKind.DERP], "by DERP"),
        (fresh[PathKind.UNKNOWN], "answered, path unknown"),
        (states[SampleState.FAILED], "dead"),
        (states[SampleState.STALE], "stale"),
        (states[SampleState.NEVER], "not probed"),
    ]
    words = ", ".join(f"{count} {word}" for count, word in counts if count)
    hidden = f"; +{snapshot.hidden} hidden" if snapshot.hidden else ""
    sampled = "; a sample, for there are more pairs than the budget allows" if snapshot.cost.sampled else ""
    total = f"{len(pairs)} pair{'' if len(pairs) == 1 else 's'}"
    return [line(pen.run(total, Role.STRONG), pen.run(f": {words}{hidden}{sampled}", Role.TEXT))]


def _troubles(pen: Pen, snapshot: Snapshot) -> list[Row]:
    """Say in words what a person would look for: dead nodes first, then single pairs, then loss."""
    names = unique_names(snapshot.nodes.values())
    told = [*_dead(snapshot, names), *_lossy(snapshot, names), *_silent(snapshot)]
    rows = [line(pen.run(f"  {text}", role)) for text, role in told[:MOST_TROUBLES]]
    if len(told) > MOST_TROUBLES:
        rows.append(line(pen.run(f"  and {len(told) - MOST_TROUBLES} more", Role.DIM)))
    return rows


def _dead(snapshot: Snapshot, names: dict[NodeRef, str]) -> list[tuple[str, Role]]:
    """Name dead nodes once, and dead pairs of nodes that others reach."""
    told: list[tuple[str, Role]] = []
    for target in snapshot.nodes:
        asked = [pair for pair in _towards(snapshot, target) if pair.state is not SampleState.NEVER]
        dead = [pair for pair in asked if pair.state is SampleState.FAILED]
        if not dead:
            continue
        why = next((f": {pair.error}" for pair in dead if pair.error and pair.error != TIMED_OUT), "")
        if len(dead) == len(asked):
            word = f"{names[target]} is dead from {len(dead)} of {len(asked)} hosts"
            told.append((f"{word if len(asked) > 1 else f'{names[target]} is dead'}{why}", Role.DEAD))
        else:
            told += [(f"{_name(names, pair.source)} to {names[target]} is dead{why}", Role.DEAD) for pair in dead]
    return told


def _towards(snapshot: Snapshot, target: NodeRef) -> Iterable[Pair]:
    sources = dict.fromkeys(host.ref for host in snapshot.hosts if host.ref is not None)
    return (pair for source in sources if (pair := snapshot.pairs.get((source, target))))


def _lossy(snapshot: Snapshot, names: dict[NodeRef, str]) -> list[tuple[str, Role]]:
    return [
        (f"{_name(names, pair.source)} to {_name(names, pair.target)} loses {format_loss(pair.loss)}", Role.WARN)
        for pair in snapshot.pairs.values()
        if pair.state is SampleState.FRESH and pair.loss
    ]


def _silent(snapshot: Snapshot) -> list[tuple[str, Role]]:
    return [
        (f"{host.name} {HOST_WORDS[host.state]}: its pairs are from {format_age(host.age_s)} ago", Role.STALE)
        for host in snapshot.hosts
        if host.state is not HostState.OK and host.ref is not None
    ]


def _legend(pen: Pen, pairs: Iterable[Pair], asked: Asked) -> list[Row]:
    """Explain the marks that were used, in their order of trust."""
    used = dict.fromkeys(
        (look.mark(pen.level), look.words)
        for look in sorted((look_of(pair) for pair in pairs), key=lambda look: (_STATES[look.state], _PATHS[look.path]))
    )
    rows: list[Row] = [[]]
    room = pen.columns
    for mark, words in used:
        text = f"{mark} {words}"
        if rows[-1] and width(text) + 3 > room:
            rows.append([])
            room = pen.columns
        rows[-1].append(pen.run(("   " if rows[-1] else "") + text, Role.DIM))
        room -= width(text) + 3
    words = f"numbers are {_FIGURES[asked.metric]} of a fresh pair"
    if asked.group is not None:
        words = "behind each mark how many of the group are so: what is commonest, then what is worst"
    return [*rows, line(pen.run(words, Role.DIM))]


_FIGURES = {
    Metric.PATH: "ms, the median round trip",
    Metric.P50: "ms, the median round trip",
    Metric.P95: "ms, the round trip that 95 of 100 stay under",
    Metric.LOSS: "the share of probes without an answer",
    Metric.JITTER: "ms, the mean difference of neighbouring round trips,",
    Metric.AGE: "the age of the newest answer",
}


_STATES = {state: place for place, state in enumerate(SampleState)}
_PATHS = {path: place for place, path in enumerate(PathKind)}


def _name(names: dict[NodeRef, str], ref: NodeRef) -> str:
    return settle(names.get(ref) or ref.stable_id)


def _left(pen: Pen, text: str, cells: int, role: Role) -> list[Run]:
    shown = clip(text, cells, signs(pen.level).ellipsis)
    return [pen.run(shown, role), Run(" " * (cells - width(shown)), PLAIN)]


def _right(pen: Pen, text: str, cells: int, role: Role) -> list[Run]:
    return _padded([pen.run(clip(text, cells, signs(pen.level).ellipsis), role)], cells)


def _padded(runs: Sequence[Run], cells: int) -> list[Run]:
    used = sum(width(run.text) for run in runs)
    return [Run(" " * (GAP + max(0, cells - used)), PLAIN), *runs]
