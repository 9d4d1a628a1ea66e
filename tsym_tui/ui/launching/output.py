"""What a child says, as lines to look back at: bounded, and safe to print. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from itertools import islice

from tsym_agent.model.text import printable

MOST_LINES = 5_000
"""To look back at; the oldest go first, and are counted."""

MOST_BYTES = 4_096
"""Of one line; what is longer is cut into several."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Sequences that colour, move or retitle: this is no terminal."""

_TAB = 8


class Output:
    """Lines that came, and the one that is not whole yet."""

    def __init__(self, most_lines: int = MOST_LINES) -> None:
        self._kept: deque[bytes] = deque(maxlen=most_lines)
        self._open = b""
        self.came = 0
        """All lines so far."""

    @property
    def dropped(self) -> int:
        """How many lines came, and are not kept any more."""
        return self.came - len(self._kept)

    def __len__(self) -> int:
        return len(self._kept) + bool(self._open)

    def take(self, data: bytes) -> None:
        """Take in what came, wherever it was cut."""
        *whole, self._open = (self._open + data).split(b"\n")
        for line in whole:
            self._keep(line)
        while len(self._open) > MOST_BYTES:
            self._add(self._open[:MOST_BYTES])
            self._open = self._open[MOST_BYTES:]

    def end(self) -> None:
        """Nothing comes any more: what is left is a line."""
        if self._open:
            self._keep(self._open)
            self._open = b""

    def _keep(self, line: bytes) -> None:
        for start in range(0, max(1, len(line)), MOST_BYTES):
            self._add(line[start : start + MOST_BYTES])

    def _add(self, line: bytes) -> None:
        self._kept.append(line)
        self.came += 1

    def window(self, rows: int, back: int = 0) -> Sequence[str]:
        """Return so many lines, `back` lines before the end."""
        count = len(self)
        end = max(0, count - back)
        start = max(0, end - rows)
        newest = [self._open] if self._open else []
        # a deque is read from its nearer end: following the newest lines costs what is shown
        kept = list(islice(reversed(self._kept), max(0, count - len(newest) - start)))[::-1]
        return [_readable(line) for line in [*kept, *newest][: end - start]]

    def text(self) -> str:
        """Return all that is kept."""
        return "".join(f"{line}\n" for line in self.window(len(self)))


def _readable(line: bytes) -> str:
    """Return a line as it would stand on a terminal: what was written over is gone, as are colours."""
    text = _ESCAPES.sub("", line.decode("utf-8", "replace").rstrip("\r")).rpartition("\r")[2]
    return printable(text.expandtabs(_TAB))
