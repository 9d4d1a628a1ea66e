"""A number on each line, where there is room: last of all, and never over anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.cells import width
from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.curves import points_at
from tsym_tui.graph.drawing.options import MapOptions
from tsym_tui.graph.drawing.paint import DOTS_ACROSS, DOTS_DOWN, Cover
from tsym_tui.graph.drawing.raster import Floats
from tsym_tui.graph.drawing.strokes import Strokes, Summary, is_problem, line_style
from tsym_tui.graph.looks import Direction, Level, Line, signs
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.words import format_age, format_ms

SHARES = np.array([0.5, *(0.5 + side * step * 0.035 for step in range(1, 9) for side in (-1, 1))])
"""Where along the line a number may stand: the middle, then outwards to 22 % and 78 %."""

_CELL = np.array([DOTS_ACROSS, DOTS_DOWN])

MOST_NUMBERS = 60
"""Beyond this many lines numbers have no room anyway, and looking for it takes time."""


def write_numbers(
    graph: TailnetGraph,
    strokes: Strokes,
    curves: Mapping[int, Floats],
    canvas: Canvas,
    cover: Cover,
    options: MapOptions,
) -> None:
    """Write the number of each stroke that has one and finds room; troubles first."""
    wanted = [(position, graph.lines[line]) for position, line in enumerate(strokes.lines.tolist())]
    wanted.sort(key=lambda each: (each[0] != strokes.wide, *importance_of(each[1], options)))
    for position, line in wanted[:MOST_NUMBERS]:
        if strokes.is_trace[position]:
            continue  # texture has no numbers, and a dead node wears its cross itself
        curve = curves[position]
        text = number_text(line, curve[-1] - curve[0], options.level)
        spot = find_room(text, position, curve, canvas, cover) if text else None
        if spot is not None:
            style = line_style(line, options)
            style = msgspec.structs.replace(style, bold=True) if position == strokes.wide else style
            canvas.write(*spot, text, style)


class Trunk(NamedTuple):
    """Many lines drawn as one."""

    number: int
    """Its number in the cover."""
    curve: Floats
    summary: Summary


def write_medians(trunks: Iterable[Trunk], canvas: Canvas, cover: Cover, options: MapOptions) -> None:
    """Write each trunk's glyph and median on it, where there is room."""
    for trunk in trunks:
        text = median_text(trunk.summary, options.level)
        spot = find_room(text, trunk.number, trunk.curve, canvas, cover)
        if spot is not None:
            canvas.write(*spot, text, msgspec.structs.replace(trunk.summary.style(options), bold=True))


def median_text(summary: Summary, level: Level) -> str:
    """Return what stands on a trunk: glyph of the commonest class, and the median."""
    number = "" if summary.latency_ms is None else f" {format_ms(summary.latency_ms, trim=True)}"
    return summary.mark(level) + number


def number_text(line: Line, along: Floats, level: Level) -> str:
    """Return what stands on a line: number and direction if fresh, the age of a stale one, a cross if dead.

    `along` points from the line's first end to its second, so that an arrow points the way packets go on screen, and
    marks of two sides stand in the order of their ends.
    """
    match line.state:
        case SampleState.FRESH:
            number = "" if line.latency_ms is None else format_ms(line.latency_ms, trim=True)
            direction = _arrow(line, along, level) or line.sign(level, forwards=_is_forwards(along))
            return " ".join(part for part in (number, direction) if part)
        case SampleState.STALE:
            return format_age(line.age_s) if line.age_s is not None else ""
        case SampleState.FAILED:
            return line.look.glyph.at(level)
        case SampleState.NEVER:
            return ""


def _arrow(line: Line, along: Floats, level: Level) -> str:
    if line.direction is Direction.EVEN:
        return ""
    across, down = along if line.direction is Direction.THERE else -along
    sign = signs(level)
    if abs(down) > 3 * abs(across):
        return sign.down if down > 0 else sign.up
    return sign.right if across >= 0 else sign.left


def _is_forwards(along: Floats) -> bool:
    """Whether a line's first end is read first: from the left, and from the top where it is steep."""
    across, down = along
    return bool(down >= 0 if abs(down) > 3 * abs(across) else across >= 0)


def importance_of(line: Line, options: MapOptions) -> tuple[float, ...]:
    """Sort key of what a person should see first: one-way and dead pairs, relayed, slow, the rest by slowness."""
    trouble = line.direction is not Direction.EVEN or line.state is SampleState.FAILED
    relayed = line.state is SampleState.FRESH and line.path in {PathKind.DERP, PathKind.PEER_RELAY}
    return (not trouble, not relayed, not is_problem(line, options), -(line.latency_ms or 0))


def find_room(text: str, stroke: int, curve: Floats, canvas: Canvas, cover: Cover) -> tuple[int, int] | None:
    """Return the first cell along the line where the number covers no other line and touches no other text."""
    cells = width(text)
    spots = np.floor(points_at(curve, SHARES) / _CELL).astype(np.int64).tolist()
    for beside in (1, 0):  # with a blank on each side free of other lines and markers, else without
        for x, y in spots:
            left = x - cells // 2
            if left < 1 or left + cells >= canvas.width or not canvas.is_free(left - beside, y, cells + 2 * beside):
                continue
            if cover.only(stroke, left - beside, y, cells + 2 * beside):
                return left, y
    return None
