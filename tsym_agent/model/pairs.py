"""An ordered pair of nodes and what its probes showed."""

from __future__ import annotations

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind, PingKind, SampleState


class Pair(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """From a host to a peer: the newest class, the numbers of its window, and how far to trust them.

    `path` and the numbers keep the last good sample while `state` is stale or failed, so that a person can read what
    was; anything that draws must look at `state` first and never colours a stale or failed pair by latency.
    """

    source: NodeRef
    target: NodeRef
    path: PathKind = PathKind.UNKNOWN
    state: SampleState = SampleState.NEVER
    ping: PingKind | None = None
    """Kind of the newest probe; None = none sent, what is known comes from status."""
    latency_ms: float | None = None
    """Round trip of the newest pong."""
    p50_ms: float | None = None
    p95_ms: float | None = None
    jitter_ms: float | None = None
    """Mean absolute difference of neighbouring round trips."""
    loss: float | None = None
    """Share of unanswered probes in the window, 0 to 1."""
    samples: int = 0
    """Probes in the window, answered or not."""
    age_s: float | None = None
    """Since the newest answer, or since status said so; None = never."""
    endpoint: str | None = None
    derp_region: str | None = None
    """Code of the region the pong came through, where the path is DERP."""
    peer_relay: str | None = None
    """`ip:port:vni:N` where the path is a peer relay."""
    error: str | None = None
    """Words of the last failure, printable; None when the last probe was answered."""

    @property
    def key(self) -> tuple[NodeRef, NodeRef]:
        """Source and target."""
        return self.source, self.target

    @property
    def is_relayed(self) -> bool:
        """Whether the pair is known to be relayed now."""
        return self.state is SampleState.FRESH and self.path in {PathKind.PEER_RELAY, PathKind.DERP}
