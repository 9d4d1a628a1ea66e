"""A grid of cells being drawn: characters, styles, tints, and which cells are taken."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.cells import width
from tsym_tui.graph.frame import Frame, Run
from tsym_tui.graph.themes import PLAIN, Style

_BLANK = ord(" ")
_TAIL = 0
"""Right half of a wide character."""


class Canvas:
    """Cells by row and column; writing text takes its cells and a blank on each side."""

    def __init__(self, columns: int, rows: int) -> None:
        """Start blank."""
        self.width, self.height = columns, rows
        self.codes = np.full((rows, columns), _BLANK, dtype=np.uint32)
        self.styles = np.zeros((rows, columns), dtype=np.uint16)
        self.tints = np.zeros((rows, columns), dtype=np.uint8)
        self.taken = np.zeros((rows, columns), dtype=bool)
        self.nodes: dict[tuple[int, int], int] = {}
        self._style_ids: dict[Style, int] = {PLAIN: 0}
        self._tints: list[str | None] = [None]

    def style_id(self, style: Style) -> int:
        """Return the number of a style on this canvas."""
        return self._style_ids.setdefault(style, len(self._style_ids))

    def tint(self, left: int, top: int, right: int, bottom: int, colour: str | None) -> None:
        """Colour the ground of a rectangle, right and bottom inside."""
        if colour is None or right < 0 or bottom < 0:
            return
        if colour not in self._tints:
            self._tints.append(colour)
        self.tints[max(0, top) : bottom + 1, max(0, left) : right + 1] = self._tints.index(colour)

    def write(self, x: int, y: int, text: str, style: Style, *, node: int | None = None, margin: int = 1) -> None:
        """Write settled text; cells outside are dropped, cells written and `margin` beside them are taken."""
        if not 0 <= y < self.height:
            return
        number, at = self.style_id(style), x
        for char in text:
            cells = 1 if char.isascii() else width(char)
            if at >= 0 and at + cells <= self.width:
                self.codes[y, at] = ord(char)
                self.styles[y, at : at + cells] = number
                if cells == 2:
                    self.codes[y, at + 1] = _TAIL
                if node is not None:
                    self.nodes.update({(at + i, y): node for i in range(cells)})
            at += cells
        self.taken[y, max(0, x - margin) : max(0, at + margin)] = True

    def is_free(self, x: int, y: int, cells: int) -> bool:
        """Whether a row of cells is inside and untaken."""
        if not 0 <= y < self.height or x < 0 or x + cells > self.width:
            return False
        return not self.taken[y, x : x + cells].any()

    def underlay(self, codes: NDArray[np.uint32], styles: NDArray[np.uint16]) -> None:
        """Put a picture of lines under what is written: only untaken, blank cells change."""
        free = ~self.taken & (self.codes == _BLANK)
        self.codes[free] = codes[free]
        self.styles[free] = styles[free]

    def frame(self) -> Frame:
        """Return what was drawn. Blanks join the run before them, which halves the number of runs."""
        table = list(self._style_ids)
        looks: dict[int, Style] = {}
        keys = self._filled(table).astype(np.int64) * len(self._tints) + self.tints
        rows = [self._row(y, keys[y], table, looks) for y in range(self.height)]
        return Frame(self.width, self.height, rows, self.nodes)

    def _filled(self, table: list[Style]) -> NDArray[np.uint16]:
        """Let blanks take the style to their left, unless that would show."""
        shows = np.array([style.bg is not None or style.reverse for style in table])
        blank = (self.codes == _BLANK) & ~shows[self.styles]
        source = np.where(blank, 0, np.arange(self.width))
        filled = np.take_along_axis(self.styles, np.maximum.accumulate(source, axis=1), axis=1)
        return np.asarray(np.where(shows[filled] & blank, 0, filled))

    def _row(self, y: int, keys: NDArray[np.int64], table: list[Style], looks: dict[int, Style]) -> list[Run]:
        text = self.codes[y].tobytes().decode("utf-32-le")
        edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), self.width]
        marks = keys[edges[:-1]].tolist()
        runs = []
        for start, stop, key in zip(edges, edges[1:], marks, strict=False):
            look = looks.get(key)
            if look is None:
                look = looks[key] = self._look(key, table)
            runs.append(Run(text[start:stop].replace("\0", ""), look))
        return runs

    def _look(self, key: int, table: list[Style]) -> Style:
        style, tint = table[key // len(self._tints)], self._tints[key % len(self._tints)]
        if tint is None or style.bg is not None:
            return style
        return msgspec.structs.replace(style, bg=tint)
