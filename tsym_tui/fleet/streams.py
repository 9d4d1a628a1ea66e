"""Following an agent: its stream of changes worked into what is known of the host.

A stream ends, breaks, or skips a number; then whoever follows connects anew and is given everything. When, is decided
by `members`: a stream that never lives long must neither spin nor make its host come and go.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Protocol, assert_never, runtime_checkable

from tsym_agent.localapi.errors import (
    AccessDeniedError,
    AnswerTimeoutError,
    BadAnswerError,
    DaemonUnreachableError,
    LocalAPIError,
)
from tsym_agent.model.hello import Hello
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.watch import Alive, Delta, Line, Samples, Snapshot, Trouble, WatchSample
from tsym_tui.fleet.ledger import Ledger, LostPlaceError, News
from tsym_tui.fleet.views import canonical_control_url

FIRST_LINE_S = 10.0
"""An agent that opened a stream has its snapshot ready, or needs one answer of its daemon; twice what that may take."""

TURN_S = 1.0
"""After so long without a word a stream no longer holds others up that have something to say."""

KINDS: dict[str, type[LocalAPIError]] = {"daemon-denied": AccessDeniedError, "daemon-timeout": AnswerTimeoutError}
"""What an agent's words on its daemon mean here; anything else is a daemon that cannot be reached."""


@runtime_checkable
class Agent(Protocol):
    """What the fleet asks of an agent beyond LocalAPI."""

    @property
    def where(self) -> str:
        """What is asked, in words for an error."""

    async def hello(self) -> Hello:
        """Ask who it is."""

    def watch(self, *, with_samples: bool = True) -> AsyncGenerator[Line, None]:
        """Follow its changes."""


def as_agent(client: object) -> Agent | None:
    """Return the client of a host as that of its agent; None where there is none in between."""
    return client if isinstance(client, Agent) else None


class Follower(Protocol):
    """Who hears what a stream says."""

    def hear(self, news: News) -> None:
        """Hear that the host answers, and what is new."""

    def hear_snapshot(self, snapshot: Snapshot, news: News) -> None:
        """Hear the same of a stream's beginning."""

    def hear_samples(self, samples: tuple[WatchSample, ...]) -> None:
        """Hear of pings that others sent from the host."""

    def hear_trouble(self, trouble: LocalAPIError) -> None:
        """Hear that the agent is well and its daemon is not."""


async def follow(agent: Agent, ledger: Ledger, follower: Follower, turn: AbstractAsyncContextManager[object]) -> None:
    """Follow one stream until it ends or loses its place; raise `LocalAPIError` when it is refused or breaks.

    `turn` is held until the first line is in, since that one is as large as a whole status.
    """
    async with aclosing(agent.watch()) as lines:
        first = await _first_line(agent, lines, turn)
        if first is None:
            return
        number = _work_in(first, ledger, follower, agent.where)
        del first  # as large as a whole status, and the stream may stand for days
        async for line in lines:
            number += 1
            if line.seq != number and not isinstance(line, Snapshot):
                return
            try:
                number = _work_in(line, ledger, follower, agent.where)
            except LostPlaceError:
                return


async def _first_line(
    agent: Agent, lines: AsyncGenerator[Line, None], turn: AbstractAsyncContextManager[object]
) -> Line | None:
    """Wait for what a stream begins with, holding a turn while it is likely to come."""
    async with turn:
        coming = asyncio.create_task(_next(lines), name=f"first line of {agent.where}")
        await _wait(coming, TURN_S)
    await _wait(coming, FIRST_LINE_S - TURN_S)
    if coming.done():
        return coming.result()
    await _give_up(coming)
    raise AnswerTimeoutError(agent.where, f"its stream said nothing for {FIRST_LINE_S:g} s")


async def _next(lines: AsyncGenerator[Line, None]) -> Line | None:
    return await anext(lines, None)


async def _wait(coming: asyncio.Task[Line | None], limit_s: float) -> None:
    try:
        await asyncio.wait({coming}, timeout=limit_s)
    except asyncio.CancelledError:
        await _give_up(coming)  # a generator cannot be closed while somebody waits for its next value
        raise


async def _give_up(coming: asyncio.Task[Line | None]) -> None:
    coming.cancel()
    await asyncio.gather(coming, return_exceptions=True)


def _work_in(line: Line, ledger: Ledger, follower: Follower, where: str) -> int:
    """Hand a line on and return its number."""
    try:
        match line:
            case Snapshot():
                _take_control_url(ledger, line.control_url)
                follower.hear_snapshot(line, ledger.take_status(bytes(line.status), expects_deltas=True))
            case Delta():
                follower.hear(ledger.take_delta(line.top, line.peers, line.gone))
            case Samples():
                follower.hear_samples(line.samples)
            case Alive():
                follower.hear(News())
            case Trouble():
                kind = KINDS.get(line.code, DaemonUnreachableError)
                follower.hear_trouble(kind(where, line.detail))
            case _:
                assert_never(line)
    except PayloadError as error:
        raise BadAnswerError(where, f"watch: {error}", "is the agent there of another version?") from error
    return line.seq


def _take_control_url(ledger: Ledger, url: str) -> None:
    """Keep what prefs said; an agent that could not read them says nothing, which takes nothing away."""
    if url:
        ledger.place(canonical_control_url(url))
