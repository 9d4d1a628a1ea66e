"""One axis of a matrix: which nodes stand along it, in which groups and order, and which groups are folded.

A folded group is one item whose cells speak for all its members. Groups fold by themselves, the largest first, until
what is left has room; a person's own folding and unfolding always wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.nodes import Node
from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.groups import Criterion, Grouping, group_as_asked
from tsym_tui.ui.digests import by_value
from tsym_tui.ui.rows.matrixmetric import Choice, Folds, Sort

FEWEST_TO_FOLD = 3
"""A smaller group is not folded by itself: its members cost no more room."""

TILE = 2
"""Cells of a column: two, so that tiles are square."""

BAND_GAP = 1
FEWEST_FOLDED_CELLS = 6
MOST_TITLE_CELLS = 7

Places: TypeAlias = tuple[str, list[int]]
"""A group's title, and where its members stand among those that are wanted."""

Rank: TypeAlias = Callable[[Sequence[int]], list[float]]
"""How bad each of some members is."""
Seriate: TypeAlias = Callable[[Sequence[Sequence[int]]], list[int]]
"""The order in which these members, or groups of members, stand so that neighbours are alike."""


class Item(msgspec.Struct, frozen=True, gc=False):
    """What one row or column stands for: a node, or all nodes of a folded group."""

    members: tuple[int, ...]
    """Places in the axis of the cells."""
    band: int
    name: str
    """Of the node, or the group's title."""
    is_folded: bool = False


class Band(msgspec.Struct, frozen=True):
    """A group, as neighbours on the axis."""

    title: str
    """Empty where nothing tells the nodes apart."""
    start: int
    stop: int
    """Its items; one when it is folded."""
    count: int
    """Its nodes."""
    cells: int
    """Of its columns together."""
    is_folded: bool = False


@dataclass(frozen=True, eq=False)
class Axis:
    """Everything that stands along one side."""

    items: tuple[Item, ...]
    bands: tuple[Band, ...]
    by: Criterion = Criterion.NONE

    @property
    def count(self) -> int:
        """Count the nodes."""
        return len(self.members)

    @cached_property
    def members(self) -> NDArray[np.intp]:
        """Every node's place in the cells, item by item."""
        return np.array([member for item in self.items for member in item.members], dtype=np.intp)

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where in `members` each item begins, and behind the last one the end."""
        return np.cumsum([0, *(len(item.members) for item in self.items)], dtype=np.intp)

    @cached_property
    def item_of(self) -> Mapping[int, int]:
        """Say which item holds a node."""
        return {member: place for place, item in enumerate(self.items) for member in item.members}

    @cached_property
    def offsets(self) -> list[int]:
        """The first cell of each column, and behind the last one the cells of all."""
        offsets, at = [], 0
        for band in self.bands:
            step = band.cells if band.is_folded else TILE
            offsets += [at + step * place for place in range(band.stop - band.start)]
            at += band.cells + BAND_GAP
        return [*offsets, max(0, at - BAND_GAP)]

    @cached_property
    def band_names(self) -> tuple[tuple[str, ...], ...]:
        """The names of each group's items."""
        return tuple(tuple(item.name for item in self.items[band.start : band.stop]) for band in self.bands)

    @cached_property
    def name_cells(self) -> int:
        """The cells of the longest name, with the count of a group's nodes."""
        return max((width(self.label(item)) for item in self.items), default=0)

    def label(self, item: Item) -> str:
        """Name an item as it stands before a row."""
        return f"{item.name} +{len(item.members)}" if item.is_folded else item.name

    def span(self, start: int, stop: int) -> slice:
        """Return where in `members` some neighbouring items are."""
        return slice(int(self.starts[start]), int(self.starts[stop]))

    def band_of(self, item: int) -> Band:
        """Return the group of an item."""
        return self.bands[self.items[item].band]


def bands_in_sight(axis: Axis, columns: range) -> Iterator[tuple[Band, range]]:
    """Yield the groups that have items in sight, and which."""
    for band in axis.bands:
        seen = range(max(band.start, columns.start), min(band.stop, columns.stop))
        if seen:
            yield band, seen


def folded_cells(title: str, count: int) -> int:
    """Say how wide a folded column is: two classes with their counts, and most of a title."""
    return max(FEWEST_FOLDED_CELLS, 2 * (1 + len(str(count))) + 1, min(MOST_TITLE_CELLS, width(title)))


class Wanted(msgspec.Struct, frozen=True):
    """What decides on an axis, but for the behaviour of its members."""

    members: tuple[int, ...]
    nodes: tuple[Node, ...]
    """One for each member."""
    names: tuple[str, ...]
    choice: Choice
    folds: Folds
    by: Criterion | None
    room: int
    """Cells or rows that all of it should fit."""
    is_rows: bool = False

    @property
    def facts(self) -> tuple[object, ...]:
        """Everything that would make another axis; when a node was last heard would not."""
        choice = self.choice
        grouped = [(node.tags, node.owner, node.site, node.home_region, node.os) for node in self.nodes]
        return (
            self.members,
            grouped,
            self.names,
            choice.sort,
            choice.metric,
            self.folds,
            self.by,
            self.room,
            self.is_rows,
        )


def arrange(wanted: Wanted, rank: Rank, seriate: Seriate) -> Axis:
    """Group, sort and fold."""
    grouping = group_as_asked(wanted.nodes, wanted.by)
    groups = zip(_titles(grouping), grouping.groups, strict=True)
    bands = [(title, _sorted(wanted, list(group.members), rank, seriate)) for title, group in groups]
    bands = _sorted_bands(wanted, bands, grouping.by, rank, seriate)
    folded = _folds(wanted, bands)
    items: list[Item] = []
    made: list[Band] = []
    for number, (title, places) in enumerate(bands):
        start = len(items)
        if title in folded:
            items.append(Item(tuple(wanted.members[place] for place in places), number, title, is_folded=True))
        else:
            items += [Item((wanted.members[place],), number, wanted.names[place]) for place in places]
        count = len(places)
        cells = folded_cells(title, count) if title in folded else TILE * count
        made.append(Band(title, start, len(items), count, cells, is_folded=title in folded))
    return Axis(tuple(items), tuple(made), grouping.by)


def _titles(grouping: Grouping) -> list[str]:
    """Name each group, where two would be called the same with the rest of their names."""
    short = Counter(group.title for group in grouping.groups)
    return [
        settle(group.title if short[group.title] == 1 else f"{group.title} {group.detail}".strip())
        for group in grouping.groups
    ]


def _sorted(wanted: Wanted, places: list[int], rank: Rank, seriate: Seriate) -> list[int]:
    """Order the members of one group."""
    by_name = sorted(places, key=lambda place: (by_value(wanted.names[place]), place))
    members = [wanted.members[place] for place in by_name]
    match wanted.choice.sort:
        case Sort.NAME:
            return by_name
        case Sort.WORST:
            ranks = rank(members)
            return [by_name[at] for at in sorted(range(len(by_name)), key=lambda at: -ranks[at])]
        case Sort.SIMILAR:
            return [by_name[at] for at in seriate([[member] for member in members])]
        case Sort.GROUP:
            shared = Counter(wanted.nodes[place].site for place in places)
            return sorted(by_name, key=lambda place: _place_key(wanted.nodes[place].site, shared))


def _place_key(site: str | None, shared: Counter[str | None]) -> tuple[bool, str]:
    """Put nodes of one place side by side, and behind them those that are alone where they are."""
    is_alone = site is None or shared[site] < 2
    return is_alone, "" if is_alone or site is None else site


def _sorted_bands(wanted: Wanted, bands: list[Places], by: Criterion, rank: Rank, seriate: Seriate) -> list[Places]:
    """Order the groups: by name with the left-over ones last, by their worst member, or alike side by side."""
    named = sorted(bands, key=lambda band: (_is_left_over(band[0], by), by_value(band[0])))
    groups = [[wanted.members[place] for place in places] for _, places in named]
    match wanted.choice.sort:
        case Sort.WORST:
            worst = [max(rank(group), default=0.0) for group in groups]
            return [named[at] for at in sorted(range(len(named)), key=lambda at: -worst[at])]
        case Sort.SIMILAR:
            return [named[at] for at in seriate(groups)]
        case _:
            return named


def _is_left_over(title: str, by: Criterion) -> bool:
    """Whether a group is what the criterion says nothing about."""
    if by is Criterion.TAG:
        return not title.startswith("tag:")
    return title in {"elsewhere", "phones"} or title.startswith(("no ", "other "))


def _folds(wanted: Wanted, bands: Sequence[Places]) -> frozenset[str]:
    """Choose which groups are folded: those that a person folded, and more until the rest has room.

    First go phones, which nobody probes, then groups that stand at one place and so behave alike, then the largest.
    """
    counts = {title: len(places) for title, places in bands if title}
    folded = set(counts.keys() & wanted.folds.closed)
    left = [band for band in bands if band[0] in counts.keys() - folded - wanted.folds.opened]
    for title, places in sorted(left, key=lambda band: _fold_rank(wanted, *band)):
        if _needed(wanted, counts, folded) <= wanted.room:
            break
        if len(places) >= FEWEST_TO_FOLD and (wanted.is_rows or folded_cells(title, len(places)) < TILE * len(places)):
            folded.add(title)
    return frozenset(folded)


def _fold_rank(wanted: Wanted, title: str, places: Sequence[int]) -> tuple[bool, bool, int, str]:
    sites = {wanted.nodes[place].site for place in places}
    return title != "phones", None in sites or len(sites) > 1, -len(places), title


def _needed(wanted: Wanted, counts: Mapping[str, int], folded: set[str]) -> int:
    """Count the cells or rows that all groups take."""
    if wanted.is_rows:
        return sum(1 if title in folded else count for title, count in counts.items())
    sizes = (folded_cells(title, count) if title in folded else TILE * count for title, count in counts.items())
    return sum(size + BAND_GAP for size in sizes) - BAND_GAP
