"""One host of the fleet: connected, polled, its bus watched, its newest view kept.

A member never raises and never delays another one: whatever happens to its daemon becomes its state, with a reason and
an age. Two tasks serve it: one reads status, at its own pace or when it is woken, and one listens to the bus and wakes
the first when the topology changes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Protocol

import msgspec

from tsym_agent.localapi.errors import (
    REFUSALS,
    AccessDeniedError,
    AnswerTimeoutError,
    DaemonNotReadyError,
    LocalAPIError,
)
from tsym_agent.model.hosts import Host, HostState, Rights
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.lock import LockStatus
from tsym_agent.model.notify import Notify
from tsym_agent.model.prefs import Prefs
from tsym_agent.model.status import Status, SweepStatus
from tsym_agent.model.text import printable
from tsym_agent.probe.sweep import Clock, Pinger
from tsym_tui.fleet.approvals import Approvals, RecordKeeper
from tsym_tui.fleet.specs import HostSpec
from tsym_tui.fleet.views import Surroundings, View, control_url_of, host_state_of, read_extras, read_view


class HostClient(Pinger, RecordKeeper, Protocol):
    """What the fleet asks of a LocalAPI client."""

    @property
    def daemon_version(self) -> str | None:
        """Version of the daemon, once it answered."""

    async def status(self) -> Status:
        """Read the whole status."""

    async def sweep_status(self) -> SweepStatus:
        """Read what a poll needs of it."""

    async def status_bytes(self, *, peers: bool = True) -> bytes:
        """Read status as it comes, maybe without the peers."""

    async def prefs(self) -> Prefs:
        """Read the wishes of the node's owner."""

    async def lock_status(self) -> LockStatus:
        """Read tailnet lock."""

    async def rights(self, *, again: bool = False) -> Rights | None:
        """Find out what we may do."""

    def watch_ipn_bus(self) -> AsyncGenerator[Notify, None]:
        """Watch for changes."""

    async def aclose(self) -> None:
        """Close all connections."""


Connect = Callable[[HostSpec], Awaitable[HostClient]]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often a host is asked. Guesses that cost a host with 1,000 peers about 1 ms of CPU a second."""

    poll_s: float = 5.0
    """Status, while nobody tells us of changes."""
    poll_watched_s: float = 10.0
    """Status, while the bus does: then only trusted paths are news."""
    full_s: float = 60.0
    """Whole status, prefs and tailnet lock."""
    settle_s: float = 0.3
    """Notifications come in bursts: one read answers them all."""
    share: float = 0.05
    """Of the time at most goes into reading a host that changes all the time. Reads of many busy hosts hold each other
    up and take longer, which spaces them further."""
    retry_s: float = 2.0
    """After a failure, doubling up to the next limit."""
    retry_longest_s: float = 30.0


DEFAULT_PACE = Pace()


class Member:
    """One host and what it said last."""

    def __init__(
        self,
        spec: HostSpec,
        connect: Connect,
        report: Callable[[Member, View | None, View | None], None],
        *,
        pace: Pace = DEFAULT_PACE,
        turns: asyncio.Semaphore | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """Serve `spec`; `report` hears the view before and after each attempt, `turns` limits reads in all."""
        self.spec = spec
        self.client: HostClient | None = None
        self.view: View | None = None
        self.tried = asyncio.Event()
        """Set once the first attempt has ended, well or not."""
        self._connect = connect
        self._report = report
        self._pace = pace
        self._turns = turns or asyncio.Semaphore(8)
        self._clock = clock
        self._around = Surroundings()
        self._approvals = Approvals()
        self._full_at_s: float | None = None
        self._took_s = 0.0
        self._answered_s: float | None = None
        self._trouble: LocalAPIError | None = None
        self._ping_trouble: LocalAPIError | None = None
        self._rights: Rights | None = None
        self._wake = asyncio.Event()
        self._wants_full = True
        self._is_watched = False

    @property
    def state(self) -> HostState:
        """How it stands with us."""
        return self._state_and_error()[0]

    @property
    def ref(self) -> NodeRef | None:
        """The node it is, as far as it ever said."""
        return self.view.ref if self.view else None

    @property
    def is_usable(self) -> bool:
        """Whether it can be asked to probe."""
        return self.client is not None and self.ref is not None and self.state is HostState.OK

    def to_host(self) -> Host:
        """Describe it for a snapshot."""
        state, error = self._state_and_error()
        view = self.view
        own_name = (view.own.name.partition(".")[0] or view.own.host_name) if view and view.own else ""
        version = self.client.daemon_version if self.client else None
        return Host(
            spec=printable(self.spec.text),
            ref=self.ref,
            name=printable(self.spec.label) or own_name or printable(self.spec.text),
            state=state,
            via=printable(self.client.where) if self.client else "",
            version=(view.version if view else None) or (printable(version) if version else None),
            rights=self._rights,
            age_s=max(0.0, self._clock() - self._answered_s) if self._answered_s is not None else None,
            error=error,
            health=view.health if view and state is HostState.OK else (),
        )

    def wake(self, *, full: bool = False) -> None:
        """Have it asked soon."""
        self._wants_full = self._wants_full or full
        self._wake.set()

    def report_trouble(self, trouble: LocalAPIError) -> None:
        """Hear from a probe that the host could not be asked: look at once what is the matter.

        A host whose status is fine may refuse pings all the same, so the words stay until a ping gets through.
        """
        if not isinstance(trouble, AnswerTimeoutError):
            self._ping_trouble = trouble
            self.wake(full=True)

    def report_answer(self) -> None:
        """Hear from a probe that the host sends pings."""
        self._ping_trouble = None

    async def run(self) -> None:
        """Keep the view up to date until cancelled."""
        failures = 0
        watcher: asyncio.Task[None] | None = None
        try:
            while True:
                failures = 0 if await self._read() else failures + 1
                self.tried.set()
                if self.client is not None and failures == 0 and watcher is None:
                    watcher = asyncio.create_task(self._watch(self.client), name=f"bus of {self.spec.text}")
                await self._rest(failures)
        finally:
            if watcher is not None:
                watcher.cancel()
                await asyncio.gather(watcher, return_exceptions=True)
            if self.client is not None:
                await self.client.aclose()

    async def _rest(self, failures: int) -> None:
        """Wait for the next turn, or for somebody to wake us."""
        pace = self._pace
        if failures:
            wait_s = min(pace.retry_s * 2 ** (failures - 1), pace.retry_longest_s)
        else:
            wait_s = pace.poll_watched_s if self._is_watched and self.state is HostState.OK else pace.poll_s
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
            await asyncio.sleep(min(max(pace.settle_s, self._took_s / pace.share), pace.poll_watched_s))
        except TimeoutError:
            pass
        self._wake.clear()

    async def _read(self) -> bool:
        """Ask once; whatever comes of it becomes the state. Return whether there was an answer."""
        before = self.view
        try:
            client = await self._reach()
            async with self._turns:
                started_s = self._clock()
                self.view = await self._ask(client)
                self._took_s = self._clock() - started_s
            self._trouble = None
            self._answered_s = self._clock()
        except LocalAPIError as trouble:
            self._trouble = trouble
            self._wants_full = True
        self._report(self, before, self.view)
        return self._trouble is None

    async def _reach(self) -> HostClient:
        """Connect, and knock at a host that has not answered lately: only one that answers gets a turn.

        Turns bound how many large answers are in memory at once; a host that hangs must not hold one.
        """
        if self.client is None:
            self.client = await self._connect(self.spec)
        if self._trouble is not None or self._answered_s is None:
            await self.client.status_bytes(peers=False)
        return self.client

    async def _ask(self, client: HostClient) -> View:
        now_s = self._clock()
        if self._wants_full or self._full_at_s is None or now_s - self._full_at_s >= self._pace.full_s:
            self._wants_full = False
            view = await self._ask_all(client)
            self._full_at_s = now_s
            return view
        return read_view(await client.sweep_status(), self._around, self.view)

    async def _ask_all(self, client: HostClient) -> View:
        """Read everything; prefs and tailnet lock may be refused without spoiling the rest."""
        status = await client.status()
        control_url = self._around.control_url
        with suppress(*REFUSALS):  # then the tailnet keeps the URL it had; empty says that it was never read
            control_url = control_url_of(await client.prefs())
        self._rights = await client.rights()
        await self._approvals.ask(client, status)
        self._around = msgspec.structs.replace(
            self._around,
            control_url=control_url,
            extras=read_extras(status),
            own_endpoints=tuple(printable(address) for address in (status.self_node.addrs or ()))
            if status.self_node
            else (),
            unapproved=self._approvals.unapproved,
            locked_out=(await self._ask_lock(client)).filtered_peers or (),
        )
        return read_view(status, self._around, self.view)

    async def _ask_lock(self, client: HostClient) -> LockStatus:
        with suppress(*REFUSALS):
            return await client.lock_status()
        return LockStatus()

    async def _watch(self, client: HostClient) -> None:
        """Listen to the bus while the daemon has one; polling goes on regardless."""
        self._is_watched = True
        with suppress(LocalAPIError):  # one that waiting does not mend: the quicker poll takes over
            async with aclosing(client.watch_ipn_bus()) as notices:
                async for notice in notices:
                    for record in notice.peers_changed or ():
                        self._approvals.note(record)
                    if notice.touches_topology:
                        self.wake(full=not _is_patch(notice))
        self._is_watched = False

    def _state_and_error(self) -> tuple[HostState, str | None]:
        match self._trouble:
            case None:
                state, error = host_state_of(self.view) if self.view else (HostState.CONNECTING, None)
                if state is HostState.OK and self._ping_trouble:
                    return state, f"cannot ping: {words_of(self._ping_trouble, self.spec.text)}"
                return state, error
            case AccessDeniedError() as trouble:
                return HostState.DENIED, words_of(trouble, self.spec.text)
            case DaemonNotReadyError() as trouble:
                return HostState.CONNECTING, words_of(trouble, self.spec.text)
            case trouble:
                return HostState.FAILED, words_of(trouble, self.spec.text)


def _is_patch(notice: Notify) -> bool:
    """Whether a notice only says who went on or off line: the cheap status tells that, too."""
    others = (notice.peers_changed, notice.peers_removed, notice.self_change, notice.state_number)
    return notice.peer_changed_patch is not None and not notice.session_id and all(other is None for other in others)


def words_of(trouble: LocalAPIError, spec: str) -> str:
    """Say what went wrong and what to do; where it was, only if the host's spec does not say so."""
    where = "" if trouble.where in spec else f"{trouble.where}: "
    return printable(f"{where}{trouble.message}{f': {trouble.hint}' if trouble.hint else ''}")
