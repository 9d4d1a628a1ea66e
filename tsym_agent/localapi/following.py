"""An endless answer of a daemon, and a new one whenever the old one breaks.

A daemon that stops, restarts or drops a slow reader ends its streams; what happened meanwhile is lost. So a reader is
told when a stream stands and when it broke, and does after each gap whatever its stream needs. Backoff, jitter and
"from the start again" live here and nowhere else. Only a refusal that waiting cannot mend is raised.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from tsym_agent.localapi.errors import (
    AccessDeniedError,
    BadAnswerError,
    LocalAPIError,
    NotSupportedError,
    RequestRefusedError,
)
from tsym_agent.localapi.refusals import from_answer, from_wire
from tsym_agent.wire.client import HttpClient, StreamedResponse
from tsym_agent.wire.errors import TooLargeError, WireError, WireTimeoutError
from tsym_agent.wire.waiting import Deadline

HEAD_TIMEOUT_S = 10.0
"""A daemon answers the head at once, but every call waits while its backend is being made."""

_FINAL = (AccessDeniedError, NotSupportedError, RequestRefusedError, BadAnswerError)
"""Waiting mends none of these."""


class Turn(Enum):
    """What is told between the pieces of a stream."""

    UP = "up"
    """It stands: all that follows is new."""
    DOWN = "down"
    """It broke; another attempt follows."""


class Target(NamedTuple):
    """What to ask for."""

    name: str
    """For people."""
    path: str
    """As it is sent, query included."""
    method: str = "GET"
    silence_s: float | None = None
    """After so long without a byte the stream counts as broken; None = it may be silent."""


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
class Following:
    """How to follow: everything that takes time or chance is a collaborator."""

    http: HttpClient
    backoff: Backoff = Backoff()
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    roll: Callable[[], float] = random.random

    async def pieces(self, target: Target, *, must_stand_at_once: bool = False) -> AsyncGenerator[bytes | Turn, None]:
        """Yield pieces until the client is closed, `Turn` between them.

        `must_stand_at_once`: what keeps the very first stream from standing is raised, whatever it is.
        """
        attempt = 0
        has_stood = False
        while True:
            up_since: float | None = None
            try:
                async with aclosing(one_stream(self.http, target)) as stream:
                    async for piece in stream:
                        if piece is Turn.UP:
                            up_since, has_stood = self.clock(), True
                        yield piece
            except _FINAL:
                raise
            except LocalAPIError:
                if must_stand_at_once and not has_stood:
                    raise
            if self.http.is_closed:
                return
            if up_since is not None:
                yield Turn.DOWN
            has_settled = up_since is not None and self.clock() - up_since >= self.backoff.settled_s
            attempt = 1 if has_settled else attempt + 1
            await self.sleep(self.backoff.delay_s(attempt, self.roll()))


async def one_stream(http: HttpClient, target: Target) -> AsyncGenerator[bytes | Turn, None]:
    """Yield `Turn.UP` when the stream stands, then its pieces until it ends; raises `LocalAPIError`."""
    try:
        async with http.stream(target.method, target.path, timeout_s=HEAD_TIMEOUT_S) as answer:
            if answer.status != 200:
                raise from_answer(http.where, target.name, answer.status, await answer.read())
            yield Turn.UP
            while (chunk := await next_chunk(answer, target.silence_s)) is not None:
                yield chunk
    except WireError as error:
        raise from_wire(http.where, error) from error


async def next_chunk(answer: StreamedResponse, silence_s: float | None) -> bytes | None:
    """Return the next bytes of a stream, None at its end; raise `WireTimeoutError` after that much silence."""
    if silence_s is None:
        return await anext(answer, None)
    try:
        with Deadline(silence_s):
            return await anext(answer, None)
    except TimeoutError as error:  # nothing else is one: what the system says of a connection is a `WireError` by now
        raise WireTimeoutError(f"not a word for {silence_s:g} s") from error


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
