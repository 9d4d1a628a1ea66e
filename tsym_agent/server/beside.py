"""The tailscaled that an agent stands beside: what is known of it, asked seldom and remembered while it is silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hello import DaemonWord, HelloNode
from tsym_agent.model.hosts import Rights
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.prefs import Prefs
from tsym_agent.model.status import Status, UserProfile, parse_status
from tsym_agent.model.text import printable

FRESH_S = 2.0
"""How long facts hold: hello may be asked by many at once, and costs the daemon three questions."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was last known of the daemon, whether it answers now or not."""

    daemon: DaemonWord = DaemonWord()
    node: HelloNode | None = None
    owner: UserProfile | None = None
    """Who owns the node; None for tagged nodes."""


def read_facts(status: Status, control_url: str, rights: Rights | None, version: str | None) -> Facts:
    """Gather the facts of a daemon that answered."""
    own = status.self_node
    node = None
    owner = None
    if own is not None and own.id:
        node = HelloNode(
            id=own.id,
            name=printable(own.dns_name.rstrip(".") or own.host_name),
            control_url=printable(control_url),
            tailnet=printable(status.current_tailnet.name) if status.current_tailnet else "",
            addresses=status.tailscale_ips or (),
        )
        owner = None if own.tags else (status.user or {}).get(str(own.user_id))
    word = DaemonWord(version=version or status.version or None, state=status.backend_state or None, rights=rights)
    return Facts(daemon=word, node=node, owner=owner)


def silent(facts: Facts, error: str) -> Facts:
    """Return what is left of the facts while the daemon does not answer."""
    word = DaemonWord(version=facts.daemon.version, error=printable(error))
    return msgspec.structs.replace(facts, daemon=word)


class Asked(Protocol):
    """What is needed of a client: `LocalClient` is one."""

    @property
    def daemon_version(self) -> str | None:
        """Long version of the daemon, as its last answer said."""

    async def status_bytes(self, *, peers: bool = True) -> bytes:
        """Return a status as it came."""

    async def prefs(self) -> Prefs:
        """Return the wishes of the node's owner."""

    async def rights(self, *, again: bool = False) -> Rights | None:
        """Return what the daemon lets us do."""


class Beside:
    """Keeps the facts of one daemon."""

    def __init__(self, client: Asked, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._facts = Facts()
        self._asked_at_s: float | None = None
        self._lock = asyncio.Lock()

    async def facts(self) -> Facts:
        """Return what is known, asked at most `FRESH_S` ago. Never raises for a daemon that does not answer."""
        async with self._lock:
            if self._asked_at_s is None or self._clock() - self._asked_at_s >= FRESH_S:
                self._facts = await self._ask()
                self._asked_at_s = self._clock()
            return self._facts

    async def _ask(self) -> Facts:
        client = self._client
        try:
            status = parse_status(await client.status_bytes(peers=False))
            rights = await client.rights()
        except (LocalAPIError, PayloadError) as error:
            return silent(self._facts, str(error))
        try:
            control_url = (await client.prefs()).control_url
        except LocalAPIError:
            control_url = self._facts.node.control_url if self._facts.node else ""
        return read_facts(status, control_url, rights, client.daemon_version)
