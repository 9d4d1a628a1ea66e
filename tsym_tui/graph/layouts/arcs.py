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

from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.groups import TAGS_FIRST, Criterion, Group
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
    members: tuple[int, ...] = ()
    """All of the group's nodes for a title, those without a row for `MORE`."""


class Shown(msgspec.Struct, frozen=True):
    """How much of a group has room."""

    group: int
    """Position in the grouping; negative for all of a side that have no room."""
    members: tuple[int, ...]
    """The nodes that get rows."""
    hidden: tuple[int, ...]
    """The nodes that do not."""

    @property
    def rows(self) -> int:
        """Rows that it takes: its title, its members, and one for what is missing."""
        return 1 + len(self.members) + bool(self.hidden)


OTHER_LEFT, OTHER_RIGHT = -1, -2
"""The groups of everybody whose own group has no room."""

LONGEST_NAME, SHORTEST_NAME = 16, 5
"""Cells that names get: what the middle can spare, between these."""

MIDDLE_CELLS = 22
"""Columns between the arcs that stay for lines: a trunk turns in as many, and its number finds room."""

NUMBER_CELLS = 8
"""Beside a name, with the blank before it: `▲ 210 →`."""


def arcs(request: Request) -> Arrangement:
    """Place every node on its arc; nodes without a row stand at the row that counts them."""
    size = request.size
    positions = np.full((len(request.graph.nodes), 2), 0.5)
    for row in arc_rows(request.graph, size, None, by=request.criterion):
        spot = (row.x + 0.5) / size.width, (row.y + 0.5) / size.height
        for node in (row.node,) if row.kind is RowKind.NODE else row.members:
            positions[node] = spot
    grouped = request.groups(TAGS_FIRST).words
    return Arrangement(np.clip(positions, 0.0, 1.0), grouped=grouped, regions={})


def name_cells(size: Size, names: Sequence[str]) -> int:
    """Return how many cells a name may take beside an arc."""
    longest = max((width(settle(name)) for name in names), default=0)
    spare = (size.width - MIDDLE_CELLS) // 2 - NUMBER_CELLS - 2
    return min(longest, max(SHORTEST_NAME, min(LONGEST_NAME, spare)))


def arc_rows(
    graph: TailnetGraph, size: Size, rank: Rank | None, keep: int = -1, by: Criterion | None = None
) -> list[Row]:
    """Return every row of both arcs.

    `rank` orders members where a group cannot show all; first come, first shown. The node `keep` always has a row.
    Groups are by the criterion `by`; None takes the one that tells most.
    """
    groups = graph.grouped(by).groups
    halves = _halves(groups)
    rows: list[Row] = []
    for is_left, half in ((True, halves[0]), (False, halves[1])):
        shown = _fit_rows(groups, half, size.height, rank, keep)
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


def _fit_rows(groups: Sequence[Group], half: list[int], height: int, rank: Rank | None, keep: int) -> list[Shown]:
    """Decide which members of each group get a row; the smallest groups give way to "other", the largest share."""
    if not half:
        return []
    kept = next((position for position in half if keep in groups[position].members), None)
    fitting = list(half)
    rest: list[int] = []
    while len(fitting) > 1 and 2 * (len(fitting) + bool(rest)) + (kept is not None) > height:
        rest.insert(0, fitting.pop(-2 if fitting[-1] == kept else -1))
    sizes = {position: len(groups[position].members) for position in fitting}
    room = _share(sizes, height - 2 * bool(rest) - (len(fitting) + bool(rest) - 1), kept)
    if min(room.values()) < min(2, *sizes.values()):
        room = _share(sizes, height - 2 * bool(rest), kept)  # no blank rows between groups, names instead
    shown = [_show(groups[position].members, position, room[position], rank) for position in fitting]
    if rest:
        side = OTHER_LEFT if half[0] == 0 else OTHER_RIGHT
        shown.append(Shown(side, (), tuple(node for position in rest for node in groups[position].members)))
    return shown


def _share(sizes: dict[int, int], rows: int, kept: int | None) -> dict[int, int]:
    """Give each group as many member rows as fit, the largest giving first; `kept` has at least one."""
    room = dict(sizes)

    def needed() -> int:
        return sum(1 + room[position] + (room[position] < size) for position, size in sizes.items())

    while needed() > rows:
        able = [position for position in sizes if room[position] > (position == kept)]
        if not able:
            break
        most = max(room[position] for position in able)
        for position in reversed(able):
            if room[position] == most and needed() > rows:
                room[position] -= 1
    return room


def _show(members: tuple[int, ...], position: int, room: int, rank: Rank | None) -> Shown:
    chosen = set(members[:room] if rank is None else sorted(members, key=rank)[:room])
    shown = tuple(member for member in members if member in chosen)
    return Shown(position, shown, tuple(member for member in members if member not in chosen))


def _lay_out(shown: list[Shown], size: Size, *, is_left: bool, names: Sequence[str]) -> list[Row]:
    """Give rows their y from the middle outwards and their x along the arc."""
    taken = sum(group.rows for group in shown)
    spare = size.height - taken
    gap = min(1, spare // max(1, len(shown) - 1)) if spare > 0 else 0
    y = max(0, (size.height - taken - gap * (len(shown) - 1)) // 2)
    longest = name_cells(size, names)
    rows = []
    for group in shown:
        kinds = [(RowKind.TITLE, -1, group.members + group.hidden)]
        kinds += [(RowKind.NODE, node, ()) for node in group.members]
        kinds += [(RowKind.MORE, -1, group.hidden)] if group.hidden else []
        for kind, node, members in kinds:
            x = _arc_x(y, size, longest)
            rows.append(Row(kind, y, x if is_left else size.width - 1 - x, is_left, group.group, node, members))
            y += 1
        y += gap
    return rows


def _arc_x(y: int, size: Size, longest: int) -> int:
    """Return the marker's column on the left arc: room for number and name, and a bulge that bows outwards."""
    edge = min(longest + NUMBER_CELLS + 2, max(1, size.width * 2 // 5))
    bulge = max(min(2, size.width // 12), min(size.width // 12, 12, size.width // 2 - edge - MIDDLE_CELLS // 2))
    middle = (size.height - 1) / 2
    away = (y - middle) / middle if middle else 0.0
    return round(edge + bulge * (1 - math.sqrt(max(0.0, 1 - 0.8 * away * away))) / (1 - math.sqrt(0.2)))
