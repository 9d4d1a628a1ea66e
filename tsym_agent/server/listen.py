"""Where an agent listens: on the addresses of its tailscaled and nowhere else, following them as they change.

With a tun device those are the host's own Tailscale addresses. A daemon in userspace mode has none on the host: its
netstack delivers what comes for the node to the same port of 127.0.0.1, where programs of the host can come too, so
that everybody has to be asked for. An address that stands for every interface is never listened on.

The daemon is looked at every few seconds. Its bus would tell sooner, but before 1.100 it sends the whole netmap with
every change of a peer, to an agent that wants two addresses.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address
from typing import NamedTuple, Protocol

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import BackendState, Status, parse_status
from tsym_agent.model.text import printable
from tsym_agent.server.advice import advise
from tsym_agent.wire.exchange import Handler, Limits
from tsym_agent.wire.server import Server, serve_tcp

LOOPBACK = "127.0.0.1"

LOOK_EVERY_S = 4.0
RETRY_S = 1.0
"""While something is missing: the daemon, or an address that is not on its device yet."""


_STARTING = frozenset({BackendState.STARTING, BackendState.NO_STATE})


class Ground(NamedTuple):
    """What an agent stands on."""

    word: str
    """Its daemon's state, as the daemon spells it."""
    is_expired: bool
    is_userspace: bool
    addresses: tuple[str, ...]
    """The node's Tailscale addresses."""
    names: tuple[str, ...]
    """What the node is called: MagicDNS name, host name."""
    id: str = ""
    """Its stable ID; empty = not known."""

    @property
    def places(self) -> tuple[str, ...]:
        """Where to listen; nowhere while the node is not in the tailnet."""
        if self.word != BackendState.RUNNING or not self.addresses:
            return ()
        return (LOOPBACK,) if self.is_userspace else self.addresses


def read_ground(status: Status) -> Ground:
    """Read the ground off a status."""
    own = status.self_node
    told = status.tailscale_ips or (own.tailscale_ips if own else None) or ()
    addresses = tuple(address for address in told if is_of_one_node(address))
    names = (own.dns_name.rstrip("."), own.host_name) if own else ()
    return Ground(
        word=printable(status.backend_state),
        is_expired=own is not None and own.expired,
        is_userspace=not status.tun,
        addresses=addresses,
        names=tuple(name for name in names if name),
        id=own.id if own else "",
    )


def is_of_one_node(address: str) -> bool:
    """Whether an address can be a node's own, and nothing wider or nearer."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return not (found.is_unspecified or found.is_loopback or found.is_multicast or found.is_link_local)


class StatusAsker(Protocol):
    """What is needed of a client: `LocalClient` is one."""

    async def status_bytes(self, *, peers: bool = True) -> bytes:
        """Return a status as it came."""


AGENT_LIMITS = Limits(body_bytes=128 * 1024)
"""Bodies are read before anybody is asked who sent them: a job of pings for all it may name has 60 KB."""

Serve = Callable[[str, int, Handler, Limits], Awaitable[Server]]


async def _serve(host: str, port: int, handler: Handler, limits: Limits) -> Server:
    return await serve_tcp(host, port, handler, limits=limits)


class Listener:
    """The listening servers, one an address."""

    def __init__(self, handler: Handler, port: int, *, limits: Limits = AGENT_LIMITS, serve: Serve = _serve) -> None:
        self._handler = handler
        self._port = port
        self._limits = limits
        self._serve = serve
        self._servers: dict[str, Server] = {}

    @property
    def places(self) -> tuple[str, ...]:
        """The addresses listened on, as `ADDRESS:PORT`."""
        return tuple(_place(address, server.port) for address, server in self._servers.items())

    async def stand_on(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """Listen on these addresses and no others; return in words what did not work, to be tried again."""
        wanted = tuple(addresses)
        for address in self._servers.keys() - set(wanted):
            await self._servers.pop(address).close(grace_s=1.0)
        troubles = []
        for address in wanted:
            if address in self._servers:
                continue
            try:
                self._servers[address] = await self._serve(address, self._port, self._handler, self._limits)
            except OSError as error:
                troubles.append(f"cannot listen on {_place(address, self._port)}: {explain(error)}")
        return tuple(troubles)

    async def aclose(self) -> None:
        """Stop listening; streams end."""
        await self.stand_on(())


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def explain(error: OSError) -> str:
    """Say why an address cannot be listened on."""
    if error.errno == errno.EADDRINUSE:
        return "another program listens there; end it, or choose another --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "the address is not on this machine (yet)"
    return printable(error.strerror or str(error))


class Follower:
    """Keeps a listener on the ground of a daemon."""

    def __init__(
        self,
        client: StatusAsker,
        listener: Listener,
        *,
        on_ground: Callable[[Ground], None],
        say: Callable[[str], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Follow the daemon behind `client`; `on_ground` is told of each ground before it is listened on."""
        self._client = client
        self._listener = listener
        self._on_ground = on_ground
        self._say = say
        self._sleep = sleep
        self._said: tuple[str, ...] = ()

    async def follow(self) -> None:
        """Follow for ever."""
        while True:
            await self._sleep(RETRY_S if await self.look() else LOOK_EVERY_S)

    async def look(self) -> bool:
        """Look once, and say what is new; return whether to look again soon."""
        try:
            ground = read_ground(parse_status(await self._client.status_bytes(peers=False)))
        except (LocalAPIError, PayloadError) as error:
            # What is listened on stays: nobody is let in while nobody can be asked for, and the daemon may be back.
            self._tell((f"{error}", *self._standing()))
            return True
        if ground.word in _STARTING:
            self._tell((advise(ground.word), *self._standing()))  # what it will stand on is not known yet
            return True
        self._on_ground(ground)
        troubles = await self._listener.stand_on(ground.places)
        if not ground.places:
            troubles = (f"not listening: {advise(ground.word, is_expired=ground.is_expired)}", *troubles)
        self._tell((*troubles, *self._standing()))
        return not self._listener.places

    def _standing(self) -> tuple[str, ...]:
        places = self._listener.places
        return (f"listening on {', '.join(places)}",) if places else ()

    def _tell(self, words: tuple[str, ...]) -> None:
        """Say what has not just been said."""
        for word in words:
            if word not in self._said:
                self._say(word)
        self._said = words
