"""The fleet: all hosts as one source of snapshots.

It owns the tasks: one that reads each host, one that probes, one that works news in, one that notices age. Readers get
copies: a snapshot never changes, and while nothing happened the same one comes back.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef, Tailnet
from tsym_agent.model.nodes import Node
from tsym_agent.model.snapshot import ProbeCost, Snapshot
from tsym_agent.probe import limits
from tsym_agent.probe.plan import PairKey, Plan
from tsym_agent.probe.sweep import Clock, Enough, RoundTemplate, Sender
from tsym_agent.probe.window import Sample
from tsym_tui.fleet.calls import CallLog, observed
from tsym_tui.fleet.connecting import Connector, expand
from tsym_tui.fleet.discovery import (
    LOOK_AGAIN_S,
    NEAR,
    address_of,
    agent_spec,
    agents_of_control,
    can_ask_control,
    scan,
    tagged_agents,
)
from tsym_tui.fleet.members import DEFAULT_PACE, Connect, HostClient, Member, Pace
from tsym_tui.fleet.picture import Picture
from tsym_tui.fleet.prober import Prober
from tsym_tui.fleet.select import Selector
from tsym_tui.fleet.specs import HostSpec

TURNS = 16
"""Large answers in memory at once: throughput is flat from 4 on, memory is not."""

COALESCE_S = 0.1
"""Changes closer together than this are one to a reader."""

SHARE = 0.015
"""Of the time at most goes into copies for a reader; of a large mesh it gets fewer instead."""

WORK_SHARE = 0.015
"""Of the time at most goes into working news in, while a large mesh changes all the time: what many hosts say of a node
within a moment is merged together, and still long before a reader of such a mesh gets its next copy."""

LONGEST_REST_S = 1.0
"""News never wait longer than this, however much work those before them were."""

CATCH_UP_S = 10.0
"""Whoever waits for a whole picture waits no longer than this for it to be made in pieces."""

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
    """Where `local` is looked for, and credentials of the control plane."""
    may_ask: bool = False
    """Whether ssh may ask at the terminal for what it cannot log in without. Never where a screen is drawn."""
    discovers: bool = False
    """Also ask the agents that this machine's tailscaled and the control plane know of."""
    scans: bool = False
    """Also knock at the agents' port of each online peer, once."""


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
        self._turns = asyncio.Semaphore(TURNS)
        self.calls = CallLog()
        """What its hosts were asked, and what that cost."""
        self._connector = observed(connect or Connector(options.env, may_ask=options.may_ask), self.calls)
        self._members: tuple[Member, ...] = ()
        self._tasks: dict[Member, asyncio.Task[None]] = {}
        self._found: dict[str, Member] = {}
        """Members that nobody named, by address."""
        self._finds: dict[str, dict[str, HostSpec]] = {}
        """What each kind of search has found, by address."""
        self._looked_at: list[tuple[Tailnet, int]] | None = None
        """The editions of peers among which agents were last looked for."""
        self._searched = asyncio.Event()
        """Set once every search has ended that takes a while."""
        self._group: asyncio.TaskGroup | None = None
        self._ping_numbers = itertools.count(-1, -1)
        """Of sweeps that were asked for: below zero, since the prober's own count upwards."""
        self._copying_s = 0.0
        self._runner: asyncio.Task[None] | None = None
        self._rung = asyncio.Event()
        self._set_members([self._member(single) for spec in specs for single in expand(spec)])

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
        started_s = time.perf_counter()
        snapshot = self._picture.snapshot(self._prober.cost() if self._options.is_probing else ProbeCost())
        self._copying_s = time.perf_counter() - started_s
        return snapshot

    async def changes(self) -> AsyncIterator[int]:
        """Yield the revision after each change, several as one. Ends with the fleet; raises what broke it, a bug."""
        told = -1
        while not self._has_ended():
            if told != self._picture.revision:
                told = self._picture.revision
                yield told
                await asyncio.sleep(max(COALESCE_S, self._copying_s / SHARE))
            else:
                await self._wait_for(self._bell())

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
        self._picture.renew_hosts()
        self._look_around()
        node = self._picture.assembly.node
        return tuple(
            Asked(member.to_host(), node(member.ref) if member.ref else None, member.client, member.spec.tags)
            for member in self._picture.listed()
        )

    def chosen(self, selector: Selector) -> tuple[Asked, ...]:
        """Return the hosts that a selector means."""
        return selector.chosen(self.asked())

    async def ready(self, timeout_s: float = limits.SETTLE_S) -> None:
        """Wait until every host was tried once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while (waited_for := self._untried()) is not None:
                    await self._wait_for(waited_for)
                    self._look_around()
        await self._catch_up()

    def _untried(self) -> asyncio.Event | None:
        """Return what is to be waited for until all hosts are found and were tried."""
        events = [member.tried for member in self._members]
        events += [self._searched] if self._options.discovers or self._options.scans else []
        return next((event for event in events if not event.is_set()), None)

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
        await self._catch_up()

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
            self._group = group
            for member in self._members:
                self._start(member, group)
            group.create_task(self._work_in(), name="news")
            group.create_task(self._tick(), name="ages")
            group.create_task(self._search(), name="search")
            if self._options.is_probing:
                group.create_task(self._probe(), name="prober")

    def _member(self, spec: HostSpec) -> Member:
        return Member(
            spec, self._connector, self._picture, pace=self._options.pace, turns=self._turns, clock=self._clock
        )

    def _set_members(self, members: Sequence[Member]) -> None:
        """Take who is asked from now on: start the new ones, end those that are no longer among them."""
        gone = set(self._members) - set(members)
        self._members = tuple(members)
        self._picture.set_members(self._members)
        for member in gone:
            if (task := self._tasks.pop(member, None)) is not None:
                task.cancel()
        if self._group is not None:
            for member in self._members:
                self._start(member, self._group)

    def _start(self, member: Member, group: asyncio.TaskGroup) -> None:
        if member not in self._tasks:
            self._tasks[member] = group.create_task(member.run(), name=f"host {member.spec.text}")

    async def _search(self) -> None:
        """Look for hosts in places that take a while to answer."""
        try:
            if self._options.scans:
                await self._scan()
            while self._options.discovers and can_ask_control(self._options.env):
                if (specs := await agents_of_control(self._options.env)) is not None:
                    self._keep_finds("control", specs)
                self._searched.set()
                await asyncio.sleep(LOOK_AGAIN_S)
        finally:
            self._searched.set()

    async def _scan(self) -> None:
        """Knock at the port of each online peer, once the hosts of this machine have been asked."""
        near = [member for member in self._members if member.spec.kind in NEAR]
        for member in near:
            await member.tried.wait()
        named = {member.spec.address for member in self._members}
        views = [member.view for member in near if member.view is not None]
        peers = {
            sight.stable_id: sight
            for view in views
            for sight in view.peers.values()
            if sight.is_online and sight.addresses and agent_spec(address_of(sight)).address not in named
        }
        answering: list[HostSpec] = []
        async with aclosing(scan(peers.values(), self._connector)) as found:
            async for spec in found:
                answering.append(spec)
                self._keep_finds("scan", answering)

    def _keep_finds(self, kind: str, specs: Iterable[HostSpec]) -> None:
        self._finds[kind] = {spec.address: spec for spec in specs}
        self._looked_at = None
        self._look_around()

    def _look_around(self) -> None:
        """Take in agents that have been found, and let those go that nothing speaks of any more."""
        if not self._options.discovers and not self._options.scans:
            return
        near = [member.view for member in self._members if member.spec.kind in NEAR and member.view is not None]
        looked_at = [(view.tailnet, view.edition) for view in near]
        if looked_at == self._looked_at:
            return
        self._looked_at = looked_at
        if self._options.discovers and near:
            self._finds["status"] = {spec.address: spec for view in near for spec in tagged_agents(view)}
        named = [member for member in self._members if member.spec.address not in self._found]
        taken = {member.spec.address for member in named}
        wanted = {
            address: spec for finds in self._finds.values() for address, spec in finds.items() if address not in taken
        }
        if wanted.keys() != self._found.keys():
            self._found = {address: self._found.get(address) or self._member(spec) for address, spec in wanted.items()}
            self._set_members([*named, *self._found.values()])

    async def _probe(self) -> None:
        """Probe, once it is known who can: else the first hosts to answer would spend the budget of all."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*(member.tried.wait() for member in self._members))
        await self._prober.run()

    async def _work_in(self) -> None:
        """Work in what hosts say, in small pieces, so that a screen on the same loop stays quick.

        News that come together are worked in together; a large mesh that changes all the time is given a rest.
        """
        while True:
            rung, worked_s = self._bell(), 0.0
            while not self._picture.is_current:
                started_s = time.perf_counter()
                self._picture.renew(whole=False)
                self._look_around()
                worked_s += time.perf_counter() - started_s
                await asyncio.sleep(0)
            if worked_s:
                self._prober.wake()
            await asyncio.sleep(max(COALESCE_S, min(worked_s / WORK_SHARE, LONGEST_REST_S)))
            await rung.wait()

    async def _catch_up(self) -> None:
        """Work all in that the hosts said, in small pieces; in one where news come faster than those are done."""
        ends_s = time.perf_counter() + CATCH_UP_S
        while time.perf_counter() < ends_s:
            if not self._picture.renew_some():
                break
            await asyncio.sleep(0)
        self._picture.renew_places()

    async def _tick(self) -> None:
        for tick in itertools.count():
            await asyncio.sleep(TICK_S)
            self._picture.notice_age(self._prober.busy)
            if tick % PLACES_EVERY == 0:
                self._picture.notice_places(is_urgent=False)

    def _ring(self) -> None:
        """Tell all who wait that the picture has changed."""
        self._rung.set()

    def _bell(self) -> asyncio.Event:
        """Return what rings at the next change: a new one only where the last has rung, as changes are many."""
        if self._rung.is_set():
            self._rung = asyncio.Event()
        return self._rung

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
