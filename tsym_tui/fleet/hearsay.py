"""Pings that others sent from our hosts: heard over their agents' streams, and as good as ours.

An agent tells of every ping that went through it, our own included. So what is heard waits a moment, until our own
answers are in, and counts only where we have not measured the same. Clocks of hosts may be an hour apart: a sample is
as old as the stream says it is compared with the newest of its line, and that one is of now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PingKind
from tsym_agent.model.text import printable
from tsym_agent.model.times import parse_time
from tsym_agent.model.watch import WatchSample
from tsym_agent.probe.plan import PairKey
from tsym_agent.probe.sweep import Clock, to_sample
from tsym_agent.probe.window import Sample
from tsym_tui.fleet.book import PairBook

MOST_HEARD = 10_000
"""Kept until they are worked in, once a second; the oldest go first."""

OWN_S = 10.0
"""A pair that we measured this lately is ours to measure: a ping lasts no longer."""

OLDEST_S = 60.0
"""No line tells of older pings, whatever its times say."""

_KINDS = {kind.value: kind for kind in PingKind}


class _Heard(msgspec.Struct, frozen=True):
    source: NodeRef
    ip: str
    sample: Sample


class Hearsay:
    """What was heard and has not been worked in."""

    def __init__(self, book: PairBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock
        self._heard: deque[_Heard] = deque(maxlen=MOST_HEARD)

    def hear(self, source: NodeRef, samples: Iterable[WatchSample]) -> None:
        """Take one line of a host's stream."""
        told = list(samples)
        times = [moment.timestamp() if (moment := parse_time(one.at)) else None for one in told]
        newest = max((time for time in times if time is not None), default=0.0)
        now_s = self._clock()
        for one, time in zip(told, times, strict=True):
            age_s = 0.0 if time is None else min(newest - time, OLDEST_S)
            if (sample := _sample_of(one, now_s - age_s)) is not None:
                self._heard.append(_Heard(source, one.ip, sample))

    def work_in(self, everyone: Callable[[], Sequence[Node]], busy: frozenset[PairKey]) -> bool:
        """Book what we did not measure ourselves; say whether that was anything."""
        if not self._heard:
            return False
        by_address = {(node.ref.tailnet, address): node.ref for node in everyone() for address in node.addresses}
        is_news = False
        heard, self._heard = self._heard, deque(maxlen=MOST_HEARD)
        for one in heard:
            target = by_address.get((one.source.tailnet, one.ip))
            if target is not None and target != one.source and not self._is_ours((one.source, target), busy):
                self._book.add((one.source, target), one.sample)
                is_news = True
        return is_news

    def _is_ours(self, key: PairKey, busy: frozenset[PairKey]) -> bool:
        if key in busy:
            return True
        window = self._book.window(key)
        own_s = next((sample.at_s for sample in reversed(window.samples) if sample.sweep), None) if window else None
        return own_s is not None and self._clock() - own_s < OWN_S


def _sample_of(told: WatchSample, at_s: float) -> Sample | None:
    """Read a ping; None for what a newer agent says in a way of its own."""
    kind = _KINDS.get(told.type)
    if kind is None:
        return None
    if told.result is None:
        return Sample(at_s=at_s, kind=kind, error=printable(told.error or "no pong"))
    return to_sample(told.result, kind, at_s)
