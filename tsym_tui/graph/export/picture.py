"""Cells as shapes on paper: what SVG and PNG both draw, a map or any other screen, with a title and the time.

It is the terminal's own picture, cell by cell, so it says the same in a report as on the screen; but glyphs and dots
are shapes, so it needs no font that has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from tsym_tui.graph.cells import clip, settle, width
from tsym_tui.graph.draw import draw_map
from tsym_tui.graph.export.glyphs import GLYPHS
from tsym_tui.graph.export.request import ExportRequest
from tsym_tui.graph.frame import Frame, Run, pad_row
from tsym_tui.graph.legend import legend
from tsym_tui.graph.looks import Level, Role
from tsym_tui.graph.themes import LIGHT, Style, Theme, mix

CELL_WIDTH, CELL_HEIGHT = 9.0, 18.0
MARGIN = 2
"""Blank cells around everything, across; half as many down."""

MOST_HEAD = 3
"""Lines of words below the title."""

_BRAILLE = range(0x2800, 0x2900)
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))


class Ground(NamedTuple):
    """A tinted rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str


class Dot(NamedTuple):
    """One dot of a line."""

    x: float
    y: float
    colour: str


class Shape(NamedTuple):
    """One drawn character; x and y are the left top corner of its cell."""

    x: float
    y: float
    kind: str
    colour: str


class Words(NamedTuple):
    """Text that fills `width` from x on; y is the top of its row."""

    x: float
    y: float
    width: float
    text: str
    colour: str
    is_bold: bool


class Picture(NamedTuple):
    """Everything to draw, ground first."""

    width: float
    height: float
    background: str
    title: str
    grounds: list[Ground]
    dots: list[Dot]
    shapes: list[Shape]
    words: list[Words]


def make_picture(request: ExportRequest) -> Picture:
    """Draw the map with its title above and its legend below. Themes without colours of their own become light."""
    return draw_in(request, coloured(request.options.theme))


def draw_in(request: ExportRequest, theme: Theme) -> Picture:
    """Draw the map so in a theme that has colours."""
    options = request.options_with(theme=theme, level=Level.BRAILLE)
    drawn = draw_map(request.graph, request.placement, request.size, options)
    columns = drawn.width
    foot = legend(
        columns, theme, thresholds_ms=options.thresholds_ms, with_nodes=True, with_unknown=_has_unknown(drawn)
    )
    head = _head(request.title, ", ".join(request.facts), theme, columns)
    return paint([*head, *drawn.rows, [], *foot.rows], columns, theme, request.title)


def make_page(frame: Frame, theme: Theme, *, title: str, words: str) -> Picture:
    """Draw any screen's cells under a title and a line of words; without either, the cells alone."""
    theme = coloured(theme)
    head = _head(title, words, theme, frame.width) if title or words else ()
    return paint([*head, *frame.rows], frame.width, theme, title)


def coloured(theme: Theme) -> Theme:
    """Return a theme for paper: one without colours of its own becomes light."""
    return theme if theme.colour(Role.BG) else LIGHT


def paint(rows: Sequence[Sequence[Run]], columns: int, theme: Theme, title: str) -> Picture:
    """Turn rows of cells into what is drawn."""
    picture = Picture(
        (columns + 2 * MARGIN) * CELL_WIDTH,
        (len(rows) + MARGIN) * CELL_HEIGHT,
        theme.colour(Role.BG) or "#ffffff",
        settle(title),
        [],
        [],
        [],
        [],
    )
    for y, row in enumerate(rows):
        _add_row(picture, pad_row(row, columns), (y + MARGIN / 2) * CELL_HEIGHT, theme)
    return picture


def _has_unknown(frame: Frame) -> bool:
    return any("■" in run.text for row in frame.rows for run in row)


def _head(title: str, words: str, theme: Theme, columns: int) -> Iterator[list[Run]]:
    yield [Run(clip(settle(title), columns), theme.style(Role.STRONG))]
    for line in wrap(settle(words), columns, break_on_hyphens=False)[:MOST_HEAD]:
        yield [Run(clip(line, columns), theme.style(Role.DIM))]
    yield []


def _add_row(picture: Picture, row: list[Run], y: float, theme: Theme) -> None:
    x = MARGIN * CELL_WIDTH
    for text, style in row:
        colour = _colour(style, theme)
        if style.bg is not None:
            picture.grounds.append(Ground(x, y, width(text) * CELL_WIDTH, CELL_HEIGHT, style.bg))
        at = 0
        for piece in _PIECES.findall(text):
            cells = width(piece)
            if not piece.isspace():
                _add_piece(picture, piece, (x + at * CELL_WIDTH, y), cells * CELL_WIDTH, (colour, style.bold))
            at += cells
        x += at * CELL_WIDTH


_DRAWN = "".join(re.escape(char) for char in sorted(GLYPHS))
_PIECES = re.compile(rf"[{_DRAWN}\u2800-\u28ff]| +|(?:(?! )[^{_DRAWN}\u2800-\u28ff])+")
"""A shape, blanks, or a word."""


def _add_piece(picture: Picture, piece: str, corner: tuple[float, float], wide: float, look: tuple[str, bool]) -> None:
    x, y = corner
    if piece in GLYPHS:
        picture.shapes.append(Shape(x, y, piece, look[0]))
    elif ord(piece[0]) in _BRAILLE:
        for bit, (across, down) in enumerate(_DOTS):
            if ord(piece) - 0x2800 >> bit & 1:
                dot = Dot(x + (across + 0.5) * CELL_WIDTH / 2, y + (down + 0.5) * CELL_HEIGHT / 4, look[0])
                picture.dots.append(dot)
    else:
        picture.words.append(Words(x, y, wide, piece, *look))


def _colour(style: Style, theme: Theme) -> str:
    colour = style.fg or theme.colour(Role.TEXT) or "#000000"
    return mix(colour, theme.colour(Role.BG) or "#ffffff", 0.6) if style.dim else colour
