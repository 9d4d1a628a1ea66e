"""Printing again and again: on a terminal in place, elsewhere one block after another."""

from __future__ import annotations

import sys
from datetime import datetime

from tsym_tui.cli.texts import Pen, choose_pen, is_terminal
from tsym_tui.cli.wishes import Wishes

_CLEAR = "\x1b[H\x1b[2J"


class Page:
    """Where a command's text goes, once or repeatedly."""

    def __init__(self, wishes: Wishes) -> None:
        self.pen: Pen = choose_pen(wishes)
        self._watches = wishes.watch
        self._in_place = is_terminal(sys.stdout)
        self._is_first = True

    def wrap(self, text: str) -> str:
        """Return the text with what a repeated page needs around it."""
        if not self._watches:
            return text
        gap = "" if self._is_first else "\n"
        self._is_first = False
        moment = datetime.now().astimezone().strftime("%H:%M:%S")
        return f"{_CLEAR if self._in_place else gap}{moment}\n{text}"
