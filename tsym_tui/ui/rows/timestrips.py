"""What happened to a pair of late, as one row in the dashes and colours of the map: a few cells beside a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import format_age, verdict_look
from tsym_tui.ui.rows.pens import Pen, Row
from tsym_tui.ui.source import Sample

LEAST_SPAN_S = 60.0
HOLD_S = 90.0
"""How long a sample stands for what came after it: a sweep and a half."""


class StripPicture(msgspec.Struct, frozen=True):
    """The samples of one pair, and the time that all strips of a list share."""

    samples: tuple[Sample, ...]
    now_s: float
    span_s: float

    @property
    def since(self) -> str:
        """Say how long it has been as it is; empty when it was so as long as we remember."""
        if not self.samples:
            return ""
        last = _state_of(self.samples[-1])
        start = self.now_s
        for sample in reversed(self.samples):
            if _state_of(sample) != last:
                return format_age(self.now_s - start)
            start = sample.at_s
        return ""


def _state_of(sample: Sample) -> PathKind | None:
    return None if sample.latency_ms is None else sample.path


def strip_pictures(histories: Sequence[tuple[Sample, ...]]) -> list[StripPicture | None]:
    """Put histories on one scale of time; None for one that is too short to show anything."""
    known = [samples for samples in histories if len(samples) > 1]
    if not known:
        return [None] * len(histories)
    now_s = max(samples[-1].at_s for samples in known)
    span_s = max(LEAST_SPAN_S, now_s - min(samples[0].at_s for samples in known))
    return [StripPicture(samples, now_s, span_s) if len(samples) > 1 else None for samples in histories]


def strip_row(pen: Pen, strip: StripPicture, cells: int) -> Row:
    """Write one cell for each slice of time: the worst sample in it, else the one before."""
    row: Row = []
    for sample in _slots(strip, cells):
        run = _cell(pen, sample)
        if row and row[-1].style == run.style:
            row[-1] = Run(row[-1].text + run.text, run.style)
        else:
            row.append(run)
    return row


def _slots(strip: StripPicture, cells: int) -> list[Sample | None]:
    slots: list[Sample | None] = [None] * cells
    for sample in strip.samples:
        place = min(cells - 1, max(0, int(cells * (1 - (strip.now_s - sample.at_s) / strip.span_s))))
        kept = slots[place]
        if kept is None or _badness(sample) > _badness(kept):
            slots[place] = sample
    hold, held, left = max(1, round(cells * HOLD_S / strip.span_s)), None, 0
    for place, here in enumerate(slots):
        if here is not None:
            held, left = here, hold
        elif left > 0:
            slots[place], left = held, left - 1
    return slots


def _badness(sample: Sample) -> float:
    return float("inf") if sample.latency_ms is None else sample.latency_ms


def _cell(pen: Pen, sample: Sample | None) -> Run:
    if sample is None:
        return pen(" ")
    state = SampleState.FAILED if sample.latency_ms is None else SampleState.FRESH
    look = verdict_look(state, sample.path)
    return pen.look(pen.glyph(look.strip), look, sample.latency_ms)
