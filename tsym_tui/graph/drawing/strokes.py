"""Which lines are drawn, in which order and colour: the step from meaning to paint.

Strokes depend on the graph and on what is selected, not on positions, so panning and zooming reuse them. They are made
from the graph's arrays, all at once: ten thousand lines are a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise, product

import msgspec
import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph import edges as codes
from tsym_tui.graph.drawing.options import MapOptions
from tsym_tui.graph.drawing.raster import Integers
from tsym_tui.graph.edges import PATHS, STATES, Codes, Edges, Floats
from tsym_tui.graph.looks import LOOKS, SOLID, Direction, Level, Line, Look, NodeKind, Role, Stroke, freshness
from tsym_tui.graph.looks import latency_step as step_of
from tsym_tui.graph.model import Ints, TailnetGraph
from tsym_tui.graph.themes import FADED_SHARE, PLAIN, Style

TRACE_SHARE = 0.75
"""How much of the dead colour a trace keeps: full colour painted the map red for one dead laptop."""

SLOW_STEP = 4
"""From this latency step on a line is a problem: 100 ms with the thresholds as they come."""

SHADES = 8
"""Steps from full colour to background: more are not told apart, and each costs colours on screen."""


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


def class_rank(state: SampleState, path: PathKind) -> Rank:
    """Return who wins a cell by class."""
    if state is SampleState.FRESH:
        return _RANKS[path]
    return Rank.TRACE if state is SampleState.FAILED else Rank.STALE


CLASSES = tuple(product(STATES, PATHS))
"""State and path class by their joint code: four times the state's plus the path's."""

CLASS_LOOKS: tuple[Look, ...] = tuple(LOOKS[each] for each in CLASSES)
CLASS_STROKES: tuple[Stroke, ...] = tuple(look.stroke or SOLID for look in CLASS_LOOKS)
CLASS_RANKS = np.array([class_rank(*each) for each in CLASSES], dtype=np.int64)


def classes_of(edges: Edges) -> Codes:
    """Return the joint code of each line's state and class."""
    return edges.state * np.uint8(len(PATHS)) + edges.path


def steps_of(latency_ms: Floats, options: MapOptions) -> Ints:
    """Return the latency step of each number, 0 where there is none."""
    steps = np.searchsorted(options.thresholds_ms, latency_ms, side="right").astype(np.int32)
    steps[np.isnan(latency_ms)] = 0
    return steps


@dataclass(frozen=True, eq=False)
class Strokes:
    """Lines to draw, lowest priority first."""

    lines: Ints
    """Line index of each stroke."""
    slots: Codes
    """Place of each stroke's style; grows with priority."""
    styles: tuple[Style, ...]
    """By slot; 0 stands for no line."""
    kin: Codes
    """Class by slot: which colours may stand for each other where it is crowded."""
    classes: Codes
    """Index into `CLASSES` of each stroke."""
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
        *(options.theme.name, options.selected, options.focus, options.highlight, options.only_problems),
        options.thresholds_ms,
        *(options.interval_s, options.stale_after_s, options.has_texture, None if lines is None else lines.tobytes()),
    )
    known = graph.derived.get("strokes")
    if isinstance(known, tuple) and known[0] == key:
        return known[1]  # type: ignore[no-any-return]  # what stands beside the key was made for it
    made = _make(graph, options, lines)
    graph.derived["strokes"] = (key, made)
    return made


def is_problem(line: Line, options: MapOptions) -> bool:
    """Whether a line shows anything but a fresh, direct, fast path both ways."""
    if line.state is not SampleState.FRESH or line.path is not PathKind.DIRECT:
        return line.state is not SampleState.NEVER
    slow = line.latency_ms is not None and step_of(line.latency_ms, options.thresholds_ms) >= SLOW_STEP
    return slow or line.direction is not Direction.EVEN


def problems(edges: Edges, lines: Integers, options: MapOptions) -> NDArray[np.bool_]:
    """Return `is_problem` of some lines."""
    state = edges.state[lines]
    well = (state == codes.FRESH) & (edges.path[lines] == codes.DIRECT) & (edges.direction[lines] == codes.EVEN)
    well &= steps_of(edges.latency_ms[lines], options) < SLOW_STEP
    return np.asarray((state != codes.NEVER) & ~well)


def line_style(line: Line, options: MapOptions) -> Style:
    """Return the colour of a line and its number: latency and age of a fresh one, else dead or grey."""
    theme, look = options.theme, line.look
    if look.role is not Role.LATENCY:
        return theme.style(look.role)
    share = round(freshness(line.age_s, options.interval_s, options.stale_after_s) * SHADES) / SHADES
    if line.latency_ms is None:
        return theme.faded(theme.style(Role.TEXT), share)
    return theme.latency(step_of(line.latency_ms, options.thresholds_ms), share)


def selected_line(graph: TailnetGraph, options: MapOptions) -> int:
    """Return the line of the selected pair; -1 = none."""
    line = graph.line_between(*options.selected) if len(options.selected) == 2 else None
    return -1 if line is None else line


def lit_lines(graph: TailnetGraph, paths: Iterable[tuple[NodeRef, ...]]) -> list[int]:
    """Return the lines along some paths, each given by its nodes in order."""
    steps = (step for path in paths for step in pairwise(path))
    return [line for step in steps if (line := graph.line_between(*step)) is not None]


def _make(graph: TailnetGraph, options: MapOptions, lines: Ints | None) -> Strokes:
    edges, selected = graph.edges, selected_line(graph, options)
    focus = ref_index(graph, options.focus)
    chosen: Integers = np.flatnonzero(graph.probed) if lines is None else lines[graph.probed[lines]]
    if options.only_problems:
        chosen = chosen[problems(edges, chosen, options) | (chosen == selected)]
    is_texture = np.zeros(len(chosen), dtype=bool)
    if focus >= 0:
        is_texture = (edges.first[chosen] != focus) & (edges.second[chosen] != focus)
        is_texture &= ~np.isin(chosen, lit_lines(graph, options.highlight))
        if not options.has_texture:
            chosen, is_texture = chosen[~is_texture], is_texture[~is_texture]
    keys = _keys(edges, chosen, options)
    keys[is_texture] = Rank.TEXTURE * _PER_RANK
    keys[(chosen == selected) & ~is_texture] = Rank.SELECTED * _PER_RANK
    order = np.argsort(keys, kind="stable")
    chosen, keys, is_texture = chosen[order], keys[order], is_texture[order]
    found, place = np.unique(keys, return_inverse=True)
    styles = [_style_of(int(key), options) for key in found[:MOST_SLOTS]]
    if styles and found[-1] == Rank.SELECTED * _PER_RANK:
        own = line_style(graph.lines[selected], options)
        styles[-1] = msgspec.structs.replace(own, bold=True, dim=False)
    stubs = _stubs(graph, chosen)
    is_trace = is_texture | (edges.state[chosen] == codes.FAILED)
    wide = np.flatnonzero(chosen == selected)
    return Strokes(
        lines=chosen.astype(np.int32),
        slots=np.minimum(place + 1, MOST_SLOTS).astype(np.uint8),
        styles=(PLAIN, *styles),
        kin=np.append(0, found[:MOST_SLOTS] // _PER_RANK).astype(np.uint8),
        classes=classes_of(edges)[chosen],
        stubs=stubs,
        is_trace=is_trace & ~stubs & (chosen != selected),
        texture_slot=int(is_texture.any()),
        wide=int(wide[0]) if wide.size else -1,
    )


MOST_SLOTS = 255
"""What a dot can hold; classes, steps and shades together are fewer."""

_PER_STEP, _PER_RANK = 32, 256
"""A sort key holds rank, latency step, shade and whether there is a number: who wins a cell, and in which style."""


def _keys(edges: Edges, lines: Integers, options: MapOptions) -> NDArray[np.int64]:
    """Return each line's sort key: by class first, then the slower, then the fresher."""
    keys = CLASS_RANKS[classes_of(edges)[lines]] * _PER_RANK
    fresh = np.flatnonzero(edges.state[lines] == codes.FRESH)
    latency_ms, age_s = edges.latency_ms[lines[fresh]], np.nan_to_num(edges.age_s[lines[fresh]])
    past = (age_s - options.interval_s) / (options.stale_after_s - options.interval_s)
    shares = np.rint((1.0 - (1.0 - FADED_SHARE) * np.clip(past, 0.0, 1.0)) * SHADES).astype(np.int64)
    keys[fresh] += steps_of(latency_ms, options) * _PER_STEP + shares * 2 + ~np.isnan(latency_ms)
    return np.asarray(keys)


def _style_of(key: int, options: MapOptions) -> Style:
    """Return the look of all lines with a sort key."""
    theme, (rank, rest) = options.theme, divmod(key, _PER_RANK)
    (step, rest), share = divmod(rest, _PER_STEP), (rest % _PER_STEP) // 2 / SHADES
    if rank == Rank.TEXTURE:
        return theme.style(Role.RULE)
    if rank == Rank.STALE:
        return behind_text(theme.style(Role.STALE), options)
    if rank == Rank.TRACE:
        return behind_text(theme.faded(theme.style(Role.DEAD), TRACE_SHARE), options)
    has_number = rest % 2
    style = theme.latency(step, share) if has_number else theme.faded(theme.style(Role.TEXT), share)
    return behind_text(style, options)


def _stubs(graph: TailnetGraph, lines: Integers) -> NDArray[np.bool_]:
    """Return which lines are dead between two living nodes."""
    dead = np.array([kind is NodeKind.DEAD for kind in graph.kinds], dtype=bool)
    edges = graph.edges
    failed = edges.state[lines] == codes.FAILED
    return np.asarray(failed & ~dead[edges.first[lines]] & ~dead[edges.second[lines]])


def far_end(graph: TailnetGraph, index: int) -> int:
    """Return which end (0 or 1) of a dead line does not answer: where its stub is drawn."""
    return int(graph.edges.fails[index]) & 1


def rank_of(look: Look, latency_ms: float | None, options: MapOptions) -> tuple[Rank, int]:
    """Return who wins a cell: by class, then the slower."""
    step = 0 if latency_ms is None else step_of(latency_ms, options.thresholds_ms)
    return class_rank(look.state, look.path), step if look.state is SampleState.FRESH else 0


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
        return options.theme.latency(step_of(self.latency_ms, options.thresholds_ms))

    def mark(self, level: Level) -> str:
        """Return the class glyph."""
        return self.look.glyph.at(level)


def summarise(lines: Iterable[Line]) -> Summary | None:
    """Return the commonest state and class of some lines, the worse of two equally common, and the median of it.

    None when nobody was probed.
    """
    known = [(STATES.index(line.state) * len(PATHS) + PATHS.index(line.path), line.latency_ms) for line in lines]
    keys = np.zeros(len(known), dtype=np.int64)
    latency_ms = np.array([number for _, number in known], dtype=np.float64)
    (summary,) = summarise_all(keys, np.array([each for each, _ in known], dtype=np.uint8), latency_ms, 1)
    return summary


def summarise_all(keys: NDArray[np.int64], classes: Codes, latency_ms: Floats, count: int) -> list[Summary | None]:
    """Return `summarise` of each of `count` bundles, given the bundle, class and number of lines."""
    kept = classes >= len(PATHS)  # whoever was probed
    keys, classes, latency_ms = keys[kept], classes[kept], latency_ms[kept]
    sums = np.bincount(keys * len(CLASSES) + classes, minlength=count * len(CLASSES)).reshape(count, len(CLASSES))
    best = len(CLASSES) - 1 - sums[:, ::-1].argmax(axis=1)
    counted = np.flatnonzero((classes == best[keys]) & ~np.isnan(latency_ms))
    counted = counted[np.lexsort((latency_ms[counted], keys[counted]))]
    bounds = np.searchsorted(keys[counted], np.arange(count + 1))
    numbers, first, past = latency_ms[counted], bounds[:-1], bounds[1:]
    some = np.flatnonzero(past > first)
    lower, upper = (first[some] + past[some] - 1) // 2, (first[some] + past[some]) // 2
    medians = dict(zip(some.tolist(), ((numbers[lower] + numbers[upper]) / 2).tolist(), strict=True))
    totals = sums.sum(axis=1).tolist()
    return [
        Summary(CLASS_LOOKS[code], medians.get(bundle)) if totals[bundle] else None
        for bundle, code in enumerate(best.tolist())
    ]


def ref_index(graph: TailnetGraph, ref: NodeRef | None) -> int:
    """Return a node's index; -1 for nobody."""
    return -1 if ref is None else graph.index.get(ref, -1)
