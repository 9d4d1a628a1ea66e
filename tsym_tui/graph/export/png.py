"""PNG by Pillow (extra `png`), with Pillow's own font: the machine needs none."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

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
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise ExportError("png needs Pillow: pip install 'tsym[png]', or choose svg") from error
    picture = make_picture(request)
    factor = SCALE * _SMOOTH
    size = round(picture.width * factor), round(picture.height * factor)
    if size[0] * size[1] > _MOST_PIXELS:
        raise ExportError(f"a map of {request.size[0]}x{request.size[1]} cells is too large for png: choose svg")
    image = Image.new("RGB", size, picture.background)
    font = ImageFont.load_default(CELL_HEIGHT * 0.84 * factor)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise ExportError(
            "png needs a Pillow with FreeType, as its wheels have it: pip install 'tsym[png]', or choose svg"
        )
    _paint(ImageDraw.Draw(image), picture, font, factor)
    image = image.resize((size[0] // _SMOOTH, size[1] // _SMOOTH), Image.Resampling.LANCZOS)
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _paint(draw: ImageDraw, picture: Picture, font: FreeTypeFont, factor: int) -> None:
    for x, y, wide, high, colour in picture.grounds:
        draw.rectangle((x * factor, y * factor, (x + wide) * factor - 1, (y + high) * factor - 1), fill=colour)
    radius = CELL_WIDTH / 6 * factor
    for x, y, colour in picture.dots:
        draw.ellipse(_around(x * factor, y * factor, radius), fill=colour)
    for shape in picture.shapes:
        _draw_shape(draw, shape, factor)
    for words in picture.words:
        _draw_words(draw, words, font, factor)


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


_POLYGONS = {
    "◆": ((4.5, 4.5), (8.5, 9), (4.5, 13.5), (0.5, 9)),
    "▲": ((4.5, 4.5), (8.7, 12.5), (0.3, 12.5)),
    "■": ((1, 5.5), (8, 5.5), (8, 12.5), (1, 12.5)),
}
_LINES: dict[str, tuple[tuple[float, ...], ...]] = {
    "✕": ((2, 6, 7, 12), (7, 6, 2, 12)),
    "━": ((0, 9, 9, 9),),
    "┊": ((4.5, 3, 4.5, 5.4), (4.5, 7.8, 4.5, 10.2), (4.5, 12.6, 4.5, 15)),
    "→": ((1, 9, 7, 9), (4.5, 6.5, 7, 9, 4.5, 11.5)),
    "←": ((8, 9, 2, 9), (4.5, 6.5, 2, 9, 4.5, 11.5)),
    "↑": ((4.5, 13, 4.5, 5), (2, 7.5, 4.5, 5, 7, 7.5)),
    "↓": ((4.5, 5, 4.5, 13), (2, 10.5, 4.5, 13, 7, 10.5)),
}
_DISCS = {"●": ((4.5, 9.0, 4.2),), "·": ((4.5, 9.0, 1.2),), "…": ((1.5, 13.0, 0.9), (4.5, 13.0, 0.9), (7.5, 13.0, 0.9))}


def _draw_shape(draw: ImageDraw, shape: Shape, factor: int) -> None:
    x, y, kind, colour = shape
    if kind in _POLYGONS:
        draw.polygon([((x + dx) * factor, (y + dy) * factor) for dx, dy in _POLYGONS[kind]], fill=colour)
    for line in _LINES.get(kind, ()):
        points = [((x + dx) * factor, (y + dy) * factor) for dx, dy in zip(line[::2], line[1::2], strict=True)]
        draw.line(points, fill=colour, width=round((2.4 if kind == "━" else 1.6) * factor))
    for dx, dy, radius in _DISCS.get(kind, ()):
        draw.ellipse(_around((x + dx) * factor, (y + dy) * factor, radius * factor), fill=colour)
    if kind in "○◌":
        box = _around((x + CELL_WIDTH / 2) * factor, (y + CELL_HEIGHT / 2) * factor, 4.2 * factor)
        pieces = [(0, 360)] if kind == "○" else [(turn, turn + 25) for turn in range(0, 360, 45)]
        for start, stop in pieces:
            draw.arc(box, start, stop, fill=colour, width=round(1.2 * factor))


def _draw_words(draw: ImageDraw, words: Words, font: FreeTypeFont, factor: int) -> None:
    """Write a word so that it fills its cells: the space left over goes between its letters."""
    x, y, wide, text, colour, is_bold = words
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
            stroke_width=0.25 * factor if is_bold else 0,
        )
        at += font.getlength(char) + step
