"""The IPN bus of every simulated host: watchers, their masks, and queues that do not wait for the slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import msgspec

from tsym_agent.sim.bodies.notices import Mask, engine_notice, first_notice, notice, notices
from tsym_agent.sim.bodies.peers import JSON
from tsym_agent.sim.clock import Clock
from tsym_agent.sim.eras import Era, era_of
from tsym_agent.sim.facts import Update
from tsym_agent.sim.world import World

QUEUE_LENGTH = 128
"""As a real daemon's: a watcher further behind is cut off (from 1.102) or misses notices (before)."""
ENGINE_INTERVAL_S = 2.0
_FELL_BEHIND = "IPN bus consumer fell behind; closing watch"


@dataclass(eq=False, slots=True)
class _Watcher:
    host: str
    mask: int
    queue: asyncio.Queue[JSON] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))
    has_fallen_behind: bool = False


class Bus:
    """Says what happens to whoever watches a host."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._watchers: set[_Watcher] = set()
        world.listeners.append(self.publish)

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    def refusal(self, mask: int, era: Era) -> str:
        """Say why a daemon of that era refuses a mask; empty when it does not."""
        if era < (1, 102):
            return ""
        if mask & Mask.IN_PROCESS:
            return "mask bit is for in-process watchers only"
        deltas = Mask.CHANGES | Mask.NO_NETMAP | Mask.STATUS | Mask.PATCHES
        return "rate limiting cannot be combined with deltas" if mask & Mask.RATE_LIMIT and mask & deltas else ""

    async def watch(self, host: str, mask: int) -> AsyncGenerator[bytes, None]:
        """Yield one line a notice until the caller closes the stream, or falls behind."""
        self._world.advance(self._clock.now_s())
        watcher = _Watcher(host, mask)
        self._watchers.add(watcher)
        try:
            if (first := first_notice(self._world, host, mask)) is not None:
                yield _line(first)
            while (said := await self._next(watcher)) is not None:
                yield _line(said)
            yield _line(notice(self._world.population[host], {"ErrMessage": _FELL_BEHIND}))
        finally:
            self._watchers.discard(watcher)

    def publish(self, updates: Sequence[Update]) -> None:
        """Tell every watcher what changed."""
        for watcher in self._watchers:
            for said in notices(self._world, watcher.host, watcher.mask, updates):
                self._put(watcher, said)

    async def _next(self, watcher: _Watcher) -> JSON | None:
        """Wait for a notice; None when the watcher has fallen behind and has read what was kept for it."""
        while True:
            if watcher.has_fallen_behind and watcher.queue.empty():
                return None
            interval_s = ENGINE_INTERVAL_S / self._clock.speed if watcher.mask & Mask.ENGINE else None
            try:
                return await asyncio.wait_for(watcher.queue.get(), interval_s)
            except TimeoutError:
                self._publish_engine(watcher.host)

    def _publish_engine(self, host: str) -> None:
        """Send the engine's counters to all watchers of a host: one who asks makes all hear them."""
        self._world.advance(self._clock.now_s())
        said = engine_notice(self._world, host)
        for watcher in self._watchers:
            if watcher.host == host:
                self._put(watcher, said)

    def _put(self, watcher: _Watcher, said: JSON) -> None:
        if watcher.has_fallen_behind:
            return
        try:
            watcher.queue.put_nowait(said)
        except asyncio.QueueFull:
            watcher.has_fallen_behind = era_of(self._world.population[watcher.host].version) >= (1, 102)


def _line(said: JSON) -> bytes:
    return msgspec.json.encode(said) + b"\n"
