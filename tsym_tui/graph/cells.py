"""Text measured in terminal cells: wide characters take two, and what takes none is dropped.

Terminals disagree about the width of joined emoji and variation selectors. Without their zero-width parts every
remaining character has one width everywhere, so columns hold; a family becomes three people in a row.
"""

from __future__ import annotations

import re
import unicodedata

from rich.cells import cell_len

from tsym_agent.model.text import printable


def settle(text: str) -> str:
    """Return `text` printable, composed and without characters of no width: each one takes one or two cells."""
    text = printable(text)
    if text.isascii():
        return text
    return "".join(char for char in unicodedata.normalize("NFC", text) if cell_len(char) > 0)


_NARROW = re.compile("[ -~\u00b0-\u02ff\u2190-\u2193\u2500-\u25fc\u2800-\u28ff]*")
"""Texts of one cell a character: letters of the West, and what lines, strips and glyphs are made of."""


def width(text: str) -> int:
    """Return how many cells a settled text takes; rows of a picture are measured by the thousand."""
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    return sum(cell_len(char) for char in text)


def clip(text: str, cells: int, ellipsis: str = "…") -> str:
    """Cut a settled text to at most `cells`; what was cut shows as an ellipsis."""
    if width(text) <= cells:
        return text
    if cells <= 0:
        return ""
    kept, used = [], 0
    for char in text:
        used += width(char)
        if used > cells - 1:
            break
        kept.append(char)
    return "".join(kept) + ellipsis


def clip_middle(text: str, cells: int, ellipsis: str = "…") -> str:
    """Cut a settled name to at most `cells` in its middle: what tells names apart is at their ends, the last most."""
    if width(text) <= cells:
        return text
    if cells < MIDDLE_FROM:
        return clip(text, cells, ellipsis)
    tail, used = 0, 0
    while used + width(text[-tail - 1]) <= cells // 2:
        tail += 1
        used += width(text[-tail])
    head = clip(text, cells - used, "")
    return f"{head}{ellipsis}{text[len(text) - tail :]}"


MIDDLE_FROM = 5
"""In fewer cells a beginning and an end say less than a beginning alone."""
