"""Large figures: three rows of heavy box lines, three cells a digit. Where there is no room or no font, bold text."""

from __future__ import annotations

FIGURE_ROWS = 3

_DIGITS = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": ("╺┓ ", " ┃ ", "╺┻╸"),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", "╺━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    ".": (" ", " ", "."),
    ",": (" ", " ", ","),
    "·": ("   ", "╺━╸", "   "),
    "<": (" ╱", "╱ ", "╲ "),
    "k": ("┃  ", "┣━ ", "┃ ╲"),
}


def figure_rows(text: str) -> tuple[str, str, str] | None:
    """Return a number as three rows; None when it holds something that is no figure."""
    if not text or any(char not in _DIGITS for char in text):
        return None
    rows = tuple("".join(_DIGITS[char][row] for char in text) for row in range(FIGURE_ROWS))
    return rows[0], rows[1], rows[2]
