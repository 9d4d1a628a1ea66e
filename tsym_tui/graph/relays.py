"""Which node a peer relay is.

A pong names the relay by `ip:port:vni:N`, where the address is an endpoint of the relaying node, not always its
Tailscale address. So we look at who is reached directly at that address, and then whose site it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_tui.graph import edges as codes
from tsym_tui.graph.edges import Edges, Ints, Lines
from tsym_tui.graph.news import PairKey


class RelayFinder:
    """Finds relaying nodes by address; remembers what it found.

    Most tailnets have no peer relay, so nothing is gone through before a line names one.
    """

    def __init__(
        self,
        nodes: tuple[Node, ...],
        pairs: Mapping[PairKey, Pair],
        index: Mapping[NodeRef, int],
        found: Mapping[str, int] | None = None,
    ) -> None:
        """Take where to look, and what an earlier finder found that still holds."""
        self._nodes = nodes
        self._pairs = pairs
        self._index = index
        self._found = dict(found or {})

    def updated(
        self, nodes: tuple[Node, ...], pairs: Mapping[PairKey, Pair], news: Iterable[tuple[Pair, Pair]]
    ) -> tuple[RelayFinder, bool]:
        """Return the finder for newer nodes and pairs, and whether all that was found still holds.

        `news` are the pairs that changed, before and after.
        """
        if nodes is not self._nodes:
            return RelayFinder(nodes, pairs, self._index), False
        moved: set[str] = set()
        if self._found:
            for before, after in news:
                if before.endpoint != after.endpoint:
                    moved.update(_host_part(endpoint) for endpoint in (before.endpoint, after.endpoint) if endpoint)
        kept = {address: node for address, node in self._found.items() if address not in moved}
        return RelayFinder(nodes, pairs, self._index, kept), len(kept) == len(self._found)

    def find_all(self, edges: Edges, lines: Lines, among: Ints) -> dict[int, int]:
        """Return the relaying node's index for each of some lines that runs through a peer relay now; -1 = unknown."""
        relayed = among[(edges.state[among] == codes.FRESH) & (edges.path[among] == codes.PEER_RELAY)]
        addresses = {
            line: _host_part(pair.peer_relay.partition(":vni:")[0])
            for line, pair in lines.carriers(relayed, edges)
            if pair.peer_relay
        }
        self._learn(set(addresses.values()) - self._found.keys())
        return {line: self._found[address] for line, address in addresses.items()}

    def _learn(self, wanted: set[str]) -> None:
        """Find the nodes at some addresses: by their own, by where others reach them, by a site of one."""
        if not wanted:
            return
        by_address = {address: place for place, node in enumerate(self._nodes) for address in node.addresses}
        by_endpoint: dict[str, Counter[int]] = {}
        for pair in self._pairs.values():
            if pair.endpoint and (address := _host_part(pair.endpoint)) in wanted and pair.target in self._index:
                by_endpoint.setdefault(address, Counter())[self._index[pair.target]] += 1
        by_site: dict[str, list[int]] = {}
        for place, node in enumerate(self._nodes):
            for word in (node.site or "").split():
                by_site.setdefault(word, []).append(place)
        for address in wanted:
            if address in by_address:
                self._found[address] = by_address[address]
            elif address in by_endpoint:
                self._found[address] = by_endpoint[address].most_common(1)[0][0]
            else:
                there = by_site.get(address, [])
                self._found[address] = there[0] if len(there) == 1 else -1


def every(edges: Edges) -> Ints:
    """Return the indices of all lines."""
    return np.arange(len(edges), dtype=np.int32)


def _host_part(endpoint: str) -> str:
    return endpoint.rpartition(":")[0].strip("[]")
