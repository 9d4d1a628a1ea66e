"""A group of nodes added up for one line: what is typical of it, its worst member, and how many are like that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median_high

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.looks import Look, verdict_look
from tsym_tui.ui.digests import Digest, NodeSum


class GroupSum(msgspec.Struct, frozen=True):
    """A group's nodes added up."""

    count: int
    worst: Look | None = None
    """The worst way in which a member is reached; None = nobody looks at any."""
    worst_share: int = 0
    """How many members are reached so."""
    worst_ms: float | None = None
    """Round trip of the slowest of those."""
    median_ms: float | None = None
    """Median of the members' typical round trips."""
    slowest_ms: float | None = None
    loss: float | None = None
    """Mean of the members' losses."""
    online: int = 0
    with_handshake: int = 0
    reached: int = 0
    asked: int = 0
    """Members that were probed at least once."""


_RANK = {
    (SampleState.FAILED, PathKind.UNKNOWN): 0,
    (SampleState.STALE, PathKind.UNKNOWN): 1,
    (SampleState.FRESH, PathKind.DERP): 2,
    (SampleState.FRESH, PathKind.PEER_RELAY): 3,
    (SampleState.FRESH, PathKind.UNKNOWN): 4,
    (SampleState.FRESH, PathKind.DIRECT): 5,
    (SampleState.NEVER, PathKind.UNKNOWN): 6,
}


def sum_group(digest: Digest, members: Sequence[NodeRef]) -> GroupSum:
    """Add a group up: the worst member and its share stand beside the medians, so that one bad node is not lost."""
    sums = [digest.sum_of(ref) for ref in members]
    looks = Counter((one.state, one.path if one.state is SampleState.FRESH else PathKind.UNKNOWN) for one in sums)
    seen = [key for key in looks if key[0] is not SampleState.NEVER]
    worst = min(seen, key=_RANK.__getitem__, default=None)
    medians = [one.median_ms for one in sums if one.median_ms is not None]
    losses = [one.loss for one in sums if one.loss is not None]
    nodes = [digest.snapshot.nodes[ref] for ref in members]
    return GroupSum(
        count=len(members),
        worst=None if worst is None else verdict_look(*worst),
        worst_share=0 if worst is None else looks[worst],
        worst_ms=_slowest(sums, worst),
        median_ms=median_high(medians) if medians else None,
        slowest_ms=max((one.worst_ms for one in sums if one.worst_ms is not None), default=None),
        loss=sum(losses) / len(losses) if losses else None,
        online=sum(node.online is True for node in nodes),
        with_handshake=sum(node.last_handshake is not None for node in nodes),
        reached=sum(one.fresh > 0 for one in sums),
        asked=sum(one.probed > 0 for one in sums),
    )


def _slowest(sums: Sequence[NodeSum], key: tuple[SampleState, PathKind] | None) -> float | None:
    times = [one.median_ms for one in sums if one.median_ms is not None and (one.state, one.path) == key]
    return max(times, default=None)
