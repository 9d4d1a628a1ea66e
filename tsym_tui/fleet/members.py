"""One host of the fleet: connected, followed or polled, its newest view kept.

A member never raises and never delays another one: whatever happens to its daemon becomes its state, with a reason and
an age. An agent is followed over its stream; while that is refused, or never lives long, it is polled as any daemon is:
at its own pace, and sooner when the daemon's bus says that the topology changes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Protocol, runtime_checkable

import msgspec

from tsym_agent.localapi.errors import (
    REFUSALS,
    AccessDeniedError,
    AnswerTimeoutError,
    BadAnswerError,
    DaemonNotReadyError,
    LocalAPIError,
    NotSupportedError,
    RequestRefusedError,
)
from tsym_agent.localapi.following import Backoff
from tsym_agent.model.hello import Hello
from tsym_agent.model.hosts import Host, HostState, Rights
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.lock import LockStatus
from tsym_agent.model.notify import Notify
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.prefs import Prefs
from tsym_agent.model.status import Status, parse_status
from tsym_agent.model.text import printable
from tsym_agent.model.watch import Snapshot, WatchSample
from tsym_agent.probe.sweep import Clock, Pinger
from tsym_tui.fleet.approvals import Approvals, RecordKeeper
from tsym_tui.fleet.ledger import Ledger, News, Surroundings
from tsym_tui.fleet.specs import HostSpec
from tsym_tui.fleet.streams import Agent, as_agent, follow
from tsym_tui.fleet.views import View, canonical_control_url, host_state_of

NOTHING_NEW = News()


class HostClient(Pinger, RecordKeeper, Protocol):
    """What the fleet asks of a LocalAPI client."""

    @property
    def daemon_version(self) -> str | None:
        """Version of the daemon, once it answered."""

    async def status(self) -> Status:
        """Read the whole status."""

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


@runtime_checkable
class Versioned(Protocol):
    """Who says when nothing is news, so that a poll need not carry it."""

    def has(self, feature: str) -> bool:
        """Say whether it can: `etag`."""

    async def status_unless(self, etag: str) -> tuple[bytes | bytearray, str] | None:
        """Read status and its tag; None while the tag still holds."""


Connect = Callable[[HostSpec], Awaitable[HostClient]]


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often a host is asked. Guesses that cost a host with 1,000 peers about 1 ms of CPU a second."""

    poll_s: float = 5.0
    """Status, while nobody tells us of changes."""
    poll_watched_s: float = 10.0
    """Status, while the bus does: then only trusted paths are news."""
    full_s: float = 60.0
    """Prefs, rights, approvals and tailnet lock."""
    full_followed_s: float = 300.0
    """The same of a host whose stream tells all else; and when it last shook hands with whom."""
    settle_s: float = 0.3
    """Notifications come in bursts: one read answers them all."""
    share: float = 0.05
    """Of the time at most goes into reading a host that changes all the time. Reads of many busy hosts hold each other
    up and take longer, which spaces them further."""
    retry_s: float = 2.0
    """After a failure, doubling up to the next limit."""
    retry_longest_s: float = 30.0
    refused_s: float = 600.0
    """Until a stream that was refused is asked for again: a grant may have come, or a new agent."""
    roll: Callable[[], float] = random.random
    """From 0 to 1: spreads what many hosts would do at once."""


DEFAULT_PACE = Pace()


class Audience(Protocol):
    """Who hears what members have to say."""

    def hear(self, member: Member, news: News) -> None:
        """Hear that an attempt has ended, well or not, and what of the view is another."""

    def hear_samples(self, member: Member, samples: tuple[WatchSample, ...]) -> None:
        """Hear of pings that others sent from the host."""


class Member:
    """One host and what it said last."""

    def __init__(
        self,
        spec: HostSpec,
        connect: Connect,
        audience: Audience,
        *,
        pace: Pace = DEFAULT_PACE,
        turns: asyncio.Semaphore | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        """Serve `spec` and tell `audience`; `turns` limits large answers in all."""
        self.spec = spec
        self.client: HostClient | None = None
        self.tried = asyncio.Event()
        """Set once the first attempt has ended, well or not."""
        self.is_followed = False
        """Whether its stream stands."""
        self._connect = connect
        self._audience = audience
        self._pace = pace
        self._turns = turns or asyncio.Semaphore(8)
        self._clock = clock
        self._roll = pace.roll
        self._ledger = Ledger()
        self._approvals = Approvals()
        self._backoff = Backoff(pace.retry_s, pace.retry_longest_s)
        self._hello: Hello | None = None
        self._is_stranger = False
        self._stream_attempts = 0
        self._stream_due_s = 0.0
        self._failures = 0
        self._etag = ""
        self._full_at_s: float | None = None
        self._took_s = 0.0
        self._answered_s: float | None = None
        self._trouble: LocalAPIError | None = None
        self._ping_trouble: LocalAPIError | None = None
        self._rights: Rights | None = None
        self._wake = asyncio.Event()
        self._wants_full = True
        self._is_watched = False
        self._surveyor: asyncio.Task[None] | None = None

    @property
    def view(self) -> View | None:
        """What it said last; None until it has."""
        return self._ledger.view

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

    @property
    def face(self) -> tuple[object, ...]:
        """What `to_host` is made of but its age: while it stays the same, so does the host."""
        view = self.view
        told = (view.own, view.backend, view.tailnet, view.version, view.health) if view else ()
        ours = (self.client, self._hello, self._is_stranger, self._rights, self.is_followed)
        return (*told, *ours, self._trouble, self._ping_trouble)

    @property
    def answered_s(self) -> float | None:
        """When it answered last, on the fleet's clock; None = never."""
        return self._answered_s

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
            agent=printable(self._hello.agent.version) if self._hello else None,
            mode=self._hello.agent.mode.value if self._hello else "another agent" if self._is_stranger else "",
            is_followed=self.is_followed,
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
        watcher: asyncio.Task[None] | None = None
        try:
            while True:
                await self._take_turn()
                self.tried.set()
                if self.client is not None and not self._failures and watcher is None and self._hello is None:
                    watcher = asyncio.create_task(self._watch(self.client), name=f"bus of {self.spec.text}")
                await self._rest()
        finally:
            self.is_followed = False
            await _end(watcher)
            if self.client is not None:
                await self.client.aclose()

    async def _take_turn(self) -> None:
        """Follow the host for as long as that lasts, or ask it once."""
        if await self._attempt(self._reach()):
            agent = self._agent_to_follow()
            if agent is None or await self._is_refused(agent):
                await self._attempt(self._read())
        self._failures = 0 if self._trouble is None else self._failures + 1

    async def _attempt(self, asking: Coroutine[object, object, News | None]) -> bool:
        """Ask; whatever comes of it becomes the state. Return whether there was an answer; a None is one on the way."""
        try:
            news = await asking
        except LocalAPIError as trouble:
            self.hear_trouble(trouble)
            return False
        except PayloadError as error:
            self.hear_trouble(BadAnswerError(self.client.where if self.client else self.spec.text, f"status: {error}"))
            return False
        if news is not None:
            self.hear(news)
        return True

    async def _rest(self) -> None:
        """Wait for the next turn, or for somebody to wake us."""
        pace = self._pace
        if self._failures and self._is_stranger and self.view is None:
            wait_s = pace.refused_s
        elif self._failures:
            longest_s = min(pace.retry_s * 2 ** min(self._failures - 1, 16), pace.retry_longest_s)
            wait_s = longest_s * (0.75 + self._roll() / 4)
        elif self._can_follow():
            wait_s = min(pace.poll_s, max(0.0, self._stream_due_s - self._clock()))
        else:
            wait_s = pace.poll_watched_s if self._is_watched and self.state is HostState.OK else pace.poll_s
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
            await asyncio.sleep(min(max(pace.settle_s, self._took_s / pace.share), pace.poll_watched_s))
        except TimeoutError:
            pass
        self._wake.clear()

    async def _reach(self) -> None:
        """Connect, and knock at a host that has not answered lately: only one that answers gets a turn.

        Turns bound how many large answers are in memory at once; a host that hangs must not hold one.
        """
        if self.client is None:
            self.client = await self._connect(self.spec)
        agent = None if self._is_stranger else as_agent(self.client)
        is_due = self._can_follow() and self._clock() >= self._stream_due_s
        if agent is not None and (self._trouble or is_due or not self._hello):
            try:
                self._hello = await agent.hello()
                self._rights = self._hello.daemon.rights or self._rights
            except NotSupportedError:
                self._is_stranger = True  # something else that speaks HTTP; it may pass LocalAPI on all the same
        if self._hello is None and (self._trouble is not None or self._answered_s is None):
            await self.client.status_bytes(peers=False)

    def _can_follow(self) -> bool:
        return self._hello is not None and "watch" in self._hello.features

    def _agent_to_follow(self) -> Agent | None:
        """Return the agent, when its stream's time has come."""
        is_due = self._can_follow() and self._clock() >= self._stream_due_s
        return as_agent(self.client) if is_due else None

    async def _is_refused(self, agent: Agent) -> bool:
        """Follow one stream, settle when the next may be tried, and say whether there was none to be had."""
        began_s, is_refused = self._clock(), False
        try:
            await follow(agent, self._ledger, self, self._turns)
        except (AccessDeniedError, NotSupportedError, RequestRefusedError):
            is_refused = True
        except LocalAPIError as trouble:
            if not self.is_followed:  # one that stood and broke is tried again before anything is said of the host
                self.hear_trouble(trouble)
        finally:
            self.is_followed = False
            surveyor, self._surveyor = self._surveyor, None
            await _end(surveyor)
        has_settled = self._clock() - began_s >= self._backoff.settled_s
        self._stream_attempts = 1 if has_settled else self._stream_attempts + 1
        wait_s = self._pace.refused_s if is_refused else self._backoff.delay_s(self._stream_attempts, self._roll())
        self._stream_due_s = self._clock() + wait_s
        return is_refused

    async def _survey(self, client: HostClient) -> None:
        """Ask beside a stream for what it does not tell, again and again."""
        while True:
            rested_s = float("inf") if self._full_at_s is None else self._clock() - self._full_at_s
            every_s = self._pace.full_followed_s * (0.75 + self._roll() / 2)
            if rested_s < every_s:
                await asyncio.sleep(every_s - rested_s)
            try:
                async with self._turns:
                    self.hear(await self._ask_whole(client))
                self._full_at_s = self._clock()
            except (LocalAPIError, PayloadError):  # the stream is what says how the host stands
                self.tried.set()
                await asyncio.sleep(self._pace.retry_longest_s)
            self.tried.set()

    def hear(self, news: News) -> None:
        """Take an answer that has been worked in."""
        self._trouble = None
        self._answered_s = self._clock()
        self._audience.hear(self, news)

    def hear_snapshot(self, snapshot: Snapshot, news: News) -> None:
        """Take the beginning of a stream."""
        self.is_followed = True
        self._rights = snapshot.rights or self._rights
        self.hear(news)
        if self._surveyor is None and self.client is not None:
            self._surveyor = asyncio.create_task(self._survey(self.client), name=f"around {self.spec.text}")

    def hear_samples(self, samples: tuple[WatchSample, ...]) -> None:
        """Pass pings of others on."""
        self._answered_s = self._clock()
        self._audience.hear_samples(self, samples)

    def hear_trouble(self, trouble: LocalAPIError) -> None:
        """Take a failure."""
        self._trouble = trouble
        self._wants_full = True
        self._etag = ""
        self.tried.set()
        self._audience.hear(self, NOTHING_NEW)

    async def _read(self) -> News:
        client = self.client
        assert client is not None  # noqa: S101 - it was reached
        async with self._turns:
            started_s = self._clock()
            news = await self._ask(client)
            self._took_s = self._clock() - started_s
        return news

    async def _ask(self, client: HostClient) -> News:
        now_s = self._clock()
        if self._wants_full or self._full_at_s is None or now_s - self._full_at_s >= self._pace.full_s:
            self._wants_full = False
            news = await self._ask_whole(client)
            self._full_at_s = now_s
            return news
        if isinstance(client, Versioned) and client.has("etag"):
            answer = await client.status_unless(self._etag)
            if answer is None:
                return NOTHING_NEW
            body, self._etag = answer
            return self._ledger.take_status(body)
        return self._ledger.take_status(await client.status_bytes())

    async def _ask_whole(self, client: HostClient) -> News:
        """Read everything; prefs and tailnet lock may be refused without spoiling the rest."""
        with suppress(*REFUSALS):  # then the tailnet keeps the URL it had; empty says that it was never read
            self._ledger.place(canonical_control_url((await client.prefs()).control_url))
        body = await client.status_bytes()
        status = parse_status(body)
        self._rights = await client.rights()
        await self._approvals.ask(client, status)
        around = Surroundings(
            control_url=self._ledger.surroundings.control_url,
            unapproved=self._approvals.unapproved,
            locked_out=(await self._ask_lock(client)).filtered_peers or (),
        )
        if self.is_followed:  # the stream is newer than this answer; only what it leaves out is news
            return self._ledger.note_times(status).also(self._ledger.surround(around))
        return self._ledger.surround(around).also(self._ledger.take_status(body))

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
            case LocalAPIError() if self._is_stranger and self.view is None:
                return HostState.OK, None  # what it is was found out, and there is nothing to ask it
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


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _is_patch(notice: Notify) -> bool:
    """Whether a notice only says who went on or off line: the cheap status tells that, too."""
    others = (notice.peers_changed, notice.peers_removed, notice.self_change, notice.state_number)
    return notice.peer_changed_patch is not None and not notice.session_id and all(other is None for other in others)


def words_of(trouble: LocalAPIError, spec: str) -> str:
    """Say what went wrong and what to do; where it was, only if the host's spec does not say so."""
    where = "" if trouble.where in spec else f"{trouble.where}: "
    return printable(f"{where}{trouble.message}{f': {trouble.hint}' if trouble.hint else ''}")
