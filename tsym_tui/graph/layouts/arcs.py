"""Names on two arcs, left and right, one row each: the layout for more nodes than a plane has room for.

Groups stay together under their title. Where the rows do not suffice, each group keeps its first rows and says how many
more there are; a group that gets no row at all is counted under "other". Nothing is left out silently.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import Enum, auto

import msgspec
import numpy as np

from tsym_tui.graph.groups import TAGS_FIRST, Group
from tsym_tui.graph.layouts.values import Arrangement, Request, Size
from tsym_tui.graph.model import TailnetGraph

Rank = Callable[[int], tuple[float, ...]]
"""Sort key of a node inside its group when not all have room: what a person should see first."""


class RowKind(Enum):
    """What stands in a row."""

    TITLE = auto()
    NODE = auto()
    MORE = auto()
    """How many members of the group have no row."""


class Row(msgspec.Struct, frozen=True):
    """One row of an arc."""

    kind: RowKind
    y: int
    x: int
    """Column of the marker: names run outwards from here."""
    is_left: bool
    group: int
    node: int = -1
    count: int = 0
    """Members of the group for a title, members without a row for `MORE`."""


class Shown(msgspec.Struct, frozen=True):
    """How much of a group has room."""

    group: int
    """Position in the grouping; `OTHER` for all that have no room."""
    title: str
    members: tuple[int, ...]
    """The nodes that get rows."""
    count: int
    """All of the group's nodes."""

    @property
    def rows(self) -> int:
        """Rows that it takes: its title, its members, and one for what is missing."""
        return 1 + len(self.members) + (len(self.members) < self.count)


OTHER = -1
"""The group of everybody whose own group has no room."""

NAME_CELLS = 16
"""A longer name is cut: beyond this the middle has no room left for lines."""


def arcs(request: Request) -> Arrangement:
    """Place every node on its arc; nodes without a row stand at their group's last one."""
    size = request.size
    positions = np.full((len(request.graph.nodes), 2), 0.5)
    rows = arc_rows(request.graph, size, None)
    last = {}
    for row in rows:
        last[row.group] = row
        if row.node >= 0:
            positions[row.node] = (row.x + 0.5) / size.width, (row.y + 0.5) / size.height
    placed = {row.node for row in rows}
    for position, group in enumerate(request.graph.grouping(TAGS_FIRST).groups):
        row_of_rest = last.get(position, last.get(OTHER))
        for node in group.members:
            if node not in placed and row_of_rest is not None:
                x, y = (row_of_rest.x + 0.5) / size.width, (row_of_rest.y + 0.5) / size.height
                positions[node] = x, y
    return Arrangement(positions, grouped=request.graph.grouping(TAGS_FIRST).words, regions={})


def arc_rows(graph: TailnetGraph, size: Size, rank: Rank | None) -> list[Row]:
    """Return every row of both arcs. `rank` orders members where a group cannot show all; first come, first shown."""
    groups = graph.grouping(TAGS_FIRST).groups
    halves = _halves(groups)
    rows: list[Row] = []
    for is_left, half in ((True, halves[0]), (False, halves[1])):
        shown = _fit_rows(groups, half, size.height, rank)
        rows += _lay_out(shown, size, is_left=is_left, names=graph.names)
    return rows


def _halves(groups: Sequence[Group]) -> tuple[list[int], list[int]]:
    """Split groups into two runs of about the same number of rows, largest first on the left."""
    total = sum(len(group.members) + 2 for group in groups)
    left: list[int] = []
    used = 0
    for position, group in enumerate(groups):
        rows = len(group.members) + 2
        if left and used + rows / 2 > total / 2:
            break
        left.append(position)
        used += rows
    return left, list(range(len(left), len(groups)))


def _fit_rows(groups: Sequence[Group], half: list[int], height: int, rank: Rank | None) -> list[Shown]:
    """Decide how many members of each group get a row, the largest giving first."""
    if not half:
        return []
    fitting = list(half)
    rest: list[int] = []
    while len(fitting) > 1 and 3 * len(fitting) - 1 + 2 * bool(rest) > height:
        rest.insert(0, fitting.pop())
    room = {position: len(groups[position].members) for position in fitting}

    def needed() -> int:
        rows = sum(1 + room[p] + int(room[p] < len(groups[p].members)) for p in fitting)
        return rows + len(fitting) - 1 + 2 * bool(rest)

    while needed() > height and any(room.values()):
        largest = max(fitting, key=lambda p: (room[p], -p))
        room[largest] = max(0, room[largest] - max(1, (needed() - height) // (2 * len(fitting))))
    shown = [_show(groups[p], p, room[p], rank) for p in fitting]
    if rest:
        count = sum(len(groups[p].members) for p in rest)
        shown.append(Shown(OTHER, f"{len(rest)} other groups", (), count))
    return shown


def _show(group: Group, position: int, room: int, rank: Rank | None) -> Shown:
    members = group.members
    if room < len(members) and rank is not None:
        chosen = set(sorted(members, key=rank)[:room])
        members = tuple(member for member in members if member in chosen)
    return Shown(position, group.title, members[:room], len(group.members))


def _lay_out(shown: list[Shown], size: Size, *, is_left: bool, names: Sequence[str]) -> list[Row]:
    """Give rows their y from the middle outwards and their x along the arc."""
    taken = sum(group.rows for group in shown)
    spare = size.height - taken
    gap = min(1, spare // max(1, len(shown) - 1)) if spare > 0 else 0
    y = max(0, (size.height - taken - gap * (len(shown) - 1)) // 2)
    longest = min(NAME_CELLS, max((len(names[node]) for group in shown for node in group.members), default=0))
    rows = []
    for group in shown:
        kinds = [(RowKind.TITLE, -1, group.count), *((RowKind.NODE, node, 0) for node in group.members)]
        if len(group.members) < group.count:
            kinds.append((RowKind.MORE, -1, group.count - len(group.members)))
        for kind, node, count in kinds:
            x = _arc_x(y, size, longest)
            rows.append(Row(kind, y, x if is_left else size.width - 1 - x, is_left, group.group, node, count))
            y += 1
        y += gap
    return rows


def _arc_x(y: int, size: Size, longest: int) -> int:
    """Return the marker's column on the left arc: room for number and name, and a bulge that bows outwards."""
    edge = min(longest + 8, max(1, size.width // 3))
    bulge = min(size.width // 12, 12)
    middle = (size.height - 1) / 2
    away = (y - middle) / middle if middle else 0.0
    return round(edge + bulge * (1 - math.sqrt(max(0.0, 1 - 0.8 * away * away))) / (1 - math.sqrt(0.2)))
