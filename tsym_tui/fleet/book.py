"""The pairs: one window per ordered pair that anything is known of, and the values that snapshots hold.

A large mesh has tens of thousands of pairs, nearly all of them never probed. So a pair's value is made anew only when
its window changed or its age did, and the dictionary keeps its order while values are replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import SampleState
from tsym_agent.probe.plan import PairKey
from tsym_agent.probe.window import PassivePath, Sample, Window

AGES_PER_SECOND = 3_000
"""So many ages are renewed a second, which takes about 10 ms; a book with more renews them less often."""


class PairBook:
    """Windows and pairs by key."""

    def __init__(self) -> None:
        self._windows: dict[PairKey, Window] = {}
        self._pairs: dict[PairKey, Pair] = {}
        self._changed: set[PairKey] = set()
        self._doubted: frozenset[NodeRef] = frozenset()
        self._aged_s = float("-inf")

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

    def set_keys(self, keys: Iterable[PairKey], keep: Callable[[PairKey], bool]) -> None:
        """Take the pairs to show, in order. The window of a pair that is not among them stays if `keep` says so."""
        self._pairs = {key: self._pairs.get(key) or Pair(source=key[0], target=key[1]) for key in keys}
        for key in [key for key in self._windows if key not in self._pairs and not keep(key)]:
            del self._windows[key]
        self._changed.update(self._windows)

    def doubt(self, sources: AbstractSet[NodeRef]) -> None:
        """Take the nodes that cannot be asked now: what they measured is history, however young."""
        if self._doubted != sources:
            self._doubted = frozenset(sources)
            self._changed.update(self._windows)

    def current(self, now_s: float) -> dict[PairKey, Pair]:
        """Return all pairs as they are now: a dictionary of its own, so that a snapshot can keep it."""
        stale_ages = now_s - self._aged_s >= self.age_step_s
        for key in self._windows if stale_ages else self._changed:
            if key in self._pairs:
                self._pairs[key] = self._doubted_or_not(self._windows[key].to_pair(*key, now_s))
        if stale_ages:
            self._aged_s = now_s
        self._changed.clear()
        return dict(self._pairs)

    def sightings(self) -> Iterator[tuple[NodeRef, NodeRef, str]]:
        """Yield where hosts reach peers directly, as last shown."""
        for key in self._windows:
            if (pair := self._pairs.get(key)) is not None and pair.endpoint:
                yield pair.source, pair.target, pair.endpoint

    def has_turned(self, now_s: float) -> bool:
        """Whether a pair has turned stale by nothing but time since it was last shown."""
        return any(
            pair.state is SampleState.FRESH and self._windows[key].state(now_s) is not SampleState.FRESH
            for key in self._windows
            if (pair := self._pairs.get(key)) is not None
        )

    def _doubted_or_not(self, pair: Pair) -> Pair:
        if pair.state is SampleState.FRESH and pair.source in self._doubted:
            return msgspec.structs.replace(pair, state=SampleState.STALE)
        return pair

    def _open(self, key: PairKey) -> Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window()
        return window
