"""Maps for elsewhere: text, pictures, a page, graphs and data, each from the same request.

Names in a tailnet come from strangers: everything written is printable and escaped for its format.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec

from tsym_agent.model.documents import pairs_document
from tsym_agent.model.text import printable
from tsym_tui.graph.cells import settle
from tsym_tui.graph.draw import draw_map
from tsym_tui.graph.export.dot import to_dot
from tsym_tui.graph.export.graphml import to_graphml
from tsym_tui.graph.export.html import to_html
from tsym_tui.graph.export.png import to_png
from tsym_tui.graph.export.request import ExportError, ExportRequest
from tsym_tui.graph.export.svg import to_svg
from tsym_tui.graph.export.tables import pairs_csv
from tsym_tui.graph.frame import to_plain
from tsym_tui.graph.legend import legend

__all__ = ["FORMATS", "ExportError", "ExportRequest", "render", "to_text"]


def to_text(request: ExportRequest) -> str:
    """Write the map and its legend as plain text, at the options' level."""
    options = msgspec.structs.replace(request.options, texture=False)
    drawn = draw_map(request.graph, request.placement, request.size, options)
    below = legend(drawn.width, options.theme, options.level, thresholds_ms=options.thresholds_ms, with_nodes=True)
    note = f"\n{settle(request.note)}\n" if request.note else ""
    return to_plain(drawn) + "\n" + to_plain(below) + note


def to_json(request: ExportRequest) -> str:
    """Write the documented shape `tsym/pairs/1`: no positions, since they are the picture's and not the tailnet's.

    What could act on a terminal is escaped, so that names stay what they are and printing them does no harm.
    """
    text = json.dumps(pairs_document(request.snapshot), indent=2, ensure_ascii=False)
    if not text.isascii():
        text = "".join(char if char == "\n" or printable(char) == char else json.dumps(char)[1:-1] for char in text)
    return text + "\n"


FORMATS: dict[str, Callable[[ExportRequest], str | bytes]] = {
    "text": to_text,
    "svg": to_svg,
    "png": to_png,
    "dot": to_dot,
    "graphml": to_graphml,
    "json": to_json,
    "csv": lambda request: pairs_csv(request.snapshot),
    "html": to_html,
}
"""Every format by the name that commands use."""


def render(name: str, request: ExportRequest) -> bytes:
    """Write a map in a format.

    Raises `ExportError` for a format that does not exist or needs an extra that is not installed.
    """
    if name not in FORMATS:
        raise ExportError(f"there is no format {name!r}: choose {', '.join(FORMATS)}")
    made = FORMATS[name](request)
    return made if isinstance(made, bytes) else made.encode()
