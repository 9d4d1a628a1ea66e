"""The IPN bus as one endless iterator: lines out of chunks, and a new stream whenever the old one breaks.

A daemon that stops, restarts or drops a slow watcher ends the stream; what happened meanwhile is lost. So after each
gap the reader gets `RESUMED` and reads status afresh. Backoff, jitter and "from the start again" live here and nowhere
else. Only a refusal that waiting cannot mend (no permission, no such endpoint) is raised.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from tsym_agent.localapi.errors import (
    AccessDeniedError,
    BadAnswerError,
    LocalAPIError,
    NotSupportedError,
    RequestRefusedError,
)
from tsym_agent.localapi.refusals import from_answer, from_wire
from tsym_agent.model.notify import RESUMED, BusMask, Notify, parse_notify
from tsym_agent.model.payload import PayloadError
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.errors import TooLargeError, WireError

MAX_LINE_BYTES = 64 * 1024 * 1024
"""Lines have no bound of their own (a netmap is one line); ours only keeps a fault from taking all memory."""

HEAD_TIMEOUT_S = 10.0
"""A daemon answers the head at once, but every call waits while its backend is being made."""

_FINAL = (AccessDeniedError, NotSupportedError, RequestRefusedError, BadAnswerError)
"""Waiting mends none of these."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next attempt. The numbers are a guess that spares a starting daemon."""

    first_s: float = 0.5
    longest_s: float = 30.0
    settled_s: float = 10.0
    """A stream that held this long was a good one: the count starts again."""

    def delay_s(self, attempt: int, roll: float) -> float:
        """Return the wait before attempt 1, 2, …: doubling, and halved at most by `roll` (0 to 1)."""
        whole = min(self.longest_s, self.first_s * 2.0 ** min(attempt - 1, 16))
        return whole * (0.5 + roll / 2)


@dataclass(frozen=True, slots=True)
class BusWatch:
    """How to watch: everything that takes time or chance is a collaborator."""

    http: HttpClient
    backoff: Backoff = Backoff()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    roll: Callable[[], float] = random.random
    max_line_bytes: int = MAX_LINE_BYTES

    async def notices(self, mask: BusMask) -> AsyncGenerator[Notify, None]:
        """Yield notices until the client is closed, `RESUMED` after each gap."""
        attempt = 0
        has_been_up = False
        while True:
            up_since: float | None = None
            try:
                async with aclosing(self._one_stream(mask)) as stream:
                    async for notice in stream:
                        if notice is RESUMED:
                            up_since = self.clock()
                            has_been_up, is_first = True, not has_been_up
                            if is_first:
                                continue
                        yield notice
            except _FINAL:
                raise
            except LocalAPIError:
                pass  # gone for now: status, asked by the same reader, says why
            if self.http.is_closed:
                return
            has_settled = up_since is not None and self.clock() - up_since >= self.backoff.settled_s
            attempt = 1 if has_settled else attempt + 1
            await self.sleep(self.backoff.delay_s(attempt, self.roll()))

    async def _one_stream(self, mask: BusMask) -> AsyncGenerator[Notify, None]:
        """Yield `RESUMED` once the stream stands, then its notices until it ends."""
        target = f"/localapi/v0/watch-ipn-bus?mask={int(mask)}"
        lines = LineBuffer(self.max_line_bytes)
        try:
            async with self.http.stream("GET", target, timeout_s=HEAD_TIMEOUT_S) as answer:
                if answer.status != 200:
                    raise from_answer(self.http.where, "watch-ipn-bus", answer.status, await answer.read())
                yield RESUMED
                async for chunk in answer:
                    for line in lines.feed(chunk):
                        yield parse_notify(line)
        except WireError as error:
            raise from_wire(self.http.where, error) from error
        except PayloadError as error:
            raise BadAnswerError(self.http.where, f"watch-ipn-bus: {error}") from error


class LineBuffer:
    """Cuts a stream of chunks into lines, joining each line once however many chunks it spans."""

    def __init__(self, max_line_bytes: int) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._max = max_line_bytes

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk in and return the lines it completes, blank ones left out."""
        *ends, rest = chunk.split(b"\n")
        lines = []
        for end in ends:
            lines.append(b"".join((*self._parts, end)))
            self._parts.clear()
            self._size = 0
        self._parts.append(rest)
        self._size += len(rest)
        if self._size > self._max:
            raise TooLargeError(f"a line of more than {self._max} bytes")
        return [line for line in lines if line.strip()]
