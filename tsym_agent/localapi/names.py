"""MagicDNS names without MagicDNS: what a tailscaled on this machine calls its peers.

A machine may be on a tailnet and not take its DNS (`accept-dns` off, containers), and DNS of the place may call another
machine by a peer's name. So a name that the tailnet knows means that peer; all others are the system's to resolve.

A machine may also be on a tailnet without a network device for it (userspace mode). Then its tailscaled dials for us.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.status import SweepPeer, SweepStatus
from tsym_agent.wire.openers import TcpOpener
from tsym_agent.wire.streams import Opener

KEEP_S = 30.0
"""How long an answer is used again: hosts connect in bursts, names change rarely."""

Route = Callable[[str, int], Opener]
"""Makes an opener of TCP to a host and a port."""


class Way(NamedTuple):
    """How to go to a machine that was named."""

    address: str
    """Of the tailnet, else the name itself, for the system to resolve."""
    is_dialled: bool = False
    """Whether only this machine's tailscaled gets there: without a network device the tailnet is in no route."""


class TailnetNames:
    """The machines of one tailnet by their names, as this machine's tailscaled knows them."""

    def __init__(
        self, ask: Callable[[], Awaitable[SweepStatus]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Learn from `ask`; a tailscaled that does not answer knows no names."""
        self._ask = ask
        self._clock = clock
        self._addresses: dict[str, str] = {}
        self._dialled: frozenset[str] = frozenset()
        self._asked_at_s: float | None = None
        self._turn = asyncio.Lock()

    async def way_to(self, host: str) -> Way:
        """Return how to go to a machine, given any name of it or an address."""
        async with self._turn:
            if self._asked_at_s is None or self._clock() - self._asked_at_s >= KEEP_S:
                await self._learn()
        address = self._addresses.get(host.lower().removesuffix("."), host)
        return Way(address, address in self._dialled)

    async def _learn(self) -> None:
        try:
            status = await self._ask()
        except LocalAPIError:
            self._addresses, self._dialled = {}, frozenset()
        else:
            self._addresses = addresses_by_name(status)
            known = (address for peer in status.peers for address in peer.tailscale_ips or ())
            self._dialled = frozenset(() if status.tun else known)
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
    names: TailnetNames
    dial: Route
    """By this machine's tailscaled."""
    route: Route = TcpOpener
    """By this machine's network."""

    @property
    def where(self) -> str:
        """The address as people write it."""
        return TcpOpener(self.host, self.port).where

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` when that is refused."""
        way = await self.names.way_to(self.host)
        route = self.dial if way.is_dialled else self.route
        try:
            return await route(way.address, self.port).open()
        except socket.gaierror as error:
            words = f"neither this machine's tailnet nor its DNS knows a machine called {self.host}"
            raise OSError(errno.EHOSTUNREACH, words) from error
