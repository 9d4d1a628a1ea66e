"""Lines into dots, all at once: a fixed-point walk along each line, dashes by arc length, and braille cells.

Dots are eight to a cell, two across and four down. The dot array is cell-major, so the eight dots of a cell are
neighbours: packing them gives the braille character, and their maximum the winning colour. A dot's value is its slot, a
small number that grows with the priority of the line, 0 for no dot.

Samples are made in chunks of at most 32 thousand: larger temporaries are returned to the system after each frame, which
costs three times the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

CHUNK = 32_768
_ONE = 1 << 16
_HALF = _ONE >> 1

_BIT_OF_DOT = np.array([[0, 1, 2, 6], [3, 4, 5, 7]], dtype=np.int64)
"""Bit of a braille character by column and row of the dot."""


class Samples(NamedTuple):
    """Points along lines, in order along each line."""

    x: Integers
    y: Integers
    line: Integers
    """Position of the line in whatever was sampled."""
    arc: Integers
    """How many samples from the line's start: what dashes go by."""


def clip_segments(
    start: Floats, end: Floats, width: int, height: int, margin: float = 2.0
) -> tuple[Floats, Floats, Flags]:
    """Cut segments at a picture's edge, so that far ends cost nothing; also return which ones are inside at all."""
    low = np.array([-margin, -margin])
    high = np.array([width - 1 + margin, height - 1 + margin])
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
    return start + delta * enter[:, None], start + delta * leave[:, None], inside


def walk(start: Floats, end: Floats) -> Iterator[Samples]:
    """Walk along straight segments, one sample a step of the longer axis, in chunks; lines keep their order."""
    first, last = np.rint(start).astype(np.int64), np.rint(end).astype(np.int64)
    delta = last - first
    steps = np.abs(delta).max(axis=1, initial=0)
    counts = steps + 1
    step = (delta << 16) // np.maximum(steps, 1)[:, None]
    origin = (first << 16) + _HALF
    bounds = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        done = int(bounds[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(bounds, done + CHUNK, side="right")))
        yield _walk_chunk(origin[begin:stop], step[begin:stop], counts[begin:stop], begin)
        begin = stop


def _walk_chunk(origin: Integers, step: Integers, counts: Integers, offset: int) -> Samples:
    total = int(counts.sum())
    ticks = np.arange(total)
    before = np.cumsum(counts) - counts
    line = np.repeat(np.arange(len(counts)), counts)
    base = origin - before[:, None] * step
    x = (base[line, 0] + ticks * step[line, 0]) >> 16
    y = (base[line, 1] + ticks * step[line, 1]) >> 16
    return Samples(x, y, line + offset, ticks - before[line])


def trace(curves: list[Floats]) -> Samples:
    """Walk along polylines, dropping repeated dots and the corner dot of each L step, which would look furry."""
    if not curves:
        nothing = np.empty(0, dtype=np.int64)
        return Samples(nothing, nothing, nothing, nothing)
    points = np.concatenate(curves)
    line = np.repeat(np.arange(len(curves)), [len(curve) for curve in curves])
    joined = line[1:] == line[:-1]
    apart = np.abs(np.diff(points, axis=0)).max(axis=1)
    fill = np.where(joined, np.maximum(1, np.ceil(apart)), 1).astype(np.int64)
    fill = np.append(fill, 1)
    owner = np.repeat(np.arange(len(points)), fill)
    share = (np.arange(len(owner)) - (np.cumsum(fill) - fill)[owner]) / fill[owner]
    following = np.minimum(owner + 1, len(points) - 1)
    dots = np.rint(points[owner] + (points[following] - points[owner]) * share[:, None]).astype(np.int64)
    line = line[owner]
    keep = np.append(True, (np.diff(dots, axis=0) != 0).any(axis=1) | (np.diff(line) != 0))
    dots, line = dots[keep], line[keep]
    keep = ~_corners(dots, line)
    dots, line = dots[keep], line[keep]
    starts = np.append(True, np.diff(line) != 0)
    first = np.maximum.accumulate(np.where(starts, np.arange(len(line)), 0))
    return Samples(dots[:, 0], dots[:, 1], line, np.arange(len(line)) - first)


def _corners(dots: Integers, line: Integers) -> Flags:
    """Return which dots turn a right angle between two straight steps; of a staircase every other one."""
    corner = np.zeros(len(dots), dtype=bool)
    if len(dots) < 3:
        return corner
    step = np.diff(dots, axis=0)
    straight = np.abs(step).sum(axis=1) == 1
    turn = straight[1:] & straight[:-1] & ((step[1:] * step[:-1]).sum(axis=1) == 0)
    corner[1:-1] = turn & (line[2:] == line[:-2])
    starts = corner & ~np.append(False, corner[:-1])
    first = np.maximum.accumulate(np.where(starts, np.arange(len(corner)), 0))
    return np.asarray(corner & ((np.arange(len(corner)) - first) % 2 == 0))


class Dashes:
    """On or off for a sample, by the dash of its line and its distance from the start."""

    def __init__(self, dashes: list[tuple[int, ...]]) -> None:
        """Take the dash of each line; empty = solid."""
        kinds = {dash: position for position, dash in enumerate(dict.fromkeys(dashes))}
        self._kind = np.array([kinds[dash] for dash in dashes], dtype=np.int64)
        self._patterns = [_pattern(dash) for dash in kinds]

    def on(self, samples: Samples) -> Flags | None:
        """Return which samples are drawn; None when all are."""
        if all(pattern.all() for pattern in self._patterns):
            return None
        kind = self._kind[samples.line]
        drawn = np.ones(len(kind), dtype=bool)
        for position, pattern in enumerate(self._patterns):
            if pattern.all():
                continue
            mine = np.flatnonzero(kind == position)
            drawn[mine] = pattern[samples.arc[mine] % len(pattern)]
        return drawn


def _pattern(dash: tuple[int, ...]) -> Flags:
    if not dash:
        return np.ones(1, dtype=bool)
    return np.concatenate([np.full(length, position % 2 == 0) for position, length in enumerate(dash)])


class Raster:
    """The dots of one picture."""

    def __init__(self, width: int, height: int) -> None:
        """Take the size in cells."""
        self.width, self.height = width, height
        self.dots = np.zeros(width * height * 8, dtype=np.uint8)

    def paint(self, samples: Samples, slots: NDArray[np.uint8], drawn: Flags | None = None) -> None:
        """Set dots; `slots` has one value for each line, and lines must come with their slots ascending."""
        x, y, slot = samples.x, samples.y, slots[samples.line]
        inside = (x >= 0) & (x < self.width * 2) & (y >= 0) & (y < self.height * 4)
        if drawn is not None:
            inside &= drawn
        if not inside.all():
            x, y, slot = x[inside], y[inside], slot[inside]
        place = (((y >> 2) * self.width + (x >> 1)) << 3) + _BIT_OF_DOT[x & 1, y & 3]
        self.dots[place] = np.maximum(self.dots[place], slot)

    def erase(self, cells: Flags) -> None:
        """Clear the dots of some cells, given as a (height, width) mask."""
        self.dots.reshape(-1, 8)[cells.ravel()] = 0

    def characters(self) -> NDArray[np.uint32]:
        """Return the code point of each cell: braille where there are dots, a blank where there are none."""
        bits = np.packbits(self.dots.reshape(-1, 8) != 0, axis=1, bitorder="little").astype(np.uint32).ravel()
        return np.where(bits > 0, bits + 0x2800, ord(" ")).astype(np.uint32).reshape(self.height, self.width)

    def slots(self) -> NDArray[np.uint8]:
        """Return the highest slot of each cell; 0 = no dots."""
        return np.asarray(self.dots.reshape(-1, 8).max(axis=1).reshape(self.height, self.width))
