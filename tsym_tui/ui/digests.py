"""What a picture says node by node: the small sums that lists, filters and headers show.

A pure reading of one snapshot, made once per picture (in a thread: a large tailnet has hundreds of thousands of pairs)
and shared by everything that draws. What a picture has in common with the one before is not looked at again, and what
only few ask for is made when they do. Only what comes *to* a node counts for it: the far ends measure it, not it them.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from operator import is_not
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
from tsym_tui.graph.news import PairKey, news_of
from tsym_tui.ui.tallies import NONE, Places, Tallies, Tally, code_of, moved, tallied
from tsym_tui.ui.whereabouts import Whereabouts, address_of

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


class PairsOf(Mapping[NodeRef, tuple[Pair, ...]]):
    """The pairs from or to each node, looked up when somebody asks."""

    def __init__(self, pairs: Mapping[PairKey, Pair], places: Places, listed: Mapping[NodeRef, array[int]]) -> None:
        self._pairs = pairs
        self._keys = places.keys
        self._listed = listed

    def __getitem__(self, ref: NodeRef) -> tuple[Pair, ...]:
        """Return them in the order of the picture."""
        pairs, keys = self._pairs, self._keys
        return tuple([pairs[keys[place]] for place in self._listed[ref]])

    def __iter__(self) -> Iterator[NodeRef]:
        """Go through the nodes that have such pairs."""
        return iter(self._listed)

    def __len__(self) -> int:
        """Count them."""
        return len(self._listed)


class Sums(Mapping[NodeRef, NodeSum]):
    """The sums of each node, made when somebody asks; what was asked of a picture is at hand in the next one."""

    def __init__(self, incoming: PairsOf, tallies: Tallies, hosts: Mapping[NodeRef, Host]) -> None:
        self._incoming = incoming
        self._tallies = tallies
        self._hosts = hosts
        self._made: dict[NodeRef, NodeSum] = {}
        self._asked: set[NodeRef] = set()
        self._wanted: frozenset[NodeRef] = frozenset()
        """What was asked of the picture before, or of the last one that was asked at all."""

    def __getitem__(self, ref: NodeRef) -> NodeSum:
        """Return the sums of a node that somebody looks at."""
        found = self._sum_of(ref)
        self._asked.add(ref)
        return found

    def _sum_of(self, ref: NodeRef) -> NodeSum:
        known = self._made.get(ref)
        if known is None:
            known = self._made[ref] = sum_up(self._incoming[ref], self._tallies[ref], self._hosts.get(ref))
        return known

    def __iter__(self) -> Iterator[NodeRef]:
        """Go through the nodes that somebody looks at."""
        return iter(self._tallies)

    def __len__(self) -> int:
        """Count them."""
        return len(self._tallies)

    def follow(self, before: Sums, touched: Iterable[NodeRef] | None) -> None:
        """Take over what an earlier picture knew of all but some nodes; None = of those that were asked for only."""
        made = {} if touched is None else dict(before._made)  # one step, as the next one: others may ask meanwhile
        wanted = frozenset(before._asked) or before._wanted
        if touched is not None:
            for ref in touched:
                made.pop(ref, None)
            for ref in made.keys() & (self._hosts.keys() | before._hosts.keys()):
                made[ref] = msgspec.structs.replace(made[ref], host=self._hosts.get(ref))
        self._made, self._wanted = made, wanted & self._tallies.keys()
        for ref in self._wanted:
            self._sum_of(ref)


class Digest(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A picture and its sums."""

    snapshot: Snapshot
    places: Places
    codes: bytes
    """How each pair stands, by place: see `tallies`."""
    arriving: Tallies
    """How the pairs towards each node stand."""
    leaving: Tallies
    """How those from each host stand."""
    hosts: Mapping[NodeRef, Host]
    sums: Sums
    names: Mapping[NodeRef, str]
    """Short names, unlike the nodes' own unique."""
    order: tuple[NodeRef, ...]
    """Every node in the order of lists: hosts first, then by name, numbers in names by value."""
    endpoints: Whereabouts
    """Whose an address is: Tailscale addresses, and those where a node was reached directly."""
    fresh_pairs: int = 0
    wanted_pairs: int = 0
    """Pairs that are or will be probed: phones that nobody named are not counted."""
    news: Mapping[int, tuple[Pair, Pair]] | None = None
    """Pairs that are not as in the digest that this one follows, by place, old and new; None = it follows none."""

    @cached_property
    def incoming(self) -> Mapping[NodeRef, tuple[Pair, ...]]:
        """The pairs towards each node."""
        return PairsOf(self.snapshot.pairs, self.places, self.places.arriving)

    @cached_property
    def outgoing(self) -> Mapping[NodeRef, tuple[Pair, ...]]:
        """The pairs from each host."""
        return PairsOf(self.snapshot.pairs, self.places, self.places.leaving)

    @cached_property
    def _neighbours(self) -> dict[NodeRef, tuple[NodeRef, ...]]:
        return {}

    def neighbours(self, ref: NodeRef) -> tuple[NodeRef, ...]:
        """Return the nodes that a node has a pair with, in the order of lists."""
        found = self._neighbours.get(ref)
        if found is None:
            keys, places = self.places.keys, self.places
            known = {keys[place][1] for place in places.leaving.get(ref, ())}
            known |= {keys[place][0] for place in places.arriving.get(ref, ())}
            found = self._neighbours[ref] = tuple([other for other in self.order if other in known])
        return found

    def arriving_as(self, ref: NodeRef, codes: frozenset[int]) -> list[Pair]:
        """Return the pairs towards a node that stand so."""
        stands, keys, pairs = self.codes, self.places.keys, self.snapshot.pairs
        return [pairs[keys[place]] for place in self.places.arriving.get(ref, ()) if stands[place] in codes]

    def sum_of(self, ref: NodeRef) -> NodeSum:
        """Return the sums of a node, empty ones for a node nobody looks at."""
        return self.sums.get(ref) or NodeSum(host=self.hosts.get(ref))

    def pair(self, source: NodeRef, target: NodeRef) -> Pair | None:
        """Return what `source` measured towards `target`; None = we cannot look from there."""
        return self.snapshot.pairs.get((source, target))

    def name_of(self, ref: NodeRef) -> str:
        """Return a node's name in lists; its ID when the picture does not hold it."""
        return self.names.get(ref) or str(ref.stable_id)

    def kind_of(self, ref: NodeRef) -> NodeKind:
        """Say what a node is to us."""
        tally = self.arriving.get(ref, NONE)
        if tally.failed and not tally.fresh and not self.leaving.get(ref, NONE).fresh:
            return NodeKind.DEAD
        host = self.hosts.get(ref)
        if host is None:
            return NodeKind.PEER
        return NodeKind.AGENT if host.state is HostState.OK else NodeKind.SILENT

    def relay_of(self, pair: Pair) -> NodeRef | None:
        """Find the node that relays a pair; None when nobody knows whose its address is."""
        return self.endpoints.get(address_of((pair.peer_relay or "").partition(":vni:")[0]))

    @property
    def answering(self) -> int:
        """Hosts that answer."""
        return sum(host.state is HostState.OK for host in self.snapshot.hosts)


def typical_ms(pair: Pair | None) -> float | None:
    """Return the round trip that a pair shows; None unless there is a fresh one."""
    return None if pair is None else number_of(pair)


def sum_up(pairs: tuple[Pair, ...], tally: Tally, host: Host | None = None) -> NodeSum:
    """Add up the pairs towards one node, of which it is known how they stand."""
    classes, fresh = tally.classes, tally.fresh
    times = [ms for pair in pairs if (ms := number_of(pair)) is not None] if fresh else []
    losses = [pair.loss for pair in pairs if pair.loss is not None]
    ages = [pair.age_s for pair in pairs if pair.age_s is not None]
    return NodeSum(
        state=_common_state(tally),
        path=min(classes, key=lambda path: (-classes[path], _BAD_FIRST[path]), default=PathKind.UNKNOWN),
        median_ms=median_high(times) if times else None,
        worst_ms=max(times, default=None),
        loss=sum(losses) / len(losses) if losses else None,
        age_s=min(ages, default=None),
        paths=frozenset(classes),
        fresh=fresh,
        stale=tally.stale,
        failed=tally.failed,
        never=tally.never,
        host=host,
    )


def _common_state(tally: Tally) -> SampleState:
    """Name the state of a node whose pairs stand so."""
    if tally.fresh:
        return SampleState.FRESH
    if tally.failed:
        return SampleState.FAILED
    return SampleState.STALE if tally.stale else SampleState.NEVER


def digest(snapshot: Snapshot, before: Digest | None = None) -> Digest:
    """Add up a whole picture; what it shares with the one of an earlier digest is not looked at again."""
    news = None if before is None else news_of(before.snapshot.pairs, snapshot.pairs)
    if before is None or news is None:
        places, codes, arriving, leaving, touched = *_counted(snapshot), None
    else:
        places, keys = before.places, before.places.keys
        codes, arriving, leaving = _recounted(before, news)
        touched = {keys[place][1] for place in news}
    hosts = {host.ref: host for host in snapshot.hosts if host.ref is not None}
    names, order = _listed(snapshot, hosts, before)
    sums = Sums(PairsOf(snapshot.pairs, places, places.arriving), arriving, hosts)
    if before is not None:
        sums.follow(before.sums, touched)
    nodes = snapshot.nodes
    spared = sum(tally.never for ref, tally in arriving.items() if _is_spared(nodes.get(ref)))
    return Digest(
        snapshot=snapshot,
        places=places,
        codes=codes,
        arriving=arriving,
        leaving=leaving,
        hosts=hosts,
        sums=sums,
        names=names,
        order=order,
        endpoints=_endpoints(snapshot, before, news),
        fresh_pairs=sum(tally.fresh for tally in leaving.values()),
        wanted_pairs=len(snapshot.pairs) - spared,
        news=news,
    )


def _counted(snapshot: Snapshot) -> tuple[Places, bytes, Tallies, Tallies]:
    """Count all pairs."""
    places = Places(snapshot.pairs)
    codes = bytes([code_of(pair) for pair in snapshot.pairs.values()])
    return places, codes, tallied(places.arriving, codes), tallied(places.leaving, codes)


def _recounted(before: Digest, news: Mapping[int, tuple[Pair, Pair]]) -> tuple[bytes, Tallies, Tallies]:
    """Count the pairs that stand otherwise than before."""
    codes, keys = bytearray(before.codes), before.places.keys
    left: list[tuple[NodeRef, int, int]] = []
    came: list[tuple[NodeRef, int, int]] = []
    for place, (_, pair) in news.items():
        old, new = codes[place], code_of(pair)
        if old != new:
            codes[place] = new
            source, target = keys[place]
            left.append((source, old, new))
            came.append((target, old, new))
    return bytes(codes) if left else before.codes, moved(before.arriving, came), moved(before.leaving, left)


def _listed(
    snapshot: Snapshot, hosts: Mapping[NodeRef, Host], before: Digest | None
) -> tuple[Mapping[NodeRef, str], tuple[NodeRef, ...]]:
    """Name the nodes and put them in order; as before where nothing has changed that decides on it."""
    if before is not None and _has_same_names(before.snapshot.nodes, snapshot.nodes):
        names = before.names
        if hosts.keys() == before.hosts.keys():
            return names, before.order
    else:
        names = _unique_names(snapshot.nodes.values())
    return names, tuple(sorted(snapshot.nodes, key=lambda ref: (ref not in hosts, by_value(names[ref]), ref)))


def _has_same_names(before: Mapping[NodeRef, Node], after: Mapping[NodeRef, Node]) -> bool:
    if len(before) != len(after):
        return False
    both = zip(before.values(), after.values(), strict=True)
    return all(old is new or (old.ref == new.ref and _named(old) == _named(new)) for old, new in both)


def _named(node: Node) -> tuple[str, str]:
    return node.name, node.host_name


def _endpoints(snapshot: Snapshot, before: Digest | None, news: Mapping[int, tuple[Pair, Pair]] | None) -> Whereabouts:
    nodes = snapshot.nodes.values()
    if before is None or news is None:
        return Whereabouts.read(nodes, snapshot.pairs.values())
    known = before.snapshot.nodes.values()
    is_same = len(nodes) == len(known) and not any(map(is_not, known, nodes))
    return before.endpoints.updated(None if is_same else nodes, news.values())


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


def _is_spared(node: Node | None) -> bool:
    """Whether a node is not probed unless named."""
    return node is not None and node.is_phone
