"""The matrix as text: a row for each host, a column for each node, in blocks as wide as the terminal.

A cell is the mark of its pair and a number: the median round trip of a fresh pair, the age of a stale one. Below stand
the sums, what is wrong in words, and the legend of the marks in use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

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

MOST_NAME = 16
LEAST_CELL = 7
GAP = 2
MOST_TROUBLES = 12


def matrix_rows(pen: Pen, snapshot: Snapshot) -> list[Row]:
    """Lay out the whole answer."""
    rows: list[Row] = []
    for tailnet in snapshot.tailnets:
        sources = list(dict.fromkeys(source for source, _ in snapshot.pairs if source.tailnet == tailnet))
        targets = [ref for ref in snapshot.nodes if ref.tailnet == tailnet]
        if sources:
            if len(snapshot.tailnets) > 1:
                rows += [line(pen.run(str(tailnet), Role.STRONG)), line()]
            rows += _blocks(pen, snapshot, sources, targets)
    pairs = snapshot.pairs.values()
    return [*rows, *_sums(pen, snapshot), *_troubles(pen, snapshot), line(), *_legend(pen, pairs)]


def _blocks(pen: Pen, snapshot: Snapshot, sources: Sequence[NodeRef], targets: Sequence[NodeRef]) -> list[Row]:
    """Cut the columns into blocks that fit, each with its own head and row names."""
    names = unique_names(snapshot.nodes.values())
    label = max([4, *(min(MOST_NAME, width(_name(names, source))) for source in sources)])
    widths = [min(MOST_NAME, max(LEAST_CELL, width(_name(names, target)))) for target in targets]
    rows: list[Row] = []
    start = 0
    while start < len(targets):
        end, used = start, label
        while end < len(targets) and (end == start or used + GAP + widths[end] <= pen.columns):
            used += GAP + widths[end]
            end += 1
        columns = list(zip(targets[start:end], widths[start:end], strict=True))
        rows.append(
            [Run(" " * label, PLAIN)]
            + [part for target, cells in columns for part in _right(pen, _name(names, target), cells, Role.DIM)]
        )
        for source in sources:
            row = _left(pen, _name(names, source), label, _row_role(snapshot, source))
            for target, cells in columns:
                row += _cell(pen, snapshot.pairs.get((source, target)), cells, is_self=source == target)
            rows.append(row)
        rows.append(line())
        start = end
    return rows


def _row_role(snapshot: Snapshot, source: NodeRef) -> Role:
    fine = any(host.ref == source and host.state is HostState.OK for host in snapshot.hosts)
    return Role.STRONG if fine else Role.STALE


def _cell(pen: Pen, pair: Pair | None, cells: int, *, is_self: bool) -> list[Run]:
    if is_self:
        return _padded(Run(signs(pen.level).self, pen.theme.style(Role.CHROME)), cells)
    look = look_of(pair)
    number = cell_number(pair)
    style = pen.theme.style(look.role)
    if pair is not None and pair.state is SampleState.FRESH and (ms := typical_ms(pair)) is not None:
        style = pen.theme.latency(latency_step(ms), freshness(pair.age_s))
    mark = look.mark(pen.level)
    return _padded(Run(f"{mark} {number}" if number else mark, style), cells)


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


def _legend(pen: Pen, pairs: Iterable[Pair]) -> list[Row]:
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
    return [*rows, line(pen.run("numbers are ms, the median round trip of a fresh pair", Role.DIM))]


_STATES = {state: place for place, state in enumerate(SampleState)}
_PATHS = {path: place for place, path in enumerate(PathKind)}


def _name(names: dict[NodeRef, str], ref: NodeRef) -> str:
    return settle(names.get(ref) or ref.stable_id)


def _left(pen: Pen, text: str, cells: int, role: Role) -> list[Run]:
    shown = clip(text, cells, signs(pen.level).ellipsis)
    return [pen.run(shown, role), Run(" " * (cells - width(shown)), PLAIN)]


def _right(pen: Pen, text: str, cells: int, role: Role) -> list[Run]:
    return _padded(pen.run(clip(text, cells, signs(pen.level).ellipsis), role), cells)


def _padded(run: Run, cells: int) -> list[Run]:
    return [Run(" " * (GAP + max(0, cells - width(run.text))), PLAIN), run]
