"""The first row of every screen: where am I, and is what I see alive."""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from tsym_tui.graph.frame import Run
from tsym_tui.graph.themes import Role
from tsym_tui.ui.rows.pens import Pen, Row, blank, joined, spread, width_of

MARGIN = 2
GAP = 3


class Mood(Enum):
    """How alive the picture is."""

    CONNECTING = auto()
    LIVE = auto()
    PAUSED = auto()
    SILENT = auto()
    """No host answers any more: the picture is old."""
    ENDED = auto()
    """Looking has stopped for good."""


class HeaderFacts(msgspec.Struct, frozen=True):
    """What the header says."""

    tailnet: str = ""
    crumbs: tuple[str, ...] = ()
    """Where we are, the last one bold."""
    hosts: int = 0
    answering: int = 0
    fresh_pairs: int = 0
    wanted_pairs: int = 0
    hidden: int = 0
    per_minute: float = 0.0
    sampled: bool = False
    mood: Mood = Mood.CONNECTING
    clock: str = ""
    """Time of day, or how old the picture is."""


def render_header(pen: Pen, facts: HeaderFacts, cells: int) -> Row:
    """Write the header; what does not fit is left out, the least telling first."""
    inner = cells - 2 * MARGIN
    left = _where(pen, facts)
    parts = _state(pen, facts)
    while len(parts) > 1 and width_of(left) + GAP + width_of(joined([part for _, part in parts], GAP)) > inner:
        parts.remove(min(parts, key=lambda part: part[0]))
    right = joined([part for _, part in parts], GAP)
    return [*blank(MARGIN), *spread(left, right, inner, pen.signs.ellipsis), *blank(MARGIN)]


def _where(pen: Pen, facts: HeaderFacts) -> Row:
    """Product, tailnet, crumbs."""
    row: Row = [pen.accent("tsym"), pen("  ")]
    trail = [name for name in (facts.tailnet, *facts.crumbs) if name]
    for place, name in enumerate(trail):
        is_last = place == len(trail) - 1
        row.append(pen.strong(name) if is_last else pen.dim(name))
        if not is_last:
            row.append(pen(f" {pen.signs.crumb} ", Role.CHROME))
    return row


def _state(pen: Pen, facts: HeaderFacts) -> list[tuple[int, Row]]:
    """Hosts, pairs, cost and life, each with its weight: the lightest goes first where there is no room."""
    parts: list[tuple[int, Row]] = []
    if facts.hosts:
        answers = f"{facts.answering}/{facts.hosts}"
        hosts = pen(answers) if facts.answering == facts.hosts else pen(answers, Role.WARN)
        parts.append((3, [pen.dim("hosts "), hosts]))
    if facts.wanted_pairs:
        parts.append((2, [pen.dim("fresh "), pen(f"{facts.fresh_pairs}/{facts.wanted_pairs} pairs")]))
    if facts.hidden:
        parts.append((0, [pen(f"+{facts.hidden}"), pen.dim(" hidden")]))
    if facts.hosts and facts.mood is not Mood.CONNECTING:
        unit = " probes/min, sampled" if facts.sampled else " probes/min"
        parts.append((1, [pen(f"{facts.per_minute:.0f}"), pen.dim(unit)]))
    parts.append((4, _life(pen, facts)))
    return parts


def _life(pen: Pen, facts: HeaderFacts) -> Row:
    """Write the dot and the clock."""
    words, role = {
        Mood.CONNECTING: ("connecting", Role.CHROME),
        Mood.LIVE: ("live", Role.OK),
        Mood.PAUSED: ("paused", Role.WARN),
        Mood.SILENT: ("silent", Role.WARN),
        Mood.ENDED: ("ended", Role.WARN),
    }[facts.mood]
    word: Run = pen.dim(words) if facts.mood in {Mood.LIVE, Mood.CONNECTING} else pen(words, role)
    clock = [pen(f" {facts.clock}")] if facts.clock else []
    return [pen("*" if pen.is_ascii else "●", role), pen(" "), word, *clock]
