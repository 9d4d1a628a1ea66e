"""From polylines to cells: braille dots, or one character a cell where the font has no braille."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.raster import (
    BRAILLE_GRAIN,
    CELL_GRAIN,
    HALF_GRAIN,
    Dashes,
    Flags,
    Floats,
    Integers,
    Raster,
    Samples,
    Slots,
    clip_segments,
    trace,
    walk,
    widen,
)
from tsym_tui.graph.looks import Level, Stroke
from tsym_tui.graph.themes import Style

DOTS_ACROSS, DOTS_DOWN = 2, 4

_GRAINS = {Level.BRAILLE: BRAILLE_GRAIN, Level.HALF: HALF_GRAIN, Level.BLOCK: CELL_GRAIN, Level.ASCII: CELL_GRAIN}


class Batch(NamedTuple):
    """What one batch of strokes looks like, one entry a stroke; slots must ascend."""

    slots: Slots
    numbers: NDArray[np.int32]
    """For the cover; negative where numbers may stand on the stroke."""
    kinds: Slots
    """Index into `table`."""
    table: tuple[Stroke, ...]

    @classmethod
    def of(cls, slots: Slots, numbers: NDArray[np.int32], strokes: Sequence[Stroke]) -> Batch:
        """Make a batch of strokes given one by one."""
        places = {stroke: place for place, stroke in enumerate(dict.fromkeys(strokes))}
        return cls(slots, numbers, np.array([places[stroke] for stroke in strokes], dtype=np.uint8), tuple(places))

    def some(self, kept: Integers) -> Batch:
        """Return some entries."""
        return Batch(self.slots[kept], self.numbers[kept], self.kinds[kept], self.table)


class Cover(NamedTuple):
    """Which stroke passes each cell, gaps of dashes included: for placing numbers."""

    owners: list[list[int]]
    """By row and column: the number of the only stroke, `NOBODY` or `CROWD`."""

    def only(self, stroke: int, x: int, y: int, cells: int) -> bool:
        """Whether no other stroke passes a row of cells."""
        return all(owner in {stroke, NOBODY} for owner in self.owners[y][x : x + cells])


NOBODY, CROWD = -1, -2


class Pen:
    """Draws strokes and keeps what they cover.

    Coordinates are dots: two to a column, four to a row, at every level.
    """

    def __init__(self, columns: int, rows: int, level: Level, *, keep_cover: bool = True) -> None:
        """Take the size in cells."""
        self.level = level
        self._grain = _GRAINS[level]
        self._has_dots = self._grain != CELL_GRAIN
        self._raster = Raster(columns, rows, self._grain)
        self._shape = (rows, columns)
        self._codes = np.full(rows * columns, ord(" "), dtype=np.uint32)
        self._slots = np.zeros(rows * columns, dtype=np.uint8)
        self._keep_cover = keep_cover
        self._cells: list[Integers] = []
        self._numbers: list[Integers] = []

    @staticmethod
    def dots_at(spots: Floats, slots: Slots, size: tuple[int, int], level: Level) -> tuple[NDArray[np.uint32], Slots]:
        """Return the characters and slots of single dots in the unit square, in a picture of its own."""
        columns, rows = size
        grain = _GRAINS[level] if level is Level.BRAILLE else HALF_GRAIN
        wide, high = columns * grain.across, rows * grain.down
        raster = Raster(columns, rows, grain)
        x, y = (
            np.clip(spots[:, axis] * limit, 0, limit - 1).astype(np.int32) for axis, limit in ((0, wide), (1, high))
        )
        raster.paint(Samples(x, y, 0, np.ones(len(x), dtype=np.int64)), slots)
        characters = raster.characters()
        if level is Level.ASCII:
            characters = np.where(characters == ord(" "), characters, np.uint32(ord(".")))
        return characters, raster.slots()

    def straight(self, start: Floats, end: Floats, batch: Batch) -> None:
        """Draw one segment for each stroke."""
        if not len(start):
            return
        rows, columns = self._shape
        wide, high = columns * self._grain.across, rows * self._grain.down
        scale = self._scale()
        begin, finish, inside = clip_segments(start * scale, end * scale, wide, high)
        kept = np.flatnonzero(inside)
        skipped = np.abs(begin - start * scale).max(axis=1)[kept].astype(np.int64)
        batch = batch.some(kept)
        dashes = self._dashes(batch, skipped)
        if self._has_dots:
            self._raster.paint_straight(begin[kept], finish[kept], batch.slots, dashes)
        if self._has_dots and not self._keep_cover:
            return
        for samples in walk(begin[kept], finish[kept]):
            if not self._has_dots:
                self._write(samples, batch, dashes)
            self._remember(samples, batch.numbers)

    def curved(self, curves: Sequence[Floats], batch: Batch, wide: Flags | None = None) -> None:
        """Draw one polyline for each stroke; those marked as wide are two dots wide where there are dots."""
        if not len(curves):
            return
        samples, dashes = trace([curve * self._scale() for curve in curves]), self._dashes(batch)
        self._draw(samples, batch, dashes)
        if wide is not None and wide.any() and self._has_dots:
            kept = np.flatnonzero(wide)
            chosen = np.flatnonzero(np.repeat(wide, samples.counts))
            thick = Samples(samples.x[chosen], samples.y[chosen], 0, samples.counts[kept])
            batch = batch.some(kept)
            self._draw(widen(thick), batch, self._dashes(batch))

    def clear_texture(self, slot: int) -> None:
        """Keep the lowest strokes, up to a slot, out of cells that others pass."""
        if self._has_dots and slot:
            self._raster.clear_texture(slot)

    def cover(self) -> Cover:
        """Return which strokes pass each cell."""
        first = np.full(self._shape[0] * self._shape[1], NOBODY, dtype=np.int32)
        last = first.copy()
        if self._cells:
            cells, numbers = np.concatenate(self._cells), np.concatenate(self._numbers)
            order = np.argsort(numbers, kind="stable")
            cells, numbers = cells[order], numbers[order]
            last[cells] = numbers
            first[cells[::-1]] = numbers[::-1]
        return Cover(np.where(first == last, last, CROWD).reshape(self._shape).tolist())

    def drawn(self) -> Flags:
        """Return which cells have something in them."""
        slots = self._raster.slots() if self._has_dots else self._slots.reshape(self._shape)
        return np.asarray(slots > 0)

    def put(
        self, canvas: Canvas, styles: Sequence[Style], calm: Slots | None = None, *, over_lines: bool = False
    ) -> None:
        """Put everything drawn under what the canvas has written; styles are by slot.

        `calm` says by slot which styles may stand for each other, where it is crowded; None = none. `over_lines` takes
        the place of lines that were put before.
        """
        if self._has_dots:
            codes, slots = self._raster.characters(), self._raster.slots()
        else:
            codes, slots = self._codes.reshape(self._shape), self._slots.reshape(self._shape)
        if calm is not None and self._has_dots:
            slots = self._raster.calmed(slots, calm)
        numbers = np.array([canvas.style_id(style) for style in styles], dtype=np.uint16)
        canvas.underlay(codes, numbers[slots], over_lines=over_lines)

    def _scale(self) -> Floats:
        return np.array([self._grain.across / DOTS_ACROSS, self._grain.down / DOTS_DOWN])

    def _dashes(self, batch: Batch, skipped: Integers | None = None) -> Dashes:
        dashes = {Level.BRAILLE: "dash", Level.HALF: "half_dash"}.get(self.level, "plain_dash")
        return Dashes([getattr(stroke, dashes) for stroke in batch.table], batch.kinds, skipped)

    def _draw(self, samples: Samples, batch: Batch, dashes: Dashes) -> None:
        if self._has_dots:
            self._raster.paint(samples, batch.slots, dashes.on(samples.begin, samples.counts))
        else:
            self._write(samples, batch, dashes)
        self._remember(samples, batch.numbers)

    def _remember(self, samples: Samples, numbers: NDArray[np.int32]) -> None:
        """Keep which cells strokes pass, while that is asked for."""
        if not self._keep_cover:
            return
        rows, columns = self._shape
        across, down = self._grain
        x, y, number = samples.x // across, samples.y // down, numbers[samples.lines()]
        kept = np.flatnonzero((x >= 0) & (x < columns) & (y >= 0) & (y < rows) & (number >= 0))
        self._cells.append((y * columns + x)[kept])
        self._numbers.append(number[kept])

    def _write(self, samples: Samples, batch: Batch, dashes: Dashes) -> None:
        """Write one character for each sample, those of the highest slot last."""
        rows, columns = self._shape
        x, y, line = samples.x, samples.y, samples.lines()
        inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        on = dashes.on(samples.begin, samples.counts)
        if on is not None:
            inside &= on
        slot = batch.slots[line]
        cell = np.where(inside, y * columns + x, 0)
        kept = np.flatnonzero(inside & (slot >= self._slots[cell]))
        self._codes[cell[kept]] = self._characters(samples, line, batch)[kept]
        self._slots[cell[kept]] = slot[kept]

    def _characters(self, samples: Samples, line: Integers, batch: Batch) -> NDArray[np.uint32]:
        is_ascii = self.level is Level.ASCII
        own = np.array([ord(look.ascii if is_ascii else look.plain) for look in batch.table], dtype=np.uint32)
        bends = np.array([not look.plain_dash for look in batch.table], dtype=bool)
        kind = batch.kinds[line]
        flat, steep, falling, rising = (ord(char) for char in ("-|\\/" if is_ascii else "─│╲╱"))
        dx, dy = _steps(samples, line)
        slope = np.where(dx * dy > 0, falling, rising)
        bent = np.where(dy == 0, flat, np.where(dx == 0, steep, slope))
        return np.asarray(np.where(bends[kind], bent, own[kind]).astype(np.uint32))


def _steps(samples: Samples, line: Integers) -> tuple[Integers, Integers]:
    """Return each sample's step to the next one of its line; the last repeats the one before."""
    dx, dy = np.diff(samples.x, append=0), np.diff(samples.y, append=0)
    ends = np.flatnonzero(np.append(line[1:] != line[:-1], True))
    dx[ends], dy[ends] = dx[np.maximum(ends - 1, 0)], dy[np.maximum(ends - 1, 0)]
    return np.sign(dx), np.sign(dy)
