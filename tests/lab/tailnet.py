"""A whole lab: the network, the control plane and a node on every host."""

import atexit
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Self

from . import claim, tools
from .control import REGIONS, DerpServer, Headscale
from .netns import Network, Traffic
from .node import Node
from .programs import Program, T, wait_until
from .topology import HOSTS, RELAY_HOST, ROUTERS, HostSpec

ONLINE_DEADLINE_S = 30.0
BACK_DEADLINE_S = 150.0
"""A client gives up a silent DERP connection after two minutes."""
RELAY_DEADLINE_S = 60.0
RELAY_PORT = 40000


class Lab:
    """A running tailnet; a context manager that takes it down whatever happens.

    Reading it is safe from many tests at once. What changes it is a context manager that undoes itself, or says
    that it does not.
    """

    network: Network
    headscale: Headscale

    def __init__(self) -> None:
        claim.sweep()
        self._claim = claim.make()
        self._servers: list[DerpServer] = []
        self._keys: dict[str | None, str] = {}
        self.nodes: dict[str, Node] = {}
        atexit.register(self.down)

    @classmethod
    def up(cls) -> Self:
        """Make a lab with every host of the topology logged in and seen online by all others (about 10 s)."""
        lab = cls()
        try:
            lab._start_control()
            for spec in HOSTS:
                lab._add(spec, tools.TAILSCALE)
            lab._log_in(HOSTS)
            lab.wait_all_online()
            lab._write_index()
        except BaseException:  # also ctrl-c: no namespace, process or file stays behind
            lab.down()
            raise
        return lab

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.down()

    @property
    def name(self) -> str:
        return self._claim.name

    @property
    def folder(self) -> Path:
        return self._claim.folder

    def down(self) -> None:
        """End every program and remove every namespace and file of this lab; harmless when that was done."""
        if not self.folder.exists():
            return
        for node in self.nodes.values():
            node.kill()
        for program in self._control_programs():
            program.kill()
        if keep := os.environ.get("TSYM_LAB_LOGS"):
            self._copy_logs(Path(keep))
        self._claim.release()
        atexit.unregister(self.down)

    def wait_all_online(self) -> None:
        """Return once every logged-in node sees every other one online, and knows how to speak to it."""
        members = [node for node in self.nodes.values() if node.is_member]
        for node in members:
            others = [other for other in members if other is not node]
            sees_all = partial(node.sees_online, {other.name for other in others})
            wait_until(sees_all, f"{node.name} to see all others online", ONLINE_DEADLINE_S)
            wait_until(partial(node.knows, others), f"{node.name} to know all others' keys", ONLINE_DEADLINE_S)

    def wait_back(self, *names: str) -> None:
        """Return once hosts that were away are online, and answer and reach every other host by whatever path."""
        self.wait_all_online()
        members = {node.name: node for node in self.nodes.values() if node.is_member}
        pairs = [(one, other) for one in members for other in members if one != other and {one, other} & set(names)]
        in_parallel([partial(self._wait_pong, members[one], members[other]) for one, other in pairs])

    def _wait_pong(self, one: Node, other: Node) -> None:
        address = other.address
        wait_until(
            lambda: "pong from" in one.ping(address, 1), f"a pong from {other.name} to {one.name}", BACK_DEADLINE_S
        )

    @contextmanager
    def cut(self, **hosts: Traffic) -> Iterator[None]:
        """Drop traffic of hosts for a while, `cut(c=Traffic.ALL)`; afterwards they are online again."""
        try:
            with ExitStack() as cuts:
                for host, traffic in hosts.items():
                    cuts.enter_context(self.network.cut(host, traffic))
                yield
        finally:
            for host in hosts:
                self.nodes[host].reconnect()
        self.wait_back(*hosts)

    @contextmanager
    def stopped(self, host: str) -> Iterator[None]:
        """End a host's tailscaled for a while; afterwards it is online again."""
        self.nodes[host].stop()
        try:
            yield
        finally:
            self.nodes[host].start()
            self.nodes[host].wait_state("Running")
        self.wait_back(host)

    @contextmanager
    def switched_off(self, host: str) -> Iterator[None]:
        """Do `tailscale down` on a host for a while; afterwards it is online again."""
        self.nodes[host].cli("down")
        try:
            yield
        finally:
            self.nodes[host].cli("up")
        self.wait_back(host)

    def start_afresh(self) -> None:
        """Restart every node and empty every router, so that nobody knows a path to anybody any more."""
        in_parallel([node.stop for node in self.nodes.values()])
        for router in self.network.routers:
            self.network.forget_flows(router)
        for node in self.nodes.values():
            node.start()
        in_parallel([partial(node.wait_state, "Running") for node in self.nodes.values()])
        self.wait_all_online()

    def start_relay(self) -> None:
        """Make the public host a peer relay, and return once all nodes that can use it know it."""
        self.headscale.allow_relay()
        relay = self.nodes[RELAY_HOST]
        relay.cli("set", f"--relay-server-port={RELAY_PORT}")
        self._wait_relays([relay.address])

    def tag(self, *tags: str, hosts: Iterable[str]) -> None:
        """Make hosts belong to tags, for good, and return once their nodes know."""
        for node in [self.nodes[host] for host in hosts]:
            for known in self.headscale.nodes_named(node.name):
                self.headscale.tag(known, *tags)
            wait_until(partial(node.carries, tags), f"{node.name} to carry {tags}", ONLINE_DEADLINE_S)

    @contextmanager
    def extra_node(
        self, spec: HostSpec, release: tools.Toolset = tools.TAILSCALE, *, logged_in: bool = True
    ) -> Iterator[Node]:
        """Add a host with a node for a while, by default logged in and online."""
        node = self._add(spec, release)
        try:
            node.wait_answering()
            if logged_in:
                self._log_in([spec])
                self.wait_all_online()
            yield node
        finally:
            self._remove(node)

    def _start_control(self) -> None:
        self.network = Network(self.name, [region.address for region in REGIONS])
        for name, nat in ROUTERS.items():
            self.network.add_router(name, nat)
        self.headscale = Headscale(self.network.internet, self.folder)
        self._servers = [DerpServer(region, self.network.internet, self.folder) for region in REGIONS]
        self.headscale.wait_ready()
        for server in self._servers:
            server.wait_ready()

    def _add(self, spec: HostSpec, release: tools.Toolset) -> Node:
        host = self.network.add_host(spec.name, spec.router)
        node = Node(spec.name, host, self.folder, release)
        self.nodes[spec.name] = node
        node.start()
        return node

    def _remove(self, node: Node) -> None:
        node.stop()
        node.forget()
        for known in self.headscale.nodes_named(node.name):
            self.headscale.delete(known)
        del self.nodes[node.name]
        self.network.remove_host(node.name)

    def _log_in(self, specs: Iterable[HostSpec]) -> None:
        for user in dict.fromkeys(spec.user for spec in specs):
            if user not in self._keys:
                self._keys[user] = self.headscale.auth_key(user)
        in_parallel([partial(self.nodes[spec.name].log_in, self._keys[spec.user]) for spec in specs])

    def _wait_relays(self, addresses: list[str]) -> None:
        for spec in HOSTS:
            node = self.nodes[spec.name]
            if spec.name != RELAY_HOST and node.is_running:
                knows = partial(node.knows_relays, addresses)
                wait_until(knows, f"{node.name} to know the relays {addresses}", RELAY_DEADLINE_S)

    def _control_programs(self) -> list[Program]:
        programs = [server.program for server in self._servers]
        with suppress(AttributeError):  # the lab did not come that far
            programs.append(self.headscale.program)
        return programs

    def _write_index(self) -> None:
        """Write what a person or a script needs to use this lab from outside."""
        hosts = {
            name: {"namespace": node.host.namespace.name, "socket": str(node.socket), "address": node.address}
            for name, node in self.nodes.items()
        }
        partial = self.folder / "lab.json.partial"
        partial.write_text(json.dumps({"pid": os.getpid(), "hosts": hosts}, indent=1))
        partial.rename(self.folder / "lab.json")

    def _copy_logs(self, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        for log in self.folder.glob("*.log"):
            shutil.copy(log, target / f"{self.name}-{log.name}")


def in_parallel(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Do all jobs at once, wait for all of them, and return what they returned or raise what one raised."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(job) for job in jobs]]
