"""How an agent stands: which daemon it is beside, whose addresses it listens on, and what that is made of."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tsym_agent.exits import Exit
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.endpoints import Endpoint
from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hello import AgentMode
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import BackendState, parse_status
from tsym_agent.model.text import printable
from tsym_agent.server.advice import advise
from tsym_agent.server.audit import Audit, FaultLog
from tsym_agent.server.beside import Beside
from tsym_agent.server.finding import FoundOpener, find_host
from tsym_agent.server.guards import LOOPBACK_NAMES, HostGuard
from tsym_agent.server.identity import DevGate, Gate, Owner, Rules
from tsym_agent.server.listen import Follower, Ground, Listener
from tsym_agent.server.loopback import is_shared
from tsym_agent.server.options import AUTH_KEY_VARIABLE, Options
from tsym_agent.server.service import Service
from tsym_agent.server.telling import CannotStandError, notify, offer_link, say
from tsym_agent.wire.openers import UnixOpener

if TYPE_CHECKING:
    from tsym_agent.tailscaled.node import OwnNode

STARTING_PATIENCE_S = 15.0
"""How long a host's Tailscale that is starting may take, before an agent that has a choice stands on its own node."""

FORCE_LOGIN_VARIABLE = "TSNET_FORCE_LOGIN"
"""`1` logs an own node in with its key although it holds a login, as it does for programs made with tsnet."""

_STARTING = frozenset({BackendState.STARTING, BackendState.NO_STATE})


class Standing:
    """What is put together for one run."""

    def __init__(self, options: Options, env: Mapping[str, str]) -> None:
        self._options = options
        self._env = env
        self._audit = Audit(with_time="JOURNAL_STREAM" not in env)
        logging.getLogger().addHandler(FaultLog(self._audit))
        self._ground = Ground("", is_expired=False, is_userspace=False, addresses=(), names=())
        self._guard = HostGuard(port=options.port)

    async def stand(self, stack: AsyncExitStack) -> None:
        """Stand on the tailnet for ever; raise `CannotStandError` for what no waiting mends."""
        host = await self._host_endpoint()
        host_client = host.client()
        stack.push_async_callback(host_client.aclose)
        if await self._choose_mode(host_client) is AgentMode.OWN:
            node = await self._start_own_node(stack)
            client = node.local_client()
            stack.push_async_callback(client.aclose)
            await self._stand_with(host, client, Beside(host_client), AgentMode.OWN, stack)
        else:
            await self._stand_with(host, host_client, None, AgentMode.ATTACH, stack)

    async def serve_anybody(self, stack: AsyncExitStack) -> Service:
        """Return what answers everybody who asks it by a name of this machine."""
        self._guard.port = None
        self._guard.answer_to(LOOPBACK_NAMES)
        gate = DevGate(allow_write=self._options.allow_write)
        return await self._serve_beside(await self._host_endpoint(), gate, AgentMode.DEV, stack)

    async def _stand_with(
        self, host: Endpoint, who: LocalClient, other: Beside | None, mode: AgentMode, stack: AsyncExitStack
    ) -> None:
        """Listen where the daemon of `who` stands and speak for the one of `host`, for ever."""
        own = Beside(who)
        gate = Gate(
            who,
            self._rules(),
            owner=lambda: _owner(own, other),
            by_port=lambda: self._ground.is_userspace,
            is_shared=lambda port: is_shared(port, self._options.port),
            address=lambda: next(iter(self._ground.addresses), ""),
            own_id=lambda: self._ground.id,
        )
        service = await self._serve_beside(host, gate, mode, stack)
        listener = Listener(service.handle, self._options.port)
        stack.push_async_callback(listener.aclose)
        follower = Follower(who, listener, on_ground=self._stand_on, say=say)
        await follower.look()
        notify(self._env, "READY=1")
        await follower.follow()

    async def _serve_beside(
        self, host: Endpoint, gate: Gate | DevGate, mode: AgentMode, stack: AsyncExitStack
    ) -> Service:
        service = Service(
            host.opener,
            gate=gate,
            mode=mode,
            guard=self._guard,
            auth=host.auth,
            allow_write=self._options.allow_write,
            audit=self._audit,
        )
        await service.start()
        stack.push_async_callback(service.aclose)
        return service

    def _stand_on(self, ground: Ground) -> None:
        self._ground = ground
        self._guard.answer_to((*ground.names, *ground.addresses))

    def _rules(self) -> Rules:
        options = self._options
        return Rules(
            allowed_tag=options.allowed_tag,
            allowed_users=frozenset(options.allowed_users),
            allow_owner=options.allow_owner,
            capability=options.capability,
            allow_write=options.allow_write,
            metrics_tag=options.metrics_tag,
        )

    # Which daemon, and how to stand

    async def _host_endpoint(self) -> Endpoint:
        """Return where the host's daemon is; one that is not there yet is looked for again with each question."""
        options = self._options
        if options.socket:
            return Endpoint(UnixOpener(options.socket))
        find = partial(find_host, options, self._env)
        if sys.platform == "darwin":  # the apps there want a token, which belongs to the client and not to the stream
            with suppress(LocalAPIError):
                return await find()
        return Endpoint(FoundOpener(find))

    async def _choose_mode(self, client: LocalClient) -> AgentMode:
        if self._options.mode != "auto":
            return AgentMode(self._options.mode)
        state = await self._settled_state(client)
        if state == BackendState.RUNNING:
            if self._env.get(AUTH_KEY_VARIABLE):
                say(
                    f"{AUTH_KEY_VARIABLE} is not used: this host's Tailscale works, and the agent listens there; "
                    "--mode own makes a node of its own"
                )
            return AgentMode.ATTACH
        words = advise(state) if state else "this host's tailscaled does not answer"
        if self._has_login():
            say(f"{words}; standing on a node of its own")
            return AgentMode.OWN
        say(f"{words}; waiting for it. With an auth key in {AUTH_KEY_VARIABLE} an agent stands on a node of its own")
        return AgentMode.ATTACH

    async def _settled_state(self, client: LocalClient) -> str:
        """Return the state of the host's daemon once it is not just starting; empty when it does not answer."""
        until_s = asyncio.get_running_loop().time() + STARTING_PATIENCE_S
        while True:
            try:
                state = printable(parse_status(await client.status_bytes(peers=False)).backend_state)
            except (LocalAPIError, PayloadError):
                return ""
            if state not in _STARTING or asyncio.get_running_loop().time() >= until_s:
                return state
            await asyncio.sleep(0.5)

    def _has_login(self) -> bool:
        is_given = bool(self._env.get(AUTH_KEY_VARIABLE) or self._options.auth_key_file)
        return is_given or (self._state_dir() / "tailscaled.state").exists()

    def _state_dir(self) -> Path:
        from tsym_agent.tailscaled.folder import default_state_dir

        given = self._options.state_dir
        return Path(given) if given else default_state_dir(self._env, is_root=os.geteuid() == 0)

    async def _start_own_node(self, stack: AsyncExitStack) -> OwnNode:
        from tsym_agent.control.secrets import Secret
        from tsym_agent.tailscaled.errors import FolderError, ProgramNotFoundError, TailscaledError
        from tsym_agent.tailscaled.node import NodeOptions, OwnNode

        options = self._options
        is_watched = sys.stderr.isatty()  # by a person, for whom tailscaled's log is noise
        key = f"file:{options.auth_key_file}" if options.auth_key_file else self._env.get(AUTH_KEY_VARIABLE, "")
        node = OwnNode(
            NodeOptions(
                state_dir=self._state_dir(),
                hostname=options.hostname or None,
                hostname_prefix=options.hostname_prefix,
                control_url=options.control_url or None,
                auth_key=Secret(key) if key else None,
                forces_login=self._env.get(FORCE_LOGIN_VARIABLE) == "1",
                logs_out=options.logout,
                port=options.port,
                env=self._env,
                say=say,
                hear=_nothing if is_watched else say,
                on_link=offer_link if is_watched else None,
            )
        )
        try:
            await node.start()
        except TailscaledError as error:
            code = Exit.USAGE if isinstance(error, FolderError | ProgramNotFoundError) else Exit.UNREACHABLE
            raise CannotStandError(str(error), code) from error
        stack.push_async_callback(node.stop)
        return node


def _nothing(_line: str) -> None:
    pass


async def _owner(own: Beside, host: Beside | None) -> Owner | None:
    """Return who owns the host's node, if that is a user of the tailnet that callers come from.

    User IDs are numbers of one control server: those of another one would be somebody else's.
    """
    mine = await own.facts()
    facts = mine if host is None else await host.facts()
    if facts.owner is None or facts.node is None or mine.node is None:
        return None
    if (facts.node.control_url, facts.node.tailnet) != (mine.node.control_url, mine.node.tailnet):
        return None
    return Owner(facts.owner.id, facts.owner.login_name)
