"""Which nodes belong together on a drawing: by site where that is known, else by what says most.

A grouping never claims more than a node says about itself, and it always names its criterion, so that a tinted area is
not taken for a place when it is a tag.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

import msgspec

from tsym_agent.model.nodes import Node


class Criterion(StrEnum):
    """What a grouping goes by."""

    SITE = "site"
    TAG = "tag"
    OWNER = "owner"
    REGION = "region"
    SUBNET = "subnet"
    """The network of its place: a LAN, or the block that a public address is of."""
    NONE = "none"
    """Nothing tells the nodes apart: one group without a title."""


class Group(msgspec.Struct, frozen=True):
    """Some nodes and what they share."""

    title: str
    """Empty where the grouping found nothing to say."""
    detail: str
    """The rest of a site's name, such as its subnet; may be empty."""
    members: tuple[int, ...]
    """Node indices, by name."""
    is_folded: bool = False
    """Whether it is several groups as one, for want of room."""


class Grouping(msgspec.Struct, frozen=True):
    """Every node in exactly one group, largest group first."""

    by: Criterion
    groups: tuple[Group, ...]

    @property
    def words(self) -> str:
        """Say the criterion, for a legend."""
        return f"grouped by {_WORDS[self.by]}" if _WORDS[self.by] else ""

    def group_of(self, count: int) -> list[int]:
        """Return for each of `count` nodes the position of its group."""
        positions = [0] * count
        for position, group in enumerate(self.groups):
            for member in group.members:
                positions[member] = position
        return positions


FEW_NODES = 30
"""Up to here every group keeps its own title, also one of a single node."""

MANY_ALONE = 4
"""From so many groups of one node on they become one, where nodes are not few."""

MOST_GROUPS = 24
"""Of more groups the smallest become one: nobody reads more titles than this."""

SHARED_SITE = 3
"""Untagged nodes that share a site make a group of their own from this number on."""

SITES_FIRST = (Criterion.SITE, Criterion.TAG, Criterion.OWNER, Criterion.REGION)
"""For maps of a few nodes: where is it?"""
TAGS_FIRST = (Criterion.TAG, Criterion.SITE, Criterion.OWNER, Criterion.REGION)
"""For maps of many: what is it?"""

_WORDS = {
    Criterion.SITE: "site",
    Criterion.TAG: "tag",
    Criterion.OWNER: "owner",
    Criterion.REGION: "home region",
    Criterion.SUBNET: "subnet",
    Criterion.NONE: "",
}
_LEFT_OVER = {
    Criterion.SITE: "elsewhere",
    Criterion.TAG: "no tag",
    Criterion.OWNER: "no owner",
    Criterion.REGION: "no region",
    Criterion.SUBNET: "no subnet",
}

BLOCK_PREFIX = {4: 24, 6: 48}
"""What is taken for the network of a single address: what one site is usually given."""


def group_nodes(nodes: Sequence[Node], order: Iterable[Criterion] = SITES_FIRST) -> Grouping:
    """Group by the first criterion of `order` that tells the nodes apart.

    A criterion serves when at least half of the nodes have it and it makes at least two groups without giving nearly
    every node its own.
    """
    for by in order:
        grouping = group_by(nodes, by)
        if _serves(grouping, len(nodes)):
            return _fold(grouping) if len(nodes) > FEW_NODES else grouping
    return group_by(nodes, Criterion.NONE)


def group_as_asked(nodes: Sequence[Node], by: Criterion | None) -> Grouping:
    """Group by the criterion that a person chose, whether it tells much or not; None chooses, as for maps of many."""
    if by is None:
        return group_nodes(nodes, TAGS_FIRST)
    grouping = group_by(nodes, by)
    return _fold(grouping) if len(nodes) > FEW_NODES else grouping


def _fold(grouping: Grouping) -> Grouping:
    """Put small groups together, which would cost a title each: those of one once there are several, and the last.

    What is put together says how many groups it stands for.
    """
    kept = list(grouping.groups)
    alone = [group for group in kept if len(group.members) == 1]
    folded = alone if len(alone) >= MANY_ALONE else []
    kept = [group for group in kept if group not in folded]
    if len(kept) + bool(folded) > MOST_GROUPS:
        folded = kept[MOST_GROUPS - 1 :] + folded
        kept = kept[: MOST_GROUPS - 1]
    if not folded:
        return grouping
    members = tuple(member for group in sorted(folded, key=lambda group: group.title) for member in group.members)
    kept.append(Group(f"other ({len(folded)})", "", members, is_folded=True))
    kept.sort(key=lambda group: (-len(group.members), group.title, group.detail))
    return Grouping(grouping.by, tuple(kept))


def group_by(nodes: Sequence[Node], by: Criterion) -> Grouping:
    """Group by one criterion, whether it tells much or not."""
    key_of = _keys(nodes, by)
    shared = Counter(node.site for node in nodes if node.site and not node.tags and not node.is_phone)
    members: dict[str, list[int]] = {}
    for index, node in enumerate(nodes):
        members.setdefault(key_of(node) or _left_over(node, by, shared), []).append(index)
    groups = []
    for key, indices in members.items():
        title, _, detail = key.partition(" ") if by is Criterion.SITE else (key, "", "")
        groups.append(Group(title, detail, tuple(sorted(indices, key=lambda i: (nodes[i].name, i)))))
    groups.sort(key=lambda group: (-len(group.members), group.title, group.detail))
    return Grouping(by, tuple(groups))


def _serves(grouping: Grouping, count: int) -> bool:
    left_over = _LEFT_OVER[grouping.by]
    named = [group for group in grouping.groups if group.title not in {left_over, "phones"}]
    covered = sum(len(group.members) for group in named)
    return covered * 2 >= count and 2 <= len(grouping.groups) <= max(2, 3 * count // 4) and bool(named)


def _left_over(node: Node, by: Criterion, shared: Counter[str]) -> str:
    """Return the group of a node that the criterion says nothing about."""
    if by is Criterion.NONE:
        return ""
    if node.is_phone and by is not Criterion.SITE:
        return "phones"
    if by is Criterion.TAG and node.site and shared[node.site] >= SHARED_SITE:
        return node.site
    return _LEFT_OVER[by]


def _keys(nodes: Sequence[Node], by: Criterion) -> Callable[[Node], str | None]:
    match by:
        case Criterion.SITE:
            return lambda node: node.site
        case Criterion.OWNER:
            return lambda node: node.owner
        case Criterion.REGION:
            return lambda node: node.home_region
        case Criterion.SUBNET:
            return lambda node: subnet_of(node.site)
        case Criterion.NONE:
            return lambda _: None
        case Criterion.TAG:
            shared = Counter(tag for node in nodes for tag in node.tags)
            return lambda node: _telling_tag(node, shared)


@lru_cache(maxsize=4096)
def subnet_of(site: str | None) -> str | None:
    """Return the network in the name of a place, or the block around an address there; None when there is neither."""
    for word in (site or "").split():
        try:
            network = ipaddress.ip_network(word, strict=False)
        except ValueError:
            continue
        prefix = min(network.prefixlen, BLOCK_PREFIX[network.version])
        return str(network.supernet(new_prefix=prefix)) if "/" not in word else str(network)
    return None


def _telling_tag(node: Node, shared: Counter[str]) -> str | None:
    """Of a node's tags, the rarest that it shares with another node: `tag:web` rather than `tag:prod`."""
    return min(node.tags, key=lambda tag: (shared[tag] < 2, shared[tag], tag), default=None)
