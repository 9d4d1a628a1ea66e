"""The one observer of a daemon for all who watch it.

However many clients there are: one watch of the IPN bus and one reader of status, and none while nobody watches.
Readings are compared in their slim form, and the difference goes to everybody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.payload import Body, PayloadError
from tsym_agent.model.pings import PingResult, parse_ping_result
from tsym_agent.model.text import printable
from tsym_agent.model.times import format_time
from tsym_agent.model.watch import Alive, Delta, Samples, Trouble, WatchSample
from tsym_agent.server.essence import SlimStatus, changes
from tsym_agent.server.observer import PACE, Daemon, Observer, Pace, Sight, read_status
from tsym_agent.server.problems import problem_of
from tsym_agent.server.redact import scrub_words
from tsym_agent.server.watch import Reader, SharedLine, share, snapshot_pieces

_log = logging.getLogger(__name__)

ALIVE_EVERY_S = 15.0
"""So often an idle stream says that it stands."""

SAMPLES_GATHER_S = 0.2
"""Pings wait so long for others to be told with."""

MOST_SAMPLES = 200
"""In one line; a busy agent writes several."""


class Hub:
    """Watches one daemon for as long as somebody watches it."""

    def __init__(self, client: Daemon, *, pace: Pace = PACE, alive_s: float = ALIVE_EVERY_S) -> None:
        self._client = client
        self._pace = pace
        self._alive_s = alive_s
        self._readers: set[Reader] = set()
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._seen: Sight | Trouble | None = None
        self._samples: list[WatchSample] = []
        self._flush: asyncio.TimerHandle | None = None

    @property
    def latest(self) -> SlimStatus | None:
        """The newest status, at most seconds old; None while nobody watches or the daemon does not answer."""
        return self._seen.status if isinstance(self._seen, Sight) else None

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._readers)

    async def current(self) -> SlimStatus:
        """Return the newest status, asking for one if there is none; raises `LocalAPIError`."""
        return self.latest or await read_status(self._client)

    async def watch(self, *, with_samples: bool = True) -> AsyncGenerator[bytes, None]:
        """Yield the lines of `/v1/watch`, in pieces. Close it to leave; the last one to leave ends the watching."""
        reader = Reader(with_samples=with_samples)
        self._readers.add(reader)
        self._start()
        seq = 1
        try:
            while not reader.is_closed:
                if reader.is_behind and self._seen is not None:
                    reader.is_behind = False
                    for piece in _everything(seq, self._seen):
                        yield piece
                elif (line := reader.take()) is not None:
                    yield line.numbered(seq)
                elif await reader.wait(self._alive_s) or reader.is_behind:
                    continue  # a stream begins with what there is to see, or with why there is nothing
                else:
                    yield share(Alive(seq=0, at=_now())).numbered(seq)
                seq += 1
        finally:
            self._readers.discard(reader)
            if not self._readers:
                self._stop()

    def note_ping(self, ip: str, kind: str, at: str, body: Body | None, error: str | None) -> None:
        """Tell watchers of a ping that went through this agent.

        `body` is the daemon's answer; None = no pong came, or the daemon could not be asked, which `error` says.
        """
        if not any(reader.with_samples for reader in self._readers):
            return
        self._samples.append(_sample(ip, kind, at, body, error))
        if len(self._samples) >= MOST_SAMPLES:
            self._tell_samples()
        elif self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(SAMPLES_GATHER_S, self._tell_samples)

    async def aclose(self) -> None:
        """End every watch."""
        for reader in self._readers:
            reader.close()
        self._stop()
        if self._ending:
            await asyncio.wait(self._ending)

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="watch hub")

    def _stop(self) -> None:
        """End the watching and forget what it saw: it would only grow old."""
        self._hold_samples()
        self._samples.clear()
        self._seen = None
        if self._task is not None:
            self._task.cancel()
            self._ending.add(self._task)
            self._task.add_done_callback(self._ending.discard)
            self._task = None

    async def _run(self) -> None:
        try:
            async with aclosing(Observer(self._client, self._pace).sights()) as sights:
                async for sight in sights:
                    self._tell_of(sight)
        except Exception:  # noqa: BLE001 - a bug of ours must end the streams, not leave them hanging
            _log.exception("watching failed")
            if self._task is asyncio.current_task():
                self._task = self._seen = None  # whoever comes next begins it anew
            for reader in self._readers:
                reader.close()

    def _tell_of(self, sight: Sight | LocalAPIError) -> None:
        """Say what is different from what was seen before; everything, where a difference would not be enough."""
        before = self._seen
        if isinstance(sight, LocalAPIError):
            trouble = _trouble(sight)
            self._seen = trouble
            if not isinstance(before, Trouble) or (before.code, before.detail) != (trouble.code, trouble.detail):
                self._start_all_anew()
            return
        self._seen = sight
        if not isinstance(before, Sight) or before[1:] != sight[1:]:
            self._start_all_anew()
            return
        top, peers, gone = found = changes(before.status, sight.status)
        if "CurrentTailnet" in top:  # another profile: nothing of the old key space may linger
            self._start_all_anew()
        elif found:
            self._tell(share(Delta(seq=0, at=_now(), top=top, peers=peers, gone=gone)))

    def _tell(self, line: SharedLine) -> None:
        for reader in self._readers:
            reader.tell(line)

    def _start_all_anew(self) -> None:
        for reader in self._readers:
            reader.start_anew()

    def _tell_samples(self) -> None:
        self._hold_samples()
        line = share(Samples(seq=0, samples=tuple(self._samples)))
        self._samples.clear()
        for reader in self._readers:
            if reader.with_samples:
                reader.tell(line)

    def _hold_samples(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None


def _everything(seq: int, seen: Sight | Trouble) -> Iterator[bytes]:
    if isinstance(seen, Trouble):
        yield share(seen).numbered(seq)
    else:
        yield from snapshot_pieces(seq, _now(), seen.status, seen.rights, scrub_words(seen.control_url))


def _trouble(error: LocalAPIError) -> Trouble:
    problem = problem_of(error)
    words = f"{problem.detail} ({problem.hint})" if problem.hint else problem.detail
    return Trouble(seq=0, at=_now(), code=problem.code, detail=printable(scrub_words(words)))


def _sample(ip: str, kind: str, at: str, body: Body | None, error: str | None) -> WatchSample:
    """Read an answer of the daemon: nothing but a ping's own members goes on."""
    result: PingResult | None = None
    if body is not None:
        try:
            read = parse_ping_result(body)
            result = msgspec.structs.replace(read, err=printable(scrub_words(read.err))) if read.err else read
        except PayloadError as bad:
            error = f"the daemon's answer is none: {bad}"
    return WatchSample(ip=ip, type=kind, at=at, result=result, error=error and printable(scrub_words(error)))


def _now() -> str:
    return format_time(datetime.now(UTC))
