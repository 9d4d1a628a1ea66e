"""A pair's last minutes as one row of bars and one row of classes over the same time.

The scale of the bars has a minimum, so that a quiet pair looks quiet: a jump from 3 to 4 ms is no drama.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, Role, format_age, verdict_look
from tsym_tui.ui.rows.pens import Pen, Row, spread
from tsym_tui.ui.rows.timelines import LEAST_SCALE_MS, merged, slotted, span_of
from tsym_tui.ui.source import Sample

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.:-=*%#"


def history_rows(pen: Pen, samples: Sequence[Sample], now_s: float, cells: int) -> list[Row]:
    """Write bars, classes and the time scale; nothing when there is nothing to show."""
    if len(samples) < 2 or cells < 10:
        return []
    span = span_of(samples, now_s)
    slots = slotted(samples, span, cells)
    scale_ms = max(LEAST_SCALE_MS, 2 * _median([s.latency_ms for s in samples if s.latency_ms is not None]))
    bars = [_bar(pen, slot, scale_ms) for slot in slots]
    return [
        merged(bars),
        merged([_class(pen, slot) for slot in slots]),
        spread([pen(format_age(span.length_s), Role.CHROME)], [pen("now", Role.CHROME)], cells),
    ]


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


def now_of(samples: Sequence[Sample], pair: Pair | None) -> float:
    """Tell the samples' clock now: the newest answer is `age_s` old."""
    answers = [sample.at_s for sample in samples if sample.latency_ms is not None]
    newest = max((sample.at_s for sample in samples), default=0.0)
    if not answers or pair is None or pair.age_s is None:
        return newest
    return max(newest, max(answers) + pair.age_s)


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] if values else 0.0
