"""Tailnets for the benches of drawing: sites on a ring, far ones slow, some behind firewalls that force a relay."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.model.snapshot import Snapshot

NET = Tailnet("https://control.example", "bench.ts.net")
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
SITES = 24
BLOCKED = frozenset({5, 17})
"""Sites whose firewalls let no UDP out."""


def ring(count: int, hosts: int, *, peers: int | None = None) -> Snapshot:
    """Return `count` nodes in 24 sites, seen by `hosts` of them; each sees all others, or `peers` of them."""
    rng = random.Random(5)  # noqa: S311 - a seeded scene, not a secret
    nodes = [_node(place, count) for place in range(count)]
    agents = [nodes[place * count // hosts] for place in range(hosts)]
    pairs: dict[tuple[NodeRef, NodeRef], Pair] = {}
    for source in agents:
        seen = nodes if peers is None else rng.sample(nodes, min(peers, count))
        for target in seen:
            if target is not source:
                pair = _pair(source, target, rng)
                pairs[pair.key] = pair
    hosted = tuple(
        Host(spec=f"sim:/{agent.name}", ref=agent.ref, name=agent.name, state=HostState.OK, age_s=1.0)
        for agent in agents
    )
    return Snapshot(generated_at=NOON, nodes={node.ref: node for node in nodes}, pairs=pairs, hosts=hosted)


def _node(place: int, count: int) -> Node:
    site = place * SITES // count
    name = f"s{site:02d}-{place:04d}"
    return Node(
        ref=NodeRef(NET, StableNodeID(f"n{place}")),
        name=f"{name}.bench.ts.net",
        host_name=name,
        tags=(f"tag:site-{site:02d}",),
        site=f"198.51.{site}.1",
        os="linux",
        online=True,
    )


def _pair(source: Node, target: Node, rng: random.Random) -> Pair:
    here, there = (int(node.host_name[1:3]) for node in (source, target))
    apart = min(abs(here - there), SITES - abs(here - there))
    relayed = here in BLOCKED or there in BLOCKED
    latency_ms = round(0.4 + apart * 9.0 + rng.random() * 3 + 25.0 * relayed, 2)
    is_dead = rng.random() < 0.005
    return Pair(
        source=source.ref,
        target=target.ref,
        path=PathKind.DERP if relayed else PathKind.DIRECT,
        state=SampleState.FAILED if is_dead else SampleState.FRESH,
        ping=PingKind.DISCO,
        latency_ms=latency_ms,
        p50_ms=latency_ms,
        samples=3,
        age_s=5.0,
        derp_region="fra" if relayed else None,
    )
