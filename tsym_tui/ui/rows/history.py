"""A pair's last minutes as one row of bars and one row of classes over the same time.

The scale of the bars has a minimum, so that a quiet pair looks quiet: a jump from 3 to 4 ms is no drama.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, Role, format_age, verdict_look
from tsym_tui.ui.rows.pens import Pen, Row, spread
from tsym_tui.ui.source import Sample

LEAST_SCALE_MS = 20.0
"""Full height of a bar is this, or twice the median where that is more."""

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.:-=*%#"


def history_rows(pen: Pen, samples: Sequence[Sample], now_s: float, cells: int) -> list[Row]:
    """Write bars, classes and the time scale; nothing when there is nothing to show."""
    if len(samples) < 2 or cells < 10:
        return []
    span_s = max(60.0, now_s - samples[0].at_s)
    slots = _slots(samples, now_s, span_s, cells)
    scale_ms = max(LEAST_SCALE_MS, 2 * _median([s.latency_ms for s in samples if s.latency_ms is not None]))
    bars = [_bar(pen, slot, scale_ms) for slot in slots]
    return [
        _merged(bars),
        _merged([_class(pen, slot) for slot in slots]),
        spread([pen(format_age(span_s), Role.CHROME)], [pen("now", Role.CHROME)], cells),
    ]


def _slots(samples: Sequence[Sample], now_s: float, span_s: float, cells: int) -> list[Sample | None]:
    """Give each cell the worst sample of its time; a cell between two samples keeps the older one for a sweep or so."""
    slots: list[Sample | None] = [None] * cells
    for sample in samples:
        place = min(cells - 1, max(0, int(cells * (1 - (now_s - sample.at_s) / span_s))))
        kept = slots[place]
        if kept is None or _badness(sample) > _badness(kept):
            slots[place] = sample
    held: Sample | None = None
    hold = max(1, round(cells * 90 / span_s))
    left = 0
    for place, sample_here in enumerate(slots):
        if sample_here is not None:
            held, left = sample_here, hold
        elif held is not None and left > 0:
            slots[place] = held
            left -= 1
    return slots


def _badness(sample: Sample) -> float:
    """Order samples: the slower the worse, none at all the worst."""
    return float("inf") if sample.latency_ms is None else sample.latency_ms


def _bar(pen: Pen, sample: Sample | None, scale_ms: float) -> Run:
    """Write one moment's round trip as a bar."""
    if sample is None:
        return pen(" ")
    if sample.latency_ms is None:
        return pen(pen.glyph(LOOKS[SampleState.FAILED, PathKind.UNKNOWN].glyph), Role.DEAD)
    bars = _ASCII_BARS if pen.is_ascii else _BARS
    step = min(len(bars) - 1, int(sample.latency_ms / scale_ms * len(bars)))
    return pen.latency(bars[step], sample.latency_ms)


def _class(pen: Pen, sample: Sample | None) -> Run:
    """Write one moment's class."""
    if sample is None:
        return pen(" ")
    state = SampleState.FAILED if sample.latency_ms is None else SampleState.FRESH
    look = verdict_look(state, sample.path)
    return pen.look(pen.glyph(look.strip), look, sample.latency_ms)


def _merged(runs: Sequence[Run]) -> Row:
    """Join neighbours of one look."""
    row: Row = []
    for run in runs:
        if row and row[-1].style == run.style:
            row[-1] = Run(row[-1].text + run.text, run.style)
        else:
            row.append(run)
    return row


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0
