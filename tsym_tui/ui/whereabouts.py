"""Whose an address is: Tailscale addresses, and those where a node was reached directly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair


class Whereabouts(Mapping[str, NodeRef]):
    """Nodes by address; an address behind which several nodes were reached is nobody's."""

    def __init__(self, own: Mapping[str, NodeRef], reached: Mapping[str, Mapping[NodeRef, int]]) -> None:
        self.own = own
        """By Tailscale address."""
        self.reached = reached
        """Which nodes were reached at an address, each by how many hosts."""

    def __getitem__(self, address: str) -> NodeRef:
        """Return the one node; raises `KeyError` where there is none, or there are several."""
        if address in self.own:
            return self.own[address]
        there = self.reached[address]
        if len(there) != 1:
            raise KeyError(address)
        return next(iter(there))

    def __iter__(self) -> Iterator[str]:
        """Go through the addresses that are somebody's."""
        yield from self.own
        yield from (at for at, there in self.reached.items() if len(there) == 1 and at not in self.own)

    def __len__(self) -> int:
        """Count them."""
        return sum(1 for _ in self)

    @classmethod
    def read(cls, nodes: Iterable[Node], pairs: Iterable[Pair]) -> Whereabouts:
        """Learn all there is to learn."""
        return cls(_own(nodes), _moved({}, (), pairs))

    def updated(self, nodes: Iterable[Node] | None, news: Iterable[tuple[Pair, Pair]]) -> Whereabouts:
        """Return what is known after a change; `nodes` are all of them, None = as before."""
        moves = [pair for pair in news if pair[0].endpoint != pair[1].endpoint]
        if nodes is None and not moves:
            return self
        own = self.own if nodes is None else _own(nodes)
        reached = _moved(self.reached, [old for old, _ in moves], [new for _, new in moves]) if moves else self.reached
        return self if reached is self.reached and own == self.own else Whereabouts(own, reached)


def address_of(endpoint: str) -> str:
    """Cut the port from an endpoint."""
    return endpoint.rpartition(":")[0].strip("[]")


def _own(nodes: Iterable[Node]) -> dict[str, NodeRef]:
    return {address: node.ref for node in nodes for address in node.addresses}


def _moved(
    reached: Mapping[str, Mapping[NodeRef, int]], gone: Iterable[Pair], come: Iterable[Pair]
) -> dict[str, Mapping[NodeRef, int]]:
    """Return who was reached where, without some pairs and with some others; what was known before stays as it is."""
    after = dict(reached)
    for pairs, step in ((gone, -1), (come, 1)):
        for pair in pairs:
            if pair.endpoint:
                address = address_of(pair.endpoint)
                there = dict(after.get(address, ()))
                there[pair.target] = there.get(pair.target, 0) + step
                if not there[pair.target]:
                    del there[pair.target]
                after[address] = there
    return {address: there for address, there in after.items() if there} if gone else after
