"""Round trips over time as a bare line: one row beside a name, or a chart of several rows.

A line with a minimum scale does not invent drama: from 3 to 4 ms is flat. What was lost is a cross, what was not asked
is blank. Where there is no braille the line is drawn with one sign a cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, Level, Role
from tsym_tui.ui.rows.pens import Pen, Row
from tsym_tui.ui.source import Sample

LEAST_SCALE_MS = 20.0
"""Full height is this, or more where round trips are longer."""

HOLD_S = 90.0
"""So long a sample stands for what follows it: sweeps come once a minute."""

LEAST_SPAN_S = 60.0

_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""Bits of a braille cell: left and right column, lowest dot first."""

_PLAIN = "⎽⎼⎻⎺"
_ASCII = "_.-'"


class Span(msgspec.Struct, frozen=True):
    """A stretch of time that ends now."""

    now_s: float
    length_s: float

    def place(self, at_s: float, slots: int) -> int:
        """Return the slot of a moment, the newest last."""
        return min(slots - 1, max(0, int(slots * (1 - (self.now_s - at_s) / self.length_s))))


def span_of(samples: Sequence[Sample], now_s: float) -> Span:
    """Return the stretch that samples, oldest first, cover until now."""
    oldest_s = samples[0].at_s if samples else now_s
    return Span(now_s, max(LEAST_SPAN_S, now_s - oldest_s))


def slotted(samples: Sequence[Sample], span: Span, slots: int) -> list[Sample | None]:
    """Give each slot the worst sample of its time; a slot between two samples keeps the older one for a sweep or so."""
    found: list[Sample | None] = [None] * slots
    for sample in samples:
        if span.now_s - sample.at_s > span.length_s:
            continue
        place = span.place(sample.at_s, slots)
        kept = found[place]
        if kept is None or badness(sample) > badness(kept):
            found[place] = sample
    held: Sample | None = None
    hold = max(1, round(slots * HOLD_S / span.length_s))
    left = 0
    for place, here in enumerate(found):
        if here is not None:
            held, left = here, hold
        elif held is not None and left > 0:
            found[place] = held
            left -= 1
    return found


def badness(sample: Sample) -> float:
    """Order samples: the slower the worse, none at all the worst."""
    return float("inf") if sample.latency_ms is None else sample.latency_ms


def scale_of(samples: Sequence[Sample]) -> float:
    """Return the round trip at full height: a round number above the longest."""
    longest = max((sample.latency_ms for sample in samples if sample.latency_ms is not None), default=0.0)
    steps = (LEAST_SCALE_MS, 40, 60, 100, 150, 200, 300, 400, 600, 1000, 2000, 5000)
    return next((step for step in steps if longest <= step), longest)


def spark(pen: Pen, samples: Sequence[Sample], span: Span, cells: int) -> Row:
    """Write one row; blank without samples."""
    rows = chart(pen, samples, span, cells, 1)
    return rows[0] if rows else []


def chart(pen: Pen, samples: Sequence[Sample], span: Span, cells: int, height: int) -> list[Row]:
    """Write the line on so many rows, the highest first; nothing without samples."""
    if not samples or cells < 1:
        return []
    scale_ms = scale_of(samples)
    if pen.level is Level.BRAILLE:
        return _braille(pen, slotted(samples, span, 2 * cells), scale_ms, height)
    return _signs(pen, slotted(samples, span, cells), scale_ms, height)


def _level(sample: Sample, scale_ms: float, levels: int) -> int:
    share = (sample.latency_ms or 0.0) / scale_ms
    return min(levels - 1, round(share * (levels - 1)))


def _braille(pen: Pen, slots: Sequence[Sample | None], scale_ms: float, height: int) -> list[Row]:
    """Draw two slots a cell, neighbours joined where the line jumps."""
    levels = 4 * height
    masks = [[0] * (len(slots) // 2) for _ in range(height)]
    before: int | None = None
    for place, sample in enumerate(slots):
        if sample is None or sample.latency_ms is None:
            before = None
            continue
        level = _level(sample, scale_ms, levels)
        first, last = sorted((level, level if before is None else before))
        for dot in range(first + (before is not None and before < level), last + (before is None or before <= level)):
            masks[height - 1 - dot // 4][place // 2] |= _DOTS[place % 2][dot % 4]
        before = level
    rows = []
    for y, masks_of_row in enumerate(masks):
        runs = []
        for x, mask in enumerate(masks_of_row):
            here = slots[2 * x], slots[2 * x + 1]
            sign = chr(0x2800 + mask) if mask else " "
            runs.append(_mark(pen, here, sign, is_lowest=y == height - 1))
        rows.append(merged(runs))
    return rows


def _signs(pen: Pen, slots: Sequence[Sample | None], scale_ms: float, height: int) -> list[Row]:
    """Draw one slot a cell with the sign nearest to its height."""
    signs = _ASCII if pen.is_ascii else _PLAIN
    rows: list[list[Run]] = [[] for _ in range(height)]
    for sample in slots:
        level = -1 if sample is None or sample.latency_ms is None else _level(sample, scale_ms, len(signs) * height)
        for y in range(height):
            rung = level - len(signs) * (height - 1 - y)
            sign = signs[rung] if 0 <= rung < len(signs) else " "
            rows[y].append(_mark(pen, (sample,), sign, is_lowest=y == height - 1))
    return [merged(runs) for runs in rows]


def _mark(pen: Pen, slots: Sequence[Sample | None], sign: str, *, is_lowest: bool) -> Run:
    """Write one cell in the colour of the slower of its samples; a cross where all were lost."""
    here = [sample for sample in slots if sample is not None]
    if here and all(sample.latency_ms is None for sample in here):
        return pen(pen.glyph(LOOKS[SampleState.FAILED, PathKind.UNKNOWN].glyph) if is_lowest else " ", Role.DEAD)
    return pen.latency(sign, max((sample.latency_ms for sample in here if sample.latency_ms is not None), default=None))


def merged(runs: Sequence[Run]) -> Row:
    """Join neighbours of one look."""
    row: Row = []
    for run in runs:
        if row and row[-1].style == run.style:
            row[-1] = Run(row[-1].text + run.text, run.style)
        else:
            row.append(run)
    return row
