"""Tailnets built by hand: the smallest pieces, and the home of the design guide."""

from __future__ import annotations

from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState

NET = Tailnet("https://control.example", "home.ts.net")


def ref(name: str) -> NodeRef:
    """Return the key of a node by its name."""
    return NodeRef(NET, StableNodeID(f"n-{name}"))


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
