"""The fleet: all hosts as one source of snapshots.

It owns the tasks: one that reads each host, one that probes, one that works news in, one that notices age. Readers get
copies: a snapshot never changes, and while nothing happened the same one comes back.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.snapshot import ProbeCost, Snapshot
from tsym_agent.probe import limits
from tsym_agent.probe.plan import PairKey, Plan
from tsym_agent.probe.sweep import Clock, Enough, RoundTemplate, Sender
from tsym_agent.probe.window import Sample
from tsym_tui.fleet.connecting import Connector, expand
from tsym_tui.fleet.details import NodeDetails, ask_details
from tsym_tui.fleet.members import DEFAULT_PACE, Connect, HostClient, Member, Pace
from tsym_tui.fleet.picture import Picture
from tsym_tui.fleet.prober import Prober
from tsym_tui.fleet.specs import HostSpec

TURNS = 16
"""Large answers in memory at once: throughput is flat from 4 on, memory is not."""

COALESCE_S = 0.1
"""Changes closer together than this are one to a reader."""

TICK_S = 1.0
"""How late a pair may be noticed to have turned stale."""


PATIENCE_S = 2.0
"""How long probing waits for hosts that have not answered yet."""

PLACES_EVERY = 5
"""Ticks between two looks at where nodes stand."""


class FleetOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a fleet is for."""

    everything: bool = False
    """Show and probe hidden nodes and phones, too."""
    is_probing: bool = True
    """False = read status and nothing more."""
    sweep_every_s: float = limits.SWEEP_EVERY_S
    pace: Pace = DEFAULT_PACE
    env: Mapping[str, str] = os.environ
    """Where `local` is looked for."""


DEFAULT_OPTIONS = FleetOptions()


class Asked(NamedTuple):
    """One host, as a command that runs on many hosts sees it."""

    host: Host
    node: Node | None
    """The node it is; None until it has answered once."""
    client: HostClient | None
    """Who asks it; None while it cannot be reached at all."""
    tags: tuple[str, ...] = ()
    """What the hosts file calls it; its node has tags of its own."""


class Fleet:
    """All hosts, asked at once. The source of the app and of every command."""

    def __init__(
        self,
        specs: Iterable[HostSpec],
        *,
        options: FleetOptions = DEFAULT_OPTIONS,
        connect: Connect | None = None,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare to ask `specs`. Nothing is opened before `start`."""
        self._options = options
        self._clock = clock
        self._plan = Plan(every_s=options.sweep_every_s)
        self._picture = Picture(self._plan, self._ring, everything=options.everything, clock=clock, now=now)
        self._prober = Prober(
            self._picture.book,
            self._plan,
            vantage_of=self._picture.usable,
            node_of=self._picture.assembly.node,
            changed=self._picture.bump,
            clock=clock,
        )
        turns = asyncio.Semaphore(TURNS)
        connector = connect or Connector(options.env)
        self._members = tuple(
            Member(single, connector, self._picture.hear, pace=options.pace, turns=turns, clock=clock)
            for spec in specs
            for single in expand(spec)
        )
        self._picture.set_members(self._members)
        self._ping_numbers = itertools.count(-1, -1)
        """Of sweeps that were asked for: below zero, since the prober's own count upwards."""
        self._runner: asyncio.Task[None] | None = None
        self._rung = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Begin to look; returns before the first answer."""
        self._runner = asyncio.create_task(self._run(), name="fleet")

    async def aclose(self) -> None:
        """End all tasks and close all connections."""
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)

    def snapshot(self) -> Snapshot:
        """Return the picture of now: a copy that never changes."""
        return self._picture.snapshot(self._prober.cost() if self._options.is_probing else ProbeCost())

    async def changes(self) -> AsyncIterator[int]:
        """Yield the revision after each change, several as one. Ends with the fleet; raises what broke it, a bug."""
        told = -1
        while not self._has_ended():
            if told != self._picture.revision:
                told = self._picture.revision
                yield told
                await asyncio.sleep(COALESCE_S)
            else:
                await self._wait_for(self._rung)

    def look_at(self, pairs: Iterable[PairKey]) -> None:
        """Probe these pairs every few seconds from now on, instead of those named before."""
        self._plan.looked_at = frozenset(pairs)
        self._prober.wake()

    def mark(self, pairs: Iterable[PairKey]) -> None:
        """Keep these pairs in every sweep, also where pairs are sampled."""
        self._plan.marked = frozenset(pairs)
        self._prober.wake()

    def probe_now(self, pairs: Iterable[PairKey] | None = None) -> None:
        """Sweep these pairs at once, None = all. Who names a phone wants it probed."""
        self._picture.sweep_soon(pairs)
        self._prober.wake()

    def name(self, refs: Iterable[NodeRef]) -> None:
        """Show and allow to probe these nodes although they are hidden or phones: somebody named them."""
        self._picture.name(refs)

    def history(self, key: PairKey) -> tuple[Sample, ...]:
        """Return the samples kept of a pair, oldest first; `at_s` is on the fleet's clock."""
        window = self._picture.book.window(key)
        return window.samples if window else ()

    def everyone(self) -> tuple[Node, ...]:
        """Return all nodes, hidden ones too: for looking one up by name."""
        self._picture.renew()
        return self._picture.assembly.everyone()

    def vantages(self) -> tuple[NodeRef, ...]:
        """Return the nodes that can be asked now, in the order of their hosts."""
        self._picture.renew()
        return self._picture.vantages

    def asked(self) -> tuple[Asked, ...]:
        """Return every host in its order, those that do not answer too: for running one command on many."""
        self._picture.renew()
        node = self._picture.assembly.node
        return tuple(
            Asked(member.to_host(), node(member.ref) if member.ref else None, member.client, member.spec.tags)
            for member in self._members
        )

    async def details(self, ref: NodeRef) -> NodeDetails:
        """Ask every host what it knows of a node, whole."""
        vantages = [vantage for vantage in self._picture.vantages if vantage.tailnet == ref.tailnet]
        members = [member for vantage in vantages if (member := self._picture.usable(vantage))]
        return await ask_details(ref, self._picture.assembly.node(ref), members)

    async def ready(self, timeout_s: float = limits.SETTLE_S) -> None:
        """Wait until every host was tried once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                for member in self._members:
                    await self._wait_for(member.tried)
        self._picture.renew()

    async def settle(
        self, timeout_s: float = limits.SETTLE_S, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Wait until each pair is direct or has shown the same class twice, at most so long.

        `progress` hears now and then how many pairs are done, of how many.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.ready(timeout_s)
                self._prober.wake()
                while not self._prober.quiet.is_set():
                    if progress:
                        total = len(self._plan.pairs)
                        progress(total - len(self._prober.busy), total)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(COALESCE_S):
                            await self._wait_for(self._prober.quiet)
        self._picture.renew()

    def busy(self) -> frozenset[PairKey]:
        """Return the pairs that are being probed now."""
        return self._prober.busy

    async def ping(
        self, template: RoundTemplate, asked: Mapping[PairKey, str], enough: Enough | None = None
    ) -> AsyncGenerator[tuple[PairKey, Sample | LocalAPIError], None]:
        """Ping pairs as `template` says; yield each sample as it comes, or the trouble that ended a pair's pings.

        `asked` gives each pair the address to ping; empty = the target's first. Each call is a sweep of its own, so a
        pair that stays silent in it has failed whatever it answered before; the template's number is not used.
        """
        numbered = msgspec.structs.replace(template, sweep=next(self._ping_numbers))
        rounds = self._picture.rounds(numbered, asked)
        async for planned, result in Sender(clock=self._clock).sweep(rounds, enough):
            self._picture.take(planned, result)
            yield planned.key, result
        for planned, _ in rounds:
            self._picture.book.close_sweep(planned.key, planned.sweep)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for member in self._members:
                group.create_task(member.run(), name=f"host {member.spec.text}")
            group.create_task(self._work_in(), name="news")
            group.create_task(self._tick(), name="ages")
            if self._options.is_probing:
                group.create_task(self._probe(), name="prober")

    async def _probe(self) -> None:
        """Probe, once it is known who can: else the first hosts to answer would spend the budget of all."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*(member.tried.wait() for member in self._members))
        await self._prober.run()

    async def _work_in(self) -> None:
        """Work in what hosts say, in small pieces, so that a screen on the same loop stays quick."""
        while True:
            while not self._picture.is_current:
                self._picture.renew(whole=False)
                self._prober.wake()
                await asyncio.sleep(0)
            await self._rung.wait()

    async def _tick(self) -> None:
        for tick in itertools.count():
            await asyncio.sleep(TICK_S)
            self._picture.notice_age()
            if tick % PLACES_EVERY == 0:
                self._picture.notice_places()

    def _ring(self) -> None:
        """Tell all who wait that the picture has changed."""
        self._rung.set()
        self._rung = asyncio.Event()

    def _has_ended(self) -> bool:
        if self._runner is None or not self._runner.done():
            return False
        if not self._runner.cancelled():
            self._runner.result()
        return True

    async def _wait_for(self, event: asyncio.Event) -> None:
        """Wait for an event or the end of the fleet, which is a bug unless it was closed."""
        waiting = asyncio.create_task(event.wait(), name="wait")
        try:
            await asyncio.wait({waiting, self._runner} if self._runner else {waiting}, return_when="FIRST_COMPLETED")
        finally:
            waiting.cancel()
        self._has_ended()
