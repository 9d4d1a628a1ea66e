"""The tailnet as a graph: nodes by index, one line for both directions of a pair, and what the lines run through.

Index arrays are the source of truth, because drawing and layouts work on them; `networkx()` makes a graph of it when an
algorithm wants one. A graph is made from a snapshot and never changes; `updated` makes the next one out of it, and only
what differs between the two snapshots costs. numpy is imported here, so importers load this module when they draw, not
when they start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import is_not
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph import edges as codes
from tsym_tui.graph.edges import Edges, Ints, Lines, join, merge, read_pairs
from tsym_tui.graph.groups import SITES_FIRST, Criterion, Grouping, group_as_asked, group_nodes
from tsym_tui.graph.looks import NodeKind
from tsym_tui.graph.news import PairKey, news_of
from tsym_tui.graph.relays import RelayFinder, every

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["Edges", "Ints", "TailnetGraph"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TailnetGraph:
    """Nodes, lines, and what lines run through. Positions and looks are somebody else's."""

    nodes: tuple[Node, ...]
    """In the order of the snapshot."""
    names: tuple[str, ...]
    """One for each node: short, and unlike the nodes' own names unique."""
    kinds: tuple[NodeKind, ...]
    edges: Edges
    """What is known of each line, as arrays."""
    lines: Lines
    """The same as values, made when asked for; `there` runs from `ends[0]`."""
    regions: tuple[str, ...]
    """Codes of the DERP regions that fresh lines run through, by name."""
    line_region: Ints
    """Position in `regions` of each line's region; -1 = none."""
    line_relay: Ints
    """Node index of each line's peer relay; -1 = none, or nobody knows which node it is."""
    index: Mapping[NodeRef, int]
    _relays: RelayFinder
    _pairs: Mapping[PairKey, Pair]
    _hosts: tuple[Host, ...]
    derived: dict[object, object] = field(default_factory=dict)
    """What others computed from this graph and want back next frame, by a key of theirs."""
    lineage: dict[object, object] = field(default_factory=dict)
    """The same for what outlives a change: all graphs that were made out of each other share it."""
    _groupings: dict[object, Grouping] = field(default_factory=dict)

    @classmethod
    def from_snapshot(cls, snapshot: Snapshot) -> TailnetGraph:
        """Read a snapshot. Pairs of nodes that the snapshot hides are left out."""
        nodes = tuple(snapshot.nodes.values())
        index = {node.ref: position for position, node in enumerate(nodes)}
        source, target, sides = read_pairs(snapshot.pairs.values(), index)
        edges = merge(*join(source, target, len(nodes)), sides)
        refs = tuple(index)
        lines = Lines(edges, refs, snapshot.pairs)
        region_codes = _region_codes(edges, lines, every(edges))
        regions = tuple(sorted(set(region_codes.values())))
        relays = RelayFinder(nodes, snapshot.pairs, index)
        return cls(
            nodes=nodes,
            names=_unique_names(nodes),
            kinds=_node_kinds(snapshot, refs, edges),
            edges=edges,
            lines=lines,
            regions=regions,
            line_region=_numbers(len(edges), {line: regions.index(code) for line, code in region_codes.items()}),
            line_relay=_numbers(len(edges), relays.find_all(edges, lines, every(edges))),
            index=index,
            _relays=relays,
            _pairs=snapshot.pairs,
            _hosts=snapshot.hosts,
        )

    def updated(self, snapshot: Snapshot) -> TailnetGraph:
        """Return the graph of a newer snapshot, sharing with this one all that did not change.

        Where the same nodes and pairs are there, only the lines whose pairs are other objects are read anew; finding
        them takes some 10 ms for a quarter of a million pairs. This graph itself comes back when nothing changed.
        """
        nodes = tuple(snapshot.nodes.values())
        if len(nodes) != len(self.nodes):
            return self._rebuilt(snapshot)
        if any(map(is_not, nodes, self.nodes)) and tuple(node.ref for node in nodes) != tuple(self.index):
            return self._rebuilt(snapshot)
        news = news_of(self._pairs, snapshot.pairs)
        if news is None:
            return self._rebuilt(snapshot)
        return self._with(snapshot, nodes, news)

    def _with(self, snapshot: Snapshot, nodes: tuple[Node, ...], news: Mapping[int, tuple[Pair, Pair]]) -> TailnetGraph:
        """Return the graph with some nodes and pairs renewed; `news` are by place in the snapshot."""
        same_nodes = not any(map(is_not, nodes, self.nodes))
        if same_nodes and not news and snapshot.hosts == self._hosts:
            self._rebase(snapshot)
            return self
        touched = self.edges.of_pairs(list(news), len(snapshot.pairs))
        lines = Lines(self.edges, tuple(self.index), snapshot.pairs)
        edges = _reread(self.edges, lines, touched) if len(touched) else self.edges
        untouched = set(self.lines.kept) - set(touched.tolist())
        lines.inherit(self.lines, {position: position for position in untouched})
        nodes = self.nodes if same_nodes else nodes
        relays, still_holds = self._relays.updated(nodes, snapshot.pairs, news.values())
        doubted = touched if still_holds else every(edges)
        regions, line_region = self._regions_with(edges, lines, touched)
        kinds = self.kinds
        if snapshot.hosts != self._hosts or _have_turned(self.edges, edges, touched):
            kinds = _node_kinds(snapshot, tuple(self.index), edges)
        return TailnetGraph(
            nodes=nodes,
            names=self.names if same_nodes else _unique_names(nodes),
            kinds=self.kinds if kinds == self.kinds else kinds,
            edges=edges,
            lines=lines,
            regions=regions,
            line_region=line_region,
            line_relay=_renumbered(self.line_relay, doubted, relays.find_all(edges, lines, doubted)),
            index=self.index,
            _relays=relays,
            _pairs=snapshot.pairs,
            _hosts=snapshot.hosts,
            lineage=self.lineage,
            _groupings=self._groupings if same_nodes else {},
        )

    def _regions_with(self, edges: Edges, lines: Lines, touched: Ints) -> tuple[tuple[str, ...], Ints]:
        """Return the regions and each line's, where some lines may run through others now."""
        fresh = _region_codes(edges, lines, touched)
        names = (*self.regions, None)
        before = [names[region] for region in self.line_region[touched].tolist()]
        if before == [fresh.get(line) for line in touched.tolist()]:
            return self.regions, self.line_region
        known = sorted({*self.regions, *fresh.values()})
        into = np.array([*(known.index(code) for code in self.regions), -1], dtype=np.int32)
        places = {line: known.index(code) for line, code in fresh.items()}
        line_region = _renumbered(into[self.line_region], touched, places)
        used = np.flatnonzero(np.bincount(line_region[line_region >= 0], minlength=len(known)))
        onto = np.full(len(known) + 1, -1, dtype=np.int32)
        onto[used] = np.arange(len(used))
        return tuple(known[position] for position in used.tolist()), onto[line_region]

    def _rebuilt(self, snapshot: Snapshot) -> TailnetGraph:
        """Read a snapshot of other nodes or pairs; lines that stayed the same keep their values."""
        graph = replace(TailnetGraph.from_snapshot(snapshot), lineage=self.lineage)
        refs, places = tuple(self.index), {}
        for before in self.lines.kept:
            ends = (refs[int(self.edges.first[before])], refs[int(self.edges.second[before])])
            if all(self._pairs.get(key) is snapshot.pairs.get(key) for key in (ends, ends[::-1])):
                now = graph.line_between(*ends)
                if now is not None and graph.index[ends[0]] < graph.index[ends[1]]:
                    places[before] = now
        graph.lines.inherit(self.lines, places)
        return graph

    def _rebase(self, snapshot: Snapshot) -> None:
        """Let go of the mappings of an older snapshot that says the same."""
        self.lines.rebase(snapshot.pairs)
        object.__setattr__(self, "_pairs", snapshot.pairs)
        object.__setattr__(self, "_hosts", snapshot.hosts)

    @property
    def ends(self) -> tuple[Ints, Ints]:
        """Node index of each line's two ends."""
        return self.edges.first, self.edges.second

    @cached_property
    def probed(self) -> Flags:
        """Which lines somebody has probed or knows something of: those that have a look."""
        return np.asarray(self.edges.state != codes.NEVER)

    @cached_property
    def pull(self) -> NDArray[np.float64]:
        """How hard each line pulls its ends together in a layout: a fast line harder, a dead one hardly."""
        latency_ms = np.nan_to_num(self.edges.latency_ms, nan=50.0)
        return np.where(self.edges.state == codes.FRESH, 0.5 + 8.0 / (1.0 + latency_ms / 5.0), 0.2)

    def grouping(self, order: tuple[Criterion, ...] = SITES_FIRST) -> Grouping:
        """Return which nodes belong together, by the first criterion that tells them apart."""
        if order not in self._groupings:
            self._groupings[order] = group_nodes(self.nodes, order)
        return self._groupings[order]

    def grouped(self, by: Criterion | None) -> Grouping:
        """Return the groups of the criterion that a person chose; of the one that tells most for None."""
        if by not in self._groupings:
            self._groupings[by] = group_as_asked(self.nodes, by)
        return self._groupings[by]

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

        The weight is what pulls two nodes together in a layout.
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


def _numbers(count: int, known: Mapping[int, int]) -> Ints:
    """Return -1 for each line but those that are known."""
    return _renumbered(np.full(count, -1, dtype=np.int32), np.empty(0, dtype=np.int32), known)


def _renumbered(column: Ints, cleared: Ints, known: Mapping[int, int]) -> Ints:
    """Return a column in which some lines have no number any more, and some a new one."""
    made = column.copy()
    made[cleared] = -1
    made[list(known)] = list(known.values())
    return made


def _have_turned(before: Edges, after: Edges, touched: Ints) -> bool:
    """Whether some lines answer now that did not, or the other way round."""
    columns = ((before.state, after.state), (before.fails, after.fails))
    return any((old[touched] != new[touched]).any() for old, new in columns)


def _reread(edges: Edges, lines: Lines, touched: Ints) -> Edges:
    """Merge some lines anew."""
    pairs: list[Pair] = []
    positions = np.full((2, len(touched)), -1, dtype=np.int32)
    for column, line in enumerate(touched.tolist()):
        for side, pair in enumerate(lines.directions(line)):
            if pair is not None:
                positions[side, column] = len(pairs)
                pairs.append(pair)
    _, _, sides = read_pairs(pairs, {})
    ends = edges.first[touched], edges.second[touched]
    return edges.with_lines(touched, merge(*ends, positions[0], positions[1], sides))


def _region_codes(edges: Edges, lines: Lines, among: Ints) -> dict[int, str]:
    """Return the region of each of some lines that runs through one now."""
    relayed = among[(edges.state[among] == codes.FRESH) & (edges.path[among] == codes.DERP)]
    return {line: pair.derp_region for line, pair in lines.carriers(relayed, edges) if pair.derp_region}


def _unique_names(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Shorten names to their first label where that is unique, else keep more of them."""
    labels = [node.short_name for node in nodes]
    short = Counter(labels)
    full = Counter(node.name for node in nodes)
    names = []
    for node, label in zip(nodes, labels, strict=True):
        if short[label] == 1:
            names.append(label)
        elif full[node.name] == 1:
            names.append(node.name)
        else:
            names.append(f"{label}#{node.ref.stable_id}")
    return tuple(names)


def _node_kinds(snapshot: Snapshot, refs: Sequence[NodeRef], edges: Edges) -> tuple[NodeKind, ...]:
    """Say what each node is; a node is dead when somebody probes it, nobody is answered, and it reaches nobody."""
    dead = np.zeros(len(refs), dtype=bool)
    dead[edges.second[edges.fails & 1 > 0]] = True
    dead[edges.first[edges.fails & 2 > 0]] = True
    fresh = edges.state == codes.FRESH
    dead[edges.first[fresh]] = False
    dead[edges.second[fresh]] = False
    known = {host.ref: NodeKind.SILENT for host in snapshot.hosts if host.ref is not None}
    known |= {host.ref: NodeKind.AGENT for host in snapshot.hosts if host.ref and host.state is HostState.OK}
    kinds = [known.get(ref, NodeKind.PEER) for ref in refs]
    for node in np.flatnonzero(dead).tolist():
        kinds[node] = NodeKind.DEAD
    return tuple(kinds)
