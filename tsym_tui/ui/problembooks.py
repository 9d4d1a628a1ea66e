"""What was found wrong in a picture, kept for the next one: what has not changed need not be told anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.problemvalues import Kind, Problem
from tsym_tui.ui.tallies import code_of

if TYPE_CHECKING:
    from tsym_tui.ui.problempairs import Trouble


class ProblemBook:
    """Troubles of pairs and problems of nodes and hosts, for one digest; the next one's follows it."""

    def __init__(self) -> None:
        self.troubles: dict[int, Trouble | None] = {}
        """By place; None = the better direction speaks for the pair."""
        self._rows: dict[tuple[NodeRef, Kind], Problem] = {}
        self._nodes: dict[NodeRef, tuple[Node, Problem | None]] = {}
        self._grounds: tuple[object, object, tuple[Hashable, ...]] = (None, None, ())

    def followed(self, digest: Digest) -> ProblemBook:
        """Return the book for the digest that follows this one's."""
        book = ProblemBook()
        if digest.news is None:
            return book
        keys, first = digest.places.keys, digest.places.first
        book.troubles = dict(self.troubles)
        for place in digest.news:
            book.troubles.pop(first(place), None)
        moved = [keys[place] for place, (old, new) in digest.news.items() if not _only_older(old, new)]
        sources, targets = {source for source, _ in moved}, {target for _, target in moved}
        book._rows = {key: problem for key, problem in self._rows.items() if key[0] not in sources}
        book._nodes = {ref: known for ref, known in self._nodes.items() if ref not in targets}
        book._grounds = self._grounds
        return book

    def stand_on(self, digest: Digest, *grounds: Hashable) -> None:
        """Forget what was told of hosts and nodes if it stood on other grounds: names, relays, or what was given."""
        relays = any(tally.classes.get(PathKind.PEER_RELAY) for tally in digest.leaving.values())
        ours = (digest.names, digest.endpoints if relays else None, grounds)
        before, self._grounds = self._grounds, ours
        if before[0] is not ours[0] or before[1] is not ours[1] or before[2] != grounds:
            self._rows, self._nodes = {}, {}

    def row(self, ref: NodeRef, kind: Kind, tell: Callable[[], Problem]) -> Problem:
        """Return the problem of a host's row, told only if it is not known."""
        if (ref, kind) not in self._rows:
            self._rows[ref, kind] = tell()
        return self._rows[ref, kind]

    def node(self, node: Node, tell: Callable[[], Problem | None]) -> Problem | None:
        """Return what the pairs towards a node show, told only if it is not known."""
        known = self._nodes.get(node.ref)
        if known is None or known[0] is not node:
            known = self._nodes[node.ref] = (node, tell())
        return known[1]


def _only_older(old: Pair, new: Pair) -> bool:
    """Whether nothing that problems speak of has changed in a pair."""
    return (
        code_of(old) == code_of(new)
        and (old.p50_ms, old.latency_ms) == (new.p50_ms, new.latency_ms)
        and (old.path, old.derp_region, old.peer_relay) == (new.path, new.derp_region, new.peer_relay)
    )
