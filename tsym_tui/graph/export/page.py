"""Any screen's cells as a page for somebody else: with a title, the time, and a note about what was left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tsym_tui.graph.export.html import document
from tsym_tui.graph.export.picture import Picture, make_page
from tsym_tui.graph.export.png import draw_png
from tsym_tui.graph.export.request import ExportError
from tsym_tui.graph.export.svg import draw_svg
from tsym_tui.graph.frame import Frame, to_plain
from tsym_tui.graph.themes import Theme


def page(frame: Frame, theme: Theme, format: str, *, title: str, at: datetime | None, note: str = "") -> bytes:  # noqa: A002 - the word of every command
    """Write a frame as text, svg, png or html; `at` None = when it was is nobody's business.

    Raises `ExportError` for another format, and for png without Pillow.
    """
    time = at.strftime("%Y-%m-%d %H:%M:%S %Z").strip() if at is not None else ""
    words = ", ".join(part for part in (time, note) if part)
    if format == "text":
        return f"{title}\n{words}\n\n{to_plain(frame)}".encode()
    if format not in _PAINTERS:
        raise ExportError(f"there is no page as {format!r}: choose text, {', '.join(_PAINTERS)}")
    return _PAINTERS[format](make_page(frame, theme, title=title, words=words))


def _to_html(picture: Picture) -> bytes:
    """Put the drawing into a page that asks no network for anything."""
    style = f"body{{margin:0;background:{picture.background}}}svg{{max-width:100%;height:auto}}"
    return document(picture.title, draw_svg(picture), style=style).encode()


_PAINTERS: dict[str, Callable[[Picture], bytes]] = {
    "svg": lambda picture: draw_svg(picture).encode(),
    "png": draw_png,
    "html": _to_html,
}
