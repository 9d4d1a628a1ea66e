"""Which lines are drawn, in which order and colour: the step from meaning to paint.

Strokes depend on the graph and on what is selected, not on positions, so panning and zooming reuse them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from statistics import median

import msgspec
import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.drawing.options import MapOptions
from tsym_tui.graph.looks import LOOKS, Direction, Level, Line, Look, NodeKind, Role, freshness, latency_step
from tsym_tui.graph.model import Ints, TailnetGraph
from tsym_tui.graph.themes import PLAIN, Style

TRACE_SHARE = 0.75
"""How much of the dead colour a trace keeps: full colour painted the map red for one dead laptop."""

SLOW_STEP = 4
"""From this latency step on a line is a problem: 100 ms with the thresholds as they come."""


class Rank(IntEnum):
    """Who wins a cell that two lines cross: the higher one."""

    TEXTURE = 1
    STALE = 2
    TRACE = 3
    UNKNOWN = 4
    DIRECT = 5
    RELAY = 6
    DERP = 7
    SELECTED = 8


_RANKS = {
    PathKind.UNKNOWN: Rank.UNKNOWN,
    PathKind.DIRECT: Rank.DIRECT,
    PathKind.PEER_RELAY: Rank.RELAY,
    PathKind.DERP: Rank.DERP,
}


@dataclass(frozen=True, eq=False)
class Strokes:
    """Lines to draw, lowest priority first."""

    lines: Ints
    """Line index of each stroke."""
    slots: NDArray[np.uint8]
    """Place of each stroke's style; grows with priority."""
    styles: tuple[Style, ...]
    """By slot; 0 stands for no line."""
    looks: tuple[Look, ...]
    """Of each stroke."""
    stubs: NDArray[np.bool_]
    """Strokes of one dead pair between living nodes: only their far end is drawn."""
    is_trace: NDArray[np.bool_]
    """Strokes that numbers may stand on: lines of a dead node, and other nodes' lines while one is in focus."""
    texture_slot: int
    """Highest slot of other nodes' lines while one is in focus; 0 = there are none."""
    wide: int
    """Position of the selected pair's stroke; -1 = none."""


def strokes_of(graph: TailnetGraph, options: MapOptions, lines: Ints | None = None) -> Strokes:
    """Return the strokes of all lines worth drawing, or of some; the same object while nothing changed."""
    key = (
        *("strokes", options.theme.name, options.selected, options.focus, options.only_problems, options.thresholds_ms),
        *(options.interval_s, options.stale_after_s, options.has_texture, None if lines is None else lines.tobytes()),
    )
    known = graph.derived.get(key)
    if isinstance(known, Strokes):
        return known
    made = _make(graph, options, lines)
    graph.derived[key] = made
    return made


def is_problem(line: Line, options: MapOptions) -> bool:
    """Whether a line shows anything but a fresh, direct, fast path both ways."""
    if line.state is not SampleState.FRESH or line.path is not PathKind.DIRECT:
        return line.state is not SampleState.NEVER
    slow = line.latency_ms is not None and latency_step(line.latency_ms, options.thresholds_ms) >= SLOW_STEP
    return slow or line.direction is not Direction.EVEN


def line_style(line: Line, options: MapOptions) -> Style:
    """Return the colour of a line and its number: latency and age of a fresh one, else dead or grey."""
    theme, look = options.theme, line.look
    if look.role is not Role.LATENCY:
        return theme.style(look.role)
    share = round(freshness(line.age_s, options.interval_s, options.stale_after_s) * 8) / 8
    if line.latency_ms is None:
        return theme.faded(theme.style(Role.TEXT), share)
    return theme.latency(latency_step(line.latency_ms, options.thresholds_ms), share)


def _make(graph: TailnetGraph, options: MapOptions, lines: Ints | None) -> Strokes:
    selected = graph.line_between(*options.selected) if len(options.selected) == 2 else None
    focus = graph.index.get(options.focus, -1) if options.focus is not None else -1
    chosen = range(len(graph.lines)) if lines is None else lines.tolist()
    entries = []
    for index in chosen:
        line = graph.lines[index]
        ends = (int(graph.ends[0][index]), int(graph.ends[1][index]))
        is_texture = focus >= 0 and focus not in ends
        if is_texture and not options.has_texture:
            continue
        if line.look.stroke is None or (options.only_problems and index != selected and not is_problem(line, options)):
            continue
        entries.append(_entry(index, line, options, is_selected=index == selected, is_texture=is_texture))
    entries.sort(key=lambda entry: entry[0])
    keys = list(dict.fromkeys(entry[0] for entry in entries))
    slots = {key: min(position, 255) for position, key in enumerate(keys, start=1)}
    styles = {slots[key]: style for key, _, style in entries}
    dead = {node for node, kind in enumerate(graph.kinds) if kind is NodeKind.DEAD}
    indices = np.array([index for _, index, _ in entries], dtype=np.int32)
    stubs = np.array([_is_stub(graph, index, dead) for index in indices.tolist()], dtype=bool)
    faint = np.array([key[0] in {Rank.TRACE, Rank.TEXTURE} for key, _, _ in entries], dtype=bool)
    return Strokes(
        lines=indices,
        slots=np.array([slots[key] for key, _, _ in entries], dtype=np.uint8),
        styles=(PLAIN, *(styles[slot] for slot in sorted(styles))),
        looks=tuple(graph.lines[index].look for index in indices.tolist()),
        stubs=stubs,
        is_trace=faint & ~stubs,
        texture_slot=max((slot for key, slot in slots.items() if key[0] == Rank.TEXTURE), default=0),
        wide=int(np.flatnonzero(indices == selected)[0]) if selected is not None and selected in indices else -1,
    )


_Key = tuple[int, int, float, str]


def _entry(
    index: int, line: Line, options: MapOptions, *, is_selected: bool, is_texture: bool
) -> tuple[_Key, int, Style]:
    """Return sort key, line and style: by class first, then the slower, then the fresher."""
    theme = options.theme
    if is_texture:
        style = theme.style(Role.RULE)
        return (Rank.TEXTURE, 0, 0.0, ""), index, style
    rank, step = rank_of(line.look, line.latency_ms, options)
    style = line_style(line, options)
    if line.state is SampleState.FAILED:
        style = theme.faded(style, TRACE_SHARE)
    if is_selected:
        return (Rank.SELECTED, 0, 0.0, ""), index, msgspec.structs.replace(style, bold=True, dim=False)
    style = behind_text(style, options)
    return (rank, step, -(line.age_s or 0.0) // options.interval_s, style.fg or ""), index, style


def _is_stub(graph: TailnetGraph, index: int, dead: set[int]) -> bool:
    if graph.lines[index].state is not SampleState.FAILED:
        return False
    return int(graph.ends[0][index]) not in dead and int(graph.ends[1][index]) not in dead


def far_end(graph: TailnetGraph, index: int) -> int:
    """Return which end (0 or 1) of a dead line does not answer: where its stub is drawn."""
    line = graph.lines[index]
    failed = line.there is not None and line.there.state is SampleState.FAILED
    return 1 if failed else 0


def rank_of(look: Look, latency_ms: float | None, options: MapOptions) -> tuple[Rank, int]:
    """Return who wins a cell: by class, then the slower."""
    step = 0 if latency_ms is None else latency_step(latency_ms, options.thresholds_ms)
    if look.state is SampleState.FRESH:
        return _RANKS[look.path], step
    return (Rank.TRACE if look.state is SampleState.FAILED else Rank.STALE), 0


def behind_text(style: Style, options: MapOptions) -> Style:
    """Let lines step back behind names and numbers where weight is all there is."""
    is_mono = options.theme.ramp[0] == PLAIN
    return msgspec.structs.replace(style, dim=True, bold=False) if is_mono else style


class Summary(msgspec.Struct, frozen=True):
    """Many lines as one: commonest class, median round trip."""

    look: Look
    latency_ms: float | None

    def style(self, options: MapOptions) -> Style:
        """Return the colour of a trunk."""
        if self.look.role is not Role.LATENCY:
            return options.theme.style(self.look.role)
        if self.latency_ms is None:
            return options.theme.style(Role.TEXT)
        return options.theme.latency(latency_step(self.latency_ms, options.thresholds_ms))

    def mark(self, level: Level) -> str:
        """Return the class glyph."""
        return self.look.glyph.at(level)


def summarise(lines: list[Line]) -> Summary | None:
    """Return the commonest state and class of some lines, the worse of two equally common, and the median of it.

    None when nobody was probed.
    """
    counts = Counter((line.state, line.path) for line in lines if line.state is not SampleState.NEVER)
    if not counts:
        return None
    worst = (SampleState.STALE, SampleState.FAILED, SampleState.FRESH)
    state, path = max(counts, key=lambda key: (counts[key], worst.index(key[0]), _RANKS[key[1]]))
    numbers = [
        line.latency_ms for line in lines if (line.state, line.path) == (state, path) and line.latency_ms is not None
    ]
    return Summary(LOOKS[state, path], median(numbers) if numbers else None)


def ref_index(graph: TailnetGraph, ref: NodeRef | None) -> int:
    """Return a node's index; -1 for nobody."""
    return -1 if ref is None else graph.index.get(ref, -1)
