"""A pen: a theme and a glyph level, from which rows get their runs; and the few things one does with runs.

Widths are cells, not characters: names may be wide or carry emoji. A row is a list of runs from left to right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from tsym_agent.model.pairs import Pair
from tsym_tui.graph.cells import clip as clip_text
from tsym_tui.graph.cells import clip_middle, width
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import Glyph, Level, Line, Look, Signs, look_of, number_of, signs
from tsym_tui.graph.themes import PLAIN, THRESHOLDS_MS, Role, Style, Theme, freshness, latency_step

Row: TypeAlias = list[Run]


class Pen(msgspec.Struct, frozen=True):
    """Writes runs in the colours of a theme and the glyphs of a level."""

    theme: Theme
    level: Level = Level.BRAILLE
    thresholds_ms: tuple[float, ...] = THRESHOLDS_MS
    """Where a latency takes the next step of the ramp."""

    def __call__(self, text: str, role: Role = Role.TEXT, *, bold: bool | None = None) -> Run:
        """Write a text in a role's look."""
        style = self.theme.style(role)
        if bold is not None and bold != style.bold:
            style = msgspec.structs.replace(style, bold=bold)
        return Run(text, style)

    def dim(self, text: str) -> Run:
        """Write words around a value."""
        return self(text, Role.DIM)

    def strong(self, text: str) -> Run:
        """Write a verdict, or the one number that counts."""
        return self(text, Role.STRONG)

    def accent(self, text: str) -> Run:
        """Write what is selected, or a key to press."""
        return self(text, Role.ACCENT, bold=True)

    def latency(self, text: str, ms: float | None, age_s: float | None = None, *, bold: bool = False) -> Run:
        """Write something in the colour of a round trip; in plain text without one."""
        if ms is None:
            return self(text)
        style = self.theme.latency(latency_step(ms, self.thresholds_ms), freshness(age_s))
        return Run(text, msgspec.structs.replace(style, bold=True) if bold else style)

    def look(self, text: str, look: Look, ms: float | None = None, age_s: float | None = None) -> Run:
        """Write something in the colours of a look: by latency when it is fresh, else by its state."""
        return self.latency(text, ms, age_s) if look.role is Role.LATENCY else self(text, look.role)

    def sample(self, text: str, pair: Pair | None) -> Run:
        """Write something in the colours of one direction."""
        if pair is None:
            return self.look(text, look_of(None))
        return self.look(text, look_of(pair), number_of(pair), pair.age_s)

    def line(self, text: str, line: Line) -> Run:
        """Write something in the colours of both directions together."""
        return self.look(text, line.look, line.latency_ms, line.age_s)

    def hairline(self) -> Run:
        """Write one cell of the line between the map and a side pane."""
        return self("|" if self.is_ascii else "│", Role.RULE)

    def cursor(self, text: str) -> Run:
        """Write the cell that a cursor stands on."""
        return Run(text, Style(reverse=True))

    def glyph(self, glyph: Glyph) -> str:
        """Return a glyph's character at this level."""
        return glyph.at(self.level)

    @property
    def signs(self) -> Signs:
        """The small signs of this level."""
        return signs(self.level)

    @property
    def is_ascii(self) -> bool:
        """Whether only ASCII may be written."""
        return self.level is Level.ASCII


def width_of(row: Sequence[Run]) -> int:
    """Count the cells of a row."""
    return width("".join([run.text for run in row]))


def blank(cells: int, style: Style = PLAIN) -> Row:
    """Return that many empty cells."""
    return [Run(" " * cells, style)] if cells > 0 else []


def clip(row: Sequence[Run], cells: int, ellipsis: str = "…") -> Row:
    """Cut a row to a width; where something is cut the last cell says so."""
    if width_of(row) <= cells:
        return list(row)
    kept: Row = []
    room = cells
    for run in row:
        size = width(run.text)
        if size > room - 1:  # one cell stays free for the ellipsis, since something follows or is cut here
            kept.append(Run(cut_text(run.text, room - 1).rstrip() + ellipsis[:room], run.style))
            break
        kept.append(run)
        room -= size
    return kept


def fit(row: Sequence[Run], cells: int, ellipsis: str = "…") -> Row:
    """Make a row exactly that wide: cut, or padded on the right."""
    taken = width_of(row)
    if taken <= cells:
        return [*row, *blank(cells - taken)]
    kept = clip(row, cells, ellipsis)
    return kept + blank(cells - width_of(kept))


def fit_text(text: str, cells: int, ellipsis: str = "…") -> str:
    """Make a text exactly that wide: cut, or padded on the right."""
    cut = clip_text(text, cells, ellipsis) if ellipsis else cut_text(text, cells)
    return cut + " " * (cells - width(cut))


def clip_name(run: Run, cells: int, ellipsis: str = "…") -> Run:
    """Cut a name to a width in its middle: its end tells it from others."""
    return Run(clip_middle(run.text, cells, ellipsis), run.style)


def fit_name(text: str, cells: int, ellipsis: str = "…") -> str:
    """Make a name exactly that wide: cut in its middle, or padded on the right."""
    cut = clip_middle(text, cells, ellipsis)
    return cut + " " * (cells - width(cut))


def cut_text(text: str, cells: int) -> str:
    """Keep what fits of a text."""
    used = 0
    for place, char in enumerate(text):
        used += width(char)
        if used > cells:
            return text[:place]
    return text


def spread(left: Sequence[Run], right: Sequence[Run], cells: int, ellipsis: str = "…") -> Row:
    """Put one part at each end; the right one stays whole, the left one is cut when they meet."""
    right_width = width_of(right)
    if right_width >= cells:
        return fit(right, cells, ellipsis)
    room = cells - right_width - (1 if right else 0)
    kept = clip(left, room, ellipsis)
    return kept + blank(cells - right_width - width_of(kept)) + list(right)


def on(row: Sequence[Run], background: str | None) -> Row:
    """Put a row on a background; runs that brought their own keep it."""
    if background is None:
        return list(row)
    return [
        run if run.style.bg is not None else Run(run.text, msgspec.structs.replace(run.style, bg=background))
        for run in row
    ]


def emphasised(row: Sequence[Run]) -> Row:
    """Make a row bold: how a selected row looks where there are no tints."""
    return [Run(run.text, msgspec.structs.replace(run.style, bold=True, dim=False)) for run in row]


def joined(parts: Sequence[Sequence[Run]], gap: int = 3) -> Row:
    """Put rows behind each other with a gap between."""
    row: Row = []
    for part in parts:
        if row and part:
            row.extend(blank(gap))
        row.extend(part)
    return row


def wrap(text: str, cells: int) -> list[str]:
    """Break a text into lines of at most that many cells, at blanks where there are some."""
    lines: list[str] = []
    line = ""
    for whole in text.split():
        word = whole
        while width(word) > cells > 0:  # longer than a line: a path, an error without blanks
            if line:
                lines.append(line)
                line = ""
            head = cut_text(word, cells) or word[0]
            lines.append(head)
            word = word[len(head) :]
        longer = f"{line} {word}".strip()
        if width(longer) > cells:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line] if line else lines
