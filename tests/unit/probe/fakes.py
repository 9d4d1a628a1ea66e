"""A peer that answers pings from a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.unit.probe.virtual import now
from tsym_agent.localapi.errors import AnswerTimeoutError
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.probe.window import Sample

TAILNET = Tailnet("https://control.example", "example")

Answer = PingResult | Exception | None
"""None = silence."""


def ref(name: str) -> NodeRef:
    return NodeRef(TAILNET, StableNodeID(name))


A, B = ref("a"), ref("b")


def direct(ms: float = 5.0) -> PingResult:
    return PingResult(latency_seconds=ms / 1000, endpoint="192.0.2.7:41641")


def derp(ms: float = 30.0) -> PingResult:
    return PingResult(latency_seconds=ms / 1000, derp_region_id=4, derp_region_code="fra")


def sample(
    at_s: float,
    ms: float | None = 5.0,
    path: PathKind = PathKind.DIRECT,
    sweep: int = 1,
    kind: PingKind = PingKind.DISCO,
) -> Sample:
    """Return an answered sample, or a lost one when `ms` is None."""
    if ms is None:
        return Sample(at_s=at_s, error="timed out", sweep=sweep, kind=kind)
    return Sample(at_s=at_s, latency_ms=ms, path=path, sweep=sweep, kind=kind)


class FakePinger:
    """Answers each ping by a function of its number and time, after the round trip it names."""

    where = "fake"

    def __init__(self, answer: Callable[[int, float], Answer]) -> None:
        self._answer = answer
        self.asked: list[tuple[str, PingKind, int]] = []
        self.sent_s: list[float] = []
        self.in_flight = 0
        self.most_in_flight = 0

    async def ping(
        self, ip: str, kind: PingKind = PingKind.DISCO, *, size: int = 0, timeout_s: float = 5.0
    ) -> PingResult:
        self.asked.append((ip, kind, size))
        self.sent_s.append(now())
        answer = self._answer(len(self.sent_s), now())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(timeout_s if answer is None else getattr(answer, "latency_seconds", 0.0))
        finally:
            self.in_flight -= 1
        if answer is None:
            raise AnswerTimeoutError(self.where, f"no pong from {ip}")
        if isinstance(answer, Exception):
            raise answer
        return answer
