"""A drawn picture: rows of runs of cells, ready for a widget's strips or a terminal's escape codes.

Nothing here needs numpy: commands print frames, and a widget turns runs into its own segments.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.themes import PLAIN, Style


class Run(NamedTuple):
    """Neighbouring cells of one style."""

    text: str
    style: Style


Changes = Callable[[Style, Style], str]
"""What a terminal is sent to turn one look into another."""


class ReadyRow(Sequence[Run]):
    """A row that can be written as one line for a terminal without making its runs."""

    @abstractmethod
    def written(self, changes: Changes, background: str | None) -> str:
        """Return letters and escape codes, beginning and ending plain; `background` is for cells that have none."""

    def __eq__(self, other: object) -> bool:
        """Whether another row has the same runs."""
        return self is other or (isinstance(other, Sequence) and list(self) == list(other))

    def __hash__(self) -> int:
        """Hash as the runs do."""
        return hash(tuple(self))


class Frame(msgspec.Struct, frozen=True):
    """A picture of `height` rows; each row's runs fill exactly `width` cells."""

    width: int
    height: int
    rows: Sequence[Sequence[Run]]
    nodes: Mapping[tuple[int, int], int] = {}
    """Node index by (x, y), for the cells of markers and names."""

    def node_at(self, x: int, y: int) -> int | None:
        """Return the node whose marker or name is at a cell, or right beside it; None when nothing is near."""
        for dx in (0, -1, 1):
            if (x + dx, y) in self.nodes:
                return self.nodes[x + dx, y]
        return None


class Depth(IntEnum):
    """How many colours a terminal has."""

    NONE = 0
    SIXTEEN = 4
    EIGHT_BIT = 8
    TRUE = 24


def pad_row(runs: Iterable[Run], cells: int) -> list[Run]:
    """Make runs fill exactly `cells`: settled, cut at the right edge, padded with blanks."""
    row: list[Run] = []
    left = cells
    for run in runs:
        text = settle(run.text)
        taken = width(text)
        if taken > left:
            text = _cut(text, left)
            taken = width(text)
        if text:
            row.append(Run(text, run.style))
        left -= taken
        if left <= 0:
            break
    return [*row, Run(" " * left, PLAIN)] if left > 0 else row


def to_plain(frame: Frame) -> str:
    """Write a frame as text, blanks at line ends dropped."""
    return "\n".join("".join(run.text for run in row).rstrip() for row in frame.rows) + "\n"


def to_ansi(frame: Frame, depth: Depth = Depth.TRUE, *, background: str | None = None) -> str:
    """Write a frame with escape codes; every line ends reset.

    `NONE` keeps bold, dim and reverse and has no colour, which is what NO_COLOR asks for. `background` paints every
    cell that has none of its own; without it the terminal's stays.
    """
    lines = []
    for row in frame.rows:
        parts = []
        for run in row:
            style = run.style
            if background and style.bg is None:
                style = msgspec.structs.replace(style, bg=background)
            codes = _codes(style, depth)
            parts.append(f"\x1b[{codes}m{run.text}\x1b[0m" if codes else run.text)
        line = "".join(parts)
        lines.append(line.rstrip() if background is None else line)
    return "\n".join(lines) + "\n"


def _cut(text: str, cells: int) -> str:
    kept, used = [], 0
    for char in text:
        used += width(char)
        if used > cells:
            break
        kept.append(char)
    return "".join(kept)


@lru_cache(maxsize=1024)
def _codes(style: Style, depth: Depth) -> str:
    codes = [code for code, wanted in (("1", style.bold), ("2", style.dim), ("7", style.reverse)) if wanted]
    if depth is not Depth.NONE:
        codes += [_colour_code(style.fg, depth, 30)] if style.fg else []
        codes += [_colour_code(style.bg, depth, 40)] if style.bg else []
    return ";".join(code for code in codes if code)


_ANSI_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def _colour_code(colour: str, depth: Depth, base: int) -> str:
    """Return the code of a colour; base is 30 for the foreground and 40 for the background."""
    if not colour.startswith("#"):
        name = colour.removeprefix("bright_")
        return str(base + _ANSI_NAMES.index(name) + (60 if name != colour else 0))
    red, green, blue = int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
    if depth is Depth.TRUE:
        return f"{base + 8};2;{red};{green};{blue}"
    if depth is Depth.EIGHT_BIT:
        return f"{base + 8};5;{_nearest_of_256(red, green, blue)}"
    if base == 40:
        return ""  # sixteen colours have no faint tint
    return str(base + _nearest_of_16(red, green, blue))


def _nearest_of_256(red: int, green: int, blue: int) -> int:
    """Return the nearest of the 6x6x6 cube and the 24 greys."""
    levels = (0, 95, 135, 175, 215, 255)
    cube = [min(range(6), key=lambda step: abs(levels[step] - part)) for part in (red, green, blue)]
    grey = min(23, max(0, round((sum((red, green, blue)) / 3 - 8) / 10)))
    as_cube = sum((levels[step] - part) ** 2 for step, part in zip(cube, (red, green, blue), strict=True))
    as_grey = sum((8 + 10 * grey - part) ** 2 for part in (red, green, blue))
    return 232 + grey if as_grey < as_cube else 16 + 36 * cube[0] + 6 * cube[1] + cube[2]


def _nearest_of_16(red: int, green: int, blue: int) -> int:
    """Return the offset of the nearest colour by hue: 0 to 7, or 60 to 67 for the bright ones."""
    high, low = max(red, green, blue), min(red, green, blue)
    if high - low < 48:
        return 60 if high < 144 else 7
    middle = (high + low) / 2
    hue = (red > middle) + 2 * (green > middle) + 4 * (blue > middle)
    return hue + (60 if high > 192 else 0)
