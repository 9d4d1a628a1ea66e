"""From a host's name to a client that asks it.

Ways that few hosts go by are imported when one does: the app's first frame does not wait for them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from tsym_agent.localapi.agent import AgentClient
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import DaemonNotFoundError
from tsym_agent.localapi.find import find_daemon
from tsym_agent.localapi.names import NamedOpener, Route, TailnetNames
from tsym_agent.model.status import SweepStatus
from tsym_agent.probe import limits
from tsym_agent.wire.openers import TcpOpener, UnixOpener
from tsym_agent.wire.streams import Opener
from tsym_tui.fleet.specs import HostSpec, SpecKind, split_address

NAMES_TIMEOUT_S = 2.0
"""A daemon that hangs must not keep hosts waiting which the system can find without it."""


def expand(spec: HostSpec) -> list[HostSpec]:
    """Return the single hosts that a spec stands for; a simulated tailnet without its index stands for itself."""
    if spec.kind is not SpecKind.SIM or spec.part:
        return [spec]
    try:
        names = read_sim_index(Path(spec.address))
    except DaemonNotFoundError:
        return [spec]
    return [
        HostSpec(f"sim:{spec.address}#{name}", SpecKind.SIM, spec.address, name, spec.label, spec.tags)
        for name in names
    ]


def read_sim_index(folder: Path) -> list[str]:
    """Return the names of the hosts in a simulated tailnet's folder."""
    where = f"sim:{folder}"
    try:
        index = json.loads((folder / "sim.json").read_text(encoding="utf-8"))
        return [str(host["name"]) for host in index["hosts"]]
    except FileNotFoundError as error:
        hint = f"start one with `tsym sim --dir {folder}`"
        raise DaemonNotFoundError(where, "no simulated tailnet runs there", hint) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DaemonNotFoundError(where, f"its index sim.json cannot be read: {error}") from error


class Connector:
    """Makes clients of single hosts, and holds what several hosts share on the way."""

    def __init__(self, env: Mapping[str, str], *, route: Route | None = None, may_ask: bool = False) -> None:
        """Look for this machine's tailscaled as `env` says.

        `route` leads to agents by another way than this machine's network: a node of our own that dials. It resolves
        their names, too. `may_ask` lets ssh ask at the terminal, once a host, for what it cannot log in without.
        """
        self._env = env
        self._route = route
        self._asking = asyncio.Lock() if may_ask else None
        self._asked: set[str] = set()
        self._names = TailnetNames(self._ask_local)
        self._local: Opener | None = None
        """Where this machine's tailscaled listens, once names were asked for."""

    async def __call__(self, spec: HostSpec) -> LocalClient:
        """Return a client for a single host; raise `LocalAPIError` when its place cannot be found.

        An agent gets an `AgentClient`, which has not said a word yet.
        """
        match spec.kind:
            case SpecKind.LOCAL:
                endpoint = await find_daemon(self._env)
                return LocalClient(endpoint.opener, auth=endpoint.auth, max_pings=limits.IN_FLIGHT_PER_HOST)
            case SpecKind.UNIX:
                return LocalClient(UnixOpener(spec.address), max_pings=limits.IN_FLIGHT_PER_HOST)
            case SpecKind.SIM:
                return _simulated(spec)
            case SpecKind.AGENT:
                return self._agent(spec)
            case SpecKind.SSH:
                return await self._by_ssh(spec)
            case SpecKind.KUBE:
                return _in_pod(spec)
            case _:
                assert_never(spec.kind)

    def _agent(self, spec: HostSpec) -> AgentClient:
        host, port = split_address(spec.address)
        opener: Opener
        if self._route is not None:
            opener = self._route(host, port)
        else:
            opener = NamedOpener(host, port, self._names, dial=self._dial)
        return AgentClient(opener, authority=spec.address, max_pings=limits.IN_FLIGHT_PER_HOST)

    async def _by_ssh(self, spec: HostSpec) -> LocalClient:
        from tsym_agent.localapi.remote import SshClient, SshOpener
        from tsym_agent.wire.ssh import SshLink

        asking = None if spec.address in self._asked else self._asking
        self._asked.add(spec.address)
        opener = SshOpener(SshLink(spec.address, asking=asking), spec.part)
        client = SshClient(opener, max_pings=limits.IN_FLIGHT_PER_HOST)
        try:
            await client.connect()
        except BaseException:
            await client.aclose()
            raise
        return client

    def _dial(self, host: str, port: int) -> Opener:
        from tsym_agent.wire.dial import DialOpener

        return TcpOpener(host, port) if self._local is None else DialOpener(self._local, host, port)

    async def _ask_local(self) -> SweepStatus:
        endpoint = await find_daemon(self._env)
        self._local = endpoint.opener
        client = endpoint.client(timeout_s=NAMES_TIMEOUT_S)
        try:
            return await client.sweep_status()
        finally:
            await client.aclose()


def _simulated(spec: HostSpec) -> LocalClient:
    folder = Path(spec.address)
    names = read_sim_index(folder)
    if spec.part not in names:
        known = ", ".join(names[:20])
        raise DaemonNotFoundError(spec.text, f"this simulated tailnet has no such host; it has {known}")
    return LocalClient(UnixOpener(str(folder / f"{spec.part}.sock")), max_pings=limits.IN_FLIGHT_PER_HOST)


def _in_pod(spec: HostSpec) -> LocalClient:
    from tsym_agent.localapi.kube import Pod, PodClient

    namespace, _, pod = spec.address.partition("/")
    return PodClient(Pod(namespace, pod, spec.part))
