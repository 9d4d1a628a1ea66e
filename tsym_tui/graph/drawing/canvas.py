"""A grid of cells being drawn: characters, styles, tints, and which cells are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.cells import width
from tsym_tui.graph.drawing.sheets import BLANK, TAIL, Sheet
from tsym_tui.graph.frame import Frame, Run
from tsym_tui.graph.themes import PLAIN, Style


class Palette:
    """Numbers for styles and grounds. Pictures that follow each other share one, so that their cells compare."""

    MOST = 4000
    """More styles than this are no longer those of one series of pictures: begin anew."""

    def __init__(self) -> None:
        """Know the plain style and no ground."""
        self.styles: dict[Style, int] = {PLAIN: 0}
        self.tints: list[str | None] = [None]

    @property
    def is_full(self) -> bool:
        """Whether the next picture should begin anew."""
        return len(self.styles) > self.MOST or len(self.tints) > 250

    def style_id(self, style: Style) -> int:
        """Return the number of a style."""
        return self.styles.setdefault(style, len(self.styles))

    def tint_id(self, colour: str) -> int:
        """Return the number of a ground."""
        if colour not in self.tints:
            self.tints.append(colour)
        return self.tints.index(colour)


class Owners(Mapping[tuple[int, int], int]):
    """Node index by (x, y), for the cells of markers and names: a mapping to read, an array to work on."""

    def __init__(self, columns: int, rows: int) -> None:
        """Belong to nobody."""
        self.cells = np.full((rows, columns), NOBODY, dtype=np.int32)

    def __getitem__(self, spot: tuple[int, int]) -> int:
        """Return the node at a cell."""
        x, y = spot
        rows, columns = self.cells.shape
        node = int(self.cells[y, x]) if 0 <= x < columns and 0 <= y < rows else NOBODY
        if node == NOBODY:
            raise KeyError(spot)
        return node

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield the cells of nodes."""
        down, across = np.nonzero(self.cells != NOBODY)
        return iter(zip(across.tolist(), down.tolist(), strict=True))

    def __len__(self) -> int:
        """Count the cells of nodes."""
        return int(np.count_nonzero(self.cells != NOBODY))

    def of(self, nodes: Iterable[int]) -> NDArray[np.bool_]:
        """Return the cells of some nodes, as a mask."""
        return np.isin(self.cells, list(nodes))


NOBODY = -1


class Canvas:
    """Cells by row and column; writing text takes its cells and a blank on each side."""

    def __init__(self, columns: int, rows: int, palette: Palette | None = None) -> None:
        """Start blank."""
        self.width, self.height = columns, rows
        self.palette = palette or Palette()
        self.codes = np.full((rows, columns), BLANK, dtype=np.uint32)
        self.styles = np.zeros((rows, columns), dtype=np.uint16)
        self.tints = np.zeros((rows, columns), dtype=np.uint8)
        self._taken = [0] * rows
        self._keys = np.empty((0, 0), dtype=np.int32)
        self.nodes = Owners(columns, rows)

    def copy(self) -> Canvas:
        """Return a canvas to draw on without changing this one."""
        other = Canvas(self.width, self.height, self.palette)
        other.codes, other.styles, other.tints = self.codes.copy(), self.styles.copy(), self.tints.copy()
        other._taken = self._taken.copy()
        other.nodes.cells = self.nodes.cells.copy()
        return other

    def style_id(self, style: Style) -> int:
        """Return the number of a style on this canvas."""
        return self.palette.style_id(style)

    def tint(self, left: int, top: int, right: int, bottom: int, colour: str | None) -> None:
        """Colour the ground of a rectangle, right and bottom inside."""
        if colour is None or right < 0 or bottom < 0:
            return
        self.tints[max(0, top) : bottom + 1, max(0, left) : right + 1] = self.palette.tint_id(colour)

    def tint_cells(self, cells: NDArray[np.bool_], colour: str | None) -> None:
        """Colour the ground of some cells, given as a mask."""
        if colour is not None:
            self.tints[cells] = self.palette.tint_id(colour)

    def restyle(self, cells: NDArray[np.bool_], change: Callable[[Style], Style]) -> None:
        """Change the style of what is in some cells."""
        numbers, table = self.styles[cells], list(self.palette.styles)
        for number in np.unique(numbers).tolist():
            self.styles[cells & (self.styles == number)] = self.style_id(change(table[number]))

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
            self.nodes.cells[y, max(0, x) : max(0, end)] = node
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
                    self.codes[y, at + 1] = TAIL
            at += cells

    def stamp(
        self, spots: NDArray[np.int64], codes: NDArray[np.uint32], styles: NDArray[np.uint16], order: NDArray[np.int64]
    ) -> None:
        """Write one character for each node at its cell (x, y), which is then taken; of those that share one the last.

        `order` says who comes first. Nodes outside are left out.
        """
        x, y = spots[order, 0], spots[order, 1]
        inside = order[(x >= 0) & (x < self.width) & (y >= 0) & (y < self.height)]
        x, y = spots[inside, 0], spots[inside, 1]
        self.codes[y, x], self.styles[y, x] = codes[inside], styles[inside]
        taken = np.zeros((self.height, self.width), dtype=bool)
        taken[y, x] = True
        rows = np.packbits(taken, axis=1, bitorder="little")
        for row in np.flatnonzero(taken.any(axis=1)).tolist():
            self._taken[row] |= int.from_bytes(rows[row].tobytes(), "little")
        self.nodes.cells[y, x] = inside

    def is_free(self, x: int, y: int, cells: int) -> bool:
        """Whether a row of cells is inside and untaken."""
        if not 0 <= y < self.height or x < 0 or x + cells > self.width:
            return False
        return not self._taken[y] >> x & ((1 << cells) - 1)

    def underlay(self, codes: NDArray[np.uint32], styles: NDArray[np.uint16], *, over_lines: bool = False) -> None:
        """Put a picture of lines under what is written: only untaken, blank cells change, or those of other lines."""
        free = ~self._taken_cells() & (codes != BLANK if over_lines else self.codes == BLANK)
        self.codes[free] = codes[free]
        self.styles[free] = styles[free]

    def _taken_cells(self) -> NDArray[np.bool_]:
        size = (self.width + 7) // 8
        rows = b"".join(row.to_bytes(size, "little") for row in self._taken)
        bits = np.unpackbits(np.frombuffer(rows, dtype=np.uint8).reshape(self.height, size), axis=1, bitorder="little")
        return np.asarray(bits[:, : self.width] > 0)

    def frame(self, earlier: tuple[Canvas, Frame] | None = None) -> Frame:
        """Return what was drawn. Blanks join the run before them, which halves the number of runs.

        Rows that are as they were in an earlier picture of the same palette are its very rows.
        """
        self._keys = self._filled(list(self.palette.styles)).astype(np.int32) * _MOST_TINTS + self.tints
        fresh = np.ones(self.height, dtype=bool)
        rows: list[Sequence[Run]] = [()] * self.height
        if earlier is not None and self._compares(earlier[0]):
            fresh = self._changed_since(earlier[0])
            rows = list(earlier[1].rows)
        if fresh.any():
            for row, ready in zip(np.flatnonzero(fresh).tolist(), self._sheet(fresh).rows, strict=True):
                rows[row] = ready
        return Frame(self.width, self.height, rows, self.nodes)

    def _compares(self, other: Canvas) -> bool:
        return other.palette is self.palette and other._keys.shape == self._keys.shape

    def _changed_since(self, other: Canvas) -> NDArray[np.bool_]:
        return np.asarray((other._keys != self._keys).any(axis=1) | (other.codes != self.codes).any(axis=1))

    def _sheet(self, wanted: NDArray[np.bool_]) -> Sheet:
        """Return some rows."""
        table = list(self.palette.styles)
        return Sheet(self.codes[wanted], self._keys[wanted], lambda key: self._look(key, table))

    def _filled(self, table: list[Style]) -> NDArray[np.uint16]:
        """Let blanks take the style to their left, unless that would show."""
        shows = np.array([style.bg is not None or style.reverse for style in table])
        blank = (self.codes == BLANK) & ~shows[self.styles]
        source = np.where(blank, 0, np.arange(self.width))
        filled = np.take_along_axis(self.styles, np.maximum.accumulate(source, axis=1), axis=1)
        return np.asarray(np.where(shows[filled] & blank, 0, filled))

    def _look(self, key: int, table: list[Style]) -> Style:
        style, tint = table[key // _MOST_TINTS], self.palette.tints[key % _MOST_TINTS]
        if tint is None or style.bg is not None:
            return style
        return on_ground(style, tint)


_MOST_TINTS = 256


@lru_cache(maxsize=4096)
def on_ground(style: Style, colour: str) -> Style:
    """Return a look on a ground; the same object again, so that rows compare quickly."""
    return msgspec.structs.replace(style, bg=colour)
