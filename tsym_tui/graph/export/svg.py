"""SVG that opens anywhere and stands in a report: no script, no link, no font of its own."""

from __future__ import annotations

from collections import defaultdict
from html import escape

from tsym_tui.graph.export.picture import CELL_HEIGHT, CELL_WIDTH, Picture, Shape, make_picture
from tsym_tui.graph.export.request import ExportRequest

_FONT = "ui-monospace, 'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace"

_ARROWS = {"→": "M1 9h6m-2.5-2.5l2.5 2.5l-2.5 2.5", "←": "M8 9h-6m2.5-2.5l-2.5 2.5l2.5 2.5"}
_ARROWS |= {"↑": "M4.5 13v-8m-2.5 2.5l2.5-2.5l2.5 2.5", "↓": "M4.5 5v8m-2.5-2.5l2.5 2.5l2.5-2.5"}
_STROKES = {"✕": "M2 6l5 6m0-6l-5 6", "━": "M0 9h9", "┊": "M4.5 3v2.4m0 2.4v2.4m0 2.4v2.4", **_ARROWS}
_FILLS = {"◆": "M4.5 4.5l4 4.5l-4 4.5l-4-4.5z", "▲": "M4.5 4.5l4.2 8h-8.4z", "■": "M1 5.5h7v7h-7z"}


def to_svg(request: ExportRequest) -> str:
    """Write the map as one SVG document."""
    picture = make_picture(request)
    size = f'width="{picture.width:g}" height="{picture.height:g}" viewBox="0 0 {picture.width:g} {picture.height:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(picture.title)}</title>",
        f'<rect width="100%" height="100%" fill="{picture.background}"/>',
        *(
            f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" fill="{colour}"/>'
            for x, y, wide, high, colour in picture.grounds
        ),
        *_dots(picture),
        *(_shape(shape) for shape in picture.shapes),
        *_words(picture),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _dots(picture: Picture) -> list[str]:
    """Write dots as strokes of no length with round ends: one path for each colour."""
    paths: dict[str, list[str]] = defaultdict(list)
    for dot in picture.dots:
        paths[dot.colour].append(f"M{dot.x:g} {dot.y:g}h0")
    wide = CELL_WIDTH / 3
    return [
        f'<path d="{"".join(steps)}" stroke="{colour}" stroke-width="{wide:g}" stroke-linecap="round" fill="none"/>'
        for colour, steps in paths.items()
    ]


def _shape(shape: Shape) -> str:
    x, y, kind, colour = shape
    middle = f'cx="{x + CELL_WIDTH / 2:g}" cy="{y + CELL_HEIGHT / 2:g}"'
    move = f'transform="translate({x:g} {y:g})"'
    if kind in _FILLS:
        return f'<path {move} d="{_FILLS[kind]}" fill="{colour}"/>'
    if kind in _STROKES:
        thick = 2.4 if kind == "━" else 1.6
        return f'<path {move} d="{_STROKES[kind]}" stroke="{colour}" stroke-width="{thick}" fill="none"/>'
    if kind == "…":
        return "".join(
            f'<circle cx="{x + step:g}" cy="{y + CELL_HEIGHT * 0.72:g}" r="0.9" fill="{colour}"/>'
            for step in (1.5, 4.5, 7.5)
        )
    if kind == "·":
        return f'<circle {middle} r="1.2" fill="{colour}"/>'
    if kind == "●":
        return f'<circle {middle} r="4.2" fill="{colour}"/>'
    dash = ' stroke-dasharray="1.6 1.6"' if kind == "◌" else ""
    return f'<circle {middle} r="3.7" fill="none" stroke="{colour}" stroke-width="1.2"{dash}/>'


def _words(picture: Picture) -> list[str]:
    """Write words stretched to their cells, so that columns hold in any font."""
    lines = [f'<g font-family="{_FONT}" font-size="{CELL_HEIGHT * 0.78:g}">']
    for x, y, wide, text, colour, is_bold in picture.words:
        weight = ' font-weight="bold"' if is_bold else ""
        lines.append(
            f'<text x="{x:g}" y="{y + CELL_HEIGHT * 0.74:g}" textLength="{wide:g}" lengthAdjust="spacingAndGlyphs" '
            f'fill="{colour}"{weight}>{escape(text)}</text>'
        )
    return [*lines, "</g>"]
