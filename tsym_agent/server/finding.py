"""The host's daemon, looked for when it is needed: an agent may be there before it, and outlive it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from tsym_agent.localapi.endpoints import Endpoint
from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.server.options import Options

Find = Callable[[], Awaitable[Endpoint]]
"""Returns where a daemon listens; raises `LocalAPIError` with what was tried."""

LOOK_AGAIN_S = 1.0
"""A search that found nothing holds so long: it may go through every process of a pod."""


async def find_host(options: Options, env: Mapping[str, str]) -> Endpoint:
    """Return where the host's daemon listens, looked for as the settings say; raises `LocalAPIError`."""
    if options.discover_socket and not options.socket:
        from tsym_agent.localapi.containers import discover_all

        return Endpoint((await discover_all())[0])
    from tsym_agent.localapi.find import find_daemon

    return await find_daemon({**env, "TS_SOCKET": options.socket} if options.socket else env)


class FoundOpener:
    """Opens streams to the daemon that `find` finds; where nobody listens any more it looks again."""

    def __init__(self, find: Find, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._find = find
        self._clock = clock
        self._found: Endpoint | None = None
        self._refusal: tuple[float, LocalAPIError] | None = None

    @property
    def where(self) -> str:
        """Where the daemon was last found."""
        return self._found.where if self._found else "this host's tailscaled"

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` when that is refused or no daemon is found."""
        if self._found is not None:
            try:
                return await self._found.open()
            except OSError:
                self._found = None
        self._found = await self._look()
        return await self._found.open()

    async def _look(self) -> Endpoint:
        if self._refusal is not None and self._clock() < self._refusal[0]:
            raise _unopened(self._refusal[1])
        try:
            return await self._find()
        except LocalAPIError as error:
            self._refusal = (self._clock() + LOOK_AGAIN_S, error)
            raise _unopened(error) from error


def _unopened(error: LocalAPIError) -> OSError:
    return OSError(f"{error.message} ({error.hint})" if error.hint else error.message)
