"""Text from strangers made safe to print.

Host names, owners and error texts come from other machines. Control characters and escape sequences in them would move
the cursor, recolour the screen or retitle the window; bidirectional overrides would reorder what a person reads.
"""

from __future__ import annotations

import unicodedata

_UNPRINTABLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200d"}
"""Zero-width joiner: part of many emoji, harmless on its own."""


def printable(text: str) -> str:
    """Return `text` with every character that could act on a terminal replaced by U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if unicodedata.category(char) not in _UNPRINTABLE_CATEGORIES or char in _JOINERS else "\ufffd"
        for char in text
    )
