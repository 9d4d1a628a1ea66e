"""One picture of all tailnets at one moment: what screens draw from and commands print."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef, Tailnet
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair


class ProbeCost(msgspec.Struct, frozen=True):
    """What our own looking costs."""

    per_minute: float = 0.0
    """Probes sent in the last minute."""
    budget_per_minute: int = 0
    sampled: bool = False
    """True when the mesh is too large for a full sweep and pairs are sampled."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A copied, immutable picture. Drawing from it can take its time."""

    generated_at: datetime
    nodes: dict[NodeRef, Node] = {}
    pairs: dict[tuple[NodeRef, NodeRef], Pair] = {}
    """Every ordered pair from a host to a visible peer, also the never probed."""
    hosts: tuple[Host, ...] = ()
    hidden: int = 0
    """Nodes left out of `nodes`."""
    cost: ProbeCost = ProbeCost()
    revision: int = 0
    """Grows with every change, so that a reader can skip equal pictures."""

    @property
    def tailnets(self) -> tuple[Tailnet, ...]:
        """The tailnets in the picture, in order."""
        return tuple(sorted({ref.tailnet for ref in self.nodes}))

    @property
    def vantages(self) -> frozenset[NodeRef]:
        """The nodes we have a host for."""
        return frozenset(host.ref for host in self.hosts if host.ref is not None)
