"""Finding hosts that nobody named: agents, by what is known of the tailnet without asking anybody else.

* The status of this machine's own tailscaled: peers with the agents' tag, on line or not.
* The control plane, where credentials are given: its devices with that tag.
* Only when asked: one knock at each online peer's port, since a host that attaches under its user's own name carries
  no tag. What answers there and is no agent of ours is a find, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping

from tsym_agent.control.plane import Device
from tsym_agent.localapi.errors import AccessDeniedError, LocalAPIError, NotSupportedError, RequestRefusedError
from tsym_agent.model.agents import AGENT_TAG, PORT
from tsym_tui.fleet.members import Connect, HostClient
from tsym_tui.fleet.specs import HostSpec, SpecKind
from tsym_tui.fleet.streams import as_agent
from tsym_tui.fleet.views import Sight, View

KNOCKS_AT_ONCE = 32
"""Connections being opened while scanning: most peers refuse at once, the dead take the whole wait."""

KNOCK_S = 2.0
"""How long a peer may take to say what it is: a second to find the path, a second to answer."""

LOOK_AGAIN_S = 300.0
"""How often the control plane is asked who is there."""

NEAR = frozenset({SpecKind.LOCAL, SpecKind.UNIX})
"""Hosts whose tailnet this machine is on, so that their peers can be reached from here."""


def agent_spec(name: str) -> HostSpec:
    """Return how a found agent is named."""
    return HostSpec(f"agent:{name}", SpecKind.AGENT, f"{name}:{PORT}")


def tagged_agents(view: View) -> list[HostSpec]:
    """Return the peers whose tag says that they run an agent, in the order of names."""
    tagged = sorted((sight for sight in view.peers.values() if AGENT_TAG in sight.tags), key=lambda one: one.name)
    return [agent_spec(address_of(sight)) for sight in tagged if sight.name or sight.addresses]


def address_of(sight: Sight) -> str:
    """Return how a peer is called from here: by its MagicDNS name, else by its first address."""
    return sight.name or sight.addresses[0]


async def scan(peers: Iterable[Sight], connect: Connect) -> AsyncGenerator[HostSpec, None]:
    """Knock once at each of these peers and yield those where something answers, as they answer."""
    gate = asyncio.Semaphore(KNOCKS_AT_ONCE)

    async def knock(sight: Sight) -> HostSpec | None:
        spec = agent_spec(address_of(sight))
        async with gate:
            return spec if await _is_somebody(spec, connect) else None

    knocks = [asyncio.create_task(knock(sight), name=f"knock at {sight.name}") for sight in peers]
    try:
        for finished in asyncio.as_completed(knocks):
            if (spec := await finished) is not None:
                yield spec
    finally:
        for task in knocks:
            task.cancel()
        await asyncio.gather(*knocks, return_exceptions=True)


async def _is_somebody(spec: HostSpec, connect: Connect) -> bool:
    client: HostClient | None = None
    try:
        async with asyncio.timeout(KNOCK_S):
            client = await connect(spec)
            if (agent := as_agent(client)) is not None:
                await agent.hello()
    except (AccessDeniedError, NotSupportedError, RequestRefusedError):
        return True  # it answers: an agent that refuses us, or another program
    except (LocalAPIError, TimeoutError):
        return False
    finally:
        if client is not None:
            await client.aclose()
    return True


def can_ask_control(env: Mapping[str, str]) -> bool:
    """Say whether there are credentials of a control plane."""
    from tsym_agent.control import has_credentials

    return has_credentials(env)


async def agents_of_control(env: Mapping[str, str]) -> list[HostSpec] | None:
    """Ask the control plane for its devices with the agents' tag; None when it does not answer."""
    from tsym_agent.control import ControlError, connect, read_credentials

    try:
        control = connect(read_credentials(env))
        try:
            return devices_to_ask(await control.devices())
        finally:
            await control.aclose()
    except ControlError:
        return None


def devices_to_ask(devices: Iterable[Device]) -> list[HostSpec]:
    """Return the devices whose tag says that they run an agent.

    The address comes first here: Headscale tells only the first label of a name.
    """
    tagged = [device for device in devices if AGENT_TAG in device.tags and (device.name or device.addresses)]
    return [agent_spec(_plain(device.addresses) or device.name) for device in tagged]


def _plain(addresses: Iterable[str]) -> str:
    """Return the first IPv4 address; empty when there is none."""
    return next((address for address in addresses if ":" not in address), "")
