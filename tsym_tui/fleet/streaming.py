"""What to follow on a host: its log or its events, by whatever client reaches it now."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import Literal, Protocol, cast

import msgspec

from tsym_agent.localapi.commands import Command
from tsym_agent.localapi.errors import AccessDeniedError, DaemonUnreachableError
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hosts import HostState
from tsym_agent.model.logs import Event, LogLine
from tsym_tui.fleet.fanout import obstacle
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.merging import Item, Source

EventSource = Literal["ipn", "bus"]


class Following(msgspec.Struct, frozen=True):
    """What is followed."""

    command: Command
    level: int = 0
    """Of the log, up to this verbosity."""


LOGS = Following(COMMANDS["logs"])
EVENTS = Following(COMMANDS["ipn-bus"])
INNER_EVENTS = Following(COMMANDS["bus-events"])


class Streaming(Protocol):
    """What of a client is used."""

    def log_lines(self, level: int = 0) -> AsyncGenerator[LogLine, None]:
        """Follow the daemon's log."""

    def events(self, source: EventSource = "ipn") -> AsyncGenerator[Event, None]:
        """Follow what happens."""


async def sources_of(
    hosts: AsyncIterable[Asked], wanted: Following, everybody: Callable[[], tuple[Asked, ...]]
) -> AsyncGenerator[Source, None]:
    """Return what to follow on each host; `everybody` tells how hosts stand whenever one is tried again."""
    async for one in hosts:
        yield source_of(one, wanted, everybody)


def source_of(asked: Asked, wanted: Following, everybody: Callable[[], tuple[Asked, ...]]) -> Source:
    """Return how to follow one host."""
    spec = asked.host.spec

    def now() -> Asked:
        return next((one for one in everybody() if one.host.spec == spec), asked)

    async def follow() -> AsyncGenerator[Item, None]:
        async with aclosing(_open(now(), wanted)) as items:
            async for item in items:
                yield item

    return Source(asked.host, follow, lambda: now().host)


def _open(asked: Asked, wanted: Following) -> AsyncGenerator[Item, None]:
    """Begin to follow; raise `LocalAPIError` where that cannot be."""
    host = asked.host
    if host.state is HostState.DENIED:
        raise AccessDeniedError(host.spec, host.error or "it refuses us")
    if asked.client is None or host.state is HostState.FAILED:
        raise DaemonUnreachableError(host.spec, host.error or "it has not answered yet")
    if (reason := obstacle(wanted.command, asked)) is not None:
        raise AccessDeniedError(host.spec, reason)
    client = cast("Streaming", asked.client)
    if wanted.command.name == LOGS.command.name:
        return cast("AsyncGenerator[Item, None]", client.log_lines(wanted.level))
    source: EventSource = "bus" if wanted.command.name == INNER_EVENTS.command.name else "ipn"
    return cast("AsyncGenerator[Item, None]", client.events(source))
