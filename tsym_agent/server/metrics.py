"""`GET /metrics`: what a host knows of its paths, for Prometheus.

Passive facts come from status (path class, online, key expiry, health), latencies from every ping that went through the
agent, whoever asked for it; the agent sends none of its own. How many series there can be is bounded: by the peers
there are, and beyond `MOST_PEERS` of them only totals are told.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from tsym_agent import __version__
from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hello import AgentMode
from tsym_agent.model.paths import PathKind
from tsym_agent.model.payload import Body, PayloadError
from tsym_agent.model.pings import PingResult, parse_ping_result
from tsym_agent.model.status import BackendState, passive_path
from tsym_agent.model.times import parse_time
from tsym_agent.server.essence import SlimStatus
from tsym_agent.server.exposition import Histogram, Labels, Page
from tsym_agent.server.routes import ROUTES

MOST_PEERS = 2_000
"""Peers told one by one; a scrape of more would cost more than anybody reads."""

MOST_PINGED = 1_000
"""Histograms kept: one for each peer, kind of ping and path class that pings have shown."""

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""From the next room to a relay at the other end of the world, and to the longest a pong may take."""

OTHER = "other"
"""What requests for pages that do not exist are counted as: paths are a caller's to invent."""

_KNOWN = frozenset(ROUTES) | frozenset(COMMANDS)


class Source(Protocol):
    """Where status comes from; `Hub` is one."""

    async def current(self) -> SlimStatus:
        """Return the newest status; raise `LocalAPIError`."""


class _Peer(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """What is told of a peer, and of the node itself."""

    id: str = msgspec.field(default="", name="ID")
    host_name: str = ""
    dns_name: str = msgspec.field(default="", name="DNSName")
    tailscale_ips: tuple[str, ...] | None = msgspec.field(default=None, name="TailscaleIPs")
    online: bool = False
    active: bool = False
    cur_addr: str = ""
    peer_relay: str = ""
    key_expiry: str | None = None

    @property
    def labels(self) -> Labels:
        return {"id": self.id, "name": self.dns_name.rstrip(".") or self.host_name}

    @property
    def expires_at_s(self) -> float | None:
        moment = parse_time(self.key_expiry)
        return moment.timestamp() if moment else None


class _Top(msgspec.Struct, frozen=True, rename="pascal"):
    """What is told of the daemon."""

    version: str = ""
    backend_state: str = ""
    health: tuple[str, ...] | None = None
    self_node: _Peer | None = msgspec.field(default=None, name="Self")


class _Pinged(NamedTuple):
    ip: str
    type: str
    path: str


_PEER = msgspec.json.Decoder(_Peer)
_TOP = msgspec.json.Decoder(_Top)


class Metrics:
    """Counts, and writes the page."""

    def __init__(
        self, source: Source, *, mode: AgentMode, gauges: Mapping[str, Callable[[], int]] | None = None
    ) -> None:
        """Tell of `source`; `gauges` are numbers of the agent's own, by the end of their names (`watchers`)."""
        self._source = source
        self._mode = mode
        self._gauges = gauges or {}
        self._started_at_s = time.time()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._pings: Counter[tuple[str, str]] = Counter()
        self._latencies: dict[_Pinged, Histogram] = {}
        self._unlisted = 0
        self._owners: dict[str, Labels] = {}

    def count_request(self, what: str, status: int) -> None:
        """Count an answer; `what` is a command's name or a page."""
        self._requests[what if what in _KNOWN else OTHER, status] += 1

    def note_ping(self, ip: str, kind: str, at: str, body: Body | None, error: str | None) -> None:  # noqa: ARG002 - as everybody who is told of pings
        """Count a ping: its latency under the class of path that it showed."""
        result = _read(body)
        if error is not None or (result is None and body is not None):
            self._pings[kind, "error"] += 1
        elif result is None:
            self._pings[kind, "lost"] += 1
        elif result.latency_ms is None:
            self._pings[kind, "error"] += 1
        else:
            self._pings[kind, "pong"] += 1
            self._observe(_Pinged(ip, kind, result.path.value), result.latency_ms / 1000)

    async def page(self) -> bytes:
        """Return the whole page; a daemon that does not answer is a fact on it, not an error."""
        page = Page()
        self._add_agent(page)
        try:
            status = await self._source.current()
            top = _TOP.decode(msgspec.json.encode(status.top))
            peers = [_PEER.decode(raw) for raw in status.peers.values()]
        except (LocalAPIError, msgspec.DecodeError):
            page.add_value("tsym_daemon_up", "gauge", "Whether tailscaled answers.", 0)
        else:
            self._learn_owners(peers)
            _add_daemon(page, top)
            _add_peers(page, peers)
        self._add_pings(page)
        return page.body()

    def _observe(self, pinged: _Pinged, latency_s: float) -> None:
        histogram = self._latencies.get(pinged)
        if histogram is None:
            if len(self._latencies) >= MOST_PINGED:
                self._unlisted += 1
                return
            histogram = self._latencies[pinged] = Histogram(BOUNDS_S)
        histogram.observe(latency_s)

    def _learn_owners(self, peers: Iterable[_Peer]) -> None:
        """Remember whose an address is, and forget pings of those who are gone."""
        self._owners = {ip: peer.labels for peer in peers for ip in peer.tailscale_ips or ()}
        for pinged in [pinged for pinged in self._latencies if pinged.ip not in self._owners]:
            del self._latencies[pinged]

    def _add_agent(self, page: Page) -> None:
        page.add("tsym_agent_info", "gauge", "This agent.", [({"version": __version__, "mode": self._mode.value}, 1)])
        for name, count in self._gauges.items():
            page.add_value(f"tsym_agent_{name}", "gauge", f"{name.replace('_', ' ').capitalize()} now.", count())
        requests = [({"what": what, "status": str(status)}, n) for (what, status), n in sorted(self._requests.items())]
        page.add("tsym_agent_requests_total", "counter", "Answers by what was asked and their status.", requests)
        page.add_value("process_start_time_seconds", "gauge", "When the agent began (Unix time).", self._started_at_s)
        page.add_value("process_cpu_seconds_total", "counter", "CPU time of the agent.", time.process_time())
        page.add_value("process_resident_memory_bytes", "gauge", "Memory of the agent.", _resident_bytes())
        page.add_value("process_open_fds", "gauge", "Open files of the agent.", _open_files())

    def _add_pings(self, page: Page) -> None:
        pings = [({"type": kind, "outcome": outcome}, n) for (kind, outcome), n in sorted(self._pings.items())]
        page.add("tsym_pings_total", "counter", "Pings through this agent by how they ended.", pings)
        page.add_histogram(
            "tsym_ping_seconds",
            "Round trips of pings through this agent, by the class of path each showed.",
            (
                (
                    {
                        **self._owners.get(key.ip, {"id": "", "name": ""}),
                        "ip": key.ip,
                        "type": key.type,
                        "path": key.path,
                    },
                    h,
                )
                for key, h in self._latencies.items()
            ),
        )
        page.add_value(
            "tsym_pings_unlisted_total",
            "counter",
            "Pongs left out of tsym_ping_seconds: too many peers.",
            self._unlisted,
        )


def _add_daemon(page: Page, top: _Top) -> None:
    is_running = BackendState(top.backend_state) is BackendState.RUNNING
    page.add_value("tsym_daemon_up", "gauge", "Whether tailscaled answers.", 1)
    info = {"version": top.version, "state": top.backend_state}
    page.add("tsym_daemon_info", "gauge", "This tailscaled and its state.", [(info, 1)])
    page.add_value("tsym_daemon_running", "gauge", "Whether it is connected as wished.", int(is_running))
    page.add_value("tsym_health_warnings", "gauge", "Warnings of tailscaled now.", len(top.health or ()))
    own = [top.self_node] if top.self_node else []
    page.add("tsym_node_key_expiry_timestamp_seconds", "gauge", "When this node's key expires.", _expiries(own))


def _add_peers(page: Page, peers: list[_Peer]) -> None:
    paths = Counter(passive_path(peer) for peer in peers)
    totals = [({"path": kind.value}, paths[kind]) for kind in PathKind]
    page.add("tsym_peers", "gauge", "Peers by the class of path that status proves.", totals)
    online = sum(peer.online for peer in peers)
    page.add_value("tsym_peers_online", "gauge", "Peers that are connected to control.", online)
    listed = peers[:MOST_PEERS]
    page.add_value("tsym_peers_unlisted", "gauge", "Peers that are only in the totals.", len(peers) - len(listed))
    page.add(
        "tsym_peer_path",
        "gauge",
        "The class of path that status proves; idle and relayed peers are unknown.",
        [({**peer.labels, "path": passive_path(peer).value}, 1) for peer in listed],
    )
    page.add(
        "tsym_peer_online",
        "gauge",
        "Whether a peer is connected to control.",
        [(peer.labels, int(peer.online)) for peer in listed],
    )
    page.add("tsym_peer_key_expiry_timestamp_seconds", "gauge", "When a peer's key expires.", _expiries(listed))


def _expiries(peers: list[_Peer]) -> list[tuple[Labels, float]]:
    return [(peer.labels, at_s) for peer in peers if (at_s := peer.expires_at_s) is not None]


def _read(body: Body | None) -> PingResult | None:
    if body is None:
        return None
    try:
        return parse_ping_result(body)
    except PayloadError:
        return None


def _resident_bytes() -> int | None:
    """Return the memory in use; None where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _open_files() -> int | None:
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a path for each would be made only to be counted
    except OSError:
        return None
