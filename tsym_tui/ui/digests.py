"""What a picture says node by node: the small sums that lists, filters and headers show.

A pure reading of one snapshot, made once per picture (in a thread: a large tailnet has tens of thousands of pairs) and
shared by everything that draws. Only what comes *to* a node counts for it: the far ends measure it, not it them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median_high

import msgspec

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.cells import settle
from tsym_tui.graph.looks import NodeKind, number_of

_BAD_FIRST = {PathKind.DERP: 0, PathKind.PEER_RELAY: 1, PathKind.UNKNOWN: 2, PathKind.DIRECT: 3}


class NodeSum(msgspec.Struct, frozen=True):
    """How one node is reached from everywhere we can look from."""

    state: SampleState = SampleState.NEVER
    """Fresh when anybody reaches it; failed when nobody who tried does; stale when all that is known is old."""
    path: PathKind = PathKind.UNKNOWN
    """The commonest class of the fresh pairs, of equals the worse one."""
    median_ms: float | None = None
    """Median of the fresh pairs' typical round trips."""
    worst_ms: float | None = None
    loss: float | None = None
    """Mean share of unanswered probes over the pairs that were probed."""
    age_s: float | None = None
    """Since anybody last heard from it; None = never."""
    paths: frozenset[PathKind] = frozenset()
    """Classes of the fresh pairs."""
    fresh: int = 0
    stale: int = 0
    failed: int = 0
    never: int = 0
    host: Host | None = None
    """Set where we can look from this node."""

    @property
    def probed(self) -> int:
        """Pairs that were probed at least once."""
        return self.fresh + self.stale + self.failed


class Digest(msgspec.Struct, frozen=True):
    """A picture and its sums."""

    snapshot: Snapshot
    sums: Mapping[NodeRef, NodeSum] = {}
    incoming: Mapping[NodeRef, tuple[Pair, ...]] = {}
    outgoing: Mapping[NodeRef, tuple[Pair, ...]] = {}
    names: Mapping[NodeRef, str] = {}
    """Short names, unlike the nodes' own unique."""
    order: tuple[NodeRef, ...] = ()
    """Every node in the order of lists: hosts first, then by name, numbers in names by value."""
    endpoints: Mapping[str, NodeRef] = {}
    """Whose an address is: Tailscale addresses, and those where a node was reached directly."""
    fresh_pairs: int = 0
    wanted_pairs: int = 0
    """Pairs that are or will be probed: phones that nobody named are not counted."""

    def sum_of(self, ref: NodeRef) -> NodeSum:
        """Return the sums of a node, empty ones for a node nobody looks at."""
        return self.sums.get(ref, _NOTHING)

    def pair(self, source: NodeRef, target: NodeRef) -> Pair | None:
        """Return what `source` measured towards `target`; None = we cannot look from there."""
        return self.snapshot.pairs.get((source, target))

    def name_of(self, ref: NodeRef) -> str:
        """Return a node's name in lists; its ID when the picture does not hold it."""
        return self.names.get(ref) or str(ref.stable_id)

    def kind_of(self, ref: NodeRef) -> NodeKind:
        """Say what a node is to us."""
        sums = self.sum_of(ref)
        if sums.failed and not sums.fresh and not self._reaches_anybody(ref):
            return NodeKind.DEAD
        if sums.host is None:
            return NodeKind.PEER
        return NodeKind.AGENT if sums.host.state is HostState.OK else NodeKind.SILENT

    def _reaches_anybody(self, ref: NodeRef) -> bool:
        return any(pair.state is SampleState.FRESH for pair in self.outgoing.get(ref, ()))

    def relay_of(self, pair: Pair) -> NodeRef | None:
        """Find the node that relays a pair; None when nobody knows whose its address is."""
        return self.endpoints.get(_address((pair.peer_relay or "").partition(":vni:")[0]))

    @property
    def answering(self) -> int:
        """Hosts that answer."""
        return sum(host.state is HostState.OK for host in self.snapshot.hosts)


_NOTHING = NodeSum()


def typical_ms(pair: Pair | None) -> float | None:
    """Return the round trip that a pair shows; None unless there is a fresh one."""
    return None if pair is None else number_of(pair)


def sum_up(pairs: tuple[Pair, ...], host: Host | None = None) -> NodeSum:
    """Add up the pairs towards one node."""
    states = Counter(pair.state for pair in pairs)
    fresh = [pair for pair in pairs if pair.state is SampleState.FRESH]
    classes = Counter(pair.path for pair in fresh)
    times = [ms for pair in fresh if (ms := typical_ms(pair)) is not None]
    losses = [pair.loss for pair in pairs if pair.loss is not None]
    ages = [pair.age_s for pair in pairs if pair.age_s is not None]
    return NodeSum(
        state=_common_state(states),
        path=min(classes, key=lambda path: (-classes[path], _BAD_FIRST[path]), default=PathKind.UNKNOWN),
        median_ms=median_high(times) if times else None,
        worst_ms=max(times, default=None),
        loss=sum(losses) / len(losses) if losses else None,
        age_s=min(ages, default=None),
        paths=frozenset(classes),
        fresh=states[SampleState.FRESH],
        stale=states[SampleState.STALE],
        failed=states[SampleState.FAILED],
        never=states[SampleState.NEVER],
        host=host,
    )


def _common_state(states: Mapping[SampleState, int]) -> SampleState:
    """Name the state of a node whose pairs stand in these states."""
    if states.get(SampleState.FRESH):
        return SampleState.FRESH
    if states.get(SampleState.FAILED):
        return SampleState.FAILED
    return SampleState.STALE if states.get(SampleState.STALE) else SampleState.NEVER


def digest(snapshot: Snapshot) -> Digest:
    """Add up a whole picture."""
    incoming: dict[NodeRef, list[Pair]] = {ref: [] for ref in snapshot.nodes}
    outgoing: dict[NodeRef, list[Pair]] = {}
    fresh = wanted = 0
    for pair in snapshot.pairs.values():
        incoming.setdefault(pair.target, []).append(pair)
        outgoing.setdefault(pair.source, []).append(pair)
        fresh += pair.state is SampleState.FRESH
        wanted += pair.state is not SampleState.NEVER or not _is_spared(snapshot.nodes.get(pair.target))
    hosts = {host.ref: host for host in snapshot.hosts if host.ref is not None}
    arrived = {ref: tuple(pairs) for ref, pairs in incoming.items()}
    names = _unique_names(snapshot.nodes.values())
    return Digest(
        snapshot=snapshot,
        names=names,
        order=tuple(sorted(snapshot.nodes, key=lambda ref: (ref not in hosts, by_value(names[ref]), ref))),
        endpoints=_endpoints(snapshot),
        sums={ref: sum_up(pairs, hosts.get(ref)) for ref, pairs in arrived.items()},
        incoming=arrived,
        outgoing={ref: tuple(pairs) for ref, pairs in outgoing.items()},
        fresh_pairs=fresh,
        wanted_pairs=wanted,
    )


def _unique_names(nodes: Iterable[Node]) -> dict[NodeRef, str]:
    """Shorten names to their first label where that is unique, else keep them whole, else add the ID."""
    nodes = tuple(nodes)  # texts are settled below: characters of no width would break columns
    short = Counter(node.short_name for node in nodes)
    full = Counter(node.name for node in nodes)
    names = {}
    for node in nodes:
        name = node.short_name if short[node.short_name] == 1 else node.name
        is_unique = short[node.short_name] == 1 or full[node.name] == 1
        names[node.ref] = settle(name if is_unique else f"{node.short_name}#{node.ref.stable_id}")
    return names


def by_value(name: str) -> tuple[tuple[int, int, str], ...]:
    """Make a sorting key that puts web-2 before web-10."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple((1, int(part), "") if part.isascii() and part.isdigit() else (0, 0, part) for part in parts)


def _endpoints(snapshot: Snapshot) -> dict[str, NodeRef]:
    """Learn whose an address is; an address behind which several nodes were reached is nobody's."""
    seen: dict[str, set[NodeRef]] = {}
    for pair in snapshot.pairs.values():
        if pair.endpoint:
            seen.setdefault(_address(pair.endpoint), set()).add(pair.target)
    found = {address: next(iter(refs)) for address, refs in seen.items() if len(refs) == 1}
    found.update({address: ref for ref, node in snapshot.nodes.items() for address in node.addresses})
    return found


def _address(endpoint: str) -> str:
    """Cut the port from an endpoint."""
    return endpoint.rpartition(":")[0].strip("[]")


def _is_spared(node: Node | None) -> bool:
    """Whether a node is not probed unless named."""
    return node is not None and node.is_phone
