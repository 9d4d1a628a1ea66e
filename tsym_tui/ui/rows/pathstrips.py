"""A pair's last minutes: one strip of classes for each direction with its labels inside, and the round trips below.

A strip is drawn with the dash of each class: blank before the first probe, a cross for a loss, the stale sign where
nobody asked for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import median

import msgspec

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.cells import clip as clip_text
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, Role, format_age, verdict_look
from tsym_tui.ui.rows.pens import Pen, Row, blank, fit_text, joined, spread, width_of
from tsym_tui.ui.rows.timelines import Span, chart, merged, scale_of, slotted
from tsym_tui.ui.source import Sample

CHART_ROWS = 2
TALL_CHART_ROWS = 4

Named = Callable[[Sample], str]
"""Says through what a pong came: `direct`, `DERP nyc`, the relay's name."""


class Strips(msgspec.Struct, frozen=True):
    """What is drawn over one stretch of time."""

    names: tuple[str, str]
    sides: tuple[Sequence[Sample], Sequence[Sample]]
    """The probes of both directions, oldest first."""
    span: Span
    named: Named
    now: datetime
    """The time of day at its end."""


def strip_rows(pen: Pen, strips: Strips, cells: int, chart_rows: int = CHART_ROWS) -> list[Row]:
    """Write the strips of both directions, each with its name; then the round trips of the one that has more."""
    label_cells = min(20, max(8, *(width_of([pen(name)]) + 3 for name in strips.names)))
    room, span = cells - label_cells, strips.span
    if room < 20 or not any(strips.sides):
        return []
    rows: list[Row] = []
    for name, samples in zip(strips.names, strips.sides, strict=True):
        drawn = strip(pen, samples, span, strips.named, room)
        rows.append([pen(arrowed(pen, name, label_cells)), *(drawn or [pen.dim("no probes")])])
    most = max(strips.sides, key=len)
    scale = f"{scale_of(most):g} ms"
    for y, row in enumerate(chart(pen, most, span, room, chart_rows)):
        axis = scale if y == 0 else "0" if y == chart_rows - 1 else ""
        rows.append([pen(axis.rjust(label_cells - 2), Role.CHROME), *blank(2), *row])
    return [*rows, [*blank(label_cells), *_times(pen, span, room, strips.now)]]


def arrowed(pen: Pen, name: str, cells: int) -> str:
    """Name a direction: whose probes, and an arrow."""
    return fit_text(f"{clip_text(name, cells - 3, pen.signs.ellipsis)} {pen.signs.right}", cells)


def heading(pen: Pen, samples: Sequence[Sample], span: Span, cells: int) -> Row:
    """Say how long the strips are, how often the path changed, and how long it was relayed."""
    answered = [sample for sample in samples if sample.latency_ms is not None and sample.path is not PathKind.UNKNOWN]
    changes = sum(one.path is not other.path for one, other in pairwise(answered))
    slots = slotted(samples, span, 200)
    relayed = sum(slot is not None and slot.path in {PathKind.DERP, PathKind.PEER_RELAY} for slot in slots)
    relayed_s = span.length_s * relayed / len(slots)
    facts = [[pen.dim("changes "), pen(str(changes))], [pen.dim("relayed "), pen(format_age(relayed_s))]]
    return spread([pen(f"path, {format_age(span.length_s)}", Role.DIM, bold=True)], joined(facts), cells)


def strip(pen: Pen, samples: Sequence[Sample], span: Span, named: Named, cells: int) -> Row:
    """Write one direction."""
    slots = slotted(samples, span, cells)
    first = next((place for place, slot in enumerate(slots) if slot is not None), None)
    if first is None:
        return []
    runs: list[Run] = blank(first)
    for key, group in groupby(slots[first:], key=lambda slot: _key(slot, named)):
        runs += _segment(pen, key, list(group))
    return merged(runs)


def _key(slot: Sample | None, named: Named) -> tuple[SampleState, PathKind, str]:
    if slot is None:
        return SampleState.STALE, PathKind.UNKNOWN, ""
    if slot.latency_ms is None:
        return SampleState.FAILED, PathKind.UNKNOWN, ""
    return SampleState.FRESH, slot.path, named(slot)


def _segment(pen: Pen, key: tuple[SampleState, PathKind, str], slots: Sequence[Sample | None]) -> list[Run]:
    """Write one stretch of the same, with its label near the beginning where there is room for it."""
    state, path, name = key
    look = verdict_look(state, path)
    dash = pen.glyph(look.strip)
    times = [slot.latency_ms for slot in slots if slot is not None and slot.latency_ms is not None]
    typical = median(times) if times else None
    label = f" {pen.glyph(LOOKS[state, path].glyph)} {name} " if name else ""
    if not label or len(slots) < width_of([pen(label)]) + 2:
        return [pen.look(dash * len(slots), look, typical)]
    after = len(slots) - 1 - width_of([pen(label)])
    return [pen.look(f"{dash}{label}{dash * after}", look, typical)]


def _times(pen: Pen, span: Span, cells: int, now: datetime) -> Row:
    """Write the time of day at even places."""
    count = max(2, min(7, cells // 12))
    form = "%H:%M" if span.length_s >= 60 * count else "%H:%M:%S"
    row: Row = []
    for place in range(count):
        text = f"{now - timedelta(seconds=span.length_s * (1 - place / (count - 1))):{form}}"
        at = round((cells - 1) * place / (count - 1))
        start = min(max(0, at - (len(text) // 2 if 0 < place < count - 1 else 0)), cells - len(text))
        row += [*blank(start - width_of(row)), pen(text, Role.CHROME)]
    return row


def common_span(sides: Iterable[tuple[Sequence[Sample], float]]) -> Span:
    """Return the stretch from the oldest sample of both directions until now; each side tells its own now."""
    known = [(samples, now_s) for samples, now_s in sides if samples]
    now_s = max((now_s for _, now_s in known), default=0.0)
    oldest_s = min((samples[0].at_s for samples, _ in known), default=now_s)
    return Span(now_s, max(60.0, now_s - oldest_s))
