"""Tailnets built by hand: the smallest pieces, the home of the design guide, a company and a large one."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.layouts import Placement, place
from tsym_tui.graph.model import TailnetGraph

NET = Tailnet("https://control.example", "home.ts.net")
NOON = datetime(2025, 6, 1, 12, 4, 9, tzinfo=UTC)

DIRECT, RELAY, DERP, UNKNOWN = PathKind.DIRECT, PathKind.PEER_RELAY, PathKind.DERP, PathKind.UNKNOWN
FRESH, STALE, FAILED, NEVER = SampleState.FRESH, SampleState.STALE, SampleState.FAILED, SampleState.NEVER


def ref(name: str) -> NodeRef:
    """Return the key of a node by its name."""
    return NodeRef(NET, StableNodeID(f"n-{name}"))


def node(
    name: str,
    *,
    site: str | None = None,
    tags: tuple[str, ...] = (),
    owner: str | None = None,
    os: str = "linux",
    region: str | None = None,
    addresses: tuple[str, ...] = (),
) -> Node:
    """Return one machine."""
    return Node(
        ref=ref(name),
        name=f"{name}.home.ts.net",
        host_name=name,
        site=site,
        tags=tags,
        owner=owner,
        os=os,
        home_region=region,
        addresses=addresses,
        online=True,
    )


def pair(
    source: str,
    target: str,
    path: PathKind = PathKind.DIRECT,
    latency_ms: float | None = None,
    *,
    state: SampleState = SampleState.FRESH,
    region: str | None = None,
    relay: str | None = None,
    endpoint: str | None = None,
    age_s: float | None = 5.0,
) -> Pair:
    """Return one direction."""
    return Pair(
        source=ref(source),
        target=ref(target),
        path=path,
        state=state,
        ping=PingKind.DISCO,
        latency_ms=latency_ms,
        p50_ms=latency_ms,
        samples=3,
        age_s=None if state is SampleState.NEVER else age_s,
        derp_region=region,
        peer_relay=relay,
        endpoint=endpoint,
    )


def host(name: str, state: HostState = HostState.OK) -> Host:
    """Return one vantage point."""
    return Host(spec=f"sim:/run/{name}", ref=ref(name), name=name, state=state, age_s=1.0)


def snapshot(nodes: Iterable[Node], pairs: Iterable[Pair], hosts: Iterable[Host] = ()) -> Snapshot:
    """Return a picture of them."""
    return Snapshot(
        generated_at=NOON,
        nodes={each.ref: each for each in nodes},
        pairs={each.key: each for each in pairs},
        hosts=tuple(hosts),
    )


def both_ways(one: str, other: str, latency_ms: float, path: PathKind = DIRECT) -> list[Pair]:
    """Return a pair and its opposite."""
    return [pair(one, other, path, latency_ms), pair(other, one, path, latency_ms)]


@cache
def home() -> Snapshot:
    """Return the home tailnet of the design guide: 8 nodes, 4 agents, one of each trouble."""
    here, fra = "home 192.168.1.0/24", "203.0.113.50:41641"
    nodes = [
        node("laptop", site=here),
        node("nas", site=here),
        node("pi-kitchen", site=here),
        node("vps-fra", site="fra hetzner"),
        node("tv", site=here, os="tvOS"),
        node("phone", site="mobile carrier NAT", os="iOS"),
        node("work-mbp", site="office 203.0.113.7", os="macOS"),
        node("old-mac", site=here, os="macOS"),
    ]
    pairs = [
        *both_ways("laptop", "nas", 3.1),
        *both_ways("laptop", "pi-kitchen", 4.2),
        *both_ways("nas", "pi-kitchen", 0.8),
        pair("laptop", "vps-fra", DIRECT, 18, endpoint=fra),
        pair("vps-fra", "laptop", DIRECT, 18),
        pair("nas", "vps-fra", DIRECT, 17, endpoint=fra),
        pair("vps-fra", "nas", DIRECT, 17),
        pair("pi-kitchen", "vps-fra", DIRECT, 22, endpoint=fra),
        pair("vps-fra", "pi-kitchen", DIRECT, state=FAILED, age_s=400),
        pair("laptop", "tv", DIRECT, 6.4),
        pair("nas", "tv", DIRECT, 1.2),
        pair("pi-kitchen", "tv", DIRECT, 2),
        pair("vps-fra", "tv", DIRECT, state=STALE, age_s=365),
        pair("laptop", "phone", RELAY, 61, relay=f"{fra}:vni:3"),
        pair("nas", "phone", RELAY, 58, relay=f"{fra}:vni:4"),
        pair("pi-kitchen", "phone", RELAY, 118, relay=f"{fra}:vni:5"),
        pair("vps-fra", "phone", DIRECT, 38),
        pair("laptop", "work-mbp", DERP, 46, region="fra"),
        pair("nas", "work-mbp", DERP, 44, region="fra"),
        pair("pi-kitchen", "work-mbp", DERP, 52, region="fra"),
        pair("vps-fra", "work-mbp", DERP, 31, region="fra"),
        pair("laptop", "old-mac", DIRECT, state=FAILED, age_s=7300),
        pair("nas", "old-mac", DIRECT, state=FAILED, age_s=7300),
        pair("pi-kitchen", "old-mac", DIRECT, state=FAILED, age_s=7300),
        pair("vps-fra", "old-mac", UNKNOWN, state=NEVER),
    ]
    return snapshot(nodes, pairs, [host(name) for name in ("laptop", "nas", "pi-kitchen", "vps-fra")])


_CITIES = {"fra": 0, "nyc": 85, "lon": 15, "ber": 12}
_COMPANY = {
    "tag:web": ("fra-web-1 fra-web-2 fra-web-3 fra-web-4 nyc-web-1 nyc-web-2 nyc-web-3 lon-web-1 lon-web-2 lon-web-3"),
    "tag:k8s": "fra-k8s-1 fra-k8s-2 fra-k8s-3 nyc-k8s-1 nyc-k8s-2 nyc-k8s-3 lon-k8s-1 lon-k8s-2 lon-k8s-3",
    "tag:db": "fra-db-1 fra-db-2 nyc-db-1 nyc-db-2 lon-db-1 lon-db-2",
    "tag:gw": "fra-gw nyc-gw lon-gw ber-gw",
    "tag:ci": "ci-run-1 ci-run-2 ci-run-3 ci-run-4 ci-run-5",
    "tag:office": "ber-desk-1 ber-desk-2 ber-desk-3 ber-desk-4 ber-desk-5 ber-nas ber-print ber-cam",
    "tag:laptop": "ann bob chi dan eva fay gus hal ivy old-mbp",
    "": "ph-ann ph-bob ph-chi ph-dan ph-eva ph-fay ph-gus ph-hal",
}
_COMPANY_AGENTS = (
    "fra-gw fra-web-1 fra-k8s-1 fra-db-1 nyc-gw nyc-web-1 nyc-db-1 nyc-db-2 lon-gw lon-web-2 ber-gw ci-run-1"
)


@cache
def company() -> Snapshot:
    """Return 60 nodes in eight groups, seen by 12 agents of which one is silent."""
    rng = random.Random(7)  # noqa: S311 - a seeded scene, not a secret
    nodes = [
        node(name, tags=(tag,) if tag else (), os="linux" if tag else "iOS", owner=None if tag else f"{name}@acme")
        for tag, names in _COMPANY.items()
        for name in names.split()
    ]
    pairs = [
        _company_pair(source, target.host_name, target.tags, rng)
        for source in _COMPANY_AGENTS.split()
        for target in nodes
        if target.host_name != source
    ]
    states = {"nyc-db-2": HostState.FAILED}
    return snapshot(nodes, pairs, [host(name, states.get(name, HostState.OK)) for name in _COMPANY_AGENTS.split()])


def _company_pair(  # noqa: PLR0911 - one return for each trouble of the picture
    source: str, target: str, tags: tuple[str, ...], rng: random.Random
) -> Pair:
    near, far = _CITIES.get(source[:3], 20), _CITIES.get(target[:3], 20)
    latency_ms = round(1 + abs(near - far) + rng.random() * 15 * (source[:3] != target[:3]), 1)
    if source == "nyc-db-2":
        return pair(source, target, DIRECT, latency_ms, state=STALE, age_s=190)
    if target == "old-mbp" or (source, target) == ("nyc-db-1", "lon-web-3"):
        return pair(source, target, DIRECT, state=FAILED, age_s=7200)
    if "lon-web-2" in {source, target}:
        return pair(source, target, DIRECT, latency_ms + 190)
    if "tag:ci" in tags or source == "ci-run-1":
        same = source.startswith("ci-") and target.startswith("ci-")
        return pair(source, target, DIRECT if same else DERP, 1 if same else latency_ms + 30, region="nyc")
    if not tags:
        relayed = target in {"ph-chi", "ph-hal"}
        path = RELAY if relayed else DERP if rng.random() < 0.7 else DIRECT
        return pair(source, target, path, latency_ms + 40, region="fra" if path is DERP else None)
    if target in {"gus", "ivy"}:
        return pair(source, target, DERP, latency_ms + 25, region="fra")
    return pair(source, target, DIRECT, latency_ms)


@cache
def large(count: int = 1000, agents: int = 50) -> Snapshot:
    """Return many nodes in 24 tags, seen by many agents."""
    rng = random.Random(11)  # noqa: S311 - a seeded scene, not a secret
    nodes = [node(f"host-{i:04d}", tags=(f"tag:group-{i % 24:02d}",), region="fra") for i in range(count)]
    sources = [f"host-{i:04d}" for i in range(agents)]
    pairs = []
    for source in sources:
        for target in nodes:
            if target.host_name == source:
                continue
            draw = rng.random()
            if draw < 0.01:
                pairs.append(pair(source, target.host_name, DIRECT, state=FAILED, age_s=300))
            elif draw < 0.15:
                pairs.append(pair(source, target.host_name, DERP, 20 + rng.random() * 200, region="fra"))
            else:
                pairs.append(pair(source, target.host_name, DIRECT, rng.random() * 90))
    return snapshot(nodes, pairs, [host(name) for name in sources])


_PLACED: dict[tuple[int, tuple[int, int], str], tuple[Snapshot, TailnetGraph, Placement]] = {}


def placed(scene: Snapshot, size: tuple[int, int], layout: str = "auto") -> tuple[TailnetGraph, Placement]:
    """Return a scene's graph and placement; the same ones for the same question, since placing takes its time."""
    key = (id(scene), size, layout)
    if key not in _PLACED:
        graph = TailnetGraph.from_snapshot(scene)
        _PLACED[key] = scene, graph, place(graph, layout, size=size)
    return _PLACED[key][1:]
