"""A node of our own on the tailnet: a private userspace tailscaled, kept running, that we speak for and through.

It stands beside the machine's own Tailscale and does not touch it: no device, no routes, no name resolution, any UDP
port. So an agent on it answers although the machine's Tailscale is broken, and the app can reach agents from a machine
that has no Tailscale at all.

    node = OwnNode(NodeOptions(state_dir=Path("~/.local/state/tsym/node"), auth_key=Secret("tskey-…")))
    await node.start()                          # returns once it is in the tailnet
    client = HttpClient(node.opener("nas", 3621), host_header="nas:3621")    # out, as this node
    await node.local_client().who_is("127.0.0.1:54321", "tcp")               # who came in
    await node.stop()                           # logs out, if so asked

What comes in for any port of the node is delivered to the same port of 127.0.0.1, as far as the tailnet's policy lets
it: see `exposure`. A node that only goes out says `accepts_incoming=False`.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, aclosing, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tsym_agent.control.secrets import Secret
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.localapi.following import Backoff
from tsym_agent.model.agents import PORT
from tsym_agent.model.notify import BusMask
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import BackendState
from tsym_agent.tailscaled.argv import USERSPACE, DaemonWords, Login, Settings
from tsym_agent.tailscaled.daemon import Tailscaled
from tsym_agent.tailscaled.errors import CommandError, FolderError, LoginError, StartError, TailscaledError
from tsym_agent.tailscaled.exposure import describe_exposure, parse_open_ports
from tsym_agent.tailscaled.folder import Folder, is_hostname
from tsym_agent.tailscaled.programs import Programs, child_environment, find_programs
from tsym_agent.wire.dial import DialOpener
from tsym_agent.wire.openers import UnixOpener

AGENT_PREFIX = "tsymbiote-adapter"
LOGIN_DEADLINE_S = 60.0
"""Two to five seconds are usual; behind blocked UDP, or with a slow control plane, it takes longer."""


def _nothing(_line: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """How an own node stands on the tailnet."""

    state_dir: Path
    """Its folder, its owner's alone."""
    hostname: str | None = None
    """Its name in the tailnet; None = the prefix with a random end that the folder remembers."""
    hostname_prefix: str = AGENT_PREFIX
    control_url: str | None = None
    """None = the hosted control plane."""
    auth_key: Secret | None = None
    """A key, or `file:PATH` of one. None = the login the folder holds, else a person by `on_link`."""
    tags: tuple[str, ...] = ()
    forces_login: bool = False
    """Log in with the key although the folder holds a login."""
    logs_out: bool = True
    """Whether `stop` logs out: the key expires, an ephemeral node is gone."""
    accepts_incoming: bool = True
    """False for a node that only goes out."""
    port: int = PORT
    """Where something of ours listens on 127.0.0.1; other ports that the policy lets in are told of."""
    programs: Programs | None = None
    """None = found on this machine."""
    env: Mapping[str, str] | None = None
    """What the daemon's environment is built from; None = ours."""
    say: Callable[[str], None] = _nothing
    """Gets each line of ours for a log."""
    hear: Callable[[str], None] = _nothing
    """Gets each line of the daemon's log, without secrets. What it said last stands in our errors anyway."""
    on_link: Callable[[str], None] | None = None
    """Gets the link by which a person logs the node in. None = there is no such person."""
    backoff: Backoff = field(default_factory=Backoff)
    """Between starts of a daemon that dies."""
    login_backoff: Backoff = Backoff(first_s=30.0, longest_s=1800.0)  # noqa: RUF009 - a value, and frozen
    """Between logins of a node that control has logged out: its key may be used up, and the server is not ours."""
    login_deadline_s: float = LOGIN_DEADLINE_S


class OwnNode:
    """The node, from `start` to `stop`: started again when its daemon dies, logged in again when that is possible."""

    def __init__(self, options: NodeOptions) -> None:
        self._options = options
        self._folder: Folder | None = None
        self._daemon: Tailscaled | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._addresses: tuple[str, ...] = ()
        self._hostname = options.hostname or ""
        self._logged_out = asyncio.Event()
        self.state = BackendState.NO_STATE
        """As its daemon said last."""
        self.trouble: str | None = None
        """Why it is not in the tailnet, and what to do; None when nothing is known to be wrong."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses in the tailnet, IPv4 first; empty before it has any."""
        return self._addresses

    @property
    def hostname(self) -> str:
        """The name it asked for; control may have given it another."""
        return self._hostname

    @property
    def pid(self) -> int | None:
        """The daemon's process id; None while it does not run."""
        return self._daemon.pid if self._daemon else None

    @property
    def local_opener(self) -> UnixOpener:
        """Leads to its daemon's LocalAPI."""
        return UnixOpener(str(self._running().opener.path))

    def local_client(self) -> LocalClient:
        """Return a client that asks its daemon; the caller closes it."""
        return LocalClient(self.local_opener)

    def opener(self, host: str, port: int) -> DialOpener:
        """Return what opens TCP to a host of the tailnet as this node."""
        return DialOpener(self.local_opener, host, port)

    async def start(self) -> None:
        """Start the daemon, log in, and return once it is in the tailnet; raise `TailscaledError`, leaving nothing."""
        if self._folder is not None:
            raise StartError("this node is started already")
        programs = self._options.programs or find_programs(self._env)
        self._folder = Folder.take(self._options.state_dir)
        try:
            self._hostname = self._wanted_hostname(self._folder)
            self._daemon = self._made_daemon(programs, self._folder)
            await self._daemon.start()
            await self._log_in(forces=self._options.forces_login)
            await self._look_at_exposure(self._daemon)
        except BaseException:
            await self._release()
            raise
        self._tasks = [
            asyncio.create_task(self._keep_running(self._daemon), name="keep the own node running"),
            asyncio.create_task(self._follow(self._daemon), name="follow the own node"),
            asyncio.create_task(self._stay_logged_in(self._daemon), name="keep the own node logged in"),
        ]

    async def set(self, settings: Settings) -> None:
        """Change settings of the node; raise `CommandError`."""
        await self._running().set(settings)

    async def stop(self) -> None:
        """Log out if that was asked, end the daemon and let go of the folder; harmless when that was done."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks = []
        try:
            await self._log_out()
        finally:
            await self._release()

    @property
    def _env(self) -> Mapping[str, str]:
        return os.environ if self._options.env is None else self._options.env

    def _running(self) -> Tailscaled:
        if self._daemon is None:
            raise StartError("this node is not started")
        return self._daemon

    def _wanted_hostname(self, folder: Folder) -> str:
        name = self._options.hostname or folder.hostname(self._options.hostname_prefix)
        if not is_hostname(name):
            raise FolderError(f"{name!r} cannot be a node's name", "use letters, digits and hyphens, at most 63")
        return name

    def _made_daemon(self, programs: Programs, folder: Folder) -> Tailscaled:
        words = DaemonWords(
            socket=folder.socket, state_dir=folder.path, tun=USERSPACE, udp_port=0, uploads_logs=False
        )  # fmt: skip
        return Tailscaled(programs, words, child_environment(self._env, folder.path), self._options.hear)

    async def _log_in(self, *, forces: bool = False) -> None:
        """Bring the node into the tailnet with the key, the login it holds, or a person; raise `LoginError`."""
        daemon, options = self._running(), self._options
        status = await daemon.own_status()
        has_login = status.have_node_key and status.state is not BackendState.NEEDS_LOGIN
        if options.auth_key is None and options.on_link is None and not has_login:
            raise LoginError("a new node of its own needs an auth key", "set TS_AUTHKEY, or `tsym invite` makes a key")
        with self._key_file() as key_file:
            login = self._login(key_file, forces=forces)
            deadline_s = None if options.auth_key is None and not has_login else options.login_deadline_s
            try:
                await daemon.up(login, deadline_s, options.on_link)
            except CommandError as error:
                raise await self._explained(daemon, error) from error
        await self._read_addresses(daemon)

    def _key_file(self) -> AbstractContextManager[Path | None]:
        key = self._options.auth_key
        if key is None or self._folder is None:
            return nullcontext(None)
        if key.reveal().startswith("file:"):
            return nullcontext(Path(key.reveal().removeprefix("file:")))
        return self._folder.key_file(key)

    def _login(self, key_file: Path | None, *, forces: bool) -> Login:
        options = self._options
        shields_up = None if options.accepts_incoming else True
        settings = Settings(accept_dns=False, hostname=self._hostname, shields_up=shields_up)
        return Login(
            settings=settings, auth_key_file=key_file, login_server=options.control_url, tags=options.tags,
            forces_reauth=forces, resets=True,
        )  # fmt: skip

    async def _explained(self, daemon: Tailscaled, error: CommandError) -> LoginError:
        """Say what kept the node out, by the state it is in."""
        with suppress(TailscaledError):
            if (await daemon.own_status()).state is BackendState.NEEDS_MACHINE_AUTH:
                return LoginError(
                    "the node waits for approval", "an admin of the tailnet approves it; then start again"
                )
        if "login-server" in error.message:
            hint = "the folder holds a login at another control server: choose another with --state-dir, or remove it"
        elif self._options.auth_key is None:
            hint = "give it an auth key with TS_AUTHKEY"
        else:
            hint = "is the key right, unused and not expired, and the control server reachable?"
        return LoginError(error.message, hint)

    async def _read_addresses(self, daemon: Tailscaled) -> None:
        status = await daemon.own_status()
        self.state = status.state
        own = status.self_node
        self._addresses = tuple(own.tailscale_ips or ()) if own else ()
        self.trouble = None

    async def _look_at_exposure(self, daemon: Tailscaled) -> None:
        """Tell when the tailnet's policy opens more of this machine than the node is for."""
        if not self._options.accepts_incoming:
            return
        with suppress(LocalAPIError, PayloadError):  # a daemon that will not say leaves the question open
            body = await daemon.client.ask("debug-packet-filter-matches", method="POST")
            ports = parse_open_ports(body, self._addresses, besides=self._options.port)
            if words := describe_exposure(ports, self._options.port):
                self._options.say(words)

    async def _keep_running(self, daemon: Tailscaled) -> None:
        """Start the daemon again whenever it has ended, with the state in its folder."""
        attempt = 0
        while True:
            since = time.monotonic()
            code = await daemon.wait()
            self.state = BackendState.NO_STATE
            attempt = 1 if time.monotonic() - since >= self._options.backoff.settled_s else attempt + 1
            delay_s = self._options.backoff.delay_s(attempt, random.random())  # noqa: S311 - spreads restarts, no secret
            self._tell(f"the node's tailscaled ended with {code}; it is started again in {delay_s:.1f} s")
            await asyncio.sleep(delay_s)
            try:
                await daemon.start()
            except StartError as error:
                self._tell(str(error))

    async def _follow(self, daemon: Tailscaled) -> None:
        """Follow its state."""
        try:
            async with aclosing(daemon.client.watch_ipn_bus(BusMask.INITIAL_STATE)) as notices:
                async for notice in notices:
                    if notice.state is not None and notice.state is not self.state:
                        await self._enter(daemon, notice.state)
        except LocalAPIError as error:
            self._tell(f"cannot follow the node: {error}")

    async def _enter(self, daemon: Tailscaled, state: BackendState) -> None:
        self.state = state
        try:
            if state is BackendState.RUNNING:
                await self._read_addresses(daemon)
        except TailscaledError as error:
            self._tell(str(error))
        if state is BackendState.NEEDS_LOGIN:
            self._logged_out.set()

    async def _stay_logged_in(self, daemon: Tailscaled) -> None:
        """Log in again with the key when control has logged the node out; each failed login waits longer.

        A failed login makes the daemon leave and enter its state again, so its states alone would have us try for ever.
        """
        attempt = 0
        while True:
            await self._logged_out.wait()
            self._logged_out.clear()
            if self._options.auth_key is None:
                self._tell("the node was logged out, or its key has expired: start it again with a new auth key")
                continue
            try:
                if (await daemon.own_status()).state is BackendState.NEEDS_LOGIN:
                    (self._options.say if attempt else self._tell)("the node was logged out; it logs in with its key")
                    await self._log_in()
                attempt = 0
            except TailscaledError as error:
                self._tell(str(error))
                attempt += 1
                await asyncio.sleep(self._options.login_backoff.delay_s(attempt, random.random()))  # noqa: S311 - no secret
                self._logged_out.set()

    async def _log_out(self) -> None:
        if self._daemon is None or not self._daemon.is_running or not self._options.logs_out:
            return
        try:
            await self._daemon.log_out()
        except LocalAPIError as error:
            self._tell(f"could not log out: {error}")

    async def _release(self) -> None:
        daemon, self._daemon = self._daemon, None
        folder, self._folder = self._folder, None
        try:
            if daemon is not None:
                await daemon.aclose()
        finally:
            if folder is not None:
                folder.release()

    def _tell(self, words: str) -> None:
        self.trouble = words
        self._options.say(words)
