"""Invented tailnets of any size for benchmarks of the map: nodes by tag and site, hosts that see them all."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import msgspec

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.model.snapshot import Snapshot

CROWD = Tailnet("https://controlplane.example", "crowd.ts.net")
NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)

_PATHS = (PathKind.DIRECT,) * 8 + (PathKind.DERP, PathKind.PEER_RELAY)


def crowd(nodes: int, hosts: int, seed: int = 0) -> Snapshot:
    """Invent `nodes` machines, the first `hosts` of which measure everybody: `hosts * (nodes - 1)` pairs."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    made = [_node(number) for number in range(nodes)]
    pairs: dict[tuple[NodeRef, NodeRef], Pair] = {}
    for source in made[:hosts]:
        for target in made:
            if source is not target:
                pairs[source.ref, target.ref] = _pair(source.ref, target.ref, chance)
    return Snapshot(
        generated_at=NOW,
        nodes={one.ref: one for one in made},
        pairs=pairs,
        hosts=tuple(
            Host(spec=f"agent:h{number}", ref=one.ref, name=one.short_name, state=HostState.OK, age_s=0.5)
            for number, one in enumerate(made[:hosts])
        ),
        revision=1,
    )


def later(snapshot: Snapshot, pairs: int, seed: int) -> Snapshot:
    """Measure some pairs again: a picture that shares all others with the one before."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    keys = list(snapshot.pairs)
    news = {key: _pair(*key, chance) for key in (chance.choice(keys) for _ in range(pairs))}
    return msgspec.structs.replace(snapshot, pairs=snapshot.pairs | news, revision=snapshot.revision + 1)


def _node(number: int) -> Node:
    return Node(
        ref=NodeRef(CROWD, StableNodeID(f"n{number:05}CNTRL")),
        name=f"host-{number:05}.crowd.ts.net",
        host_name=f"host-{number:05}",
        addresses=(f"100.{64 + number // 65536}.{number // 256 % 256}.{number % 256}",),
        tags=(f"tag:role{number % 23}",),
        os="linux",
        online=True,
        site=f"site{number % 17} 198.51.{number % 17}.0/24",
    )


def _pair(source: NodeRef, target: NodeRef, chance: random.Random) -> Pair:
    path = chance.choice(_PATHS)
    ms = round(chance.lognormvariate(3.0, 1.0), 1)
    return Pair(
        source=source,
        target=target,
        path=path,
        state=SampleState.FRESH,
        ping=PingKind.DISCO,
        latency_ms=ms,
        p50_ms=ms,
        p95_ms=ms * 2,
        loss=0.0,
        samples=3,
        age_s=1.0,
        derp_region="fra" if path is PathKind.DERP else None,
    )
