"""Lines into dots, all at once: a fixed-point walk along each line, dashes by arc length, and braille cells.

Dots are eight to a cell, two across and four down; or two to a cell, one above the other, for fonts that have half
blocks and no braille. They are kept as one picture, row by row, so that a sample's place is one multiplication away;
characters and winning colours come out of it in a few sweeps over all cells. A dot's value is its slot, a small number
that grows with the priority of the line, 0 for no dot.

What is fast here was measured: repeating a value for each sample of its line is twenty times faster than looking it up,
a remainder costs forty shifts, an index of 32 bits is worth widening before it is used, and arrays above 128 KiB are
given back to the system after each use, which triples the time. Hence runs instead of indices, dashes cut from ready
patterns, and chunks of 16 thousand samples.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.integer]
Flags = NDArray[np.bool_]
Slots = NDArray[np.uint8]

CHUNK = 16_384

_HALF = 1 << 15

_BITS = (0, 1, 2, 6, 3, 4, 5, 7)
"""Bit of a braille character for each plane: four times the column of the dot plus its row."""

_CHARACTERS = np.arange(0x2800, 0x2900, dtype=np.uint32)
_CHARACTERS[0] = ord(" ")  # the empty braille cell is no blank to a terminal that copies text
_HALVES = np.array([ord(char) for char in " ▀▄█"], dtype=np.uint32)


class Grain(NamedTuple):
    """How many dots a cell has."""

    across: int
    down: int


BRAILLE_GRAIN, HALF_GRAIN, CELL_GRAIN = Grain(2, 4), Grain(1, 2), Grain(1, 1)


class Samples(NamedTuple):
    """Points along lines, line after line, in order along each."""

    x: Integers
    y: Integers
    begin: int
    """The first line."""
    counts: Integers
    """How many samples each line has, from the first on."""

    def lines(self) -> Integers:
        """Return the line of each sample."""
        return np.repeat(np.arange(self.begin, self.begin + len(self.counts), dtype=np.int32), self.counts)


_NOTHING = Samples(np.empty(0, np.int32), np.empty(0, np.int32), 0, np.empty(0, np.int32))


def clip_segments(start: Floats, end: Floats, width: int, height: int) -> tuple[Floats, Floats, Flags]:
    """Cut segments at a picture's edge, so that far ends cost nothing; also return which ones are inside at all."""
    low, high = np.zeros(2), np.array([width - 1.0, height - 1.0])
    if len(start) and (start >= low).all() and (start <= high).all() and (end >= low).all() and (end <= high).all():
        return start, end, np.ones(len(start), dtype=bool)
    delta = end - start
    enter, leave = np.zeros(len(start)), np.ones(len(start))
    with np.errstate(divide="ignore", invalid="ignore"):
        for axis in (0, 1):
            to_low = (low[axis] - start[:, axis]) / delta[:, axis]
            to_high = (high[axis] - start[:, axis]) / delta[:, axis]
            still = delta[:, axis] == 0
            outside = still & ((start[:, axis] < low[axis]) | (start[:, axis] > high[axis]))
            first = np.where(still, 0.0, np.minimum(to_low, to_high))
            last = np.where(still, np.where(outside, -1.0, 1.0), np.maximum(to_low, to_high))
            enter, leave = np.maximum(enter, first), np.minimum(leave, last)
    inside = enter <= leave
    cut_start, cut_end = start + delta * enter[:, None], start + delta * leave[:, None]
    return np.clip(cut_start, low, high), np.clip(cut_end, low, high), inside


def walk(start: Floats, end: Floats) -> Iterator[Samples]:
    """Walk along straight segments, one sample a step of the longer axis, in chunks; lines keep their order."""
    first, last = np.rint(start).astype(np.int32), np.rint(end).astype(np.int32)
    delta = last - first
    steps = np.abs(delta).max(axis=1, initial=0)
    counts = steps + 1
    step = ((delta << 16) // np.maximum(steps, 1)[:, None]).astype(np.int32)
    origin = (first << 16) + np.int32(_HALF)
    for begin, stop in _chunks(np.cumsum(counts)):
        yield _walk_chunk(origin[begin:stop], step[begin:stop], counts[begin:stop], begin)


def _chunks(bounds: Integers) -> Iterator[tuple[int, int]]:
    """Yield first and last + 1 of as many lines as make a chunk, given the running count of their samples."""
    marks: list[int] = bounds.tolist()
    begin = done = 0
    while begin < len(marks):
        stop = max(begin + 1, bisect_right(marks, done + CHUNK))
        yield begin, stop
        begin, done = stop, marks[stop - 1]


def _walk_chunk(origin: Integers, step: Integers, counts: Integers, begin: int) -> Samples:
    """Walk some segments; 32 bits are enough, since no picture has 32 thousand dots a side.

    All count from the start of the chunk, so each origin is moved back by what was counted before it: what overflows
    there comes back when the steps are added.
    """
    bounds = np.cumsum(counts, dtype=np.int32)
    before = (bounds - counts).astype(np.int32)
    along = np.arange(bounds[-1], dtype=np.int32)
    axes = []
    for axis in (0, 1):
        place = np.repeat(step[:, axis], counts)
        place *= along
        place += np.repeat(origin[:, axis] - before * step[:, axis], counts)
        place >>= 16
        axes.append(place)
    return Samples(axes[0], axes[1], begin, counts)


def trace(curves: Sequence[Floats]) -> Samples:
    """Walk along polylines, dropping repeated dots and the corner dot of each L step, which would look furry."""
    if not len(curves):
        return _NOTHING
    points = np.concatenate(curves)
    line = np.repeat(np.arange(len(curves), dtype=np.int32), [len(curve) for curve in curves])
    pieces = np.flatnonzero(line[1:] == line[:-1])
    chunks = list(walk(points[pieces], points[pieces + 1]))
    if not chunks:
        return _NOTHING
    x, y = np.concatenate([chunk.x for chunk in chunks]), np.concatenate([chunk.y for chunk in chunks])
    line = np.repeat(line[pieces], np.concatenate([chunk.counts for chunk in chunks]))
    fresh = np.flatnonzero(np.append(True, (x[1:] != x[:-1]) | (y[1:] != y[:-1]) | (line[1:] != line[:-1])))
    x, y, line = x[fresh], y[fresh], line[fresh]
    smooth = np.flatnonzero(~_corners(x, y, line))
    counts = np.bincount(line[smooth], minlength=len(curves))
    return Samples(x[smooth], y[smooth], 0, counts)


def widen(samples: Samples) -> Samples:
    """Return the samples once more, one dot beside themselves: below where a line runs flat, right where it is steep.

    Dashes of both go by the same distance, so they stay side by side.
    """
    line, here = samples.lines(), np.arange(len(samples.x))
    ahead, behind = np.minimum(here + 3, len(here) - 1), np.maximum(here - 3, 0)
    ahead = np.where(line[ahead] == line, ahead, here)
    behind = np.where(line[behind] == line, behind, here)
    flat = np.abs(samples.x[ahead] - samples.x[behind]) >= np.abs(samples.y[ahead] - samples.y[behind])
    return samples._replace(x=samples.x + ~flat, y=samples.y + flat)


def _corners(x: Integers, y: Integers, line: Integers) -> Flags:
    """Return which dots turn a right angle between two straight steps; of a staircase every other one."""
    corner = np.zeros(len(x), dtype=bool)
    if len(x) < 3:
        return corner
    across, down = np.abs(np.diff(x)), np.abs(np.diff(y))
    straight = across + down == 1
    turn = straight[1:] & straight[:-1] & (across[1:] != across[:-1])
    corner[1:-1] = turn & (line[2:] == line[:-2])
    starts = corner & ~np.append(False, corner[:-1])
    first = np.maximum.accumulate(np.where(starts, np.arange(len(corner)), 0))
    return np.asarray(corner & ((np.arange(len(corner)) - first) & 1 == 0))


class Dashes:
    """On or off for each sample of some lines."""

    def __init__(
        self, dashes: Sequence[tuple[int, ...]], kinds: Integers | None = None, skipped: Integers | None = None
    ) -> None:
        """Take some dashes, empty = solid, which of them each line has, and its samples left outside the picture.

        Without `kinds` the dashes are those of the lines, one by one.
        """
        self._kinds: Integers = np.arange(len(dashes)) if kinds is None else kinds
        self._patterns = [_pattern(dash) for dash in dashes]
        self._is_dashed = np.array([bool(dash) for dash in dashes], dtype=bool)[self._kinds]
        periods = np.array([sum(dash) or 1 for dash in dashes], dtype=np.int64)
        self._offsets: Integers = (0 if skipped is None else np.asarray(skipped)) % periods[self._kinds]

    def some(self, kept: Integers) -> Dashes:
        """Return the dashes of some of the lines."""
        some = copy(self)
        columns = self._kinds[kept], self._is_dashed[kept], self._offsets[kept]
        some._kinds, some._is_dashed, some._offsets = columns  # noqa: SLF001 - one of us
        return some

    def on(self, begin: int, counts: Integers) -> Flags | None:
        """Return which samples are drawn of some lines, from `begin` on, of so many each; None when all are."""
        lines = slice(begin, begin + len(counts))
        if not self._is_dashed[lines].any():
            return None
        offsets, patterns = self._offsets[lines], self._patterns
        ends = (offsets + counts).tolist()
        cuts = [
            patterns[kind][offset:end]
            for kind, offset, end in zip(self._kinds[lines].tolist(), offsets.tolist(), ends, strict=True)
        ]
        return np.frombuffer(b"".join(cuts), dtype=np.bool_)


LONGEST = 8192
"""Samples that a dash pattern is kept ready for: more than any line in a picture has."""


def _pattern(dash: tuple[int, ...]) -> bytes:
    period = b"".join((b"\0" if position % 2 else b"\1") * length for position, length in enumerate(dash)) or b"\1"
    return period * (LONGEST // len(period) + 1)


class Layer:
    """Dots by row and column, and one more that nobody sees, for what is left out: cheaper than taking it out."""

    def __init__(self, rows: int, columns: int) -> None:
        """Start empty."""
        self.columns = columns
        self._cells = np.zeros(1 + rows * columns, dtype=np.uint8)
        self.dots = self._cells[1:].reshape(rows, columns)
        self.highest = 0

    def set(self, places: Integers, slots: Slots, counts: Integers) -> None:
        """Set dots by place, 1 + row * columns + column, or 0 for nowhere; `slots` ascend, and last `counts` places."""
        slot: Slots | np.uint8 = slots[0] if slots[0] == slots[-1] else slots.repeat(counts)
        if slots[0] < self.highest:
            slot = np.maximum(slot, self._cells[places])
        self._cells[places] = slot
        self.highest = max(self.highest, int(slots[-1]))

    def absorb(self, aside: Layer) -> None:
        """Take over the dots of a layer on its side."""
        np.maximum(self.dots, aside.dots.T, out=self.dots)
        self.highest = max(self.highest, aside.highest)


class Raster:
    """The dots of one picture."""

    def __init__(self, width: int, height: int, grain: Grain = BRAILLE_GRAIN) -> None:
        """Take the size in cells."""
        self.width, self.height, self.grain = width, height, grain
        self._layer = Layer(height * grain.down, width * grain.across)
        self._aside: Layer | None = None
        """Lines that are flat rather than steep, with rows for columns, until they are asked for."""
        self._planes: Slots | None = None

    def paint(self, samples: Samples, slots: Slots, drawn: Flags | None = None) -> None:
        """Set dots; `slots` has one value for each line. Where dots meet, the higher slot stays.

        Within one call later samples win, so lines must come with their slots ascending.
        """
        x, y = samples.x, samples.y
        mine = slots[samples.begin : samples.begin + len(samples.counts)]
        if not mine.size:
            return
        rows, columns = self._layer.dots.shape
        within = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        places = (y * np.intp(columns) + x + 1) * (within if drawn is None else drawn & within)
        self._layer.set(places, mine, samples.counts)
        self._planes = None

    def paint_straight(self, start: Floats, end: Floats, slots: Slots, dashes: Dashes) -> None:
        """Draw straight segments that lie inside the picture: the dots of `walk`, in half the time.

        Where a line is steep, its place in the picture is itself a fixed-point number that grows by the same step from
        dot to dot: the next row, and a share of a column. Flat lines are drawn as steep ones, on their side.
        """
        first, last = np.rint(start).astype(np.int64), np.rint(end).astype(np.int64)
        delta = last - first
        is_flat = np.abs(delta[:, 0]) > np.abs(delta[:, 1])
        if self._aside is None and is_flat.any():
            self._aside = Layer(self._layer.dots.shape[1], self._layer.dots.shape[0])
        for layer, kept, along in ((self._layer, ~is_flat, 1), (self._aside, is_flat, 0)):
            lines = np.flatnonzero(kept)
            if layer is not None and lines.size:
                ends = first[lines][:, [along, 1 - along]], delta[lines][:, [along, 1 - along]]
                _run_along(layer, *ends, slots[lines], dashes.some(lines))
        self._planes = None

    def planes(self) -> Slots:
        """Return the dots at each place of a cell, column by column: (places, height, width), to be read only."""
        if self._planes is None:
            if self._aside is not None:
                self._layer.absorb(self._aside)
                self._aside = None
            cells = self._layer.dots.reshape(self.height, self.grain.down, self.width, self.grain.across)
            self._planes = np.ascontiguousarray(cells.transpose(3, 1, 0, 2)).reshape(-1, self.height, self.width)
        return self._planes

    def clear_texture(self, slot: int) -> None:
        """Drop dots up to a slot from cells that a higher one passes: they would take its colour and blur it."""
        crossed = self.slots() > slot
        planes = self.planes()
        planes[(planes <= slot) & crossed] = 0
        across, down = self.grain
        cells = self._layer.dots.reshape(self.height, down, self.width, across)
        cells[:] = planes.reshape(across, down, self.height, self.width).transpose(2, 1, 3, 0)

    def characters(self) -> NDArray[np.uint32]:
        """Return the character of each cell: its dots, or a blank where there are none."""
        bits = np.zeros((self.height, self.width), dtype=np.uint8)
        is_braille = self.grain == BRAILLE_GRAIN
        for plane, bit in zip(self.planes() != 0, _BITS if is_braille else (0, 1), strict=True):
            bits |= plane.view(np.uint8) << np.uint8(bit)
        return np.asarray((_CHARACTERS if is_braille else _HALVES)[bits])

    def slots(self) -> Slots:
        """Return the highest slot of each cell; 0 = no dots."""
        return np.asarray(self.planes().max(axis=0))

    def calmed(self, slots: Slots, kin: Slots) -> Slots:
        """Return slots with fewer changes along each row: a cell may take its neighbour's, if that passes it, too.

        For crowded pictures, where colours that change from cell to cell say little and cost a terminal much. `kin` is
        a number for each slot; only slots of the same number give way to each other.
        """
        calm = np.ascontiguousarray(slots.T)  # by columns, which makes every third of them a piece
        planes = np.ascontiguousarray(self.planes().transpose(0, 2, 1))
        for first in CALMING:
            middle = calm[first + 1 :: 3]
            for offset in (first, first + 2):
                side = calm[offset::3]
                model = middle[: len(side)]
                side = side[: len(model)]
                passes = (planes[:, offset::3][:, : len(model)] == model).any(axis=0)
                np.copyto(side, model, where=passes & (kin[side] == kin[model]) & (model > 0))
        return np.asarray(calm.T)


def _run_along(layer: Layer, first: Integers, delta: Integers, slots: Slots, dashes: Dashes) -> None:
    """Draw steep segments into a layer, given where they begin and how far they go, as (down, across)."""
    steps = np.abs(delta[:, 0])
    counts = steps + 1
    step = (np.sign(delta[:, 0]) * layer.columns << 16) + (delta[:, 1] << 16) // np.maximum(steps, 1)
    origin = (first[:, 0] * layer.columns + first[:, 1] + 1 << 16) + _HALF
    bounds = np.cumsum(counts)
    origin -= (bounds - counts) * step  # all count on from the first line of a chunk, which gives its part back
    for begin, stop in _chunks(bounds):
        mine = counts[begin:stop]
        done = int(bounds[begin]) - int(counts[begin])
        places = step[begin:stop].repeat(mine)
        places *= np.arange(done, done + len(places))
        places += origin[begin:stop].repeat(mine)
        places >>= 16
        on = dashes.on(begin, mine)
        if on is not None:
            places *= on
        layer.set(places, slots[begin:stop], mine)


CALMING = (0, 1, 2)
"""Which cells lend their colour, pass by pass: every third, from each of these columns on."""
