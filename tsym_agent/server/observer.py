"""Looks at one daemon for as long as it is asked to: status when the IPN bus has news, and every few seconds besides.

Bus news comes in bursts, so a reading waits a moment after the first. Without news one is due all the same, since paths
change without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple, Protocol

from tsym_agent.localapi.errors import REFUSALS, BadAnswerError, LocalAPIError
from tsym_agent.localapi.following import Turn
from tsym_agent.model.hosts import Rights
from tsym_agent.model.notify import TOPOLOGY_MASK, BusMask, Notify
from tsym_agent.model.payload import Body, PayloadError
from tsym_agent.model.prefs import Prefs
from tsym_agent.server.essence import SlimStatus, slim_status

_log = logging.getLogger(__name__)


class Pace(NamedTuple):
    """How often to look."""

    settle_s: float = 0.3
    """From news to reading: what belongs together comes together."""
    every_s: float = 5.0
    """Without news."""
    troubled_s: float = 1.0
    """While the daemon does not answer."""
    rest: float = 20.0
    """A reading is followed by so many times its length without: looking costs no more than a twentieth of the time.
    Only up to `every_s`: a daemon that is slow for once is not left alone for minutes."""

    def least_s(self, took_s: float) -> float:
        """Return how long to leave the daemon alone after a reading that took so long."""
        return max(self.settle_s, min(took_s * self.rest, self.every_s))


PACE = Pace()


class Daemon(Protocol):
    """What is needed of a client; `LocalClient` is one."""

    @property
    def where(self) -> str:
        """Whom it asks, in words for an error."""

    async def ask(self, name: str) -> Body:
        """Return the answer of an endpoint."""

    async def prefs(self) -> Prefs:
        """Return the wishes of the node's owner."""

    async def rights(self, *, again: bool = ...) -> Rights | None:
        """Return what the daemon lets us do."""

    def follow_ipn_bus(self, mask: BusMask = ...) -> AsyncGenerator[Notify | Turn, None]:
        """Yield notices, and how their stream stands."""


class Sight(NamedTuple):
    """What there was to see."""

    status: SlimStatus
    rights: Rights | None
    control_url: str
    """Empty when the wishes could not be read."""


async def read_status(daemon: Daemon) -> SlimStatus:
    """Ask for a status once; raises `LocalAPIError`."""
    body = await daemon.ask("status")
    try:
        return slim_status(body)
    except PayloadError as error:
        raise BadAnswerError(daemon.where, f"status: {error}") from error


class Observer:
    """Looks at one daemon."""

    def __init__(self, daemon: Daemon, pace: Pace = PACE) -> None:
        self._daemon = daemon
        self._pace = pace
        self._news = asyncio.Event()
        self._is_unsure = True
        """Whether rights and wishes may be others than we know."""
        self._rights: Rights | None = None
        self._control_url = ""

    async def sights(self) -> AsyncGenerator[Sight | LocalAPIError, None]:
        """Yield what is seen, or why nothing is, at each look; never ends by itself."""
        self._is_unsure = True
        listening = asyncio.get_running_loop().create_task(self._listen(), name="ipn bus")
        try:
            while True:
                began_s = time.monotonic()
                sight = await self._look()
                took_s = time.monotonic() - began_s
                yield sight
                await self._pause(took_s, is_troubled=isinstance(sight, LocalAPIError))
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def _look(self) -> Sight | LocalAPIError:
        self._news.clear()
        try:
            status = await read_status(self._daemon)
            if self._is_unsure:
                await self._ask_rights_and_wishes()
        except LocalAPIError as error:
            self._is_unsure = True
            return error
        return Sight(status, self._rights, self._control_url)

    async def _ask_rights_and_wishes(self) -> None:
        self._is_unsure = False
        self._rights = await self._daemon.rights(again=True)
        self._control_url = ""
        with contextlib.suppress(*REFUSALS):  # some daemons keep their wishes to themselves
            self._control_url = (await self._daemon.prefs()).control_url

    async def _pause(self, took_s: float, *, is_troubled: bool) -> None:
        pace = self._pace
        least_s = pace.settle_s if is_troubled else pace.least_s(took_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pace.troubled_s if is_troubled else pace.every_s - least_s):
                await self._news.wait()
        await asyncio.sleep(least_s)

    async def _listen(self) -> None:
        """Hear what the bus says; a daemon without one is looked at every few seconds all the same."""
        try:
            async with aclosing(self._daemon.follow_ipn_bus(TOPOLOGY_MASK)) as told:
                async for word in told:
                    if isinstance(word, Turn) or word.prefs is not None:
                        self._is_unsure = True
                        self._news.set()
                    elif word.touches_topology or word.health is not None:
                        self._news.set()
        except LocalAPIError as error:
            _log.info("no news from the bus: %s", error)
