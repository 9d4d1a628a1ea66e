"""The agent as a process: finds its daemon, decides how to stand on the tailnet, serves until it is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
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
from tsym_agent.server.audit import Audit
from tsym_agent.server.beside import Beside
from tsym_agent.server.finding import Find, FoundOpener
from tsym_agent.server.guards import LOOPBACK_NAMES, HostGuard
from tsym_agent.server.identity import DevGate, Gate, Owner, Rules
from tsym_agent.server.listen import LOOPBACK, Follower, Ground, Listener
from tsym_agent.server.options import AUTH_KEY_VARIABLE, Options
from tsym_agent.server.redact import scrub_words
from tsym_agent.server.service import Service
from tsym_agent.wire.openers import UnixOpener

if TYPE_CHECKING:
    from tsym_agent.tailscaled.node import OwnNode

STARTING_PATIENCE_S = 15.0
"""How long a host's Tailscale that is starting may take, before an agent that has a choice stands on its own node."""

_STARTING = frozenset({BackendState.STARTING, BackendState.NO_STATE})


class UsageError(Exception):
    """The settings do not fit this host; says what to do."""


async def run_agent(options: Options, env: Mapping[str, str] = os.environ) -> Exit:
    """Serve until SIGTERM or SIGINT; return how it ended."""
    told_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_end.set)
    standing = loop.create_task(_Agent(options, env).stand(), name="agent")
    waiting = loop.create_task(told_to_end.wait(), name="signals")
    try:
        await asyncio.wait({standing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if told_to_end.is_set():
            notify(env, "STOPPING=1")
            say("told to end")
    finally:
        for task in (standing, waiting):
            task.cancel()
        await asyncio.wait({standing, waiting})
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return Exit.OK if standing.cancelled() else standing.result()


class _Agent:
    """What is put together for one run."""

    def __init__(self, options: Options, env: Mapping[str, str]) -> None:
        self._options = options
        self._env = env
        self._audit = Audit(with_time="JOURNAL_STREAM" not in env)
        self._ground = Ground("", is_expired=False, is_userspace=False, addresses=(), names=())
        self._guard = HostGuard(port=options.port)

    async def stand(self) -> Exit:
        """Stand until cancelled; return only with what makes standing impossible."""
        from tsym_agent.tailscaled.errors import TailscaledError

        try:
            async with AsyncExitStack() as stack:
                await self._stand(stack)
        except UsageError as error:
            return complain(str(error), Exit.USAGE)
        except TailscaledError as error:
            return complain(str(error), _exit_of(error))
        return Exit.BUG

    async def _stand(self, stack: AsyncExitStack) -> None:
        host = await self._host_endpoint()
        if self._options.dev:
            await self._stand_on_loopback(host, stack)
        host_client = host.client()
        stack.push_async_callback(host_client.aclose)
        if await self._choose_mode(host_client) is AgentMode.OWN:
            node = await self._start_own_node(stack)
            client = node.local_client()
            stack.push_async_callback(client.aclose)
            await self._stand_with(host, client, Beside(host_client), AgentMode.OWN, stack)
        else:
            await self._stand_with(host, host_client, None, AgentMode.ATTACH, stack)

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
            address=lambda: next(iter(self._ground.addresses), ""),
        )
        service = await self._serve_beside(host, gate, mode, stack)
        listener = Listener(service.handle, self._options.port)
        stack.push_async_callback(listener.aclose)
        follower = Follower(who, listener, on_ground=self._stand_on, say=say)
        await follower.look()
        notify(self._env, "READY=1")
        await follower.follow()

    async def _stand_on_loopback(self, host: Endpoint, stack: AsyncExitStack) -> None:
        self._guard.answer_to(LOOPBACK_NAMES)
        gate = DevGate(allow_write=self._options.allow_write)
        service = await self._serve_beside(host, gate, AgentMode.DEV, stack)
        listener = Listener(service.handle, self._options.port)
        stack.push_async_callback(listener.aclose)
        if troubles := await listener.stand_on((LOOPBACK,)):
            raise UsageError(troubles[0])
        self._guard.port = None
        say(
            f"DEVELOPMENT MODE on http://{listener.places[0]}: nobody is asked who they are; every program and every "
            "user of this machine can see what its tailscaled sees"
        )
        notify(self._env, "READY=1")
        await asyncio.Event().wait()

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
        find = _finder(options, self._env)
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
        from tsym_agent.tailscaled.node import NodeOptions, OwnNode

        options = self._options
        key = f"file:{options.auth_key_file}" if options.auth_key_file else self._env.get(AUTH_KEY_VARIABLE, "")
        node = OwnNode(
            NodeOptions(
                state_dir=self._state_dir(),
                hostname=options.hostname or None,
                hostname_prefix=options.hostname_prefix,
                control_url=options.control_url or None,
                auth_key=Secret(key) if key else None,
                logs_out=options.logout,
                port=options.port,
                env=self._env,
                say=say,
            )
        )
        await node.start()
        stack.push_async_callback(node.stop)
        return node


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


def _finder(options: Options, env: Mapping[str, str]) -> Find:
    async def find() -> Endpoint:
        if options.discover_socket:
            from tsym_agent.localapi.containers import discover_all

            return Endpoint((await discover_all())[0])
        from tsym_agent.localapi.find import find_daemon

        return await find_daemon(env)

    return find


def _exit_of(error: Exception) -> Exit:
    from tsym_agent.tailscaled.errors import FolderError, ProgramNotFoundError

    return Exit.USAGE if isinstance(error, FolderError | ProgramNotFoundError) else Exit.UNREACHABLE


def notify(env: Mapping[str, str], word: str) -> None:
    """Tell the service manager, where there is one that listens (sd_notify)."""
    address = env.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(word.encode(), "\0" + address[1:] if address[0] == "@" else address)


Say = Callable[[str], None]


def say(words: str) -> None:
    """Say something to whoever started the agent."""
    sys.stderr.write(f"tsym-agent: {printable(scrub_words(words))}\n")
    sys.stderr.flush()


def complain(words: str, code: Exit) -> Exit:
    """Say why the agent ends."""
    say(words)
    return code
