"""Hosts that answer from memory: a status made of few words, pings from a script, and troubles on request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import UTC, datetime
from typing import TypeVar

from tests.unit.probe.fakes import Answer, direct
from tests.unit.probe.virtual import now, run_virtually
from tsym_agent.localapi.errors import AnswerTimeoutError, LocalAPIError, NotSupportedError
from tsym_agent.model.hosts import Rights
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.lock import LockStatus, parse_lock_status
from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.notify import Notify
from tsym_agent.model.paths import PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.model.prefs import Prefs
from tsym_agent.model.status import Status, parse_status
from tsym_tui.fleet.fleet import DEFAULT_OPTIONS, Fleet, FleetOptions
from tsym_tui.fleet.specs import HostSpec, SpecKind

T = TypeVar("T")

CONTROL = "https://control.example"
HOME = Tailnet(CONTROL, "home.example")
MOMENT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def ref(name: str, tailnet: Tailnet = HOME) -> NodeRef:
    return NodeRef(tailnet, StableNodeID(f"n-{name}"))


def peer(name: str, **fields: object) -> dict[str, object]:
    """Return one node of a status, online and plain unless told otherwise."""
    plain = {
        "ID": f"n-{name}",
        "HostName": name,
        "DNSName": f"{name}.home.example.",
        "OS": "linux",
        "TailscaleIPs": [address(name)],
        "Online": True,
        "Relay": "fra",
    }
    return plain | fields


def address(name: str) -> str:
    return f"100.64.0.{sum(name.encode()) % 250}"


class FakeHost:
    """One daemon; stands for its own client."""

    def __init__(self, name: str, *peers: str | dict[str, object], tailnet: str = "home.example") -> None:
        self.where = f"/fake/{name}"
        self.daemon_version: str | None = "1.102.3-tfake"
        self.own = peer(name)
        self.peers = [peer(one) if isinstance(one, str) else one for one in peers]
        self.users: dict[str, dict[str, object]] = {}
        self.backend = "Running"
        self.tailnet: str | None = tailnet
        self.control = CONTROL
        self.locked_out: list[dict[str, object]] = []
        self.trouble: LocalAPIError | None = None
        self.hangs = False
        self.takes_s = 0.001
        self.whole_reads = 0
        self.answer: Callable[[str, int], Answer] = lambda _ip, _number: direct()
        self.bus: asyncio.Queue[Notify] | None = None
        self.pinged: list[str] = []
        self.reads = 0
        self.records: dict[int, ControlNode] | None = None
        self.asked_records: list[int] = []
        self.is_closed = False

    async def status_bytes(self, *, peers: bool = True) -> bytes:
        self.reads += 1
        if self.hangs:
            await asyncio.sleep(5.0)
            raise AnswerTimeoutError(self.where, "no answer in 5 s")
        await asyncio.sleep(self.takes_s)
        if self.trouble:
            raise self.trouble
        body: dict[str, object] = {"Version": "1.102.3", "BackendState": self.backend, "Self": self.own}
        if self.tailnet is not None:
            body["CurrentTailnet"] = {"Name": self.tailnet}
        if peers:
            body["Peer"] = {f"nodekey:{one['ID']}": one for one in self.peers}
            body["User"] = self.users
        return json.dumps(body).encode()

    async def status(self) -> Status:
        return parse_status(await self.status_bytes())

    async def prefs(self) -> Prefs:
        self.whole_reads += 1
        return Prefs(control_url=self.control)

    async def lock_status(self) -> LockStatus:
        return parse_lock_status(json.dumps({"Enabled": True, "FilteredPeers": self.locked_out}).encode())

    async def peer_by_id(self, node_id: int) -> ControlNode:
        if self.records is None:
            raise NotSupportedError(self.where, "this tailscaled has no peer-by-id")
        self.asked_records.append(node_id)
        return self.records[node_id]

    async def rights(self, *, again: bool = False) -> Rights | None:
        return Rights.READ if not again else None

    async def watch_ipn_bus(self) -> AsyncGenerator[Notify, None]:
        self.bus = asyncio.Queue()
        while True:
            yield await self.bus.get()

    async def ping(
        self, ip: str, kind: PingKind = PingKind.DISCO, *, size: int = 0, timeout_s: float = 5.0
    ) -> PingResult:
        del kind, size
        self.pinged.append(ip)
        answer = self.answer(ip, self.pinged.count(ip))
        await asyncio.sleep(timeout_s if answer is None else 0.005)
        if answer is None:
            raise AnswerTimeoutError(self.where, "no pong")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self) -> None:
        self.is_closed = True


def spec(name: str) -> HostSpec:
    return HostSpec(f"unix:/fake/{name}", SpecKind.UNIX, f"/fake/{name}")


def fleet_of(*hosts: FakeHost, options: FleetOptions = DEFAULT_OPTIONS) -> Fleet:
    """Make a fleet of fake hosts on the running loop's time; to be made inside `play`."""
    by_path = {host.where: host for host in hosts}

    async def connect(wanted: HostSpec) -> FakeHost:
        return by_path[wanted.address]

    specs = [spec(host.where.rpartition("/")[2]) for host in hosts]
    return Fleet(specs, options=options, connect=connect, clock=now, now=lambda: MOMENT)


def play(script: Coroutine[object, object, T]) -> T:
    """Run a script on virtual time."""
    return run_virtually(script)
