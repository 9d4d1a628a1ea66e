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

from collections.abc import Iterator, Sequence
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
    bounds = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        done = int(bounds[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(bounds, done + CHUNK, side="right")))
        yield _walk_chunk(origin[begin:stop], step[begin:stop], counts[begin:stop], begin)
        begin = stop


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
        self._kinds = np.arange(len(dashes)) if kinds is None else kinds
        self._skipped = np.zeros(len(self._kinds), dtype=np.int64) if skipped is None else np.asarray(skipped)
        self._patterns = [_pattern(dash) for dash in dashes]
        self._periods = np.array([sum(dash) or 1 for dash in dashes], dtype=np.int64)
        self._is_solid = np.array([not dash for dash in dashes], dtype=bool)

    def on(self, samples: Samples) -> Flags | None:
        """Return which samples are drawn; None when all are."""
        lines = slice(samples.begin, samples.begin + len(samples.counts))
        kinds = self._kinds[lines]
        if self._is_solid[kinds].all():
            return None
        offsets = self._skipped[lines] % self._periods[kinds]
        ends = offsets + samples.counts
        patterns = self._patterns
        cuts = [
            patterns[kind][offset:end]
            for kind, offset, end in zip(kinds.tolist(), offsets.tolist(), ends.tolist(), strict=True)
        ]
        return np.frombuffer(b"".join(cuts), dtype=np.bool_)


LONGEST = 8192
"""Samples that a dash pattern is kept ready for: more than any line in a picture has."""


def _pattern(dash: tuple[int, ...]) -> bytes:
    period = b"".join((b"\0" if position % 2 else b"\1") * length for position, length in enumerate(dash)) or b"\1"
    return period * (LONGEST // len(period) + 1)


class Raster:
    """The dots of one picture."""

    def __init__(self, width: int, height: int, grain: Grain = BRAILLE_GRAIN) -> None:
        """Take the size in cells."""
        self.width, self.height, self.grain = width, height, grain
        self._dots = np.zeros((height * grain.down, width * grain.across), dtype=np.uint8)
        self._highest = 0
        self._places = np.empty(0, dtype=np.intp)
        """Used again for each chunk: so large an array would be given back to the system in between."""

    def paint(self, samples: Samples, slots: Slots, drawn: Flags | None = None, *, inside: bool = False) -> None:
        """Set dots; `slots` has one value for each line. Where dots meet, the higher slot stays.

        Within one call later samples win, so lines must come with their slots ascending. `inside` promises that no
        sample lies outside the picture.
        """
        x, y = samples.x, samples.y
        mine = slots[samples.begin : samples.begin + len(samples.counts)]
        if not mine.size:
            return
        rows, columns = self._dots.shape
        if not inside:
            within = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
            drawn = within if drawn is None else drawn & within
        if len(x) > len(self._places):
            self._places = np.empty(len(x) + CHUNK, dtype=np.intp)
        place = self._places[: len(x)]
        np.add(y * np.int32(columns), x, out=place, casting="unsafe")
        slot: Slots | np.uint8 = mine[0] if mine[0] == mine[-1] else np.repeat(mine, samples.counts)
        if drawn is not None:
            place = place[drawn]
            slot = slot[drawn] if isinstance(slot, np.ndarray) else slot
        dots = self._dots.reshape(-1)
        if mine[0] < self._highest:
            slot = np.maximum(slot, dots[place])
        dots[place] = slot
        self._highest = max(self._highest, int(mine[-1]))

    def _planes(self) -> list[Slots]:
        """Return the dots at each place of a cell, column by column, as views."""
        across, down = self.grain
        return [self._dots[row::down, column::across] for column in range(across) for row in range(down)]

    def clear_texture(self, slot: int) -> None:
        """Drop dots up to a slot from cells that a higher one passes: they would take its colour and blur it."""
        crossed = self.slots() > slot
        for plane in self._planes():
            plane[crossed & (plane <= slot)] = 0

    def characters(self) -> NDArray[np.uint32]:
        """Return the character of each cell: its dots, or a blank where there are none."""
        bits = np.zeros((self.height, self.width), dtype=np.uint8)
        is_braille = self.grain == BRAILLE_GRAIN
        for plane, bit in zip(self._planes(), _BITS if is_braille else (0, 1), strict=True):
            bits |= (plane != 0).view(np.uint8) << np.uint8(bit)
        return np.asarray((_CHARACTERS if is_braille else _HALVES)[bits])

    def slots(self) -> Slots:
        """Return the highest slot of each cell; 0 = no dots."""
        first, *others = self._planes()
        highest = first.copy()
        for plane in others:
            np.maximum(highest, plane, out=highest)
        return highest

    def calmed(self, slots: Slots, kin: Slots) -> Slots:
        """Return slots with fewer changes along each row: a cell may take its neighbour's, if that passes it, too.

        For crowded pictures, where colours that change from cell to cell say little and cost a terminal much. `kin` is
        a number for each slot; only slots of the same number give way to each other.
        """
        calm = slots.copy()
        for first in CALMING:
            middle = calm[:, first + 1 :: 3]
            for offset in (first, first + 2):
                side = calm[:, offset::3]
                model = middle[:, : side.shape[1]]
                side = side[:, : model.shape[1]]
                passes = np.zeros(side.shape, dtype=bool)
                for plane in self._planes():
                    passes |= plane[:, offset::3][:, : model.shape[1]] == model
                np.copyto(side, model, where=passes & (kin[side] == kin[model]) & (model > 0))
        return calm


CALMING = (0, 1, 2)
"""Which cells lend their colour, pass by pass: every third, from each of these columns on."""
