"""Characters that are drawn and not written, so that a picture needs no font that has them: SVG and PNG share them.

Coordinates are of one cell, 9 wide and 18 high, its left top corner at zero.
"""

from __future__ import annotations

from typing import NamedTuple

Point = tuple[float, float]


class Glyph(NamedTuple):
    """What one character is made of."""

    lines: tuple[tuple[Point, ...], ...] = ()
    width: float = 1.4
    """Of its lines."""
    areas: tuple[tuple[Point, ...], ...] = ()
    discs: tuple[tuple[float, float, float], ...] = ()
    """Middle and radius."""
    ring: float = 0.0
    """Radius of a circle around the middle; 0 = none."""
    is_broken: bool = False
    """Whether that circle is dashed."""


MIDDLE: Point = (4.5, 9.0)
_LEFT, _RIGHT, _TOP, _BOTTOM = (0.0, 9.0), (9.0, 9.0), (4.5, 0.0), (4.5, 18.0)
_THIN, _HEAVY = 1.2, 2.6


def _box(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _corner(one: Point, other: Point, width: float) -> Glyph:
    return Glyph(((one, MIDDLE, other),), width)


def _dashes(count: int, width: float, *, upright: bool = False) -> Glyph:
    """Cut a line across the cell into so many pieces, a gap behind each."""
    length = 18.0 if upright else 9.0
    step = length / count
    pieces = [(step * (place + 0.17), step * (place + 0.83)) for place in range(count)]
    lines = tuple(((4.5, a), (4.5, b)) if upright else ((a, 9.0), (b, 9.0)) for a, b in pieces)
    return Glyph(lines, width)


_EIGHTHS_WIDE = {"▏": 1, "▎": 2, "▍": 3, "▌": 4, "▋": 5, "▊": 6, "▉": 7}
_EIGHTHS_HIGH = {"▁": 1, "▂": 2, "▃": 3, "▄": 4, "▅": 5, "▆": 6, "▇": 7, "█": 8}

GLYPHS: dict[str, Glyph] = {
    "●": Glyph(discs=((4.5, 9.0, 4.2),)),
    "·": Glyph(discs=((4.5, 9.0, 1.2),)),
    "…": Glyph(discs=((1.5, 13.0, 0.9), (4.5, 13.0, 0.9), (7.5, 13.0, 0.9))),
    "○": Glyph(ring=3.7),
    "◌": Glyph(ring=3.7, is_broken=True),
    "◆": Glyph(areas=(((4.5, 4.5), (8.5, 9), (4.5, 13.5), (0.5, 9)),)),
    "▲": Glyph(areas=(((4.5, 4.5), (8.7, 12.5), (0.3, 12.5)),)),
    "▼": Glyph(areas=(((4.5, 12.5), (8.7, 4.5), (0.3, 4.5)),)),
    "▸": Glyph(areas=(((2, 5), (7.5, 9), (2, 13)),)),
    "▾": Glyph(areas=(((0.8, 6.5), (8.2, 6.5), (4.5, 12)),)),
    "■": Glyph(areas=(_box(1, 5.5, 8, 12.5),)),
    "✕": Glyph((((2, 6), (7, 12)), ((7, 6), (2, 12))), 1.6),
    "✓": Glyph((((1.5, 9.5), (3.8, 12.5), (7.8, 5.5)),), 1.6),
    "›": Glyph((((3, 5.5), (6, 9), (3, 12.5)),)),
    "‹": Glyph((((6, 5.5), (3, 9), (6, 12.5)),)),
    "→": Glyph((((1, 9), (7.4, 9)), ((4.5, 6.5), (7.4, 9), (4.5, 11.5)))),
    "←": Glyph((((8, 9), (1.6, 9)), ((4.5, 6.5), (1.6, 9), (4.5, 11.5)))),
    "↑": Glyph((((4.5, 13), (4.5, 5)), ((2, 7.5), (4.5, 5), (7, 7.5)))),
    "↓": Glyph((((4.5, 5), (4.5, 13)), ((2, 10.5), (4.5, 13), (7, 10.5)))),
    "⇄": Glyph(
        (((0.8, 7), (8, 7)), ((6, 5), (8, 7), (6, 9)), ((8.2, 11.5), (1, 11.5)), ((3, 9.5), (1, 11.5), (3, 13.5))), 1.1
    ),
    "─": Glyph(((_LEFT, _RIGHT),), _THIN),
    "│": Glyph(((_TOP, _BOTTOM),), _THIN),
    "━": Glyph(((_LEFT, _RIGHT),), _HEAVY),
    "┃": Glyph(((_TOP, _BOTTOM),), _HEAVY),
    "╌": _dashes(2, _THIN),
    "┈": _dashes(4, _THIN),
    "╍": _dashes(2, _HEAVY),
    "┉": _dashes(4, _HEAVY),
    "┊": _dashes(4, _THIN, upright=True),
    "╱": Glyph((((0, 18), (9, 0)),), _THIN),
    "╲": Glyph((((0, 0), (9, 18)),), _THIN),
    "╳": Glyph((((0, 18), (9, 0)), ((0, 0), (9, 18))), _THIN),
    "┌": _corner(_RIGHT, _BOTTOM, _THIN),
    "┐": _corner(_LEFT, _BOTTOM, _THIN),
    "└": _corner(_RIGHT, _TOP, _THIN),
    "┘": _corner(_LEFT, _TOP, _THIN),
    "╭": _corner(_RIGHT, _BOTTOM, _THIN),
    "╮": _corner(_LEFT, _BOTTOM, _THIN),
    "╰": _corner(_RIGHT, _TOP, _THIN),
    "╯": _corner(_LEFT, _TOP, _THIN),
    "├": Glyph(((_TOP, _BOTTOM), (MIDDLE, _RIGHT)), _THIN),
    "┤": Glyph(((_TOP, _BOTTOM), (MIDDLE, _LEFT)), _THIN),
    "┬": Glyph(((_LEFT, _RIGHT), (MIDDLE, _BOTTOM)), _THIN),
    "┴": Glyph(((_LEFT, _RIGHT), (MIDDLE, _TOP)), _THIN),
    "┼": Glyph(((_LEFT, _RIGHT), (_TOP, _BOTTOM)), _THIN),
    "┏": _corner(_RIGHT, _BOTTOM, _HEAVY),
    "┓": _corner(_LEFT, _BOTTOM, _HEAVY),
    "┗": _corner(_RIGHT, _TOP, _HEAVY),
    "┛": _corner(_LEFT, _TOP, _HEAVY),
    "┣": Glyph(((_TOP, _BOTTOM), (MIDDLE, _RIGHT)), _HEAVY),
    "┫": Glyph(((_TOP, _BOTTOM), (MIDDLE, _LEFT)), _HEAVY),
    "┳": Glyph(((_LEFT, _RIGHT), (MIDDLE, _BOTTOM)), _HEAVY),
    "┻": Glyph(((_LEFT, _RIGHT), (MIDDLE, _TOP)), _HEAVY),
    "╋": Glyph(((_LEFT, _RIGHT), (_TOP, _BOTTOM)), _HEAVY),
    "╺": Glyph(((MIDDLE, _RIGHT),), _HEAVY),
    "╸": Glyph(((_LEFT, MIDDLE),), _HEAVY),
    "╹": Glyph(((_TOP, MIDDLE),), _HEAVY),
    "╻": Glyph(((MIDDLE, _BOTTOM),), _HEAVY),
    "▀": Glyph(areas=(_box(0, 0, 9, 9),)),
    "▐": Glyph(areas=(_box(4.5, 0, 9, 18),)),
    **{char: Glyph(areas=(_box(0, 0, 9 * part / 8, 18),)) for char, part in _EIGHTHS_WIDE.items()},
    **{char: Glyph(areas=(_box(0, 18 - 18 * part / 8, 9, 18),)) for char, part in _EIGHTHS_HIGH.items()},
}
"""Every character that is drawn, braille apart."""
