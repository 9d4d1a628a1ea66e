"""PNG by Pillow (extra `png`), in a monospace font where the machine has one we know, else in Pillow's own."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from tsym_tui.graph.export.glyphs import GLYPHS, MIDDLE, Point
from tsym_tui.graph.export.picture import CELL_HEIGHT, CELL_WIDTH, Picture, Shape, Words, make_picture
from tsym_tui.graph.export.request import ExportError, ExportRequest

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

SCALE = 2
"""Pixels for each unit of the picture: sharp on paper and on dense screens."""

_SMOOTH = 2
"""Drawn this many times larger and shrunk, for round dots."""

_MOST_PIXELS = 120_000_000
"""Of the large drawing: about 360 MB; nobody looks at a larger one."""


def to_png(request: ExportRequest) -> bytes:
    """Write the map as a PNG file.

    Raises `ExportError` without Pillow, and when the picture would be too large to hold in memory.
    """
    return draw_png(make_picture(request))


def draw_png(picture: Picture) -> bytes:
    """Write a picture as a PNG file; raises `ExportError` as above."""
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise ExportError("png needs Pillow: pip install 'tsym[png]', or choose svg") from error
    factor = SCALE * _SMOOTH
    size = round(picture.width * factor), round(picture.height * factor)
    if size[0] * size[1] > _MOST_PIXELS:
        cells = f"{picture.width / CELL_WIDTH:.0f}x{picture.height / CELL_HEIGHT:.0f}"
        raise ExportError(f"a picture of {cells} cells is too large for png: choose svg")
    image = Image.new("RGB", size, picture.background)
    _paint(ImageDraw.Draw(image), picture, _load_fonts(CELL_HEIGHT * 0.84 * factor), factor)
    image = image.resize((size[0] // _SMOOTH, size[1] // _SMOOTH), Image.Resampling.LANCZOS)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


class _Fonts(NamedTuple):
    normal: FreeTypeFont
    bold: FreeTypeFont | None
    """None = letters are drawn thicker."""


_KNOWN_FONTS = (
    ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    ("LiberationMono-Regular.ttf", "LiberationMono-Bold.ttf"),
    ("Menlo.ttc", ""),
    ("consola.ttf", "consolab.ttf"),
)
"""Files of monospace fonts and their bold ones, found by Pillow where systems keep fonts."""


def _load_fonts(size: float) -> _Fonts:
    from PIL import ImageFont

    for name, bold in _KNOWN_FONTS:
        with suppress(OSError):
            return _Fonts(ImageFont.truetype(name, size), ImageFont.truetype(bold, size) if bold else None)
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise ExportError(
            "png needs a Pillow with FreeType, as its wheels have it: pip install 'tsym[png]', or choose svg"
        )
    return _Fonts(font, None)


def _paint(draw: ImageDraw, picture: Picture, fonts: _Fonts, factor: int) -> None:
    for x, y, wide, high, colour in picture.grounds:
        draw.rectangle((x * factor, y * factor, (x + wide) * factor - 1, (y + high) * factor - 1), fill=colour)
    radius = CELL_WIDTH / 6 * factor
    for x, y, colour in picture.dots:
        draw.ellipse(_around(x * factor, y * factor, radius), fill=colour)
    for shape in picture.shapes:
        _draw_shape(draw, shape, factor)
    for words in picture.words:
        _draw_words(draw, words, fonts, factor)


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _draw_shape(draw: ImageDraw, shape: Shape, factor: int) -> None:
    glyph, colour = GLYPHS[shape.kind], shape.colour

    def moved(points: tuple[Point, ...]) -> list[Point]:
        return [((shape.x + x) * factor, (shape.y + y) * factor) for x, y in points]

    for points in glyph.areas:
        draw.polygon(moved(points), fill=colour)
    for points in glyph.lines:
        draw.line(moved(points), fill=colour, width=round(glyph.width * factor), joint="curve")
    for x, y, radius in glyph.discs:
        ((left, top),) = moved(((x, y),))
        draw.ellipse(_around(left, top, radius * factor), fill=colour)
    if glyph.ring:
        ((left, top),) = moved((MIDDLE,))
        pieces = [(turn, turn + 25) for turn in range(0, 360, 45)] if glyph.is_broken else [(0, 360)]
        for start, stop in pieces:
            draw.arc(
                _around(left, top, (glyph.ring + 0.6) * factor), start, stop, fill=colour, width=round(1.2 * factor)
            )


def _draw_words(draw: ImageDraw, words: Words, fonts: _Fonts, factor: int) -> None:
    """Write a word so that it fills its cells: the space left over goes between its letters."""
    x, y, wide, text, colour, is_bold = words
    font = fonts.bold if is_bold and fonts.bold is not None else fonts.normal
    spare = wide * factor - font.getlength(text)
    step = spare / len(text)
    at = x * factor + step / 2
    for char in text:
        draw.text(
            (at, (y + CELL_HEIGHT * 0.74) * factor),
            char,
            font=font,
            fill=colour,
            anchor="ls",
            stroke_width=0.25 * factor if is_bold and font is fonts.normal else 0,
        )
        at += font.getlength(char) + step
