"""MagicDNS names without MagicDNS: what a tailscaled on this machine calls its peers.

A machine may be on a tailnet and not take its DNS (`accept-dns` off, containers), and DNS of the place may call another
machine by a peer's name. So a name that the tailnet knows means that peer; all others are the system's to resolve.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.status import SweepPeer, SweepStatus
from tsym_agent.wire.openers import TcpOpener
from tsym_agent.wire.streams import Opener

KEEP_S = 30.0
"""How long an answer is used again: hosts connect in bursts, names change rarely."""

Route = Callable[[str, int], Opener]
"""Makes an opener of TCP to a host and a port."""


class TailnetNames:
    """Names of one tailnet's machines, with an address of each."""

    def __init__(
        self, ask: Callable[[], Awaitable[SweepStatus]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Learn from `ask`; a tailscaled that does not answer knows no names."""
        self._ask = ask
        self._clock = clock
        self._addresses: dict[str, str] = {}
        self._asked_at_s: float | None = None
        self._turn = asyncio.Lock()

    async def address_of(self, name: str) -> str | None:
        """Return an address of the machine of that name, long or short; None = the tailnet has none."""
        async with self._turn:
            if self._asked_at_s is None or self._clock() - self._asked_at_s >= KEEP_S:
                await self._learn()
        return self._addresses.get(name.lower().removesuffix("."))

    async def _learn(self) -> None:
        try:
            self._addresses = addresses_by_name(await self._ask())
        except LocalAPIError:
            self._addresses = {}
        self._asked_at_s = self._clock()


def addresses_by_name(status: SweepStatus) -> dict[str, str]:
    """Return an address for each MagicDNS name, and for each first label that means one machine only.

    Machines shared in from other tailnets go by their long names, as MagicDNS has it.
    """
    suffix = status.current_tailnet.magic_dns_suffix if status.current_tailnet else ""
    found: dict[str, str] = {}
    for node in (*status.peers, *([status.self_node] if status.self_node else [])):
        name = node.dns_name.lower().removesuffix(".")
        if not name or not (address := _address_of(node)):
            continue
        found[name] = address
        label, _, rest = name.partition(".")
        if rest == suffix.lower():
            found[label] = address
    return found


def _address_of(node: SweepPeer) -> str:
    """Return its IPv4 address, which every node of the tailnet can reach, else whatever it has."""
    addresses = node.tailscale_ips or ()
    return next((address for address in addresses if ":" not in address), addresses[0] if addresses else "")


@dataclass(frozen=True, slots=True)
class NamedOpener:
    """Opens TCP to a machine by its tailnet name, by any other name, or by its address."""

    host: str
    port: int
    names: TailnetNames | None = None
    """None = the route resolves names itself, as a tailscaled that dials for us does."""
    route: Route = TcpOpener

    @property
    def where(self) -> str:
        """The address as people write it."""
        return TcpOpener(self.host, self.port).where

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` when that is refused."""
        try:
            return await self.route(await self._address(), self.port).open()
        except socket.gaierror as error:
            words = f"neither this machine's tailnet nor its DNS knows a machine called {self.host}"
            raise OSError(errno.EHOSTUNREACH, words) from error

    async def _address(self) -> str:
        if self.names is None or _is_address(self.host):
            return self.host
        return await self.names.address_of(self.host) or self.host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
