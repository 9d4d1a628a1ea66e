"""How `tsym nodes` chooses, orders and groups what it lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.model.times import parse_time
from tsym_tui.fleet.filters import Filter
from tsym_tui.fleet.terms import Unmeasured, short_version
from tsym_tui.graph.groups import Criterion, group_by

GROUPS = ("tag", "owner", "site", "subnet", "os")


def chosen(snapshot: Snapshot, wanted: Filter) -> Snapshot:
    """Leave out the nodes that a filter does not let pass."""
    hosts = {host.ref: host for host in snapshot.hosts if host.ref is not None}
    nodes = {ref: node for ref, node in snapshot.nodes.items() if wanted.matches(node, Unmeasured(hosts.get(ref)))}
    return msgspec.structs.replace(snapshot, nodes=nodes)


def by_value(text: str) -> tuple[tuple[int, int, str], ...]:
    """Make a sorting key that puts web-2 before web-10."""
    parts = re.split(r"(\d+)", text.casefold())
    return tuple((1, int(part), "") if part.isascii() and part.isdigit() else (0, 0, part) for part in parts)


def _moment(text: str | None) -> str:
    moment = parse_time(text)
    return "" if moment is None else f"{moment.timestamp():020.3f}"


SORTS: Mapping[str, Callable[[Node], str]] = {
    "name": lambda node: node.name,
    "address": lambda node: node.addresses[0] if node.addresses else "",
    "owner": lambda node: node.owner or " ".join(node.tags),
    "os": lambda node: node.os,
    "version": short_version,
    "online": lambda node: "" if node.online is None else "1" if node.online else "2",
    "handshake": lambda node: _moment(node.last_handshake),
    "key": lambda node: _moment(node.key_expiry),
    "site": lambda node: node.site or "",
}
"""By what the list can be sorted; nodes of which it is unknown come last."""


def ordered(nodes: Iterable[Node], vantages: frozenset[NodeRef], sort: str | None, *, is_reversed: bool) -> list[Node]:
    """Sort nodes; unless told by what, hosts first and then by name."""
    listed = sorted(nodes, key=lambda node: (node.ref.tailnet, node.ref not in vantages, by_value(node.name)))
    if sort is None:
        return listed[::-1] if is_reversed else listed
    value = SORTS[sort]
    known = [node for node in listed if value(node)]
    known.sort(key=lambda node: by_value(value(node)), reverse=is_reversed)
    return known + [node for node in listed if not value(node)]


def grouped(nodes: list[Node], by: str | None) -> list[tuple[str, list[Node]]]:
    """Put nodes under titles, the largest group first; one group without a title where none is asked for."""
    if by is None:
        return [("", nodes)]
    if by == "os":
        groups: dict[str, list[Node]] = {}
        for node in nodes:
            groups.setdefault(node.os or "no system", []).append(node)
        return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    grouping = group_by(nodes, Criterion(by))
    return [
        (f"{group.title} {group.detail}".strip(), [nodes[member] for member in sorted(group.members)])
        for group in grouping.groups
    ]
