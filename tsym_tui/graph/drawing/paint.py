"""From polylines to cells: braille dots, or one character a cell where the font has no braille."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.raster import Dashes, Flags, Floats, Raster, Samples, clip_segments, trace, walk
from tsym_tui.graph.looks import Level, Stroke
from tsym_tui.graph.themes import Style

DOTS_ACROSS, DOTS_DOWN = 2, 4


class Cover(NamedTuple):
    """Which strokes pass each cell, gaps of dashes included: for placing numbers."""

    first: NDArray[np.int32]
    """Lowest stroke in each cell; -1 = none."""
    last: NDArray[np.int32]
    """Highest stroke in each cell; equal to `first` where only one passes."""

    def only(self, stroke: int, x: int, y: int, cells: int) -> bool:
        """Whether no other stroke passes a row of cells."""
        first, last = self.first[y, x : x + cells], self.last[y, x : x + cells]
        return bool((((first == stroke) & (last == stroke)) | (first < 0)).all())


class Pen:
    """Draws strokes, lowest priority first, and keeps what they cover.

    Coordinates are dots: two to a column, four to a row, at every level. Strokes come in batches of straight segments
    or of polylines; a batch's slots must ascend.
    """

    def __init__(self, columns: int, rows: int, level: Level, *, keep_cover: bool = True) -> None:
        """Take the size in cells."""
        self.level = level
        self._raster = Raster(columns, rows)
        self._shape = (rows, columns)
        self._codes = np.full(rows * columns, ord(" "), dtype=np.uint32)
        self._slots = np.zeros(rows * columns, dtype=np.uint8)
        self._keep_cover = keep_cover
        self._cells: list[NDArray[np.int64]] = []
        self._strokes: list[NDArray[np.int32]] = []

    def straight(
        self, start: Floats, end: Floats, slots: NDArray[np.uint8], strokes: NDArray[np.int32], dashes: Sequence[Stroke]
    ) -> None:
        """Draw one segment for each slot; `strokes` numbers them for the cover."""
        if not len(start):
            return
        scale = self._scale()
        rows, columns = self._shape
        high, wide = (rows * DOTS_DOWN, columns * DOTS_ACROSS) if self.level is Level.BRAILLE else (rows, columns)
        begin, finish, inside = clip_segments(start * scale, end * scale, wide, high)
        if not inside.any():
            return
        kept = np.flatnonzero(inside)
        skipped = np.abs(begin - start * scale).max(axis=1)[kept].astype(np.int64)
        chosen = [dashes[position] for position in kept.tolist()]
        pattern = self._dashes(chosen)
        for samples in walk(begin[kept], finish[kept]):
            moved = samples._replace(arc=samples.arc + skipped[samples.line]) if skipped.any() else samples
            self._draw(moved, slots[kept], strokes[kept], chosen, pattern)

    def curved(
        self, curves: Sequence[Floats], slots: NDArray[np.uint8], strokes: NDArray[np.int32], dashes: Sequence[Stroke]
    ) -> None:
        """Draw one polyline for each slot."""
        if not curves:
            return
        samples = trace([curve * self._scale() for curve in curves])
        self._draw(samples, slots, strokes, dashes, self._dashes(dashes))

    def cover(self) -> Cover:
        """Return which strokes pass each cell."""
        first = np.full(self._shape[0] * self._shape[1], -1, dtype=np.int32)
        last = first.copy()
        if self._cells:
            cells, strokes = np.concatenate(self._cells), np.concatenate(self._strokes)
            order = np.argsort(strokes, kind="stable")
            cells, strokes = cells[order], strokes[order]
            last[cells] = strokes
            first[cells[::-1]] = strokes[::-1]
        return Cover(first.reshape(self._shape), last.reshape(self._shape))

    def drawn(self) -> Flags:
        """Return which cells have something in them."""
        slots = self._raster.slots() if self.level is Level.BRAILLE else self._slots.reshape(self._shape)
        return np.asarray(slots > 0)

    def put(self, canvas: Canvas, styles: Sequence[Style]) -> None:
        """Put everything drawn under what the canvas has written."""
        if self.level is Level.BRAILLE:
            codes, slots = self._raster.characters(), self._raster.slots()
        else:
            codes, slots = self._codes.reshape(self._shape), self._slots.reshape(self._shape)
        numbers = np.array([canvas.style_id(style) for style in styles], dtype=np.uint16)
        canvas.underlay(codes, numbers[slots])

    def _scale(self) -> Floats:
        return np.ones(2) if self.level is Level.BRAILLE else np.array([1 / DOTS_ACROSS, 1 / DOTS_DOWN])

    def _dashes(self, strokes: Sequence[Stroke]) -> Dashes:
        if self.level is Level.BRAILLE:
            return Dashes([stroke.dash for stroke in strokes])
        return Dashes([stroke.plain_dash for stroke in strokes])

    def _draw(
        self,
        samples: Samples,
        slots: NDArray[np.uint8],
        strokes: NDArray[np.int32],
        looks: Sequence[Stroke],
        dashes: Dashes,
    ) -> None:
        on = dashes.on(samples)
        if self.level is Level.BRAILLE:
            self._raster.paint(samples, slots, on)
        else:
            self._write(samples, slots, looks, on)
        if self._keep_cover:
            self._remember(samples, strokes)

    def _remember(self, samples: Samples, strokes: NDArray[np.int32]) -> None:
        rows, columns = self._shape
        across, down = (DOTS_ACROSS, DOTS_DOWN) if self.level is Level.BRAILLE else (1, 1)
        x, y = samples.x // across, samples.y // down
        inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        self._cells.append((y * columns + x)[inside])
        self._strokes.append(strokes[samples.line][inside])

    def _write(self, samples: Samples, slots: NDArray[np.uint8], looks: Sequence[Stroke], on: Flags | None) -> None:
        """Write one character for each sample, those of the highest slot last."""
        rows, columns = self._shape
        codes = self._characters(samples, looks)
        inside = (samples.x >= 0) & (samples.x < columns) & (samples.y >= 0) & (samples.y < rows)
        if on is not None:
            inside &= on
        slot = slots[samples.line]
        cell = np.where(inside, samples.y * columns + samples.x, 0)
        inside &= slot >= self._slots[cell]
        self._codes[cell[inside]] = codes[inside]
        self._slots[cell[inside]] = slot[inside]

    def _characters(self, samples: Samples, looks: Sequence[Stroke]) -> NDArray[np.uint32]:
        is_ascii = self.level is Level.ASCII
        own = np.array([ord(look.ascii if is_ascii else look.plain) for look in looks], dtype=np.uint32)
        bends = np.array([not look.plain_dash for look in looks], dtype=bool)
        flat, steep, falling, rising = (ord(char) for char in ("-|\\/" if is_ascii else "─│╲╱"))
        dx, dy = _steps(samples)
        slope = np.where(dx * dy > 0, falling, rising)
        bent = np.where(dy == 0, flat, np.where(dx == 0, steep, slope))
        return np.asarray(np.where(bends[samples.line], bent, own[samples.line]).astype(np.uint32))


def _steps(samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each sample's step to the next one of its line; the last repeats the one before."""
    dx, dy = np.diff(samples.x, append=0), np.diff(samples.y, append=0)
    ends = np.append(np.diff(samples.line) != 0, True)
    previous = np.maximum(np.flatnonzero(ends) - 1, 0)
    dx[ends], dy[ends] = dx[previous], dy[previous]
    return np.sign(dx), np.sign(dy)
