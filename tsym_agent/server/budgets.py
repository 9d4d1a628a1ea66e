"""What one caller may cost: requests, probes and streams, each with a bound of its own.

Rates are token buckets: a burst is fine, a flood is not. Concurrency is counted. Whoever is over a bound hears when to
come back, and nobody else notices.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from tsym_agent.server.problems import Code, ProblemError, problem


class Cost(StrEnum):
    """What kind of work a request is."""

    PLAIN = "plain"
    PROBE = "probe"
    """Sends packets to others, or makes the daemon work."""
    STREAM = "stream"
    """Has no end of its own."""


class Bound(NamedTuple):
    """How much of one kind."""

    rate: float
    """Requests a second in the long run."""
    burst: int
    """Requests at once after a rest."""
    at_once: int
    """Requests under way for one caller."""
    in_all: int
    """Requests under way for all callers together."""


Bounds = dict[Cost, Bound]

USUAL: Bounds = {
    # An app polls every few seconds and opens a handful of details; a script may run every command on start.
    Cost.PLAIN: Bound(rate=20, burst=200, at_once=32, in_all=128),
    # A sweep pings each peer three times a minute; 2,500 pairs a minute are the most that an app plans.
    Cost.PROBE: Bound(rate=50, burst=500, at_once=64, in_all=192),
    # The map, its logs and events, for a few windows; opening one again and again is a client gone wrong.
    Cost.STREAM: Bound(rate=2, burst=32, at_once=16, in_all=64),
}
UNBOUNDED_RATE: Bounds = {cost: bound._replace(rate=math.inf, burst=1_000_000_000) for cost, bound in USUAL.items()}
"""For `--dev`, where the only caller is the machine's own user."""

_MOST_CALLERS = 1024


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float
    under_way: int = 0


@dataclass(slots=True)
class Lease:
    """Permission for one request; given back when its answer is out."""

    bucket: _Bucket
    budgets: Budgets
    cost: Cost
    is_held: bool = field(default=True)

    def release(self) -> None:
        """Give it back; a second time does nothing."""
        if self.is_held:
            self.is_held = False
            self.bucket.under_way -= 1
            self.budgets.under_way[self.cost] -= 1


class Budgets:
    """Counts what callers cost."""

    def __init__(self, bounds: Bounds | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds = USUAL if bounds is None else bounds
        self._clock = clock
        self._buckets: dict[tuple[str, Cost], _Bucket] = {}
        self.under_way = dict.fromkeys(Cost, 0)
        """Requests under way, all callers together."""

    def take(self, caller: str, cost: Cost) -> Lease:
        """Count a request of a caller; raise `ProblemError` that says when to come back when that is one too many."""
        bound = self._bounds[cost]
        bucket = self._bucket(caller, cost, bound)
        now_s = self._clock()
        bucket.tokens = min(bound.burst, bucket.tokens + (now_s - bucket.at_s) * bound.rate)
        bucket.at_s = now_s
        if bucket.under_way >= bound.at_once:
            raise _too_many(f"{bound.at_once} {_NAMES[cost]} of yours are under way", "wait for one to end", 1)
        if self.under_way[cost] >= bound.in_all:
            raise _too_many(f"{bound.in_all} {_NAMES[cost]} are under way", "others are asking too: try again", 2)
        if bucket.tokens < 1:
            wait_s = math.ceil((1 - bucket.tokens) / bound.rate)
            raise _too_many(f"more than {bound.rate:g} {_NAMES[cost]} a second", f"try again in {wait_s} s", wait_s)
        bucket.tokens -= 1
        bucket.under_way += 1
        self.under_way[cost] += 1
        return Lease(bucket, self, cost)

    @property
    def gauges(self) -> Mapping[str, Callable[[], int]]:
        """How much is under way, by what to call it in metrics."""
        return {f"requests_under_way_{cost.value}": partial(self.under_way.__getitem__, cost) for cost in Cost}

    def _bucket(self, caller: str, cost: Cost, bound: Bound) -> _Bucket:
        key = (caller, cost)
        found = self._buckets.get(key)
        if found is None:
            if len(self._buckets) >= _MOST_CALLERS:
                self._forget_idle()
            found = self._buckets[key] = _Bucket(float(bound.burst), self._clock())
        return found

    def _forget_idle(self) -> None:
        """Drop the buckets that have filled up again: a new one would be no different."""
        now_s = self._clock()
        for key, bucket in list(self._buckets.items()):
            bound = self._bounds[key[1]]
            if not bucket.under_way and bucket.tokens + (now_s - bucket.at_s) * bound.rate >= bound.burst:
                del self._buckets[key]


_NAMES = {Cost.PLAIN: "requests", Cost.PROBE: "probes", Cost.STREAM: "streams"}


def _too_many(detail: str, hint: str, wait_s: int) -> ProblemError:
    return ProblemError(problem(Code.TOO_MANY, detail, hint), (("Retry-After", str(wait_s)),))
