"""The tailnet as a graph: nodes by index, one line for both directions of a pair, and what the lines run through.

Index arrays are the source of truth, because drawing and layouts work on them; `networkx()` makes a graph of it when an
algorithm wants one. Built from a snapshot and never changed. numpy is imported here, so importers load this module when
they draw, not when they start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.groups import SITES_FIRST, Criterion, Grouping, group_nodes
from tsym_tui.graph.looks import Line, NodeKind, combine

if TYPE_CHECKING:
    import networkx as nx

Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class TailnetGraph:
    """Nodes, lines, and what lines run through. Positions and looks are somebody else's."""

    nodes: tuple[Node, ...]
    """In the order of the snapshot."""
    names: tuple[str, ...]
    """One for each node: short, and unlike the nodes' own names unique."""
    kinds: tuple[NodeKind, ...]
    lines: tuple[Line, ...]
    """One for each two nodes that anybody knows a pair of, also the never probed; `there` runs from `ends[0]`."""
    ends: tuple[Ints, Ints]
    """Node index of each line's two ends."""
    regions: tuple[str, ...]
    """Codes of the DERP regions that fresh lines run through, by name."""
    line_region: Ints
    """Position in `regions` of each line's region; -1 = none."""
    line_relay: Ints
    """Node index of each line's peer relay; -1 = none, or nobody knows which node it is."""
    index: Mapping[NodeRef, int]
    derived: dict[object, object] = field(default_factory=dict)
    """What others computed from this graph and want back next frame, by a key of theirs."""
    _groupings: dict[tuple[Criterion, ...], Grouping] = field(default_factory=dict)

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> TailnetGraph:
        """Read a snapshot. Pairs of nodes that the snapshot hides are left out."""
        nodes = tuple(snapshot.nodes.values())
        index = {node.ref: position for position, node in enumerate(nodes)}
        first, second, lines = _merge_directions(snapshot.pairs, index)
        codes = [_region_of(line) for line in lines]
        regions = tuple(sorted({code for code in codes if code}))
        relays = _RelayFinder(nodes, snapshot.pairs.values(), index)
        return cls(
            nodes=nodes,
            names=_unique_names(nodes),
            kinds=_node_kinds(snapshot, nodes, lines, (first, second)),
            lines=tuple(lines),
            ends=(_ints(first), _ints(second)),
            regions=regions,
            line_region=_ints([regions.index(code) if code else -1 for code in codes]),
            line_relay=_ints([relays.find(line) for line in lines]),
            index=index,
        )

    @property
    def probed(self) -> NDArray[np.bool_]:
        """Which lines somebody has probed or knows something of: those that have a look."""
        known = self.derived.get("probed")
        if not isinstance(known, np.ndarray):
            known = np.array([line.state is not SampleState.NEVER for line in self.lines], dtype=bool)
            self.derived["probed"] = known
        return known

    @property
    def pull(self) -> NDArray[np.float64]:
        """How hard each line pulls its ends together in a layout: a fast line harder, a dead one hardly."""
        known = self.derived.get("pull")
        if not isinstance(known, np.ndarray):
            known = np.array([_pull(line) for line in self.lines], dtype=np.float64)
            self.derived["pull"] = known
        return known

    def grouping(self, order: tuple[Criterion, ...] = SITES_FIRST) -> Grouping:
        """Return which nodes belong together, by the first criterion that tells them apart."""
        if order not in self._groupings:
            self._groupings[order] = group_nodes(self.nodes, order)
        return self._groupings[order]

    def line_between(self, one: NodeRef, other: NodeRef) -> int | None:
        """Return the index of the line between two nodes, in either order; None when there is none."""
        here, there = self.index.get(one), self.index.get(other)
        if here is None or there is None:
            return None
        first, second = self.ends
        found = np.flatnonzero((first == min(here, there)) & (second == max(here, there)))
        return int(found[0]) if found.size else None

    def lines_of(self, node: int) -> list[int]:
        """Return the indices of the lines at a node."""
        first, second = self.ends
        return [int(line) for line in np.flatnonzero((first == node) | (second == node))]

    def other_end(self, line: int, node: int) -> int:
        """Return the far end of a line as seen from one of its nodes."""
        first, second = int(self.ends[0][line]), int(self.ends[1][line])
        return second if first == node else first

    def networkx(self) -> nx.Graph:
        """Make an undirected graph of it: node indices with `name`, edges with `line` (index) and `weight`.

        The weight is what pulls two nodes together in a layout: a fast line pulls harder, a dead one hardly.
        """
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from((position, {"name": name}) for position, name in enumerate(self.names))
        first, second = self.ends
        graph.add_edges_from(
            (a, b, {"line": position, "weight": weight})
            for position, (a, b, weight, probed) in enumerate(
                zip(first.tolist(), second.tolist(), self.pull.tolist(), self.probed.tolist(), strict=True)
            )
            if probed
        )
        return graph


def _ints(numbers: list[int]) -> Ints:
    return np.asarray(numbers, dtype=np.int32)


def _merge_directions(
    pairs: Mapping[tuple[NodeRef, NodeRef], Pair], index: Mapping[NodeRef, int]
) -> tuple[list[int], list[int], list[Line]]:
    """Merge ordered pairs into lines, the lower node index first."""
    sides: dict[tuple[int, int], list[Pair | None]] = {}
    for (source, target), pair in pairs.items():
        here, there = index.get(source), index.get(target)
        if here is None or there is None or here == there:
            continue
        forward = here < there
        both = sides.setdefault((here, there) if forward else (there, here), [None, None])
        both[0 if forward else 1] = pair
    first, second, lines = [], [], []
    for (here, there), (forth, back) in sides.items():
        first.append(here)
        second.append(there)
        lines.append(combine(forth, back))
    return first, second, lines


def _region_of(line: Line) -> str | None:
    if line.path is not PathKind.DERP or line.state is not SampleState.FRESH:
        return None
    return line.carrier.derp_region if line.carrier else None


def _pull(line: Line) -> float:
    if line.state is not SampleState.FRESH:
        return 0.2
    return 0.5 + 8.0 / (1.0 + (50.0 if line.latency_ms is None else line.latency_ms) / 5.0)


def _unique_names(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Shorten names to their first label where that is unique, else keep more of them."""
    short = Counter(node.short_name for node in nodes)
    full = Counter(node.name for node in nodes)
    names = []
    for node in nodes:
        if short[node.short_name] == 1:
            names.append(node.short_name)
        elif full[node.name] == 1:
            names.append(node.name)
        else:
            names.append(f"{node.short_name}#{node.ref.stable_id}")
    return tuple(names)


def _node_kinds(
    snapshot: Snapshot, nodes: tuple[Node, ...], lines: list[Line], ends: tuple[list[int], list[int]]
) -> tuple[NodeKind, ...]:
    """Say what each node is; a node is dead when somebody probes it, nobody is answered, and it reaches nobody."""
    failed: set[int] = set()
    alive: set[int] = set()
    for first, second, line in zip(*ends, lines, strict=True):
        if line.state is SampleState.FRESH:
            alive.update((first, second))
        for target, pair in ((second, line.there), (first, line.back)):
            if pair is not None and pair.state is SampleState.FAILED:
                failed.add(target)
    answering = {host.ref for host in snapshot.hosts if host.state is HostState.OK}
    vantages = snapshot.vantages
    kinds = []
    for position, node in enumerate(nodes):
        if position in failed - alive:
            kinds.append(NodeKind.DEAD)
        elif node.ref in answering:
            kinds.append(NodeKind.AGENT)
        else:
            kinds.append(NodeKind.SILENT if node.ref in vantages else NodeKind.PEER)
    return tuple(kinds)


class _RelayFinder:
    """Which node a peer relay is.

    A pong names the relay by `ip:port:vni:N`, where the address is an endpoint of the relaying node, not always its
    Tailscale address. So we look at who is reached directly at that address, and then whose site it is.
    """

    def __init__(self, nodes: tuple[Node, ...], pairs: Iterable[Pair], index: Mapping[NodeRef, int]) -> None:
        self._by_address = {address: position for position, node in enumerate(nodes) for address in node.addresses}
        self._by_endpoint: dict[str, Counter[int]] = {}
        self._by_site: dict[str, list[int]] = {}
        for pair in pairs:
            if pair.endpoint and pair.target in index:
                self._by_endpoint.setdefault(_host_part(pair.endpoint), Counter())[index[pair.target]] += 1
        for position, node in enumerate(nodes):
            for word in (node.site or "").split():
                self._by_site.setdefault(word, []).append(position)

    def find(self, line: Line) -> int:
        if line.path is not PathKind.PEER_RELAY or line.state is not SampleState.FRESH:
            return -1
        carrier = line.carrier
        if carrier is None or not carrier.peer_relay:
            return -1
        address = _host_part(carrier.peer_relay.partition(":vni:")[0])
        if address in self._by_address:
            return self._by_address[address]
        if address in self._by_endpoint:
            return self._by_endpoint[address].most_common(1)[0][0]
        there = self._by_site.get(address, [])
        return there[0] if len(there) == 1 else -1


def _host_part(endpoint: str) -> str:
    return endpoint.rpartition(":")[0].strip("[]")
