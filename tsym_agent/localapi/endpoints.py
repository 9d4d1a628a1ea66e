"""A place where a tailscaled listens, with what it takes to be let in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tsym_agent.localapi.client import LocalClient
from tsym_agent.wire.streams import Opener


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An opener, and the token of those daemons that ask for one."""

    opener: Opener
    auth: str | None = field(default=None, repr=False)
    """Password of HTTP Basic auth with an empty user; None where the socket's credentials say who we are."""

    @property
    def where(self) -> str:
        """Where it leads, in words; never the token."""
        return self.opener.where

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` when that is refused."""
        return await self.opener.open()

    def client(self, *, timeout_s: float = 5.0) -> LocalClient:
        """Return a client that asks here."""
        return LocalClient(self.opener, auth=self.auth, timeout_s=timeout_s)
