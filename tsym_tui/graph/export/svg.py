"""SVG that opens anywhere and stands in a report: no script, no link, no font of its own."""

from __future__ import annotations

from collections import defaultdict
from html import escape

from tsym_tui.graph.export.glyphs import GLYPHS, MIDDLE, Point
from tsym_tui.graph.export.picture import CELL_HEIGHT, CELL_WIDTH, Picture, Shape, make_picture
from tsym_tui.graph.export.request import ExportRequest

_FONT = "ui-monospace, 'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace"


def to_svg(request: ExportRequest) -> str:
    """Write the map as one SVG document."""
    return draw_svg(make_picture(request))


def draw_svg(picture: Picture) -> str:
    """Write a picture as one SVG document."""
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
    glyph = GLYPHS[shape.kind]
    parts = []
    if glyph.areas:
        parts.append(f'<path d="{"".join(_path(points) + "z" for points in glyph.areas)}" fill="{shape.colour}"/>')
    if glyph.lines:
        steps = "".join(_path(points) for points in glyph.lines)
        parts.append(f'<path d="{steps}" stroke="{shape.colour}" stroke-width="{glyph.width:g}" fill="none"/>')
    parts += [f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{shape.colour}"/>' for x, y, radius in glyph.discs]
    if glyph.ring:
        dash = ' stroke-dasharray="1.6 1.6"' if glyph.is_broken else ""
        around = f'cx="{MIDDLE[0]:g}" cy="{MIDDLE[1]:g}" r="{glyph.ring:g}"'
        parts.append(f'<circle {around} fill="none" stroke="{shape.colour}" stroke-width="1.2"{dash}/>')
    return f'<g transform="translate({shape.x:g} {shape.y:g})">{"".join(parts)}</g>'


def _path(points: tuple[Point, ...]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


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
