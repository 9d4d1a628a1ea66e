"""Waiting for a node that was invited: seen in this machine's own tailnet, else by the control plane, then greeted.

Neither way needs the other: a machine without Tailscale still learns from control who joined, and one whose credentials
may only make keys sees the node in its own status.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress

import msgspec

from tsym_agent.control import ControlError, ControlPlane, Device
from tsym_agent.localapi.agent import AgentClient
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import AccessDeniedError, LocalAPIError
from tsym_agent.localapi.find import find_daemon
from tsym_agent.model.agents import PORT
from tsym_agent.model.hello import Hello
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.status import BackendState, Status
from tsym_agent.wire.dial import DialOpener
from tsym_agent.wire.openers import TcpOpener

LOOK_S = 1.0
"""How often the local status is read: it costs a millisecond."""

LOOKS_PER_QUESTION = 5
"""How many local looks to one question to control, whose patience nobody has published."""

LOCAL_TIMEOUT_S = 3.0
GREETING_S = 45.0
"""How long a new agent may take from joining to answering: its first packets go by a relay."""

REFUSAL_S = 10.0
"""How long a refusal may be only that the agent's node does not know us yet."""

Sleep = Callable[[float], Awaitable[None]]


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """A node that was not there before."""

    id: StableNodeID
    name: str
    addresses: tuple[str, ...]
    """Never empty: before it has one, nobody has joined."""


class HomeTailnet:
    """This machine's place in a tailnet, if it has one."""

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        self._env = env
        self._client: LocalClient | None = None

    async def status(self) -> Status | None:
        """Read the local status; None while there is no tailscaled that is in a tailnet."""
        try:
            if self._client is None:
                self._client = (await find_daemon(self._env)).client(timeout_s=LOCAL_TIMEOUT_S)
            status = await self._client.status()
        except LocalAPIError:
            return None
        return status if status.state is BackendState.RUNNING else None

    async def hello(self, address: str) -> Hello:
        """Ask the agent at an address of this tailnet who it is; raise `LocalAPIError` when it does not say.

        A tailscaled in userspace mode gives programs no way to the tailnet but its own dialling.
        """
        status = await self.status()
        local = (await find_daemon(self._env)).opener
        opener = TcpOpener(address, PORT) if status and status.tun else DialOpener(local, address, PORT)
        agent = AgentClient(opener)
        try:
            return await agent.hello()
        finally:
            await agent.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()


class Lookout:
    """Sees who joins with certain tags from now on."""

    def __init__(
        self,
        tags: Iterable[str],
        control: ControlPlane,
        home: HomeTailnet,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._tags = frozenset(tags)
        self._control = control
        self._home = home
        self._clock = clock
        self._sleep = sleep
        self._known: set[StableNodeID] = set()
        self.sees_control = True
        """Whether control tells us of devices."""
        self.at_home: Status | None = None
        """The local status as it was at first; None = this machine is in no tailnet."""

    async def remember(self) -> None:
        """Note who is there already, and whether this machine is in the tailnet that control speaks of."""
        self.at_home = await self._home.status()
        try:
            devices = await self._control.devices()
        except ControlError:
            self.sees_control = False
        else:
            self._known |= {newcomer.id for newcomer in self._of_control(devices)}
            if not self._is_among(devices):
                self.at_home = None
        self._known |= {newcomer.id for newcomer in self._of_status(self.at_home)}

    @property
    def is_blind(self) -> bool:
        """Whether nobody would tell us of a newcomer."""
        return self.at_home is None and not self.sees_control

    async def newcomer(self, until_s: float) -> Newcomer | None:
        """Return the first new node; None when none came until then, on this object's clock."""
        question: asyncio.Task[list[Newcomer]] | None = None
        look = 0
        try:
            while self._clock() < until_s:
                seen = await self._seen_at_home()
                if question is not None and question.done():
                    seen += question.result()
                    question = None
                elif question is None and self.sees_control and look % LOOKS_PER_QUESTION == 0:
                    question = asyncio.create_task(self._seen_by_control(), name="ask control")
                for node in seen:
                    if node.id not in self._known:
                        return node
                look += 1
                await self._sleep(LOOK_S)
        finally:
            if question is not None:
                question.cancel()
                await asyncio.gather(question, return_exceptions=True)
        return None

    async def _seen_by_control(self) -> list[Newcomer]:
        """Ask beside the local looks: a control plane that is slow must not hide whom we see ourselves."""
        with suppress(ControlError):  # it answered before, and the next question is soon
            return self._of_control(await self._control.devices())
        return []

    async def _seen_at_home(self) -> list[Newcomer]:
        return [] if self.at_home is None else self._of_status(await self._home.status())

    def _is_among(self, devices: Iterable[Device]) -> bool:
        own = self.at_home.self_node if self.at_home else None
        return own is not None and own.public_key in {device.node_key for device in devices}

    def _of_status(self, status: Status | None) -> list[Newcomer]:
        return [
            Newcomer(id=peer.id, name=peer.dns_name.rstrip(".") or peer.host_name, addresses=peer.tailscale_ips or ())
            for peer in (status.peers if status else ())
            if self._tags <= set(peer.tags or ()) and peer.tailscale_ips
        ]

    def _of_control(self, devices: Iterable[Device]) -> list[Newcomer]:
        return [
            Newcomer(id=device.id, name=device.name, addresses=device.addresses)
            for device in devices
            if self._tags <= set(device.tags) and device.addresses
        ]


class Greeter(msgspec.Struct, frozen=True):
    """Asks a new agent who it is until it says so."""

    ask: Callable[[], Awaitable[Hello]]
    clock: Callable[[], float] = time.monotonic
    sleep: Sleep = asyncio.sleep

    async def greet(self) -> Hello:
        """Return its hello; raise the last `LocalAPIError` when patience is over."""
        started_s = self.clock()
        while True:
            try:
                return await self.ask()
            except LocalAPIError as error:
                patience_s = REFUSAL_S if isinstance(error, AccessDeniedError) else GREETING_S
                if self.clock() - started_s >= patience_s:
                    raise
            await self.sleep(LOOK_S)
