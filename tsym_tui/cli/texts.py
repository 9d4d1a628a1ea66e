"""Text for people: rows of styled runs, written as the terminal and the person want it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

import msgspec

from tsym_tui.cli.errors import ReaderLeftError
from tsym_tui.cli.wishes import Look
from tsym_tui.graph.cells import clip, settle, width
from tsym_tui.graph.frame import Depth, Frame, Run, to_ansi, to_plain
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import PLAIN, THEMES, Role, Style, Theme

FALLBACK_WIDTH = 100
"""Columns where nobody says how wide the output is."""

Row = list[Run]


class Pen(msgspec.Struct, frozen=True):
    """How to write: chosen once from the options, the environment and the stream."""

    theme: Theme
    level: Level
    depth: Depth | None
    """None = plain text without any escape code."""
    columns: int

    def run(self, text: str, role: Role = Role.TEXT) -> Run:
        """Return text in the look of a role."""
        return Run(text, self.theme.style(role))

    def write(self, rows: Iterable[Sequence[Run]]) -> str:
        """Return rows as text, each line ended."""
        frame = Frame(0, 0, list(rows))
        return to_plain(frame) if self.depth is None else to_ansi(frame, self.depth)


def choose_pen(look: Look, stream: TextIO | None = None, env: Mapping[str, str] = os.environ) -> Pen:
    """Choose how to write to a stream: colours only where they are seen and wanted."""
    from tsym_tui.ui.settings import choose_level, choose_theme

    stream = stream or sys.stdout
    theme = THEMES[choose_theme(look.theme, env)]
    takes_codes = is_terminal(stream) and env.get("TERM", "dumb") != "dumb"
    wants_codes = look.color == "always" or (look.color == "auto" and takes_codes)
    level = choose_level(look.glyphs, _font_env(stream, env), stream.encoding or "ascii")
    return Pen(theme, level, _depth(theme, look, env) if wants_codes else None, columns(env))


def _font_env(stream: TextIO, env: Mapping[str, str]) -> Mapping[str, str]:
    """Leave the terminal's name out where the text does not go to it: a file shows what its encoding can hold."""
    return env if is_terminal(stream) else {key: value for key, value in env.items() if key != "TERM"}


def _depth(theme: Theme, look: Look, env: Mapping[str, str]) -> Depth:
    if theme.name == "mono" or (env.get("NO_COLOR") and look.color != "always"):
        return Depth.NONE
    if theme.name == "ansi16":
        return Depth.SIXTEEN
    return Depth.TRUE if env.get("COLORTERM", "").lower() in {"truecolor", "24bit"} else Depth.EIGHT_BIT


def columns(env: Mapping[str, str] = os.environ) -> int:
    """Return the width to fill: COLUMNS, the terminal's, or a fallback."""
    if (named := env.get("COLUMNS", "")).isdigit() and int(named) > 0:
        return int(named)
    return shutil.get_terminal_size((FALLBACK_WIDTH, 24)).columns


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits at the stream; None = it was closed before we began."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False  # closed


def emit(body: str | bytes) -> None:
    """Write data to stdout; raise `ReaderLeftError` when nobody reads it any more, `OSError` when it cannot be kept."""
    try:
        if isinstance(body, bytes):
            sys.stdout.buffer.write(body)
        else:
            sys.stdout.write(body)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderLeftError from error


def narrate(text: str) -> None:
    """Say something beside the data, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Column(msgspec.Struct, frozen=True):
    """One column of a table."""

    title: str
    align_right: bool = False
    most: int = 60
    """Cells at most; longer texts end in an ellipsis."""


def table(pen: Pen, columns_: Sequence[Column], lines: Sequence[Sequence[Run]]) -> list[Row]:
    """Lay cells out in columns, two blanks apart; a column that is empty everywhere is left out."""
    used = [index for index in range(len(columns_)) if any(line[index].text for line in lines)]
    cut = [[_cut(line[index], columns_[index].most) for index in used] for line in lines]
    widths = [
        max([width(columns_[index].title), *(width(line[place].text) for line in cut)])
        for place, index in enumerate(used)
    ]
    head = [pen.run(columns_[index].title, Role.DIM) for index in used]
    return [
        [part for place, cell in enumerate(line) for part in _padded(cell, widths[place], columns_[used[place]], place)]
        for line in [head, *cut]
    ]


def _cut(cell: Run, most: int) -> Run:
    return Run(clip(settle(cell.text), most), cell.style)


def _padded(cell: Run, cells: int, column: Column, place: int) -> list[Run]:
    blank = Run(" " * (cells - width(cell.text)), PLAIN)
    gap = [Run("  ", PLAIN)] if place else []
    return [*gap, blank, cell] if column.align_right else [*gap, cell, blank]


def line(*runs: Run) -> Row:
    """Return one row."""
    return list(runs)


def faint(style: Style) -> Style:
    """Return a look that steps back."""
    return msgspec.structs.replace(style, dim=True)
