"""JSON on stdout: one object, or one object a line."""

from __future__ import annotations

import msgspec

from tsym_agent.model.documents import JSON
from tsym_tui.cli.texts import emit
from tsym_tui.cli.wishes import Wishes

_ENCODER = msgspec.json.Encoder()


def emit_document(document: JSON, wishes: Wishes) -> None:
    """Print one object: indented for reading, on one line where more will follow."""
    body = _ENCODER.encode(document)
    emit((body if wishes.watch else msgspec.json.format(body, indent=2)).decode() + "\n")


def emit_line(entry: JSON) -> None:
    """Print one object on its line."""
    emit(_ENCODER.encode(entry).decode() + "\n")
