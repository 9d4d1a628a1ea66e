"""Nodes out of views: who is there, who is shown, and which pairs follow from that.

Only nodes whose sight changed at some host are merged again, and no more than a few at a time, since fifty hosts that
see a thousand peers make fifty thousand sights.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tsym_agent.model.ids import NodeRef, Tailnet
from tsym_agent.model.nodes import Node
from tsym_agent.probe.plan import PairKey, is_probed, is_shown
from tsym_tui.fleet.merge import merge_node
from tsym_tui.fleet.sites import Sighting, find_sites, sightings_of
from tsym_tui.fleet.views import View


class Assembly:
    """All nodes that any host knows."""

    def __init__(self, *, everything: bool = False) -> None:
        self._everything = everything
        self._all: dict[NodeRef, Node] = {}
        self._dirty: dict[NodeRef, None] = {}
        self._sites: dict[NodeRef, str] = {}
        self._sightings: frozenset[Sighting] = frozenset()
        """What the sites were last found from."""
        self._named: set[NodeRef] = set()
        self.is_reshaped = False
        """Whether nodes came, went, or are listed or probed otherwise than when they were last `arranged`."""

    @property
    def is_dirty(self) -> bool:
        """Whether some nodes wait to be merged anew."""
        return bool(self._dirty)

    @property
    def size(self) -> int:
        """How many nodes there are, hidden ones too."""
        return len(self._all)

    def touch(self, refs: Iterable[NodeRef]) -> None:
        """Note that hosts say something new of these nodes."""
        self._dirty.update(dict.fromkeys(refs))

    def name(self, refs: Iterable[NodeRef]) -> None:
        """Show and probe these nodes although they are hidden or phones: somebody asked for them by name."""
        self._named |= set(refs)
        self.is_reshaped = True

    def node(self, ref: NodeRef) -> Node | None:
        """Return a node, hidden or not."""
        return self._all.get(ref)

    def everyone(self) -> tuple[Node, ...]:
        """Return all nodes, hidden ones too."""
        return tuple(self._all.values())

    def arranged(self) -> tuple[NodeRef, ...]:
        """Return the nodes that lists show, in order: by tailnet and name."""
        self.is_reshaped = False
        nodes = (node for node in self._all.values() if self._is_shown(node))
        return tuple(node.ref for node in sorted(nodes, key=lambda node: (node.ref.tailnet, node.name, node.ref)))

    def nodes(self, refs: Iterable[NodeRef]) -> dict[NodeRef, Node]:
        """Return these nodes, each as it is now; those that have gone are left out."""
        known = self._all
        return {ref: known[ref] for ref in refs if ref in known}

    def waiting(self, among: Iterable[NodeRef] | None = None, *, most: int | None = None) -> list[NodeRef]:
        """Return which nodes wait to be merged anew, or which of some do; at most so many."""
        refs = self._dirty if among is None else (ref for ref in among if ref in self._dirty)
        return list(itertools.islice(refs, most))

    def renew(self, views: Sequence[View], refs: Iterable[NodeRef]) -> set[NodeRef]:
        """Merge these nodes anew.

        Return the ones that went on or off line or got other addresses: their pairs deserve a look.
        """
        moved = set()
        for ref in dict.fromkeys(refs):
            self._dirty.pop(ref, None)
            before, after = self._all.get(ref), merge_node(ref, views, self._sites.get(ref))
            if after is None:
                self._all.pop(ref, None)
            else:
                self._all[ref] = after
            self.is_reshaped = self.is_reshaped or self._shape(before) != self._shape(after)
            if before and after and (before.online, before.addresses) != (after.online, after.addresses):
                moved.add(ref)
        return moved

    def _shape(self, node: Node | None) -> tuple[str, bool, bool] | None:
        """Return what of a node decides on lists and pairs."""
        return (node.name, self._is_shown(node), self._is_probed(node)) if node else None

    def _is_shown(self, node: Node) -> bool:
        return node.ref in self._named or is_shown(node, everything=self._everything)

    def _is_probed(self, node: Node) -> bool:
        return is_probed(node, named=node.ref in self._named, everything=self._everything)

    def note_sites(self, views: Sequence[View], sightings: Iterable[Sighting] = ()) -> bool:
        """Learn where nodes stand and say whether that is news.

        A place once found is kept, for the path that showed it may be idle now.
        """
        seen = frozenset((*sightings, *sightings_of(views)))
        if _has_only_faded(self._sightings, seen):
            return False
        self._sightings = seen
        news = {ref: site for ref, site in find_sites(views, seen).items() if self._sites.get(ref) != site}
        self._sites |= news
        for ref, site in news.items():
            if node := self._all.get(ref):
                self._all[ref] = msgspec.structs.replace(node, site=site)
        return bool(news)

    def probed(self) -> frozenset[NodeRef]:
        """Return the nodes that probes may go to."""
        return frozenset(ref for ref, node in self._all.items() if self._is_probed(node))


def _has_only_faded(before: frozenset[Sighting], after: frozenset[Sighting]) -> bool:
    """Whether a look shows nothing but less: paths idle, or a host that lost endpoints of its own for a while.

    A path that is still there and was seen at two addresses has moved when one of them goes: that is news.
    """
    if not after <= before:
        return False
    moving = {(host, peer) for host, peer, _ in before - after if host != peer}
    return not moving or all((host, peer) not in moving for host, peer, _ in after)


def by_tailnet(targets: Iterable[NodeRef]) -> Mapping[Tailnet, Sequence[NodeRef]]:
    """Sort nodes by their tailnets."""
    sorted_nodes: defaultdict[Tailnet, list[NodeRef]] = defaultdict(list)
    for target in targets:
        sorted_nodes[target.tailnet].append(target)
    return sorted_nodes


def pairs_from(source: NodeRef, targets: Mapping[Tailnet, Sequence[NodeRef]]) -> list[PairKey]:
    """Return the pairs of one host, to all nodes of its tailnet: tailnets are never joined."""
    return [(source, target) for target in targets.get(source.tailnet, ()) if target != source]
