"""Sending pings: many pairs at once, the probes of one pair spaced, every answer handed over as it comes.

A probe that stays silent is a lost sample. An answer that is an error is a lost sample with words. Trouble between us
and the daemon (no socket, no right, tailscaled stopped) says nothing of the pair: it is raised, and no sample is made.
"""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import msgspec

from tsym_agent.localapi.errors import AnswerTimeoutError, DaemonNotReadyError, LocalAPIError, RequestRefusedError
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.model.text import printable
from tsym_agent.probe import limits
from tsym_agent.probe.window import TIMED_OUT, Sample

Clock = Callable[[], float]
Enough = Callable[[Sequence[Sample]], bool]
"""Looks at a round's samples so far, in the order of sending, and says whether to stop."""

_HOST_STOPPED = "local tailscaled stopped"
"""An error of `ping` that concerns the host, not the pair."""


class Pinger(Protocol):
    """The one call of a LocalAPI client that probing needs."""

    @property
    def where(self) -> str:
        """What is asked, in words for an error."""

    async def ping(
        self, ip: str, kind: PingKind = PingKind.DISCO, *, size: int = 0, timeout_s: float = 5.0
    ) -> PingResult:
        """Ping once; raise `AnswerTimeoutError` on silence."""


class RoundTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """How one pair is to be pinged."""

    kind: PingKind = PingKind.DISCO
    probes: int = limits.PROBES_PER_SWEEP
    most: int = int(limits.SETTLE_S / limits.PROBE_SPACING_S)
    """Probes of a round that goes on until it is enough."""
    size: int = 0
    """Bytes of the disco message; 0 = as small as it gets."""
    timeout_s: float | None = None
    """For one probe; None = what `limits` says for its kind."""
    spacing_s: float = limits.PROBE_SPACING_S
    """Between the probes of its number; those beyond it keep the usual one."""
    sweep: int = 0
    waits: bool = False
    """Whether a probe goes out only after the one before it is back, as `tailscale ping` does."""

    def between(self, source: NodeRef, target: NodeRef, ip: str) -> Round:
        """Make a round of it for a pair."""
        return Round(source=source, target=target, ip=ip, **msgspec.structs.asdict(self))


class Round(RoundTemplate, frozen=True, kw_only=True):
    """The probes of one pair in one sweep."""

    source: NodeRef
    target: NodeRef
    ip: str
    """A Tailscale address of the target, or one behind a route that it serves."""

    @property
    def key(self) -> tuple[NodeRef, NodeRef]:
        """Source and target."""
        return self.source, self.target


class Gate:
    """Holds the number of probes in flight down, per host and in all."""

    def __init__(self, in_all: int = limits.IN_FLIGHT, per_host: int = limits.IN_FLIGHT_PER_HOST) -> None:
        self._in_all = asyncio.Semaphore(in_all)
        self._per_host = per_host
        self._hosts: dict[Hashable, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def slot(self, host: Hashable) -> AsyncIterator[None]:
        """Wait for a free slot and hold it. The host's own cap comes first, so a hanging host blocks only itself."""
        own = self._hosts.setdefault(host, asyncio.Semaphore(self._per_host))
        async with own, self._in_all:
            yield


async def probe(pinger: Pinger, planned: Round, clock: Clock = time.monotonic) -> Sample:
    """Ping once as a round says and tell what came of it; raise `LocalAPIError` when the host could not be asked."""
    sent_s, kind, sweep = clock(), planned.kind, planned.sweep
    limit_s = limits.timeout_of(kind) if planned.timeout_s is None else planned.timeout_s
    try:
        result = await pinger.ping(planned.ip, kind, size=planned.size, timeout_s=limit_s)
    except AnswerTimeoutError:
        return Sample(at_s=sent_s, kind=kind, error=TIMED_OUT, sweep=sweep)
    except RequestRefusedError as refusal:
        return Sample(at_s=sent_s, kind=kind, error=printable(refusal.message), sweep=sweep)
    if result.err == _HOST_STOPPED:
        raise DaemonNotReadyError(pinger.where, "tailscaled is stopped", "run `tailscale up` there")
    return to_sample(result, kind, sent_s, sweep)


def to_sample(result: PingResult, kind: PingKind, sent_s: float, sweep: int = 0) -> Sample:
    """Turn an answer into a sample. Only a disco pong names a path, whatever else stands in the answer."""
    if result.err:
        return Sample(at_s=sent_s, kind=kind, error=printable(result.err), sweep=sweep)
    path = result.path if kind is PingKind.DISCO else PathKind.UNKNOWN
    region = result.derp_region_code or str(result.derp_region_id)
    return Sample(
        at_s=sent_s,
        kind=kind,
        latency_ms=result.latency_ms,
        path=path,
        endpoint=printable(result.endpoint) if path is PathKind.DIRECT else None,
        derp_region=printable(region) if path is PathKind.DERP else None,
        peer_relay=printable(result.peer_relay) if path is PathKind.PEER_RELAY else None,
        sweep=sweep,
    )


class Sender:
    """Sends rounds through a gate."""

    def __init__(self, *, gate: Gate | None = None, clock: Clock = time.monotonic) -> None:
        self._gate = gate or Gate()
        self._clock = clock
        self.sent = 0
        """Probes sent so far."""

    async def run(
        self, planned: Round, pinger: Pinger, report: Callable[[Sample], None], enough: Enough | None = None
    ) -> None:
        """Send a round's probes, spaced, and report each sample as it comes.

        With `enough` the round goes on past its number until that says yes, at most to its limit; each further probe
        waits for the ones before it, so a dead pair costs no more than a sweep. The first host trouble ends the round
        and is raised; other probes of the round are given up.
        """
        seen: list[Sample] = []
        in_flight: set[asyncio.Task[None]] = set()

        def keep(sample: Sample) -> None:
            bisect.insort(seen, sample, key=lambda one: one.at_s)
            report(sample)

        try:
            async with asyncio.TaskGroup() as group:
                for number in range(planned.most if enough else planned.probes):
                    is_extra = number >= planned.probes
                    if in_flight and (planned.waits or is_extra):
                        await asyncio.wait(in_flight)
                    if is_extra and enough and enough(seen):
                        break
                    if number:
                        await asyncio.sleep(limits.PROBE_SPACING_S if is_extra else planned.spacing_s)
                    task = group.create_task(self._send(planned, pinger, keep), name=f"probe {planned.ip}")
                    in_flight.add(task)
                    task.add_done_callback(in_flight.discard)
        except BaseExceptionGroup as troubles:
            raise _first_of(troubles) from None

    async def _send(self, planned: Round, pinger: Pinger, keep: Callable[[Sample], None]) -> None:
        async with self._gate.slot(planned.source):
            self.sent += 1
            sample = await probe(pinger, planned, self._clock)
        keep(sample)

    async def sweep(
        self, rounds: Iterable[tuple[Round, Pinger]], enough: Enough | None = None
    ) -> AsyncGenerator[tuple[Round, Sample | LocalAPIError], None]:
        """Run many rounds at once and yield each sample, or the trouble that ended its round, as it comes."""
        results: asyncio.Queue[tuple[Round, Sample | LocalAPIError] | None] = asyncio.Queue()

        async def run_one(planned: Round, pinger: Pinger) -> None:
            try:
                await self.run(planned, pinger, lambda sample: results.put_nowait((planned, sample)), enough)
            except LocalAPIError as trouble:
                results.put_nowait((planned, trouble))

        async def run_all() -> None:
            try:
                async with asyncio.TaskGroup() as group:
                    for planned, pinger in rounds:
                        group.create_task(run_one(planned, pinger), name=f"round to {planned.ip}")
            finally:
                results.put_nowait(None)

        runner = asyncio.create_task(run_all(), name="sweep")
        try:
            while (result := await results.get()) is not None:
                yield result
            await runner
        finally:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)


def _first_of(troubles: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the trouble that explains a failed round: they are all of one host, so one says it."""
    known = troubles.subgroup(LocalAPIError)
    chosen: BaseException = known or troubles
    while isinstance(chosen, BaseExceptionGroup):
        chosen = chosen.exceptions[0]
    return chosen
