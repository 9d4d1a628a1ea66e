"""The pairs: one window per ordered pair that anything is known of, and the values that snapshots hold.

A large mesh has hundreds of thousands of pairs, nearly all of them never probed. So a pair's value is made anew only
when its window changed or its age did, a few thousand ages at a time, and the dictionary keeps its order while values
are replaced. A dictionary for other hosts or nodes is made in pieces beside the one in use.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import SampleState
from tsym_agent.probe.plan import PairKey
from tsym_agent.probe.window import PassivePath, Sample, Window

AGES_PER_SECOND = 1_000
"""So many ages are renewed a second, which takes about 7 ms; a book with more renews each less often."""

LOOKS_PER_TICK = 500
"""So many windows are looked at each second for having turned stale; a large book takes up to `LOOKS_S` for all."""

LOOKS_S = 15
"""Seconds, a tenth of the age at which a pair is stale."""


class PairBook:
    """Windows and pairs by key."""

    def __init__(self) -> None:
        self._windows: dict[PairKey, Window] = {}
        self._pairs: dict[PairKey, Pair] = {}
        self._changed: set[PairKey] = set()
        self._doubted: frozenset[NodeRef] = frozenset()
        self._aged_s = float("-inf")
        self._aging: Iterator[PairKey] = iter(())
        self._watching: Iterator[PairKey] = iter(())

    @property
    def age_step_s(self) -> float:
        """How often ages are renewed."""
        return max(1.0, len(self._windows) / AGES_PER_SECOND)

    def window(self, key: PairKey) -> Window | None:
        """Return what is kept of a pair; None = nothing."""
        return self._windows.get(key)

    def add(self, key: PairKey, sample: Sample) -> None:
        """Keep a sample of a pair."""
        self._open(key).add(sample)
        self._changed.add(key)

    def close_sweep(self, key: PairKey, number: int) -> None:
        """Judge a sweep of a pair."""
        self._open(key).close_sweep(number)
        self._changed.add(key)

    def note_passive(self, key: PairKey, evidence: PassivePath) -> None:
        """Keep what status proved of a pair."""
        self._open(key).note_passive(evidence)
        self._changed.add(key)

    def shown(self, key: PairKey) -> Pair | None:
        """Return a pair as it was last shown."""
        return self._pairs.get(key)

    def row(self, keys: Iterable[PairKey]) -> dict[PairKey, Pair]:
        """Return the pairs of these keys, made where there are none yet: a piece of what `set_pairs` wants."""
        known = self._pairs
        return {key: known.get(key) or Pair(source=key[0], target=key[1]) for key in keys}

    def set_pairs(self, pairs: dict[PairKey, Pair], keep: Callable[[PairKey], bool]) -> None:
        """Take the pairs to show, in order. The window of a pair that is not among them stays if `keep` says so."""
        before, self._pairs = self._pairs, pairs
        for key in [key for key in self._windows if key not in pairs and not keep(key)]:
            del self._windows[key]
        self._changed = {key for key in self._windows if key in self._changed or pairs.get(key) is not before.get(key)}

    def pieces(
        self, sources: AbstractSet[NodeRef], targets: AbstractSet[NodeRef], most: int
    ) -> Iterator[list[PairKey]]:
        """Yield the keys of shown pairs from some nodes to some nodes, out of so many at a time: the very same keys."""
        keys = iter(list(self._pairs))
        while piece := list(itertools.islice(keys, most)):
            yield [key for key in piece if key[0] in sources and key[1] in targets]

    def doubt(self, sources: AbstractSet[NodeRef]) -> None:
        """Take the nodes that cannot be asked now: what they measured is history, however young."""
        if others := self._doubted ^ sources:
            self._doubted = frozenset(sources)
            self._changed.update(key for key in self._windows if key[0] in others)

    def current(self, now_s: float) -> dict[PairKey, Pair]:
        """Return all pairs as they are now: a dictionary of its own, so that a snapshot can keep it."""
        due: Iterable[PairKey] = self._changed
        if now_s - self._aged_s >= 1.0:
            self._aged_s = now_s
            due = self._changed.union(self._next_to_age())
        self._renew(due, now_s)
        self._changed.clear()
        return dict(self._pairs)

    def renew(self, now_s: float, most: int | None = None) -> bool:
        """Make values of changed pairs anew, at most so many; return whether there were more."""
        due = list(itertools.islice(self._changed, most))
        self._renew(due, now_s)
        self._changed.difference_update(due)
        return bool(self._changed)

    def _renew(self, due: Iterable[PairKey], now_s: float) -> None:
        for key in due:
            if key in self._pairs and (window := self._windows.get(key)) is not None:
                self._pairs[key] = self._doubted_or_not(window.to_pair(*key, now_s))

    def _next_to_age(self) -> Iterable[PairKey]:
        """Return whose ages are renewed now: everybody's turn comes."""
        if len(self._windows) <= AGES_PER_SECOND:
            return self._windows.keys()
        turn = list(itertools.islice(self._aging, AGES_PER_SECOND))
        if len(turn) < AGES_PER_SECOND:
            self._aging = iter(list(self._windows))
        return turn

    def sightings(self) -> Iterator[tuple[NodeRef, NodeRef, str]]:
        """Yield where hosts reach peers directly, as last shown."""
        for key in self._windows:
            if (pair := self._pairs.get(key)) is not None and pair.endpoint:
                yield pair.source, pair.target, pair.endpoint

    def has_turned(self, now_s: float) -> bool:
        """Whether time alone has turned a pair stale since it was last shown; a large book takes several looks."""
        turned = [key for key in self._next_to_watch() if self._is_turned(key, now_s)]
        self._changed.update(turned)
        return bool(turned)

    def _next_to_watch(self) -> Iterable[PairKey]:
        if len(self._windows) <= LOOKS_PER_TICK:
            return self._windows.keys()
        count = max(LOOKS_PER_TICK, len(self._windows) // LOOKS_S)
        turn = list(itertools.islice(self._watching, count))
        if len(turn) < count:
            self._watching = iter(list(self._windows))
        return turn

    def _is_turned(self, key: PairKey, now_s: float) -> bool:
        pair, window = self._pairs.get(key), self._windows.get(key)
        if pair is None or window is None or pair.state is not SampleState.FRESH:
            return False
        return window.state(now_s) is not SampleState.FRESH

    def _doubted_or_not(self, pair: Pair) -> Pair:
        if pair.state is SampleState.FRESH and pair.source in self._doubted:
            return msgspec.structs.replace(pair, state=SampleState.STALE)
        return pair

    def _open(self, key: PairKey) -> Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window()
        return window
