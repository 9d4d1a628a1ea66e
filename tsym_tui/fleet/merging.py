"""Logs and events of many hosts as one stream in time.

Clocks differ, some by an hour, so entries are ordered by when they came, set back by how long each was under way as far
as its host's own clock tells: within one host differences are right, and the least way seen stands for none. A short
wait lets entries that belong before others take their place; each keeps its own time for reading.

A reader that falls behind loses the oldest entries, and the next one says how many. A host that goes away says so in
the stream, and is tried again.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from tsym_agent.localapi.errors import AccessDeniedError, LocalAPIError, NotSupportedError
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hosts import Host
from tsym_agent.model.logs import Event, LogLine
from tsym_agent.model.payload import ABSENT, is_absent
from tsym_agent.model.times import format_time, parse_time
from tsym_agent.probe.sweep import Clock
from tsym_agent.server.redact import redacted, scrub_words
from tsym_tui.fleet.members import words_of

REORDER_S = 0.3
"""How long an entry waits for others that belong before it: more than a path's jitter, less than a person notices."""

MOST_WAITING = 5_000
"""Entries that wait for the reader; a storm of log lines is a few thousand a second."""

SKEW_S = 2.0
"""A clock this far off is worth a word: less may be the way."""

LAST_ENTRIES = 64
"""Of a host, to tell how far its clock is off."""

RETRY_S = 2.0
RETRY_LONGEST_S = 30.0

OF_THE_STREAM = ("[logtap connected", "[the agent went away")
"""How log lines begin that tell of the stream and not of the host (`localapi.logtap`, `localapi.agent`)."""

KINDS_OF_THE_STREAM = frozenset({"listening", "broken"})
"""Kinds of events that do the same (`localapi.happenings`)."""

SECRETS = COMMANDS["bus-events"].secrets
"""Members of what events carry."""

Item = LogLine | Event


class Tone(StrEnum):
    """What an entry is."""

    ITEM = "item"
    """Of the host."""
    NOTICE = "notice"
    """Of ours: the host went away, came back, or has a clock of its own."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the merged stream."""

    host: Host
    at: str
    """RFC 3339 on the host's own clock; on ours for notices."""
    tone: Tone = Tone.ITEM
    kind: str = ""
    """Of an event; empty for log lines and notices."""
    level: int = 0
    """Of a log line."""
    words: str
    node: str = ""
    """Whom an event is about."""
    data: msgspec.Raw = ABSENT
    """What an event carries beyond its words."""
    lost: int = 0
    """Entries dropped just before it: by the daemon, the way, or since the reader was slow."""

    @property
    def clock(self) -> str:
        """The host's own time as a clock where we sit, with milliseconds."""
        moment = parse_time(self.at)
        return moment.astimezone().strftime("%H:%M:%S.%f")[:-3] if moment else "--:--:--.---"


class Source(msgspec.Struct, frozen=True):
    """One host to follow."""

    host: Host
    open: Callable[[], AsyncGenerator[Item, None]]
    """Follows it from now on; reconnects by itself where that helps."""
    look: Callable[[], Host] | None = None
    """Tells how it stands, and is called, once it is reached; None = as before."""


class Sieve(msgspec.Struct, frozen=True, kw_only=True):
    """What is let through."""

    pattern: re.Pattern[str] | None = None
    level: int = 0
    """Log lines up to this verbosity."""

    def passes(self, entry: Entry) -> bool:
        """Whether a person wants to see it; notices of ours always are."""
        if entry.tone is Tone.NOTICE:
            return True
        if entry.level > self.level:
            return False
        return self.pattern is None or self.pattern.search(f"{entry.host.name} {entry.kind} {entry.words}") is not None


def parse_pattern(text: str) -> re.Pattern[str] | None:
    """Read what a person searches for: a regular expression, else the text itself; small letters match any."""
    if not text:
        return None
    flags = re.NOFLAG if any(char.isupper() for char in text) else re.IGNORECASE
    try:
        return re.compile(text, flags)
    except re.error:
        return re.compile(re.escape(text), flags)


class Skew:
    """How far a host's clock is from ours, and how long each entry was under way."""

    def __init__(self) -> None:
        self._ways: deque[float] = deque(maxlen=LAST_ENTRIES)

    def place(self, at: datetime | None, came_at: datetime) -> float:
        """Return when an entry happened on our clock, in seconds, never later than it came."""
        came_s = came_at.timestamp()
        if at is None:
            return came_s
        self._ways.append(came_s - at.timestamp())
        return at.timestamp() + min(self._ways)

    @property
    def offset_s(self) -> float | None:
        """How far its clock is behind ours, at most by the quickest way; None = not known yet."""
        return min(self._ways, default=None)


class Merger:
    """Follows many hosts; read `entries` once."""

    def __init__(
        self,
        sources: AsyncIterable[Source],
        *,
        sieve: Sieve = Sieve(),  # noqa: B008 - immutable
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.sieve = sieve
        """May be replaced at any time."""
        self.heard: set[str] = set()
        """Specs of hosts that said something."""
        self.refused: dict[str, LocalAPIError] = {}
        """Why hosts were given up, by spec: no waiting mends it."""
        self._sources = sources
        self._followers: set[asyncio.Task[None]] = set()
        self._clock = clock
        self._now = now
        self._most = most_waiting
        self._heap: list[tuple[float, int, float, Entry]] = []
        """When it happened, its number, when it came on our clock, and the entry."""
        self._numbers = itertools.count()
        self._lost = 0
        self._rung = asyncio.Event()

    async def entries(self) -> AsyncGenerator[Entry, None]:
        """Yield entries of all hosts in time, for ever, or until no host is left to follow."""
        starter = asyncio.create_task(self._follow_all(), name="starts to follow")
        try:
            while (entry := await self._next(starter)) is not None:
                yield entry
            starter.result()  # a bug is told and not lost
        finally:
            running = (starter, *self._followers)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _follow_all(self) -> None:
        """Follow each host as soon as it is named, until all are given up."""
        try:
            async with asyncio.TaskGroup() as group:
                async for source in self._sources:
                    follower = group.create_task(self._follow(source), name=f"follows {source.host.spec}")
                    self._followers.add(follower)
                    follower.add_done_callback(self._followers.discard)
        finally:
            self._rung.set()

    async def _next(self, starter: asyncio.Task[None]) -> Entry | None:
        while True:
            wait_s = self._heap[0][2] + REORDER_S - self._clock() if self._heap else None
            if wait_s is not None and (wait_s <= 0 or starter.done()):
                return self._take()
            if starter.done():
                return None
            self._rung.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._rung.wait()

    def _take(self) -> Entry:
        entry = heapq.heappop(self._heap)[3]
        lost, self._lost = self._lost, 0
        return msgspec.structs.replace(entry, lost=entry.lost + lost) if lost else entry

    async def _follow(self, source: Source) -> None:
        """Follow one host for ever; say when it goes, and give up only on what no waiting mends."""
        host, skew, wait_s, told = source.host, Skew(), RETRY_S, ""
        while True:
            is_new = True
            try:
                async with aclosing(source.open()) as items:
                    async for item in items:
                        if is_new and source.look is not None:
                            host = source.look()
                        is_new, wait_s, told = False, RETRY_S, ""
                        self._put(host, item, skew)
                words = "its stream has ended"
            except (AccessDeniedError, NotSupportedError) as trouble:
                self.refused[host.spec] = trouble
                self._notice(host, words_of(trouble, host.spec))
                return
            except LocalAPIError as trouble:
                words = words_of(trouble, host.spec)
            if words != told:  # the same again is no news
                self._notice(host, f"{words}; trying again")
                told = words
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_LONGEST_S)

    def _put(self, host: Host, item: Item, skew: Skew) -> None:
        self.heard.add(host.spec)
        if (words := _words_of_the_stream(item)) is not None:
            self._notice(host, words, lost=item.lost)  # its time is whose it came from, maybe ours: no clock to judge
            return
        before = skew.offset_s
        happened_s = skew.place(parse_time(item.at), self._now())
        if before is None and (offset_s := skew.offset_s) is not None and abs(offset_s) >= SKEW_S:
            self._notice(host, skew_words(offset_s))
        entry = _to_entry(host, item)
        if self.sieve.passes(entry):
            self._push(happened_s, entry)

    def _notice(self, host: Host, words: str, lost: int = 0) -> None:
        moment = self._now()
        entry = Entry(host=host, at=format_time(moment), tone=Tone.NOTICE, words=scrub_words(words), lost=lost)
        self._push(moment.timestamp(), entry)

    def _push(self, happened_s: float, entry: Entry) -> None:
        heapq.heappush(self._heap, (happened_s, next(self._numbers), self._clock(), entry))
        if len(self._heap) > self._most:
            self._lost += 1 + heapq.heappop(self._heap)[3].lost
        self._rung.set()


def _words_of_the_stream(item: Item) -> str | None:
    if isinstance(item, Event):
        return item.words if item.kind in KINDS_OF_THE_STREAM else None
    return item.text.strip("[]") if item.text.startswith(OF_THE_STREAM) else None


def _to_entry(host: Host, item: Item) -> Entry:
    """Make an entry without the secrets that an agent would have taken out: what is printed gets pasted."""
    if isinstance(item, LogLine):
        return Entry(host=host, at=item.at, level=item.level, words=scrub_words(item.text), lost=item.lost)
    data = item.data if is_absent(item.data) else msgspec.Raw(redacted(bytes(item.data), SECRETS))
    fields = {"kind": item.kind, "node": item.node, "data": data}
    return Entry(host=host, at=item.at, words=scrub_words(item.words), lost=item.lost, **fields)  # type: ignore[arg-type]  # all fit


def skew_words(offset_s: float) -> str:
    """Say how far a clock is off."""
    amount = abs(offset_s)
    size = (
        f"{amount:.0f} s" if amount < 120 else f"{amount / 60:.0f} min" if amount <= 7200 else f"{amount / 3600:.1f} h"
    )
    return f"its clock is {size} {'behind' if offset_s > 0 else 'ahead of'} ours: times below are its own"
