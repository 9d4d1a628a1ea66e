"""One tailscaled in its host's namespace, driven by the tailscale command and read over its socket."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import NotRequired, TypedDict, cast

from . import tools
from .control import SERVER_URL
from .netns import Host
from .programs import Program, run, wait_until

START_DEADLINE_S = 20.0
LOGIN_DEADLINE_S = 60.0
FIRST_PORT = 41600

ENVIRONMENT = {
    "TS_NO_LOGS_NO_SUPPORT": "1",
    "TS_DISABLE_PORTMAPPER": "1",  # no router here speaks it; asking costs seconds
    "TS_PANIC_IF_HIT_MAIN_CONTROL": "1",
    "TS_ASSUME_NETWORK_UP_FOR_TEST": "1",
}


class RefusedError(http.client.HTTPException):
    """The LocalAPI answered with another status than 200."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Peer(TypedDict):
    """What the lab itself reads of a node's status."""

    ID: str
    HostName: str
    DNSName: str
    Tags: NotRequired[list[str]]
    TailscaleIPs: list[str] | None
    Online: bool


class NodeOfControl(TypedDict, total=False):
    DiscoKey: str


class WhoIs(TypedDict):
    Node: NodeOfControl


class Status(TypedDict):
    BackendState: str
    Self: Peer
    Peer: dict[str, Peer] | None


class Node:
    """A host's tailscaled. It starts logged out; `log_in` brings it into the tailnet."""

    def __init__(self, name: str, host: Host, folder: Path, release: tools.Toolset) -> None:
        self.name = name
        self.host = host
        self.socket = folder / f"{name}.sock"
        self.log = folder / f"{name}.log"
        self._state = folder / f"{name}-state"
        self._port = FIRST_PORT + host.number  # nodes behind one NAT must not ask for the same port
        self._tailscaled = tools.ensure(release) / "tailscaled"
        self._tailscale = tools.ensure(tools.TAILSCALE) / "tailscale"
        self._program: Program | None = None

    def start(self) -> None:
        """Start the daemon with the state it has, and return at once."""
        self._state.mkdir(exist_ok=True)
        argv = [self._tailscaled, "--tun=tailscale0", f"--statedir={self._state}", f"--socket={self.socket}",
                f"--port={self._port}", "--no-logs-no-support"]  # fmt: skip  # what matters, then what is fixed
        environment = ENVIRONMENT | {"TS_LOGS_DIR": str(self._state)}
        wrapped = self.host.namespace.wrap([str(part) for part in argv])
        self._program = Program(wrapped, self.log, environment, ends_with_owner=True)

    def stop(self) -> None:
        """End the daemon as its service manager would; its state stays."""
        if self._program is not None:
            self._program.stop()
            self._program = None

    def forget(self) -> None:
        """Remove the stopped daemon's state, so that its name may serve another node."""
        shutil.rmtree(self._state, ignore_errors=True)

    def kill(self) -> None:
        """End the daemon at once, for a lab that is going away."""
        if self._program is not None:
            self._program.kill()
            self._program = None

    @property
    def is_running(self) -> bool:
        return self._program is not None and self._program.is_running

    @property
    def is_member(self) -> bool:
        """Whether it runs and takes part in the tailnet."""
        return self.is_running and self.status()["BackendState"] == "Running"

    def wait_answering(self) -> None:
        """Return once the daemon answers on its socket, in whatever state it is."""
        wait_until(self._answers, f"the tailscaled of {self.name} to answer", START_DEADLINE_S, self._program)

    def wait_state(self, state: str) -> None:
        """Return once the daemon says it is in this state (`Running`, `NeedsLogin`, …)."""
        self.wait_answering()
        is_reached = lambda: self.status()["BackendState"] == state  # noqa: E731  # used once
        wait_until(is_reached, f"{self.name} to be {state}", LOGIN_DEADLINE_S, self._program)

    def log_in(self, auth_key: str) -> None:
        """Bring the node into the tailnet, and return once it runs."""
        self.wait_answering()
        self.cli("up", f"--login-server={SERVER_URL}", f"--auth-key={auth_key}", f"--hostname={self.name}",
                 "--accept-dns=false", "--netfilter-mode=off", "--reset",
                 f"--timeout={LOGIN_DEADLINE_S:.0f}s")  # fmt: skip  # who, what is off, how long

    def cli(self, *words: str) -> str:
        """Run a `tailscale` command on this node and return what it printed."""
        return run([self._tailscale, f"--socket={self.socket}", *words], LOGIN_DEADLINE_S + 10)

    def ping(self, address: str, count: int) -> str:
        """Let tailscale's own ping send up to `count` probes, until one comes directly, and return what it said."""
        words = ["ping", f"--c={count}", "--timeout=3s", address]
        return run(
            [self._tailscale, f"--socket={self.socket}", *words], LOGIN_DEADLINE_S, ok=(0, 1)
        )  # 1: no pong came directly

    def netcheck(self) -> str:
        """Let tailscale look at the network of this host; it probes from its own process, not the daemon's."""
        command = [str(self._tailscale), f"--socket={self.socket}", "netcheck"]
        return self.host.namespace.run(*command)

    def local_api(self, path: str, method: str = "GET") -> object:
        """Ask this daemon's LocalAPI and return the decoded JSON; OSError when nobody listens."""
        connection = _UnixConnection(self.socket)
        try:
            connection.request(method, f"/localapi/v0/{path}")
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RefusedError(f"{path} on {self.name}: {response.status} {body.decode()!r}", response.status)
        return json.loads(body)

    def status(self) -> Status:
        return cast(Status, self.local_api("status"))

    def sees_online(self, names: set[str]) -> bool:
        """Whether control told this node that all peers with these host names are online."""
        peers = (self.status()["Peer"] or {}).values()
        return names <= {peer["HostName"] for peer in peers if peer["Online"]}

    def addresses_of(self, name: str) -> list[str]:
        """Return the tailnet addresses of an online peer by its host name; none while there is no such."""
        peers = (self.status()["Peer"] or {}).values()
        return [
            ip for peer in peers if peer["HostName"] == name and peer["Online"] for ip in peer["TailscaleIPs"] or ()
        ]

    def knows(self, others: Iterable[Node]) -> bool:
        """Whether this node has the others' current disco keys; with an older one it would ignore their pings."""
        return all(self._has_key_of(other) for other in others)

    def reconnect(self) -> None:
        """Open sockets and DERP connections anew: TCP that was cut off waits as long again before it sends."""
        for action in ("rebind", "break-derp-conns"):
            self.debug(action)

    def debug(self, action: str) -> None:
        """Have the daemon do one of its debug actions."""
        self.cli("debug", action)

    def knows_relays(self, addresses: list[str]) -> bool:
        """Whether the peer relays this node may use now are those with these tailnet addresses."""
        known = cast("list[str] | None", self.local_api("debug?action=peer-relay-servers", "POST"))
        return sorted(known or []) == sorted(addresses)

    @property
    def address(self) -> str:
        """Its first tailnet address."""
        return (self.status()["Self"]["TailscaleIPs"] or [""])[0]

    def carries(self, tags: Iterable[str]) -> bool:
        """Whether control told this node that these are its tags."""
        return set(self.status()["Self"].get("Tags", ())) == set(tags)

    @property
    def stable_id(self) -> str:
        return self.status()["Self"]["ID"]

    def _has_key_of(self, other: Node) -> bool:
        known = self._disco_key_of(other)
        return known is not None and known == other._disco_key_of(other)

    def _disco_key_of(self, other: Node) -> str | None:
        """Return the disco key this daemon has for a node, None while it does not know the node's address."""
        try:
            answer = cast(WhoIs, self.local_api(f"whois?addr={other.address}"))
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:  # running again, and its first netmap still to come
                return None
            raise
        return answer["Node"].get("DiscoKey", "")

    def _answers(self) -> bool:
        try:
            self.status()
        except (OSError, http.client.HTTPException):
            return False
        return True


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket, for the lab's own reads: they must not lean on the client under test."""

    def __init__(self, path: Path) -> None:
        super().__init__("local-tailscaled.sock", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
