"""A fleet on a node of its own: this machine's Tailscale may be broken, somebody else's, or not there at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

import msgspec

from tsym_agent.control import ControlError, ControlPlane, KeyWish, connect
from tsym_agent.control.secrets import Secret
from tsym_agent.model.agents import CALLER_TAG
from tsym_agent.tailscaled.node import NodeOptions, OwnNode
from tsym_tui.cli.standing import Standing
from tsym_tui.fleet.connecting import Connector
from tsym_tui.fleet.fleet import Fleet, FleetOptions
from tsym_tui.fleet.specs import HostSpec

KEY_LIVES_S = 300
"""It is used at once; the rest is for clocks that differ."""

REVOKE_S = 5.0


class OwnNodeFleet(Fleet):
    """A fleet that reaches agents through its own node, and ends that node when it is closed.

    To it, `local` is the own node.
    """

    def __init__(self, node: OwnNode, specs: Iterable[HostSpec], options: FleetOptions) -> None:
        env = {**options.env, "TS_SOCKET": node.local_opener.path}
        options = msgspec.structs.replace(options, env=env)
        super().__init__(specs, options=options, connect=Connector(env, route=node.opener))
        self._node = node

    async def aclose(self) -> None:
        """End all tasks, close all connections, and end the node."""
        try:
            await super().aclose()
        finally:
            await self._node.stop()


async def stand(standing: Standing, specs: Iterable[HostSpec], options: FleetOptions) -> OwnNodeFleet:
    """Start the node and return a fleet that goes through it.

    Raises `TailscaledError` when it cannot be started, `ControlError` when no key could be made for it.
    """
    if standing.credentials is None:
        node = await _start(standing, standing.auth_key, standing.control_url)
    else:
        control = connect(standing.credentials)
        try:
            async with _made_key(control) as key:
                node = await _start(standing, key, control.login_server or standing.control_url)
        finally:
            await control.aclose()
    try:
        return OwnNodeFleet(node, specs, options)
    except BaseException:  # whatever it was, nobody else would end the node
        await node.stop()
        raise


async def _start(standing: Standing, key: Secret | None, control_url: str | None) -> OwnNode:
    node = OwnNode(
        NodeOptions(
            state_dir=standing.state_dir,
            hostname=standing.hostname,
            hostname_prefix=standing.hostname_prefix,
            control_url=control_url,
            auth_key=key,
            logs_out=standing.logs_out,
            accepts_incoming=False,
        )
    )
    await node.start()
    return node


@asynccontextmanager
async def _made_key(control: ControlPlane) -> AsyncIterator[Secret]:
    """Make a key for one login, and take it back afterwards, whether it was used or not."""
    wish = KeyWish(tags=(CALLER_TAG,), expires_s=KEY_LIVES_S, ephemeral=True, description="tsym app")
    key = await control.create_key(wish)
    try:
        yield key.secret
    finally:
        with suppress(ControlError, TimeoutError):  # it is used up, or expires in minutes
            async with asyncio.timeout(REVOKE_S):
                await control.revoke_key(key.id)
