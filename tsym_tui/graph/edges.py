"""What is known of all lines at once, as arrays: the source of truth for drawing, layouts and counting.

A mesh of fifty hosts and five thousand nodes has a quarter of a million lines. As objects they would take more memory
than the rest of the program; here a line takes forty bytes, and its `Line` is made when somebody asks for it. The rule
by which two directions merge is `looks.combine`; `merge` is the same rule for arrays, and a test holds both to one
table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.looks import Direction, Line, combine
from tsym_tui.graph.news import AT_ONCE, PairKey

Ints = NDArray[np.int32]
Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]

STATES = (SampleState.NEVER, SampleState.STALE, SampleState.FAILED, SampleState.FRESH)
"""By code. Of two directions the one of the higher code decides what the line claims."""

PATHS = (PathKind.UNKNOWN, PathKind.DIRECT, PathKind.PEER_RELAY, PathKind.DERP)
"""By code, which is also the rank: of two fresh directions the line shows the higher."""

DIRECTIONS = (Direction.EVEN, Direction.THERE, Direction.BACK)

NEVER, STALE, FAILED, FRESH = range(4)
UNKNOWN, DIRECT, PEER_RELAY, DERP = range(4)
EVEN, THERE, BACK = range(3)

_STATE_CODES = {state: code for code, state in enumerate(STATES)}
_PATH_CODES = {path: code for code, path in enumerate(PATHS)}


class Sides(NamedTuple):
    """Some pairs as arrays, and one entry more at the end: that of no pair at all."""

    state: Codes
    path: Codes
    latency_ms: Floats
    """What the pair shows: p50, else the newest; nan unless fresh."""
    age_s: Floats


def read_pairs(pairs: Iterable[Pair], index: Mapping[NodeRef, int]) -> tuple[Ints, Ints, Sides]:
    """Read pairs into arrays: the index of each one's source and target (-1 = unknown), and what it says."""
    left, find = iter(pairs), index.get
    columns: list[tuple[Ints, Ints, Codes, Codes, Floats, Floats]] = []
    while piece := list(islice(left, AT_ONCE)):
        state = np.frombuffer(bytes([_STATE_CODES[pair.state] for pair in piece]), dtype=np.uint8)
        latency_ms = np.full(len(piece), np.nan)
        fresh = np.flatnonzero(state == FRESH)
        shown = [piece[position] for position in fresh.tolist()]
        latency_ms[fresh] = [pair.latency_ms if pair.p50_ms is None else pair.p50_ms for pair in shown]
        columns.append(
            (
                np.fromiter([find(pair.source, -1) for pair in piece], np.int32, len(piece)),
                np.fromiter([find(pair.target, -1) for pair in piece], np.int32, len(piece)),
                state,
                np.frombuffer(bytes([_PATH_CODES[pair.path] for pair in piece]), dtype=np.uint8),
                latency_ms,
                np.array([pair.age_s for pair in piece], dtype=np.float64),
            )
        )
    columns.append((_NOBODY, _NOBODY, *_NO_PAIR))
    source, target, *values = (np.concatenate(column) for column in zip(*columns, strict=True))
    return source[:-1], target[:-1], Sides(*values)


_NOBODY = np.array([-1], dtype=np.int32)
_NO_PAIR = Sides(np.array([NEVER], np.uint8), np.array([UNKNOWN], np.uint8), np.array([np.nan]), np.array([np.nan]))


@dataclass(frozen=True, eq=False)
class Edges:
    """One entry of each array is one line: two nodes that anybody knows a pair of, also the never probed."""

    first: Ints
    """Node index of the lower end; `there` runs from here."""
    second: Ints
    there: Ints
    """Position of the pair of each direction in the snapshot; -1 = none."""
    back: Ints
    state: Codes
    """Index into `STATES`."""
    path: Codes
    """Index into `PATHS`."""
    direction: Codes
    """Index into `DIRECTIONS`."""
    fails: Codes
    """Which sides get no answer: 1 = there, 2 = back, 3 = both."""
    carrier: Codes
    """The side whose class the line shows: 1 = there, 2 = back, 0 = neither was heard of."""
    differs: NDArray[np.bool_]
    """Both sides are fresh and name different classes."""
    latency_ms: Floats
    """As `Line.latency_ms`; nan = unknown."""
    age_s: Floats
    """As `Line.age_s`; nan = unknown."""
    _lines_of_pairs: list[Ints] = field(default_factory=list)
    """One array once somebody asked: edges that share `there` and `back` share it."""

    def __len__(self) -> int:
        """Count lines."""
        return len(self.first)

    def of_pairs(self, positions: Sequence[int], count: int) -> Ints:
        """Return the lines that some of `count` pairs, by position in the snapshot, are part of."""
        return np.asarray(np.setdiff1d(self._line_of_each(count)[positions], _NOBODY))

    def _line_of_each(self, count: int) -> Ints:
        if not self._lines_of_pairs:
            lines = np.full(count, -1, dtype=np.int32)
            for side in (self.there, self.back):
                known = np.flatnonzero(side >= 0)
                lines[side[known]] = known
            self._lines_of_pairs.append(lines)
        return self._lines_of_pairs[0]

    def with_lines(self, lines: Ints, values: Edges) -> Edges:
        """Return edges in which some lines are others; ends and positions stay."""
        changed = {}
        for name in ("state", "path", "direction", "fails", "carrier", "differs", "latency_ms", "age_s"):
            column = getattr(self, name).copy()
            column[lines] = getattr(values, name)
            changed[name] = column
        return replace(self, **changed)


def join(source: Ints, target: Ints, node_count: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Return both ends of each line, and the positions of its two pairs, given the node indices of pairs.

    Pairs of unknown nodes (-1) and of a node with itself make no line. Lines come in the order of their first pair.
    """
    kept = np.flatnonzero((source >= 0) & (target >= 0) & (source != target))
    here, there = source[kept], target[kept]
    key = np.minimum(here, there).astype(np.int64) * node_count + np.maximum(here, there)
    found, opening, line = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(opening)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    line = place[line]
    positions = np.full((2, len(found)), -1, dtype=np.int32)
    forward = here < there
    positions[0, line[forward]] = kept[forward]
    positions[1, line[~forward]] = kept[~forward]
    first, second = np.divmod(found[order], max(node_count, 1))
    return first.astype(np.int32), second.astype(np.int32), positions[0], positions[1]


def merge(first: Ints, second: Ints, there: Ints, back: Ints, sides: Sides) -> Edges:
    """Merge the directions of all lines: `looks.combine`, array by array."""
    states = sides.state[there], sides.state[back]
    state = np.maximum(*states)
    counts = [(side == state) & (position >= 0) for side, position in zip(states, (there, back), strict=True)]
    paths = [np.where(count, sides.path[at], 0) for count, at in zip(counts, (there, back), strict=True)]
    numbers = [np.where(count, sides.latency_ms[at], np.nan) for count, at in zip(counts, (there, back), strict=True)]
    ages = [np.where(count, sides.age_s[at], np.nan) for count, at in zip(counts, (there, back), strict=True)]
    age_s = np.fmin(*ages)
    age_s[(state == NEVER) & (there >= 0) & (back >= 0)] = np.nan
    direction = np.zeros(len(state), dtype=np.uint8)
    direction[(states[0] == FRESH) & (states[1] == FAILED)] = THERE
    direction[(states[0] == FAILED) & (states[1] == FRESH)] = BACK
    path = np.maximum(*paths).astype(np.uint8)
    carriers = [count & (state != NEVER) & (side == path) for count, side in zip(counts, paths, strict=True)]
    both_fresh = (states[0] == FRESH) & (states[1] == FRESH)
    return Edges(
        first=first,
        second=second,
        there=there,
        back=back,
        state=state,
        path=path,
        direction=direction,
        fails=((states[0] == FAILED) + (states[1] == FAILED) * np.uint8(2)).astype(np.uint8),
        carrier=np.where(carriers[0], np.uint8(1), carriers[1] * np.uint8(2)).astype(np.uint8),
        differs=both_fresh & (paths[0] != paths[1]) & (paths[0] > 0) & (paths[1] > 0),
        latency_ms=np.fmax(*numbers),
        age_s=age_s,
    )


MOST_KEPT = 8192
"""So many lines that were asked for are kept as values, so that asking again gives the same one."""


class Lines(Sequence[Line]):
    """All lines as values, each made when it is asked for."""

    def __init__(self, edges: Edges, refs: Sequence[NodeRef], pairs: Mapping[PairKey, Pair]) -> None:
        """Read lines out of the pairs that `edges` was made of."""
        self._first, self._second = edges.first, edges.second
        self._refs = refs
        self._pairs = pairs
        self._kept: dict[int, Line] = {}

    def __len__(self) -> int:
        """Count lines."""
        return len(self._first)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Line, ...]: ...

    def __getitem__(self, index: int | slice) -> Line | tuple[Line, ...]:
        """Return one line, or some."""
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(len(self))))
        position = range(len(self))[index]
        line = self._kept.get(position)
        if line is None:
            line = combine(*self.directions(position))
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[position] = line
        return line

    def __iter__(self) -> Iterator[Line]:
        """Yield all, keeping none."""
        for first, second in zip(self._first.tolist(), self._second.tolist(), strict=True):
            here, there = self._refs[first], self._refs[second]
            yield combine(self._pairs.get((here, there)), self._pairs.get((there, here)))

    def directions(self, position: int) -> tuple[Pair | None, Pair | None]:
        """Return the pairs of both directions of a line."""
        here, there = self._refs[int(self._first[position])], self._refs[int(self._second[position])]
        return self._pairs.get((here, there)), self._pairs.get((there, here))

    def carriers(self, positions: Ints, edges: Edges) -> Iterator[tuple[int, Pair]]:
        """Yield the pair whose class a line shows, as `Line.carrier`, of those lines among some that have one."""
        ends = edges.first[positions].tolist(), edges.second[positions].tolist()
        sides = edges.carrier[positions].tolist()
        for line, first, second, side in zip(positions.tolist(), *ends, sides, strict=True):
            if side:
                here, there = (first, second) if side == 1 else (second, first)
                yield line, self._pairs[self._refs[here], self._refs[there]]

    def rebase(self, pairs: Mapping[PairKey, Pair]) -> None:
        """Read out of another mapping of the very same pairs, so that the old one need not be kept."""
        self._pairs = pairs

    def inherit(self, earlier: Lines, places: Mapping[int, int]) -> None:
        """Take over what an earlier sequence made and nothing changed: `places` says where it stands now."""
        for before, now in places.items():
            line = earlier._kept.get(before)
            if line is not None:
                self._kept[now] = line

    @property
    def kept(self) -> tuple[int, ...]:
        """The lines that were made as values."""
        return tuple(self._kept)
