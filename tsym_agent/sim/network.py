"""Which path a pair of nodes gets, and how long it takes: the rules a real tailnet shows.

Machines of one LAN reach each other directly. Across routers UDP gets through when one side has a public address, or
both routers keep ports (easy NAT); a hard NAT on one side and any NAT on the other do not meet, and a site that blocks
UDP meets nobody. What cannot meet goes through a peer relay that both can reach by UDP, else through the DERP region
the *peer* calls home. Measured in network namespaces with tailscaled 1.102.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import msgspec

from tsym_agent.model.paths import PathKind
from tsym_agent.sim.chance import whole
from tsym_agent.sim.eras import Era, era_of
from tsym_agent.sim.identity import Identity
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.schema import EventTable, LinkTable, NodeTable, RegionTable

RELAY_PORT = 40_000
RELAYS_SINCE: Era = (1, 86)
"""Older daemons know nothing of peer relays."""
_IN_REGION_MS = 1.0
"""From a site to the DERP server that stands there."""


class Route(msgspec.Struct, frozen=True):
    """How packets of one node reach another once the path has settled."""

    path: PathKind
    latency_ms: float
    """Round trip without jitter."""
    jitter_ms: float
    loss: float
    endpoint: str = ""
    """`ip:port` of the target on a direct path."""
    peer_relay: str = ""
    """`ip:port:vni:N` on a relayed one."""
    region: RegionTable | None = None
    """The target's home region; None when it has none."""
    derp_latency_ms: float = 0.0
    """Round trip by DERP: how the first pongs come."""
    is_at_once: bool = True
    """Whether the path stands without a discovery first."""


class Condition(msgspec.Struct, frozen=True):
    """What is special between two groups of nodes."""

    left: frozenset[str]
    right: frozenset[str]
    both_ways: bool
    latency_ms: float | None = None
    add_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    blocked: bool = False
    relayed: bool = False

    def applies(self, source: str, target: str) -> bool:
        """Whether pings from source to target feel it."""
        if source in self.left and target in self.right:
            return True
        return self.both_ways and source in self.right and target in self.left


class Network:
    """Sites, NATs, latencies and links at this moment."""

    def __init__(self, scenario: Scenario, identities: dict[str, Identity], can_relay: Callable[[str], bool]) -> None:
        self._scenario = scenario
        self._nodes = scenario.nodes
        self._identities = identities
        self._can_relay = can_relay
        self._relays = tuple(node.name for node in self._nodes.values() if node.relay_server)
        self._always = tuple(self._of_link(link) for link in scenario.links)
        self._routes: dict[tuple[str, str], Route | None] = {}
        self._home = {site: self._nearest(site) for site in scenario.sites}
        self.hold(())

    def hold(self, events: Iterable[EventTable]) -> None:
        """Take over the events that hold from now on."""
        events = tuple(events)
        scenario = self._scenario
        self._conditions = (*self._always, *(self._of_event(event) for event in events if _is_of_links(event)))
        self._blocked: set[str] = set()
        self._nats: dict[str, str] = {}
        self._regions: dict[str, str] = {}
        for event in events:
            if event.kind == "udp-blocked":
                self._blocked |= scenario.select(event.on)
            elif event.kind == "nat":
                self._nats |= dict.fromkeys(scenario.select(event.on), event.nat)
            elif event.kind == "home-region":
                self._regions |= dict.fromkeys(scenario.select(event.on), event.region)
        self._routes.clear()

    def nat(self, name: str) -> str:
        """Return the kind of NAT in front of a node."""
        node = self._nodes[name]
        return self._nats.get(name) or node.nat or self._scenario.sites[node.site].nat

    def has_udp(self, name: str) -> bool:
        """Whether UDP gets from a node to the internet."""
        node = self._nodes[name]
        return name not in self._blocked and (node.udp or self._scenario.sites[node.site].udp) == "open"

    def home_region(self, name: str) -> RegionTable:
        """Return the DERP region a node calls home."""
        node = self._nodes[name]
        return self._scenario.regions[self._regions.get(name) or node.region or self._home[node.site]]

    def region_latency_ms(self, site: str, region: RegionTable) -> float:
        """Return the round trip from a site to a region."""
        if site in region.latency_ms:
            return region.latency_ms[site]
        if not region.near:
            return self._scenario.tailnet.default_latency_ms
        return _IN_REGION_MS + (self._site_latency_ms(site, region.near) if site != region.near else 0.0)

    def public_endpoint(self, name: str, towards: str = "") -> str:
        """Return the `ip:port` a node is seen at from the internet; a hard NAT shows another one to every peer."""
        me = self._identities[name]
        is_hard = self.nat(name) == "hard"
        return f"{me.public_address}:{whole(1024, 65_535, 'mapping', name, towards) if is_hard else me.port}"

    def route(self, source: str, target: str) -> Route | None:
        """Return how source reaches target; None = nothing gets through."""
        key = (source, target)
        if key not in self._routes:
            self._routes[key] = self._find_route(source, target)
        return self._routes[key]

    def _find_route(self, source: str, target: str) -> Route | None:
        here = [condition for condition in self._conditions if condition.applies(source, target)]
        if any(condition.blocked for condition in here):
            return None
        common = _Common(self._nodes[source], self._nodes[target], here)
        home = self.home_region(target)
        derp_ms = common.total_ms(sum(self.region_latency_ms(node.site, home) for node in common.ends))
        latency_ms, endpoint, relay, path = derp_ms, "", "", PathKind.DERP
        at_once = True
        if self._meets(source, target) and not any(condition.relayed for condition in here):
            path, at_once = PathKind.DIRECT, self._is_at_once(source, target)
            latency_ms, endpoint = self._direct_ms(source, target), self._endpoint(source, target)
        elif relays := self._usable_relays(source, target):
            latency_ms, name = min(relays)
            path, at_once = PathKind.PEER_RELAY, False
            address = self.public_endpoint(name).rpartition(":")[0]
            relay = f"{address}:{RELAY_PORT}:vni:{whole(1, 400, 'vni', *sorted((source, target)))}"
        jitter_ms = common.jitter_ms + self._scenario.tailnet.jitter * latency_ms
        return Route(
            path, latency_ms, jitter_ms, common.loss, endpoint, relay, home, derp_latency_ms=derp_ms, is_at_once=at_once
        )

    def _meets(self, one: str, other: str) -> bool:
        """Whether UDP gets from one node to the other and back."""
        if self._share_lan(one, other):
            return True
        if not self.has_udp(one) or not self.has_udp(other):
            return False
        kinds = {self.nat(one), self.nat(other)}
        return "none" in kinds or kinds == {"easy"}

    def _is_at_once(self, one: str, other: str) -> bool:
        """Whether the first packet gets through: only two NATs need help from outside to meet."""
        return self._share_lan(one, other) or "none" in {self.nat(one), self.nat(other)}

    def _share_lan(self, one: str, other: str) -> bool:
        site = self._nodes[one].site
        return site == self._nodes[other].site and self._scenario.sites[site].lan

    def _usable_relays(self, source: str, target: str) -> list[tuple[float, str]]:
        """Return round trip and name of the relays both sides reach by UDP."""
        if min(self._era(source), self._era(target)) < RELAYS_SINCE:
            return []
        return [
            (self._direct_ms(source, name) + self._direct_ms(name, target), name)
            for name in self._relays
            if name not in {source, target} and self._can_relay(name)
            if self._lets_through(source, name) and self._lets_through(target, name)
        ]

    def _era(self, name: str) -> Era:
        return era_of(self._nodes[name].version or self._scenario.tailnet.version)

    def _lets_through(self, node: str, relay: str) -> bool:
        here = (condition for condition in self._conditions if condition.applies(node, relay))
        return self._meets(node, relay) and not any(condition.blocked or condition.relayed for condition in here)

    def _direct_ms(self, source: str, target: str) -> float:
        here = [condition for condition in self._conditions if condition.applies(source, target)]
        written = [condition.latency_ms for condition in here if condition.latency_ms is not None]
        if written:
            return written[-1]
        ends = self._nodes[source], self._nodes[target]
        return _Common(*ends, here).total_ms(self._site_latency_ms(ends[0].site, ends[1].site))

    def _endpoint(self, source: str, target: str) -> str:
        if self._share_lan(source, target):
            me = self._identities[target]
            return f"{me.lan_address}:{me.port}"
        return self.public_endpoint(target, source)

    def _site_latency_ms(self, one: str, other: str) -> float:
        sites = self._scenario.sites
        if one == other:
            return sites[one].lan_ms
        for here, there in ((one, other), (other, one)):
            if there in sites[here].latency_ms:
                return sites[here].latency_ms[there]
        return self._scenario.tailnet.default_latency_ms

    def _nearest(self, site: str) -> str:
        regions = self._scenario.regions.values()
        nearest = min(regions, key=lambda region: (self.region_latency_ms(site, region), region.id))
        return self._scenario.sites[site].region or nearest.code

    def _of_link(self, link: LinkTable) -> Condition:
        one, other = link.between or (link.source, link.target)
        return Condition(
            self._scenario.select(one),
            self._scenario.select(other),
            both_ways=link.between is not None,
            latency_ms=link.latency_ms,
            add_ms=link.add_ms,
            jitter_ms=link.jitter_ms,
            loss=link.loss,
            blocked=link.blocked,
            relayed=link.relayed,
        )

    def _of_event(self, event: EventTable) -> Condition:
        one, other = event.between or ((event.on, "*") if event.on else (event.source, event.target))
        return Condition(
            self._scenario.select(one),
            self._scenario.select(other),
            both_ways=event.kind != "one-way-cut",
            add_ms=event.add_ms,
            loss=event.loss,
            blocked=event.kind in {"link-cut", "one-way-cut"},
            relayed=event.kind == "relay-flip",
        )


class _Common:
    """What a pair suffers on every path."""

    def __init__(self, source: NodeTable, target: NodeTable, conditions: Iterable[Condition]) -> None:
        self.ends = (source, target)
        parts: tuple[NodeTable | Condition, ...] = (source, target, *conditions)
        delays = (part.add_ms if isinstance(part, Condition) else part.delay_ms for part in parts)
        self._delay_ms = sum(delays)
        self.jitter_ms = sum(part.jitter_ms for part in parts)
        self.loss = 1.0 - math.prod(1.0 - part.loss for part in parts)

    def total_ms(self, base_ms: float) -> float:
        return base_ms + self._delay_ms


def _is_of_links(event: EventTable) -> bool:
    return event.kind in {"link-cut", "one-way-cut", "relay-flip", "latency", "loss"}
