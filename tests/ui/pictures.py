"""Pictures of invented tailnets, one for each face and some for what may go wrong. Addresses are documentation ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.ui.fake_source import FakeSample
from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Node, Standing
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.model.snapshot import ProbeCost, Snapshot

NOW = datetime(2025, 3, 1, 12, 4, 9, tzinfo=UTC)
HOME = Tailnet(control_url="https://controlplane.example", name="home.ts.net")

HOME_SITE = "home 192.0.2.0/24"


def ref(name: str) -> NodeRef:
    """Return the key of an invented node."""
    return NodeRef(tailnet=HOME, stable_id=StableNodeID(f"n{name}CNTRL"))


def node(called: str, /, **fields: Any) -> Node:  # noqa: ANN401 - whatever a node has
    """Invent a node, online and well unless told otherwise."""
    defaults: dict[str, Any] = {
        "ref": ref(called),
        "name": f"{called}.home.ts.net",
        "host_name": called,
        "addresses": ("100.64.0.7",),
        "owner": "ann@example.com",
        "os": "linux",
        "online": True,
        "last_handshake": "2025-03-01T12:03:29Z",
    }
    return Node(**(defaults | fields))


def pair(source: str, target: str, path: PathKind = PathKind.DIRECT, ms: float | None = 3.0, **fields: Any) -> Pair:  # noqa: ANN401 - whatever a pair has
    """Invent a fresh pair."""
    defaults: dict[str, Any] = {
        "source": ref(source),
        "target": ref(target),
        "path": path,
        "state": SampleState.FRESH,
        "ping": PingKind.DISCO,
        "latency_ms": ms,
        "p50_ms": ms,
        "p95_ms": None if ms is None else round(ms * 1.5, 1),
        "jitter_ms": 0.2,
        "loss": 0.0,
        "samples": 12,
        "age_s": 2.0,
    }
    if path is PathKind.DIRECT:
        defaults["endpoint"] = "192.0.2.20:41641"
    if path is PathKind.DERP:
        defaults["derp_region"] = "fra"
    if path is PathKind.PEER_RELAY:
        defaults["peer_relay"] = "192.0.2.40:40000:vni:7"
    return Pair(**(defaults | fields))


def dead(source: str, target: str, age_s: float | None = 7300.0) -> Pair:
    """Invent a pair that was direct and answers no more."""
    return pair(
        source,
        target,
        state=SampleState.FAILED,
        ms=None,
        age_s=age_s,
        loss=1.0,
        error="no answer within 5 s",
        path=PathKind.DIRECT if age_s is not None else PathKind.UNKNOWN,
    )


def host(called: str, /, **fields: Any) -> Host:  # noqa: ANN401 - whatever a host has
    """Invent a host that answers."""
    defaults: dict[str, Any] = {
        "spec": f"sim:/run/x#{called}",
        "ref": ref(called),
        "name": called,
        "state": HostState.OK,
        "via": f"/run/x/{called}.sock",
        "version": "1.92.3",
        "age_s": 1.0,
    }
    return Host(**(defaults | fields))


def snapshot(nodes: list[Node], pairs: list[Pair], hosts: list[Host], **fields: Any) -> Snapshot:  # noqa: ANN401 - whatever a snapshot has
    """Put a picture together."""
    defaults: dict[str, Any] = {
        "generated_at": NOW,
        "nodes": {one.ref: one for one in nodes},
        "pairs": {one.key: one for one in pairs},
        "hosts": tuple(hosts),
        "cost": ProbeCost(per_minute=31, budget_per_minute=2500),
        "revision": 1,
    }
    return Snapshot(**(defaults | fields))


_DIRECT, _RELAY, _DERP = PathKind.DIRECT, PathKind.PEER_RELAY, PathKind.DERP


def home() -> Snapshot:
    """Eight nodes, four of them hosts: the tailnet of the design pictures."""
    nodes = [
        node("laptop", os="macOS", version="1.92.3", site=HOME_SITE),
        node("nas", version="1.92.3", site=HOME_SITE, addresses=("100.64.0.2", "fd7a:115c:a1e0::2")),
        node("pi-kitchen", version="1.90.1", site=HOME_SITE),
        node(
            "vps-fra", version="1.92.3", site="fra hetzner", owner=None, tags=("tag:server",), is_exit_node_option=True
        ),
        node("tv", os="tvOS", site=HOME_SITE),
        node("phone", os="iOS", site="mobile carrier NAT"),
        node("work-mbp", os="macOS", site="office 203.0.113.7", key_expiry="2025-03-04T12:00:00Z"),
        node("old-mac", os="macOS", online=False, last_seen="2025-03-01T10:01:00Z", last_handshake=None),
    ]
    pairs = [
        pair("laptop", "nas", ms=3.1),
        pair("nas", "laptop", ms=3.0),
        pair("laptop", "pi-kitchen", ms=4.2),
        pair("pi-kitchen", "laptop", ms=4.2),
        pair("laptop", "vps-fra", ms=18),
        pair("vps-fra", "laptop", ms=18),
        pair("nas", "pi-kitchen", ms=0.8),
        pair("pi-kitchen", "nas", ms=0.8),
        pair("nas", "vps-fra", ms=17),
        pair("vps-fra", "nas", ms=17),
        pair("pi-kitchen", "vps-fra", ms=22),
        dead("vps-fra", "pi-kitchen", 120.0),
        pair("laptop", "tv", ms=2.4),
        pair("nas", "tv", ms=1.2),
        pair("pi-kitchen", "tv", ms=2),
        pair("vps-fra", "tv", ms=None, state=SampleState.STALE, age_s=370.0),
        pair("laptop", "phone", _RELAY, 61),
        pair("nas", "phone", _RELAY, 58),
        pair("pi-kitchen", "phone", _RELAY, 118),
        pair("vps-fra", "phone", ms=38),
        *(
            pair(name, "work-mbp", _DERP, ms)
            for name, ms in (("laptop", 46), ("nas", 44), ("pi-kitchen", 52), ("vps-fra", 31))
        ),
        *(dead(name, "old-mac") for name in ("laptop", "nas", "pi-kitchen", "vps-fra")),
    ]
    return snapshot(nodes, pairs, [host(name) for name in ("laptop", "nas", "pi-kitchen", "vps-fra")])


def history() -> tuple[FakeSample, ...]:
    """Make up a quarter of an hour of one pair: quiet, one jump, three lost probes, a while by DERP."""
    samples = []
    for minute in range(15):
        for probe in range(3):
            at_s = minute * 60.0 + probe
            if minute == 6:
                samples.append(FakeSample(at_s, None, PathKind.UNKNOWN))
            elif minute in {7, 8}:
                samples.append(FakeSample(at_s, 41.0, PathKind.DERP))
            else:
                samples.append(FakeSample(at_s, 12.0 if minute == 11 else 3.1))
    return tuple(samples)


def connecting() -> Snapshot:
    """Two hosts that were asked and have not answered."""
    waiting = {"ref": None, "state": HostState.CONNECTING, "age_s": None}
    return snapshot([], [], [host("laptop", **waiting), host("nas", **waiting)], revision=0)


def alone() -> Snapshot:
    """Invent a tailnet of one node."""
    return snapshot([node("laptop")], [], [host("laptop")])


def unreachable() -> Snapshot:
    """Every host refuses in its own way."""
    gone: dict[str, Any] = {"ref": None, "age_s": None}
    hosts = [
        host("laptop", state=HostState.FAILED, error="no socket at /run/x/laptop.sock: start tailscaled", **gone),
        host(
            "nas", state=HostState.DENIED, error="the daemon refuses this user: join its operator, or use sudo", **gone
        ),
        host("pi", state=HostState.STOPPED, error="tailscaled is down by wish: run `tailscale up`", **gone),
        host("vps", state=HostState.NEEDS_LOGIN, error="logged out: run `tailscale up` and log in", **gone),
    ]
    return snapshot([], [], hosts)


def fallen_silent() -> Snapshot:
    """Show the home tailnet a while after its last host went away: every pair is stale, with its age."""
    was = home()
    pairs = {key: msgspec.structs.replace(one, state=SampleState.STALE, age_s=400.0) for key, one in was.pairs.items()}
    hosts = tuple(
        msgspec.structs.replace(one, state=HostState.FAILED, age_s=400.0, error="connection refused: start tailscaled")
        for one in was.hosts
    )
    return msgspec.structs.replace(was, pairs=pairs, hosts=hosts, revision=2)


def barred() -> Snapshot:
    """One node of each standing that may not take part, and a host that stopped answering."""
    was = home()
    standings = {"tv": Standing.EXPIRED, "phone": Standing.NOT_APPROVED, "old-mac": Standing.LOCKED_OUT}
    nodes = dict(was.nodes)
    for name, standing in standings.items():
        nodes[ref(name)] = msgspec.structs.replace(nodes[ref(name)], standing=standing)
    hosts = (
        *was.hosts[:3],
        msgspec.structs.replace(
            was.hosts[3], state=HostState.FAILED, age_s=190.0, error="no answer at 192.0.2.9: is it up?"
        ),
    )
    return msgspec.structs.replace(was, nodes=nodes, hosts=hosts)
