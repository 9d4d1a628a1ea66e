"""What holds of each node at this moment: the scenario's words and the timeline's, taken together."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tsym_agent.model.status import BackendState
from tsym_agent.sim.clock import DAY_S
from tsym_agent.sim.identity import Identity, identify
from tsym_agent.sim.network import Network
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.schema import EventTable, NodeTable, RegionTable
from tsym_agent.sim.timeline import Change, Timeline


class Facts(msgspec.Struct, frozen=True):
    """One node now."""

    node: NodeTable
    identity: Identity
    dns_name: str
    """With its trailing dot."""
    host_name: str
    version: str
    region: RegionTable
    nat: str
    has_udp: bool
    is_present: bool
    """Whether control knows the node at all."""
    is_running: bool
    """Whether its tailscaled runs."""
    state: BackendState
    is_expired: bool
    is_alive: bool
    """Whether it takes part: answers pings, relays, is connected to control."""
    is_online: bool
    """What control claims."""
    last_seen_s: float
    """Virtual time it was last online; of no meaning while it is."""
    key_expiry_s: float | None
    health: tuple[str, ...]

    @property
    def addresses(self) -> tuple[str, str]:
        """Its Tailscale addresses, IPv4 first."""
        return self.identity.ipv4, self.identity.ipv6

    @property
    def label(self) -> str:
        """The first label of its DNS name."""
        return self.dns_name.partition(".")[0]

    @property
    def has_netmap(self) -> bool:
        """Whether its daemon knows the tailnet: control has told it, and it has not logged out since."""
        return self.state in {BackendState.RUNNING, BackendState.STOPPED}

    @property
    def is_shown(self) -> bool:
        """Whether peers see it in their status: tailnet lock filters what it refuses."""
        return self.is_present and self.node.standing != "locked-out"


class Update(msgspec.Struct, frozen=True):
    """A node before and after something happened."""

    before: Facts
    after: Facts


class Population:
    """All nodes of a scenario with their facts, kept up to date."""

    def __init__(self, scenario: Scenario, timeline: Timeline) -> None:
        self._scenario = scenario
        self._timeline = timeline
        self._identities = identify(scenario)
        self._last_seen: dict[str, float] = {node.name: -node.last_seen_s for node in scenario.nodes.values()}
        self._facts: dict[str, Facts] = {}
        self.network = Network(scenario, self._identities, lambda name: self._facts[name].is_alive)
        self.network.hold(timeline.lasting)
        for name in scenario.nodes:
            self._facts[name] = self._now(name)
        self.by_address = {address: facts.node.name for facts in self._facts.values() for address in facts.addresses}

    def __getitem__(self, name: str) -> Facts:
        return self._facts[name]

    def all(self) -> tuple[Facts, ...]:
        """Return every node of the scenario, present or not."""
        return tuple(self._facts.values())

    def shown_to(self, name: str) -> list[Facts]:
        """Return the peers a node knows."""
        return [facts for facts in self._facts.values() if facts.is_shown and facts.node.name != name]

    def seen_by(self, host: str, name: str) -> Facts | None:
        """Return a node as far as a host knows of it; None when it does not."""
        facts = self._facts.get(name)
        if facts is None or not self._facts[host].has_netmap:
            return None
        return facts if facts.is_shown or name == host else None

    def refresh(self, change: Change) -> list[Update]:
        """Take over what a change did and return the nodes whose facts are others now."""
        self.network.hold(self._timeline.lasting)
        updates = []
        for name in sorted(change.nodes):
            before = self._facts[name]
            after = self._now(name)
            if before.is_online and not after.is_online:
                self._last_seen[name] = change.at_s
                after = self._now(name)
            if after != before:
                self._facts[name] = after
                updates.append(Update(before, after))
        return updates

    def _now(self, name: str) -> Facts:
        scenario, timeline, network = self._scenario, self._timeline, self.network
        node = scenario.nodes[name]
        events = [event for event in timeline.lasting if event.on and name in scenario.select(event.on)]
        key_expiry_s = _key_expiry_s(node, events)
        has_lapsed = any(event.kind == "key-expired" for event in events)
        is_expired = node.standing == "expired" or has_lapsed or (key_expiry_s is not None and key_expiry_s <= 0)
        is_present = name not in timeline.removed
        is_running = name not in timeline.stopped and name not in timeline.offline
        state = _state(node, events, is_expired=is_expired)
        is_alive = is_present and is_running and state is BackendState.RUNNING and node.standing == "ok"
        return Facts(
            node=node,
            identity=self._identities[name],
            dns_name=self._dns_name(node),
            host_name=node.host_name or name,
            version=node.version or scenario.tailnet.version,
            region=network.home_region(name),
            nat=network.nat(name),
            has_udp=network.has_udp(name),
            is_present=is_present,
            is_running=is_running,
            state=state,
            is_expired=is_expired,
            is_alive=is_alive,
            is_online=is_alive if node.online is None else node.online,
            last_seen_s=self._last_seen[name],
            key_expiry_s=key_expiry_s,
            health=(*node.health, *(event.text for event in events if event.kind == "health")),
        )

    def _dns_name(self, node: NodeTable) -> str:
        if node.dns_name:
            return node.dns_name.rstrip(".") + "."
        suffix = "mullvad.ts.net" if node.mullvad else self._scenario.suffix
        return f"{node.name}.{suffix}."


def _state(node: NodeTable, events: Iterable[EventTable], *, is_expired: bool) -> BackendState:
    state = next((event.state for event in reversed([*events]) if event.kind == "backend-state"), node.state)
    if state == "Running" and is_expired:
        return BackendState.NEEDS_LOGIN
    if state == "Running" and node.standing == "not-approved":
        return BackendState.NEEDS_MACHINE_AUTH
    return BackendState(state)


def _key_expiry_s(node: NodeTable, events: Iterable[EventTable]) -> float | None:
    """Return when the key expires or has expired; None = never."""
    by_event = [event.at for event in events if event.kind == "key-expired"]
    if by_event:
        return min(by_event)
    if node.key_expires_days is not None:
        return node.key_expires_days * DAY_S
    return -node.last_seen_s if node.standing == "expired" else None
