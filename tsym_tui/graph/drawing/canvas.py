"""A grid of cells being drawn: characters, styles, tints, and which cells are taken."""

from __future__ import annotations

from itertools import pairwise

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
        self._taken = [0] * rows
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
        number, end = self.style_id(style), x + width(text)
        if x >= 0 and end <= self.width and end - x == len(text):
            self.codes[y, x:end] = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
            self.styles[y, x:end] = number
        else:
            self._write_slowly(x, y, text, number)
        if node is not None:
            self.nodes.update({(at, y): node for at in range(max(0, x), min(end, self.width))})
        left, right = max(0, x - margin), min(self.width, end + margin)
        if right > left:
            self._taken[y] |= ((1 << (right - left)) - 1) << left

    def _write_slowly(self, x: int, y: int, text: str, number: int) -> None:
        """Write text with wide characters, or partly outside."""
        at = x
        for char in text:
            cells = width(char)
            if at >= 0 and at + cells <= self.width:
                self.codes[y, at] = ord(char)
                self.styles[y, at : at + cells] = number
                if cells == 2:
                    self.codes[y, at + 1] = _TAIL
            at += cells

    def is_free(self, x: int, y: int, cells: int) -> bool:
        """Whether a row of cells is inside and untaken."""
        if not 0 <= y < self.height or x < 0 or x + cells > self.width:
            return False
        return not self._taken[y] >> x & ((1 << cells) - 1)

    def underlay(self, codes: NDArray[np.uint32], styles: NDArray[np.uint16]) -> None:
        """Put a picture of lines under what is written: only untaken, blank cells change."""
        free = ~self._taken_cells() & (self.codes == _BLANK)
        self.codes[free] = codes[free]
        self.styles[free] = styles[free]

    def _taken_cells(self) -> NDArray[np.bool_]:
        size = (self.width + 7) // 8
        rows = b"".join(row.to_bytes(size, "little") for row in self._taken)
        bits = np.unpackbits(np.frombuffer(rows, dtype=np.uint8).reshape(self.height, size), axis=1, bitorder="little")
        return np.asarray(bits[:, : self.width] > 0)

    def frame(self) -> Frame:
        """Return what was drawn. Blanks join the run before them, which halves the number of runs."""
        table = list(self._style_ids)
        keys = (self._filled(table).astype(np.int32) * len(self._tints) + self.tints).ravel()
        changes = np.append(True, keys[1:] != keys[:-1])
        changes[:: self.width] = True
        edges = np.flatnonzero(changes)
        marks = keys[edges].tolist()
        looks = {key: self._look(key, table) for key in set(marks)}
        text = self.codes.tobytes().decode("utf-32-le")
        pieces = [text[start:stop] for start, stop in pairwise([*edges.tolist(), len(text)])]
        if "\0" in text:
            pieces = [piece.replace("\0", "") for piece in pieces]
        runs = list(map(Run._make, zip(pieces, [looks[key] for key in marks], strict=True)))
        breaks = np.searchsorted(edges, np.arange(self.height + 1) * self.width).tolist()
        rows = [runs[start:stop] for start, stop in pairwise(breaks)]
        return Frame(self.width, self.height, rows, self.nodes)

    def _filled(self, table: list[Style]) -> NDArray[np.uint16]:
        """Let blanks take the style to their left, unless that would show."""
        shows = np.array([style.bg is not None or style.reverse for style in table])
        blank = (self.codes == _BLANK) & ~shows[self.styles]
        source = np.where(blank, 0, np.arange(self.width))
        filled = np.take_along_axis(self.styles, np.maximum.accumulate(source, axis=1), axis=1)
        return np.asarray(np.where(shows[filled] & blank, 0, filled))

    def _look(self, key: int, table: list[Style]) -> Style:
        style, tint = table[key // len(self._tints)], self._tints[key % len(self._tints)]
        if tint is None or style.bg is not None:
            return style
        return msgspec.structs.replace(style, bg=tint)
