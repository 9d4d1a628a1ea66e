"""What stands in the table of nodes line by line: nodes in the chosen order, under their groups where there are some.

The cursor is always on a node. A folded group is one line, and stands for the selected node if that is in it, else for
its first one: so nothing is lost from sight by folding, and unfolding finds the cursor where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.groups import Criterion, group_as_asked
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.nodestable import Sort, ordered


class GroupedBy(StrEnum):
    """What the table can be grouped by, in the order of the key."""

    NONE = "none"
    TAG = "tag"
    OWNER = "owner"
    SITE = "site"
    SUBNET = "subnet"
    OS = "os"


class GroupLine(msgspec.Struct, frozen=True):
    """The line over a group, or in place of it when it is folded."""

    title: str
    members: tuple[NodeRef, ...]
    is_folded: bool = False


TableLine: TypeAlias = NodeRef | GroupLine


@dataclass(slots=True)
class TableState:
    """What a person chose of the table; survives every new picture."""

    by: GroupedBy = GroupedBy.NONE
    folded: set[tuple[GroupedBy, str]] = field(default_factory=set)
    _asked: tuple[object, ...] = ()
    _lines: tuple[TableLine, ...] = ()
    _titled: tuple[object, ...] = ()
    _titles: Mapping[NodeRef, str] = field(default_factory=dict)

    def lines(self, digest: Digest, listed: tuple[NodeRef, ...], sort: Sort | None) -> tuple[TableLine, ...]:
        """Return the lines; worked out anew only when something has changed."""
        folded = frozenset(title for by, title in self.folded if by is self.by)
        asked = (digest, listed, sort, self.by, folded)
        if len(asked) != len(self._asked) or any(
            one is not other if place < 2 else one != other
            for place, (one, other) in enumerate(zip(asked, self._asked, strict=True))
        ):
            self._asked = asked
            self._lines = table_lines(digest, listed, sort, self._titles_of(digest, listed), folded)
        return self._lines

    def _titles_of(self, digest: Digest, listed: tuple[NodeRef, ...]) -> Mapping[NodeRef, str]:
        """Return the group of each node; kept while the nodes are the same, as they mostly are from sweep to sweep."""
        titled = (self.by, listed, digest.snapshot.nodes)
        if titled != self._titled:
            self._titled, self._titles = titled, titles_by(digest, listed, self.by)
        return self._titles

    def regroup(self) -> GroupedBy:
        """Group by the next thing."""
        choices = list(GroupedBy)
        self.by = choices[(choices.index(self.by) + 1) % len(choices)]
        return self.by

    def fold(self, lines: Sequence[TableLine], node: NodeRef | None) -> bool:
        """Fold the group of a node, or unfold it; says whether there is one."""
        group = group_of(lines, node)
        if group is None:
            return False
        self.folded ^= {(self.by, group.title)}
        return True

    def fold_all(self, lines: Sequence[TableLine]) -> None:
        """Fold every group; unfold all when all are folded."""
        groups = {(self.by, line.title) for line in lines if isinstance(line, GroupLine)}
        self.folded = self.folded - groups if groups <= self.folded else self.folded | groups


def table_lines(
    digest: Digest,
    listed: Iterable[NodeRef],
    sort: Sort | None,
    titles: Mapping[NodeRef, str] | None = None,
    folded: frozenset[str] = frozenset(),
) -> tuple[TableLine, ...]:
    """Lay nodes out: sorted, and grouped under lines of their own. Groups stand in the order of their first nodes.

    `titles` names the group of each node; none = there are no groups.
    """
    refs = ordered(digest, listed, sort)
    if not titles:
        return tuple(refs)
    groups: dict[str, list[NodeRef]] = {}
    for ref in refs:
        groups.setdefault(titles[ref], []).append(ref)
    if sort is None:
        groups = dict(sorted(groups.items(), key=lambda item: (_is_rest(item[0]), -len(item[1]), item[0])))
    lines: list[TableLine] = []
    for title, members in groups.items():
        is_folded = title in folded
        lines.append(GroupLine(title, tuple(members), is_folded))
        lines += [] if is_folded else members
    return tuple(lines)


def _is_rest(title: str) -> bool:
    """Whether a group is what the others left over."""
    return title.startswith(("no ", "other ", "elsewhere"))


def titles_by(digest: Digest, refs: Iterable[NodeRef], by: GroupedBy) -> dict[NodeRef, str]:
    """Name the group of each node; empty where nothing is grouped."""
    if by is GroupedBy.NONE:
        return {}
    nodes = [digest.snapshot.nodes[ref] for ref in refs if ref in digest.snapshot.nodes]
    if by is GroupedBy.OS:
        return {node.ref: node.os or "no system" for node in nodes}
    grouping = group_as_asked(nodes, Criterion(by.value))
    return {
        nodes[member].ref: f"{group.title} {group.detail}".strip()
        for group in grouping.groups
        for member in group.members
    }


def stops(lines: Sequence[TableLine], selected: NodeRef | None) -> list[NodeRef]:
    """Return the nodes that the cursor goes through: one for each line but the headings of open groups."""
    found = []
    for line in lines:
        if not isinstance(line, GroupLine):
            found.append(line)
        elif line.is_folded:
            found.append(selected if selected is not None and selected in line.members else line.members[0])
    return found


def cursor_row(lines: Sequence[TableLine], selected: NodeRef | None) -> int:
    """Return the line that the cursor is on; 0 when the node is not there."""
    for row, line in enumerate(lines):
        if line == selected or (isinstance(line, GroupLine) and line.is_folded and selected in line.members):
            return row
    return 0


def group_of(lines: Sequence[TableLine], node: NodeRef | None) -> GroupLine | None:
    """Return the group that a node stands in."""
    return next((line for line in lines if isinstance(line, GroupLine) and node in line.members), None)
