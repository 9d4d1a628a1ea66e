"""What a person is looking at: the picture, and what they chose to see of it. Pure; every screen draws from one `View`.

Selection, filter and sorting survive every new picture: nodes are remembered by key, and when the selected node leaves
the tailnet the one that takes its place in the list is selected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.fleet.filters import Filter
from tsym_tui.ui.digests import Digest, digest
from tsym_tui.ui.problembooks import ProblemBook
from tsym_tui.ui.problems import Problem, find_problems
from tsym_tui.ui.rows.faces import Face, face_of
from tsym_tui.ui.rows.header import Mood
from tsym_tui.ui.rows.nodelines import TableLine, TableState, stops


class Picture(msgspec.Struct, frozen=True):
    """A snapshot and everything that is derived from it once."""

    digest: Digest
    problems: tuple[Problem, ...] = ()
    book: ProblemBook = msgspec.field(default_factory=ProblemBook)
    """What was found wrong, for the next picture."""

    @property
    def snapshot(self) -> Snapshot:
        """What it was made from."""
        return self.digest.snapshot


def read_picture(snapshot: Snapshot, before: Picture | None = None) -> Picture:
    """Derive what screens need; takes a while on a large tailnet, so it runs in a thread.

    What a snapshot shares with that of an earlier picture is taken over from there.
    """
    sums = digest(snapshot, None if before is None else before.digest)
    book = ProblemBook() if before is None else before.book.followed(sums)
    return Picture(sums, find_problems(sums, book), book)


@dataclass(slots=True)
class View:
    """The state of looking."""

    picture: Picture | None = None
    trouble: str | None = None
    """Why there is no picture, or no newer one."""
    filter: Filter = field(default_factory=Filter)
    only_problems: bool = False
    is_paused: bool = False
    node: NodeRef | None = None
    """The selected node."""
    peer: NodeRef | None = None
    """The other end of the selected pair; None = a node is selected, no pair."""
    marked: set[NodeRef] = field(default_factory=set)
    """Hosts that commands run on; none = on all."""
    hides_names: bool = False
    """Whether the picture carries pseudonyms; see `hiding`."""
    words: Callable[[str], str] = str
    """Hides names in a text that did not come with the picture, while they are hidden."""
    sort: tuple[str, bool] | None = None
    """Letter of the column that the table is sorted by, and whether it is turned round."""
    groups: TableState = field(default_factory=TableState)
    """How the table is grouped, and which groups are folded."""
    _listed: tuple[NodeRef, ...] = ()
    _narrowed: Snapshot | None = None

    @property
    def digest(self) -> Digest | None:
        """The sums of the picture."""
        return None if self.picture is None else self.picture.digest

    @property
    def face(self) -> Face:
        """Which face the screens show."""
        return face_of(self.digest, self.trouble)

    @property
    def mood(self) -> Mood:
        """How alive the picture is."""
        if self.is_paused:
            return Mood.PAUSED
        if self.trouble is not None:
            return Mood.ENDED
        if self.picture is None:
            return Mood.CONNECTING
        states = {host.state for host in self.picture.snapshot.hosts}
        if HostState.OK in states:
            return Mood.LIVE
        return Mood.CONNECTING if HostState.CONNECTING in states else Mood.SILENT

    @property
    def listed(self) -> tuple[NodeRef, ...]:
        """The nodes that filter and `!` leave, in the order of lists."""
        return self._listed

    @property
    def table_lines(self) -> tuple[TableLine, ...]:
        """The lines of the table: nodes in its order, under their groups."""
        return () if self.digest is None else self.groups.lines(self.digest, self._listed, self.sort)

    @property
    def table(self) -> list[NodeRef]:
        """The nodes that the table's cursor goes through."""
        return stops(self.table_lines, self.node)

    @property
    def pair(self) -> tuple[NodeRef, NodeRef] | None:
        """The selected pair."""
        return None if self.node is None or self.peer is None else (self.node, self.peer)

    @property
    def selected(self) -> tuple[NodeRef, ...]:
        """The selected node, or both ends of the selected pair."""
        return tuple(ref for ref in (self.node, self.peer) if ref is not None)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.filter) or self.only_problems

    def take(self, picture: Picture) -> None:
        """Draw from a newer picture from now on."""
        self.picture = picture
        self._relist()

    def narrow(self, wanted: Filter | None = None, *, only_problems: bool | None = None) -> None:
        """Change what is left out."""
        self.filter = self.filter if wanted is None else wanted
        self.only_problems = self.only_problems if only_problems is None else only_problems
        self._relist()

    def _relist(self) -> None:
        """Work out which nodes are listed, and keep the selection on one of them."""
        self._narrowed = None
        if self.picture is None:
            return
        sums = self.picture.digest
        before = self._listed
        self._listed = self._left(self.picture) if self.is_narrowed else sums.order
        if self.node not in self._listed:
            place = before.index(self.node) if self.node in before else 0
            self.node = self._listed[min(place, len(self._listed) - 1)] if self._listed else None
            self.peer = None
        if self.peer is not None and self.peer not in sums.snapshot.nodes:
            self.peer = None

    def _left(self, picture: Picture) -> tuple[NodeRef, ...]:
        """Return the nodes that filter and `!` leave."""
        sums, nodes = picture.digest, picture.snapshot.nodes
        left: Iterable[NodeRef] = sums.order
        if self.only_problems:
            troubled = {ref for problem in picture.problems for ref in problem.nodes}
            left = [ref for ref in left if ref in troubled]
        if self.filter:
            left = [ref for ref in left if self.filter.matches(nodes[ref], sums.sum_of(ref))]
        return tuple(left)

    def select(self, node: NodeRef | None, peer: NodeRef | None = None) -> None:
        """Select a node or a pair."""
        self.node, self.peer = node, peer

    def move(self, step: int, refs: Sequence[NodeRef]) -> None:
        """Select the node that many places further in a list."""
        if not refs:
            return
        place = refs.index(self.node) + step if self.node is not None and self.node in refs else 0
        self.select(refs[min(max(place, 0), len(refs) - 1)])

    def toggle_mark(self, node: NodeRef) -> bool:
        """Mark a node for commands, or unmark it; says whether it is marked now."""
        self.marked ^= {node}
        return node in self.marked

    def step_pair(self, step: int) -> None:
        """Select the next pair of the selected node; past either end no pair is selected."""
        if self.digest is None or self.node is None:
            return
        ring: list[NodeRef | None] = [None, *self.digest.neighbours(self.node)]
        place = ring.index(self.peer) if self.peer in ring else 0
        self.peer = ring[(place + step) % len(ring)]

    def narrowed_snapshot(self) -> Snapshot:
        """Return what the map draws: the listed nodes and the hosts that look at them; one object until it changes."""
        if self.picture is None:
            raise ValueError("there is no picture to narrow")
        if self._narrowed is None:
            self._narrowed = self._narrow(self.picture) if self.is_narrowed else self.picture.snapshot
        return self._narrowed

    def _narrow(self, picture: Picture) -> Snapshot:
        """Leave out what is not listed, and with `!` the pairs that are well."""
        kept = set(self._listed)
        troubled = {frozenset(pair) for problem in picture.problems for pair in problem.pairs}
        alone = frozenset(ref for problem in picture.problems if not problem.pairs for ref in problem.nodes)
        pairs = {
            (source, target): pair
            for (source, target), pair in picture.snapshot.pairs.items()
            if (source in kept or target in kept)
            and (not self.only_problems or frozenset((source, target)) in troubled or alone & {source, target})
        }
        ends = {ref for key in pairs for ref in key} | kept
        nodes = {ref: node for ref, node in picture.snapshot.nodes.items() if ref in ends}
        return msgspec.structs.replace(picture.snapshot, nodes=nodes, pairs=pairs)
