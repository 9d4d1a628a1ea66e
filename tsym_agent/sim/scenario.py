"""A scenario as a value: a tailnet at its start, and what will happen to it."""

from __future__ import annotations

import msgspec

from tsym_agent.sim.schema import EventTable, LinkTable, NodeTable, RegionTable, SiteTable, TailnetTable, UserTable


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A file read, its generated nodes written out, everything it names known to exist."""

    name: str
    """The file's name without its ending."""
    tailnet: TailnetTable
    users: dict[str, UserTable]
    regions: dict[str, RegionTable]
    """By code."""
    sites: dict[str, SiteTable]
    nodes: dict[str, NodeTable]
    """By name, written ones first, then generated ones."""
    links: tuple[LinkTable, ...] = ()
    events: tuple[EventTable, ...] = ()

    @property
    def suffix(self) -> str:
        """The MagicDNS suffix."""
        return self.tailnet.magic_dns_suffix or self.tailnet.name

    @property
    def vantages(self) -> tuple[str, ...]:
        """Names of the nodes whose LocalAPI is served."""
        return tuple(node.name for node in self.nodes.values() if node.vantage)

    def select(self, selector: str) -> frozenset[str]:
        """Return the names of the nodes a selector means; empty when there are none."""
        kind, colon, rest = selector.partition(":")
        if selector == "*":
            return frozenset(self.nodes)
        if colon and kind == "site":
            return frozenset(node.name for node in self.nodes.values() if node.site == rest)
        if colon and kind == "tag":
            return frozenset(node.name for node in self.nodes.values() if selector in node.tags)
        return frozenset({selector} & self.nodes.keys())
