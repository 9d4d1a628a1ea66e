"""What is wrong now, worst first: short findings that stand in the picture itself, with no rule behind them yet.

Pure: a digest in, a list out. Each problem names the nodes it is about, so that a list entry can select them and `!`
can leave everything else out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum

import msgspec

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node, Standing
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.times import parse_time
from tsym_tui.graph.looks import STANDING_WORDS, Direction, Line, combine, format_age, format_ms, host_words
from tsym_tui.graph.themes import THRESHOLDS_MS
from tsym_tui.ui.digests import Digest, NodeSum, typical_ms

KEY_WARNING_S = 7 * 86_400
"""A key that expires within this time is worth a word."""

SLOW_MS = THRESHOLDS_MS[-1]


class Kind(IntEnum):
    """What is wrong; the order is that of the list."""

    HOST = 0
    """A host of ours does not answer as it should."""
    BARRED = 1
    """The node may not take part: expired, not approved, locked out."""
    DEAD = 2
    ONE_WAY = 3
    RELAYED = 4
    SLOW = 5
    STALE = 6
    EXPIRING = 7
    HEALTH = 8


class Problem(msgspec.Struct, frozen=True):
    """One thing to look at."""

    kind: Kind
    title: str
    words: str
    nodes: tuple[NodeRef, ...] = ()
    """The node, or both ends of the pair."""
    path: PathKind = PathKind.UNKNOWN
    latency_ms: float | None = None


def find_problems(digest: Digest) -> tuple[Problem, ...]:
    """List what is wrong in a picture, worst first."""
    found = [problem for host in digest.snapshot.hosts for problem in _of_host(host)]
    explained: dict[Kind, set[NodeRef]] = {}
    for problem in found:
        explained.setdefault(problem.kind, set()).update(problem.nodes)
    for ref, node in digest.snapshot.nodes.items():
        of_node = _of_node(digest, node)
        if of_node is not None:
            found.append(of_node)
            explained.setdefault(of_node.kind, set()).add(ref)
        found.extend(_of_key(digest, node))
    found.extend(_of_pairs(digest, explained))
    return tuple(sorted(found, key=lambda problem: problem.kind))


def _of_host(host: Host) -> Iterator[Problem]:
    """Say what is wrong with a host: its state, else its daemon's first warning."""
    nodes = () if host.ref is None else (host.ref,)
    title = host_title(host)
    if host.state not in {HostState.OK, HostState.CONNECTING}:
        yield Problem(Kind.HOST, title, host_words(host), nodes)
    elif host.health:
        yield Problem(Kind.HEALTH, title, host.health[0], nodes)


def host_title(host: Host) -> str:
    """Name a host; by the telling end of its spec as long as it has not said its name."""
    if host.name and host.name != host.spec:
        return host.name
    return host.spec.rpartition("#")[2].rstrip("/").rpartition("/")[2] or host.spec


STANDING_ADVICE = {  # what a person does about it; lists have room for STANDING_WORDS only
    Standing.EXPIRED: "key expired: log in there",
    Standing.NOT_APPROVED: "not approved: an admin must approve it",
    Standing.LOCKED_OUT: "locked out by tailnet lock: sign its key",
}


def _of_node(digest: Digest, node: Node) -> Problem | None:
    """Say the one thing that explains most of a node's pairs."""
    sums = digest.sum_of(node.ref)
    if node.standing is not Standing.OK:
        return Problem(Kind.BARRED, digest.name_of(node.ref), STANDING_WORDS[node.standing], (node.ref,))
    if sums.failed and not sums.fresh and not sums.stale:
        return Problem(Kind.DEAD, digest.name_of(node.ref), dead_words(sums), (node.ref,))
    relayed = [pair for pair in digest.incoming.get(node.ref, ()) if pair.is_relayed]
    if len(relayed) > 1:
        derp = [pair for pair in relayed if pair.path is PathKind.DERP]
        path = PathKind.DERP if derp else PathKind.PEER_RELAY
        words = f"{'DERP' if derp else 'relay'} from {len(derp or relayed)} of {sums.probed}"
        times = [ms for pair in derp or relayed if (ms := typical_ms(pair)) is not None]
        return Problem(Kind.RELAYED, digest.name_of(node.ref), words, (node.ref,), path, max(times, default=None))
    slow = [ms for pair in digest.incoming.get(node.ref, ()) if (ms := typical_ms(pair)) is not None and ms >= SLOW_MS]
    if len(slow) > 1:
        words = f"slow from {len(slow)} of {sums.probed}"
        return Problem(Kind.SLOW, digest.name_of(node.ref), words, (node.ref,), sums.path, max(slow))
    return None


def dead_words(sums: NodeSum) -> str:
    """Say from how many hosts a node is dead."""
    return f"dead from {sums.failed} of {sums.probed}"


def _of_key(digest: Digest, node: Node) -> Iterator[Problem]:
    """Warn of a key that expires soon."""
    expiry = parse_time(node.key_expiry)
    if expiry is None or node.standing is not Standing.OK:
        return
    left_s = (expiry - digest.snapshot.generated_at).total_seconds()
    if 0 < left_s < KEY_WARNING_S:
        yield Problem(Kind.EXPIRING, digest.name_of(node.ref), f"key expires in {format_age(left_s)}", (node.ref,))


def _of_pairs(digest: Digest, explained: Mapping[Kind, set[NodeRef]]) -> Iterator[Problem]:
    """Name the pairs that their nodes do not explain; two directions of one pair are one problem."""
    pairs = digest.snapshot.pairs
    silenced = set().union(*(explained.get(kind, set()) for kind in (Kind.HOST, Kind.BARRED, Kind.DEAD)))
    for (source, target), there in pairs.items():
        back = pairs.get((target, source))
        if is_well(there) and (back is None or is_well(back)):
            continue  # most pairs of a large tailnet end here
        if (back is not None and source > target) or source in silenced or target in silenced:
            continue  # seen from the other side, or said of the node
        problem = _of_pair(digest, combine(there, back), (source, target))
        if problem is not None and not explained.get(problem.kind, set()) & {source, target}:
            yield problem


def is_well(pair: Pair) -> bool:
    """Whether there is nothing to say of one direction: direct and not slow, or not asked."""
    if pair.state is SampleState.NEVER:
        return True
    return pair.state is SampleState.FRESH and pair.path is PathKind.DIRECT and (typical_ms(pair) or 0.0) < SLOW_MS


def _of_pair(digest: Digest, line: Line, ends: tuple[NodeRef, NodeRef]) -> Problem | None:
    """Say what is wrong with one pair, its worst trouble only."""
    if line.direction is not Direction.EVEN:
        ends = ends if line.direction is Direction.THERE else (ends[1], ends[0])
        return Problem(Kind.ONE_WAY, pair_title(digest, ends), "one way only", ends, line.path, line.latency_ms)
    if line.state is SampleState.FRESH:
        return _of_fresh(digest, line, ends)
    if line.state is SampleState.FAILED:
        words = "others reach it" if digest.sum_of(ends[1]).fresh else "no answer"
        return Problem(Kind.DEAD, pair_title(digest, ends), words, ends)
    if line.state is SampleState.STALE:
        return Problem(Kind.STALE, pair_title(digest, ends), f"stale for {format_age(line.age_s)}", ends, line.path)
    return None


def _of_fresh(digest: Digest, line: Line, ends: tuple[NodeRef, NodeRef]) -> Problem | None:
    """Say what is wrong with a pair that answers: relayed, or slow."""
    title = pair_title(digest, ends)
    if line.path in {PathKind.DERP, PathKind.PEER_RELAY}:
        return Problem(Kind.RELAYED, title, relay_words(digest, line.carrier), ends, line.path, line.latency_ms)
    if line.latency_ms is not None and line.latency_ms >= SLOW_MS:
        return Problem(Kind.SLOW, title, f"slow, {format_ms(line.latency_ms)} ms", ends, line.path, line.latency_ms)
    return None


def relay_words(digest: Digest, pair: Pair | None) -> str:
    """Say through what a pair is relayed."""
    if pair is None:
        return "relayed"
    if pair.path is PathKind.DERP:
        return f"by DERP {pair.derp_region}" if pair.derp_region else "by DERP"
    relay = digest.relay_of(pair)
    return f"relayed by {digest.name_of(relay)}" if relay is not None else "by a peer relay"


def pair_title(digest: Digest, ends: tuple[NodeRef, NodeRef]) -> str:
    """Name both ends of a pair."""
    return f"{digest.name_of(ends[0])}, {digest.name_of(ends[1])}"
