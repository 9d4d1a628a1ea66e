"""What one cell of a matrix looks like: a tile of two cells for a pair, classes with their counts for many."""

from __future__ import annotations

import msgspec

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, Glyph, Look, Role
from tsym_tui.graph.themes import FADED_SHARE, PLAIN, Style, mix
from tsym_tui.ui.rows.matrixaxis import TILE
from tsym_tui.ui.rows.matrixboard import Summary
from tsym_tui.ui.rows.matrixcells import ABSENT, FULL, NO_STEP, SELF, Kind, Mark, look_key, look_of_code
from tsym_tui.ui.rows.matrixmetric import Metric
from tsym_tui.ui.rows.pens import Pen, Row, blank, fit, fit_text, width_of

TINT_SHARE = 0.2
DEAD_TINT_SHARE = 0.3
QUIET_SHARE = 0.62
"""What a direct cell's glyph keeps of its colour: well is quiet."""

MARKS = {
    Mark.ONLY_HERE: (Glyph("→", "→", ">"), "only this way answers"),
    Mark.ONLY_BACK: (Glyph("←", "←", "<"), "only the other way answers"),
    Mark.DIFFERS: (Glyph("≠", "≠", "#"), "the two directions differ"),
}
"""Behind a glyph: how the other direction disagrees."""

SLOW_SIGN = "!"

_LOOKS: dict[Kind, Look] = {
    Kind.NEVER: LOOKS[SampleState.NEVER, PathKind.UNKNOWN],
    Kind.WELL: LOOKS[SampleState.FRESH, PathKind.DIRECT],
    Kind.UNKNOWN: LOOKS[SampleState.FRESH, PathKind.UNKNOWN],
    Kind.STALE: LOOKS[SampleState.STALE, PathKind.UNKNOWN],
    Kind.RELAY: LOOKS[SampleState.FRESH, PathKind.PEER_RELAY],
    Kind.DERP: LOOKS[SampleState.FRESH, PathKind.DERP],
    Kind.DEAD: LOOKS[SampleState.FAILED, PathKind.UNKNOWN],
}
"""What stands for a kind where many are counted."""


def sign_of(pen: Pen, kind: Kind, metric: Metric) -> str:
    """Return the sign of a kind in sums; by a metric other than the path, what is well has no class.

    A slow direct pair has the glyph of a quick one, so where it is counted it has a sign of its own.
    """
    if kind is Kind.SLOW:
        return SLOW_SIGN
    if kind is Kind.WELL and metric is not Metric.PATH:
        return pen.signs.check
    return pen.glyph(_LOOKS[kind].glyph)


def short_count(count: int) -> str:
    """Write how many, in thousands where there are that many."""
    return str(count) if count < 1000 else f"{count // 1000}k"


class Tiles:
    """Tiles by key: there are few different ones, and a screen has thousands."""

    def __init__(self, pen: Pen, metric: Metric) -> None:
        self.pen = pen
        self.metric = metric
        self._known: dict[int, tuple[Run, ...]] = {}
        self._sums: dict[tuple[Summary, int], tuple[Run, ...]] = {}

    def __getitem__(self, key: int) -> tuple[Run, ...]:
        """Return the runs of a tile, two cells together."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._make(key)
        return known

    def _make(self, key: int) -> tuple[Run, ...]:
        code, _, _, _, mark = look_key(key)
        look = look_of_code(code)
        if look is None:
            text = {ABSENT: "", SELF: self.pen.signs.self}[code]
            return (self.pen(fit_text(text, TILE, ""), Role.CHROME),)
        style = self._on_tint(self.style(key), look, key)
        glyph = self.pen.glyph(look.glyph)
        if mark is Mark.NONE:
            return (Run(fit_text(glyph, TILE, ""), style),)
        sign = self.pen(MARKS[mark][0].at(self.pen.level), Role.WARN)
        return Run(glyph, style), Run(sign.text, msgspec.structs.replace(sign.style, bg=style.bg))

    def style(self, key: int) -> Style:
        """Return the look of a tile's glyph without its tint."""
        code, step, fade, is_bad, _ = look_key(key)
        look = look_of_code(code)
        if look is None or look.role is not Role.LATENCY:
            return self.pen.theme.style(Role.CHROME if look is None else look.role)
        if step == NO_STEP:
            return self.pen.theme.style(Role.TEXT)
        style = self.pen.theme.latency(step, FADED_SHARE + fade / FULL * (1 - FADED_SHARE))
        return msgspec.structs.replace(style, bold=True) if is_bad and not self._has_tints else style

    @property
    def _has_tints(self) -> bool:
        return self.pen.theme.colour(Role.BG) is not None

    def _on_tint(self, style: Style, look: Look, key: int) -> Style:
        """Put a glyph on a tint of its own colour; a stale or unknown pair has none, since it has no colour."""
        background = self.pen.theme.colour(Role.BG)
        if background is None or style.fg is None or look.state not in {SampleState.FRESH, SampleState.FAILED}:
            return style
        tint = mix(style.fg, background, DEAD_TINT_SHARE if look.state is SampleState.FAILED else TINT_SHARE)
        is_quiet = look.path is PathKind.DIRECT and look.state is SampleState.FRESH and not look_key(key)[3]
        return msgspec.structs.replace(
            style, fg=mix(style.fg, background, QUIET_SHARE) if is_quiet else style.fg, bg=tint
        )

    def folded(self, summary: Summary, cells: int) -> tuple[Run, ...]:
        """Write what is commonest and what is worst of many pairs, each with its count, in that many cells."""
        known = self._sums.get((summary, cells))
        if known is None:
            rows = self._fold(summary) if summary.total else [[]]
            row = next((one for one in rows if width_of(one) <= cells), rows[-1])
            known = self._sums[summary, cells] = tuple(fit(row, cells, ""))
        return known

    def _fold(self, summary: Summary) -> list[Row]:
        """Offer what can be said, from all of it to the least: a number is never cut, for it would be another one."""
        role = Role.TEXT if summary.worst_kind > Kind.WELL else Role.DIM
        sign = Run(sign_of(self.pen, summary.worst_kind, self.metric), self.style(summary.worst))
        worst: Row = [sign, self.pen(str(summary.count), role)]
        about: Row = [sign, self.pen(short_count(summary.count), role)]
        common: Row = []
        if summary.common_kind is not summary.worst_kind:
            is_bad = look_key(summary.middle)[3]
            is_typical = is_bad == (summary.common_kind > Kind.WELL) and look_key(summary.middle)[1] != NO_STEP
            style = self._quiet(self.style(summary.middle)) if is_typical else self.pen.theme.style(Role.CHROME)
            common.append(Run(sign_of(self.pen, summary.common_kind, self.metric), style))
            common.append(self.pen.dim(f"{short_count(summary.common)} "))
        return [[*common, *worst], [*common, *about], worst, about, [sign]]

    def _quiet(self, style: Style) -> Style:
        return self.pen.theme.faded(style, QUIET_SHARE)

    def mark_words(self, marks: set[Mark]) -> Row:
        """Explain the marks that are in sight."""
        row: Row = []
        for mark in sorted(marks - {Mark.NONE}):
            glyph, words = MARKS[mark]
            row += [
                *(blank(3) if row else []),
                self.pen(glyph.at(self.pen.level), Role.WARN),
                self.pen.dim(f" {words}"),
            ]
        return row


def cursor_of(pen: Pen, runs: Row | tuple[Run, ...]) -> Row:
    """Write the cell that the cursor stands on: in the accent, whatever its state."""
    style = pen.accent("").style
    if style.fg is None:
        return [Run(run.text, msgspec.structs.replace(PLAIN, bold=True, reverse=True)) for run in runs]
    return [Run(run.text, msgspec.structs.replace(style, bg=None, reverse=True)) for run in runs]
