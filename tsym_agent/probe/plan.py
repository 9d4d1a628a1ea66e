"""Whom to probe, and when: pure, driven by a clock reading that the caller passes in.

While all ordered pairs fit the budget, each is swept once a sweep interval. Above that, pairs are sampled by rendezvous
hashing: every pair has a fixed pseudo-random weight; half of the budget goes to the heaviest hosts of each peer, so the
same few hosts keep each peer fresh, and the other half to the pairs that are heaviest in this minute, so that all get
their turn. Marked, changed and looked-at pairs are probed whatever their weight.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Hidden, Node, Standing
from tsym_agent.probe import limits

PairKey = tuple[NodeRef, NodeRef]

_MASK = (1 << 64) - 1
_ODD = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: spreads consecutive minutes over all 64 bits."""


def is_shown(node: Node, *, everything: bool = False) -> bool:
    """Whether lists show the node: hidden ones are only counted unless everything was asked for."""
    return everything or node.hidden is Hidden.NO


def is_probed(node: Node, *, named: bool = False, everything: bool = False) -> bool:
    """Whether probes may go to the node.

    Hidden nodes and phones are left in peace unless they were named or everything was asked for. A node that tailnet
    lock keeps out is in no host's netmap: there is nobody to ping.
    """
    if node.standing is Standing.LOCKED_OUT or not node.addresses:
        return False
    return named or everything or (node.hidden is Hidden.NO and not node.is_phone)


def probes_for(node: Node) -> int:
    """How many probes a sweep sends to the node."""
    return limits.PROBES_WHEN_OFFLINE if node.online is False else limits.PROBES_PER_SWEEP


def weight_of(pair: PairKey) -> int:
    """Return a pair's fixed weight: 64 bits that depend on nothing but its two nodes."""
    source, target = pair
    text = f"{source.tailnet}\0{source.stable_id}\0{target.stable_id}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def sample_pairs(weights: dict[PairKey, int], minute: int, budget: int) -> set[PairKey]:
    """Choose at most `budget` pairs for this minute."""
    steady = _steady_pairs(weights, int(budget * limits.STEADY_SHARE))
    salt = (minute * _ODD) & _MASK
    wandering = heapq.nlargest(
        budget - len(steady),
        (pair for pair in weights if pair not in steady),
        key=lambda pair: _mixed(weights[pair], salt),
    )
    return steady | set(wandering)


def _steady_pairs(weights: dict[PairKey, int], budget: int) -> set[PairKey]:
    """Give each peer the same number of its heaviest hosts; when there are more peers than budget, none."""
    by_target: defaultdict[NodeRef, list[PairKey]] = defaultdict(list)
    for pair in weights:
        by_target[pair[1]].append(pair)
    each = budget // len(by_target) if by_target else 0
    return (
        {pair for pairs in by_target.values() for pair in heapq.nlargest(each, pairs, key=weights.__getitem__)}
        if each
        else set()
    )


def _mixed(weight: int, salt: int) -> int:
    mixed = (weight ^ salt) * _ODD & _MASK
    return mixed ^ (mixed >> 32)


class Due(msgspec.Struct, frozen=True):
    """A pair whose turn has come."""

    pair: PairKey
    is_sweep: bool
    """False = a single look between two sweeps."""


class Plan:
    """Knows when each pair was last swept and looked at, and says whose turn it is."""

    def __init__(self, *, budget: int = limits.PAIRS_PER_MINUTE, every_s: float = limits.SWEEP_EVERY_S) -> None:
        self._budget = budget
        self._every_s = every_s
        self._weights: dict[PairKey, int] = {}
        self._chosen: set[PairKey] | None = None
        self._chosen_minute: int | None = None
        self._swept_s: dict[PairKey, float] = {}
        self._looked_s: dict[PairKey, float] = {}
        self._asked: set[PairKey] = set()
        self._spent: deque[tuple[float, int]] = deque()
        self.marked: frozenset[PairKey] = frozenset()
        """Swept each time whatever the budget says."""
        self.looked_at: frozenset[PairKey] = frozenset()
        """Also probed once every few seconds."""

    @property
    def pairs(self) -> Collection[PairKey]:
        """All pairs that may be probed."""
        return self._weights.keys()

    @property
    def is_sampled(self) -> bool:
        """Whether there are more pairs than the budget allows to sweep."""
        return len(self._weights) > self._budget * self._every_s / 60

    def update(self, pairs: Iterable[PairKey]) -> None:
        """Take the pairs that may be probed now; new ones are due at once."""
        self.adopt(self.weigh(pairs))

    def weigh(self, pairs: Iterable[PairKey]) -> dict[PairKey, int]:
        """Return the weights of these pairs: a piece of what `adopt` wants, since a large mesh takes a while."""
        known = self._weights
        return {pair: known[pair] if pair in known else weight_of(pair) for pair in pairs}

    def adopt(self, weights: dict[PairKey, int]) -> None:
        """Take the pairs that may be probed now, weighed."""
        known, self._weights = self._weights, weights
        if self._weights.keys() != known.keys():
            self._chosen = None
            self._asked &= self._weights.keys()
            for book in (self._swept_s, self._looked_s):
                for pair in [pair for pair in book if pair not in self._weights]:
                    del book[pair]

    def ask(self, pairs: Iterable[PairKey]) -> None:
        """Have these pairs swept as soon as possible: they changed, or somebody asked."""
        self._asked |= self._weights.keys() & set(pairs)

    def choose(self, now_s: float) -> None:
        """Draw this minute's sample if there is none yet; slow for large meshes, so a thread may do it before `due`."""
        minute, weights = int(now_s // 60), self._weights
        if self.is_sampled and (self._chosen is None or self._chosen_minute != minute):
            chosen = sample_pairs(weights, minute, self._budget)
            if weights is self._weights:
                self._chosen, self._chosen_minute = chosen, minute

    def due(self, now_s: float) -> Sequence[Due]:
        """Return the pairs whose turn has come and note them as started."""
        sweeps = self._due_sweeps(now_s)
        for pair in sweeps:
            self._swept_s[pair] = self._looked_s[pair] = now_s
        self._asked.difference_update(sweeps)
        looks = [
            pair
            for pair in self.looked_at
            if pair in self._weights and now_s >= self._looked_s.get(pair, float("-inf")) + limits.LOOKED_AT_EVERY_S
        ]
        for pair in looks:
            self._looked_s[pair] = now_s
        return [*(Due(pair, is_sweep=True) for pair in sweeps), *(Due(pair, is_sweep=False) for pair in looks)]

    def _due_sweeps(self, now_s: float) -> list[PairKey]:
        """Return whom to sweep: those that were named, and of the others as many as are left of the minute's budget."""
        extra = (self.marked | self.looked_at | self._asked) & self._weights.keys()
        named = [pair for pair in extra if pair in self._asked or now_s >= self._next_sweep_s(pair)]
        while self._spent and now_s - self._spent[0][0] >= 60.0:
            self._spent.popleft()
        left = self._budget - sum(count for _, count in self._spent)
        others = [pair for pair in self._wanted(now_s) if pair not in extra and now_s >= self._next_sweep_s(pair)]
        others = others[: max(0, left)]
        if others:
            self._spent.append((now_s, len(others)))
        return named + others

    def _wanted(self, now_s: float) -> Collection[PairKey]:
        if not self.is_sampled:
            return self._weights.keys()
        self.choose(now_s)
        return self._chosen or ()

    def _next_sweep_s(self, pair: PairKey) -> float:
        swept_s = self._swept_s.get(pair)
        if swept_s is None:
            return float("-inf")
        early = limits.SWEEP_SPREAD * (self._weights[pair] & 0xFFFF) / 0xFFFF
        return swept_s + self._every_s * (1 - early)
