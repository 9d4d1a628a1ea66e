"""How the pairs of a picture stand, as one small number each, and how many of a node's stand so.

These counts follow a change instead of being made anew: a large mesh has hundreds of thousands of pairs, of which a
moment changes a few.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.looks import number_of
from tsym_tui.graph.news import PairKey
from tsym_tui.ui.problemvalues import SLOW_MS, Kind

_STATES = (SampleState.NEVER, SampleState.STALE, SampleState.FAILED)
_PATHS = (PathKind.UNKNOWN, PathKind.DIRECT, PathKind.PEER_RELAY, PathKind.DERP)
_STATE_CODES = {state: code for code, state in enumerate(_STATES)}
_FRESH = len(_STATES)
_FRESH_CODES = {path: _FRESH + 2 * rank for rank, path in enumerate(_PATHS)}
"""Of fresh pairs; one more where they are slow."""

CODES = _FRESH + 2 * len(_PATHS)
_NEVER, _STALE, _FAILED = range(_FRESH)
_RELAYED = tuple(code + slow for path in (PathKind.PEER_RELAY, PathKind.DERP) for code in (_FRESH_CODES[path],)
                 for slow in (0, 1))  # fmt: skip
RELAYED = frozenset(_RELAYED)
"""Codes of fresh pairs that run through another node or a region."""

_SLOW = tuple(range(_FRESH + 1, CODES, 2))
SLOW = frozenset(_SLOW)
"""Codes of slow pairs, relayed ones too."""

_KINDS: tuple[Kind | None, ...] = tuple(
    Kind.DEAD if code == _FAILED
    else Kind.STALE if code == _STALE
    else Kind.RELAYED if code in _RELAYED
    else Kind.SLOW if code in _SLOW
    else None
    for code in range(CODES)
)  # fmt: skip
"""What is wrong with a pair, by its code."""

_IS_ILL = bytes(code < CODES and _KINDS[code] is not None for code in range(256))


def code_of(pair: Pair) -> int:
    """Say in one number how a pair stands: its state, the class of a fresh one, and whether it is slow."""
    if pair.state is not SampleState.FRESH:
        return _STATE_CODES[pair.state]
    ms = number_of(pair)
    return _FRESH_CODES[pair.path] + (ms is not None and ms >= SLOW_MS)


def standing_of(code: int) -> tuple[SampleState, PathKind]:
    """Return state and class of pairs that stand so; unless fresh no class is told."""
    if code < _FRESH:
        return _STATES[code], PathKind.UNKNOWN
    return SampleState.FRESH, _PATHS[(code - _FRESH) // 2]


def kind_of(code: int) -> Kind | None:
    """Say what is wrong with a pair that stands so; None = nothing, or not asked."""
    return _KINDS[code]


def ill(codes: bytes) -> Iterator[int]:
    """Yield the places of pairs with which something is wrong, in order."""
    return compress(range(len(codes)), codes.translate(_IS_ILL))


class Tally:
    """How many pairs stand how."""

    __slots__ = ("counts",)

    def __init__(self, counts: Sequence[int] = (0,) * CODES) -> None:
        self.counts = list(counts)

    @property
    def never(self) -> int:
        """Pairs that nobody asked."""
        return self.counts[_NEVER]

    @property
    def stale(self) -> int:
        """Pairs of which only old things are known."""
        return self.counts[_STALE]

    @property
    def failed(self) -> int:
        """Pairs that do not answer."""
        return self.counts[_FAILED]

    @property
    def fresh(self) -> int:
        """Pairs that answer."""
        return sum(self.counts[_FRESH:])

    @property
    def probed(self) -> int:
        """Pairs that were asked at all."""
        return sum(self.counts) - self.counts[_NEVER]

    @property
    def classes(self) -> dict[PathKind, int]:
        """Fresh pairs by class, those that there are."""
        counts = self.counts
        found = {path: counts[code] + counts[code + 1] for path, code in _FRESH_CODES.items()}
        return {path: count for path, count in found.items() if count}

    @property
    def slow(self) -> int:
        """Fresh pairs that are slow, relayed ones too."""
        return sum(self.counts[code] for code in _SLOW)

    @property
    def relayed(self) -> int:
        """Fresh pairs that run through another node or a region."""
        return sum(self.counts[code] for code in _RELAYED)

    def of(self, kind: Kind) -> int:
        """Count the pairs with which this is wrong."""
        return sum(count for count, known in zip(self.counts, _KINDS, strict=True) if known is kind)


NONE = Tally()
"""Of a node without pairs."""

Tallies = dict[NodeRef, Tally]


class Places:
    """Which pairs pictures hold, each by its place; one object for all pictures that hold the same ones."""

    def __init__(self, pairs: Mapping[PairKey, Pair]) -> None:
        self.keys: tuple[PairKey, ...] = tuple(pairs)
        self.arriving: dict[NodeRef, array[int]] = {}
        """Places of the pairs towards a node."""
        self.leaving: dict[NodeRef, array[int]] = {}
        for place, (source, target) in enumerate(self.keys):
            _list_in(self.leaving, source).append(place)
            _list_in(self.arriving, target).append(place)
        hosts = self.leaving.keys()
        mutual = {key: place for place, key in enumerate(self.keys) if key[1] in hosts}
        self._twins = array("i", [-1]) * len(self.keys)
        for (source, target), place in mutual.items():
            self._twins[place] = mutual.get((target, source), -1)

    def twin(self, place: int) -> int | None:
        """Return the place of the pair the other way round; None where nobody looks from there."""
        twin = self._twins[place]
        return None if twin < 0 else twin

    def firsts(self, places: Iterable[int]) -> list[int]:
        """Return some places in order, of two directions of a pair the one that stands for both."""
        twins = self._twins
        return sorted({place if twins[place] < 0 else self.first(place) for place in places})

    def first(self, place: int) -> int:
        """Return the place that stands for both directions of a pair."""
        twin = self._twins[place]
        if twin < 0:
            return place
        source, target = self.keys[place]
        return twin if source > target else place


def _list_in(lists: dict[NodeRef, array[int]], ref: NodeRef) -> array[int]:
    found = lists.get(ref)
    if found is None:
        found = lists[ref] = array("i")
    return found


def tallied(places: Mapping[NodeRef, array[int]], codes: bytes) -> Tallies:
    """Count the pairs of each node."""
    found: Tallies = {}
    for ref, ours in places.items():
        tally = found[ref] = Tally()
        counts = tally.counts
        for place in ours:
            counts[codes[place]] += 1
    return found


def moved(tallies: Tallies, changes: Sequence[tuple[NodeRef, int, int]]) -> Tallies:
    """Return tallies where some pairs of nodes went from one code to another; those before stay as they are."""
    if not changes:
        return tallies
    after, fresh = dict(tallies), set[NodeRef]()
    for ref, old, new in changes:
        if ref not in fresh:
            fresh.add(ref)
            after[ref] = Tally(after[ref].counts)
        counts = after[ref].counts
        counts[old] -= 1
        counts[new] += 1
    return after
