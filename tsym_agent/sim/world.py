"""The simulated tailnet at one virtual moment: no I/O, no clock of its own, the same answers from the same seed.

Time is virtual seconds since the scenario's start and only goes forward. What a host answers depends on the scenario,
the seed, the time, and the pings sent before, on nothing else.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.model.status import BackendState
from tsym_agent.sim.bodies.status import StatusBodies
from tsym_agent.sim.chance import share, spread
from tsym_agent.sim.facts import Facts, Population, Update
from tsym_agent.sim.network import Route
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.sessions import Session
from tsym_agent.sim.timeline import Timeline

DEFAULT_EPOCH = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
_PEERAPI_TIMEOUT_S = 10.0
_PEERAPI_TRIPS = 2
"""TCP handshake and request: a peerapi ping takes that many round trips."""
_MS_PER_BYTE = 0.0001
"""A large ping takes a little longer: about what 80 Mbit/s would add."""
_METRIC_WORDS = {
    PathKind.DIRECT: "direct_ipv4",
    PathKind.PEER_RELAY: "peer_relay_ipv4",
    PathKind.DERP: "derp",
}


class Answer(msgspec.Struct, frozen=True):
    """What a ping brings back, and when."""

    result: PingResult
    after_s: float = 0.0
    """Virtual seconds from asking to answering."""


class World:
    """A scenario coming to pass."""

    def __init__(self, scenario: Scenario, seed: int = 0, *, epoch: datetime = DEFAULT_EPOCH) -> None:
        self.scenario = scenario
        self.seed = seed
        self.epoch = epoch
        """The date of virtual second 0."""
        self.now_s = 0.0
        self._timeline = Timeline(scenario)
        self.population = Population(scenario, self._timeline)
        self._routers = _Routers(scenario)
        self._sessions: dict[str, dict[str, Session]] = {name: {} for name in scenario.vantages}
        self._start_traffic()
        self._bodies = StatusBodies(scenario, self.population, self._sessions, self._talk, self.date)
        self.listeners: list[Callable[[list[Update]], object]] = []
        """Called with the nodes that changed, whoever let the time pass."""

    @property
    def next_change_s(self) -> float | None:
        """When the next event is due; None = never."""
        return self._timeline.next_s

    def date(self, at_s: float) -> str:
        """Return a virtual second as RFC 3339 in UTC."""
        return (self.epoch + timedelta(seconds=at_s)).isoformat().replace("+00:00", "Z")

    def advance(self, now_s: float) -> None:
        """Let time pass until `now_s` and tell the listeners what changed; a time in the past changes nothing."""
        self.now_s = max(self.now_s, now_s)
        updates: list[Update] = []
        while self.next_change_s is not None and self.next_change_s <= self.now_s:
            self._book_traffic(self.next_change_s)
            for change in self._timeline.advance(self.next_change_s):
                changed = self.population.refresh(change)
                self._bodies.forget(update.after.node.name for update in changed)
                updates += changed
        for listener in self.listeners if updates else ():
            listener(updates)

    def is_asked(self, host: str) -> bool:
        """Whether a host's socket accepts connections."""
        facts = self.population[host]
        return facts.is_present and facts.is_running and host not in self._timeline.closed

    def status_body(self, host: str, *, peers: bool = True) -> bytes:
        """Return what `status` answers on a host, the same object until something changes."""
        return self._bodies.body(host, self.now_s) if peers else self._bodies.body_without_peers(host)

    def session(self, host: str, peer: str) -> Session | None:
        """Return what a host remembers of a peer, its traffic counted until now; None when they never talked."""
        session = self._sessions[host].get(peer)
        if session is not None:
            self._book(host, peer, session, self.now_s)
        return session

    def live_sessions(self, host: str) -> list[tuple[Facts, Session]]:
        """Return the peers a host talks to now."""
        sessions = self._sessions_of(host).items()
        return [(self.population[name], session) for name, session in sessions if session.is_active(self.now_s)]

    def bytes_by_path(self, host: str) -> tuple[dict[str, int], dict[str, int]]:
        """Return the bytes a host sent and received, by the metric's word for the path each peer is on now."""
        sent, received = dict.fromkeys(_METRIC_WORDS.values(), 0), dict.fromkeys(_METRIC_WORDS.values(), 0)
        for peer, session in self._sessions_of(host).items():
            route = self.path_in_use(host, peer)
            word = _METRIC_WORDS[route.path if route else PathKind.DERP]
            sent[word] += session.sent_bytes
            received[word] += session.received_bytes
        return sent, received

    def path_in_use(self, host: str, peer: str) -> Route | None:
        """Return the path a host's magicsock uses to a peer now; None while it has found none but DERP."""
        session = self._sessions[host].get(peer)
        route = self._route(host, peer)
        if session is None or route is None or not session.has_found(route, self.now_s, self.seed, host, peer):
            return None
        return route

    def node_at(self, host: str, address: str) -> Facts | None:
        """Return the node a host's packets for an address go to: its owner, else who routes its prefix."""
        return self.population.seen_by(
            host, self.population.by_address.get(address) or self._routers.find(address) or ""
        )

    def ping(self, host: str, ip: str, kind: PingKind, now_s: float, *, size: int = 0) -> Answer | None:
        """Send one ping from a host; None = silence, as long as the caller cares to wait."""
        self.advance(now_s)
        target = self.node_at(host, ip)
        refusal = _refusal(self.population[host], target, ip)
        if refusal is not None or target is None:
            return Answer(refusal or PingResult(ip=ip, err="no matching peer"))
        name = target.node.name
        session = self.session(host, name) or self._sessions[host].setdefault(name, Session(began_s=self.now_s))
        number = session.send(self.now_s)
        self._bodies.touch(host, name, session)
        route = self._route(host, name)
        if route is None or not _answers(target, kind) or share(self.seed, "loss", host, name, number) < route.loss:
            return _peerapi_silence(target, ip) if kind is PingKind.PEERAPI else None
        if kind is not PingKind.DISCO:
            session.carry(self.now_s)
        has_found = session.has_found(route, self.now_s, self.seed, host, name)
        late_ms = route.jitter_ms * spread(self.seed, "jitter", host, name, number) + size * _MS_PER_BYTE
        base_ms = route.latency_ms if has_found else route.derp_latency_ms
        return _pong(target, ip, kind, route, (base_ms + late_ms) / 1000, has_found=has_found)

    def _start_traffic(self) -> None:
        for link in self.scenario.links:
            one, other = map(self.scenario.select, link.between or (link.source, link.target))
            pairs = {(a, b) for a in one for b in other} | {(b, a) for a in one for b in other}
            for host, peer in sorted(pairs) if link.traffic_kbps else ():
                if host in self._sessions and host != peer and self._route(host, peer) is not None:
                    session = Session.of_traffic(link.traffic_kbps, self.seed, *sorted((host, peer)))
                    self._sessions[host][peer] = session

    def _sessions_of(self, host: str) -> dict[str, Session]:
        return {peer: session for peer in self._sessions[host] if (session := self.session(host, peer)) is not None}

    def _talk(self, host: str, peer: str) -> tuple[Session | None, Route | None]:
        return self.session(host, peer), self.path_in_use(host, peer)

    def _book_traffic(self, now_s: float) -> None:
        """Count steady traffic until now; call it before anything changes."""
        for host, sessions in self._sessions.items():
            for peer, session in sessions.items():
                self._book(host, peer, session, now_s)

    def _book(self, host: str, peer: str, session: Session, now_s: float) -> None:
        if session.has_new_step(now_s):  # else the route, which is dear, is nobody's concern
            session.book_traffic(now_s, flowed=self._route(host, peer) is not None)

    def _route(self, host: str, peer: str) -> Route | None:
        source, target = self.population[host], self.population[peer]
        if not source.is_alive or not (target.is_alive or target.node.mullvad):
            return None
        return self.population.network.route(host, peer)


def _refusal(source: Facts, target: Facts | None, ip: str) -> PingResult | None:
    """Return the immediate error of a ping that is not even sent."""
    if source.state is BackendState.STOPPED:
        return PingResult(ip=ip, err="local tailscaled stopped")
    if target is None or source.state is not BackendState.RUNNING:
        return PingResult(ip=ip, err="no matching peer")
    if target.node.name == source.node.name:
        return PingResult(ip=ip, node_ip=ip, err=f"{ip} is local Tailscale IP", is_local_ip=True)
    return PingResult(ip=ip, err="peer's node key has expired") if target.is_expired else None


def _answers(target: Facts, kind: PingKind) -> bool:
    if target.node.mullvad:
        return kind is PingKind.ICMP
    return target.is_alive and kind.value in target.node.answers


def _pong(target: Facts, ip: str, kind: PingKind, route: Route, latency_s: float, *, has_found: bool) -> Answer:
    label = target.label or target.host_name
    if kind is PingKind.PEERAPI:
        latency_s *= _PEERAPI_TRIPS
        url = _peer_api_url(target, ip)
        pong = PingResult(ip=ip, node_ip=ip, node_name=target.dns_name, latency_seconds=latency_s, peer_api_url=url)
        return Answer(pong, latency_s)
    if kind is not PingKind.DISCO:
        port = target.identity.peer_api_port if kind is PingKind.TSMP else 0
        pong = PingResult(ip=ip, node_ip=ip, node_name=label, latency_seconds=latency_s, peer_api_port=port)
        return Answer(pong, latency_s)
    path = route.path if has_found else PathKind.DERP
    is_derp = path is PathKind.DERP and route.region is not None
    pong = PingResult(
        ip=ip,
        node_ip=target.identity.ipv4,
        node_name=label,
        latency_seconds=latency_s,
        endpoint=route.endpoint if path is PathKind.DIRECT else "",
        peer_relay=route.peer_relay if path is PathKind.PEER_RELAY else "",
        derp_region_id=route.region.id if is_derp and route.region else 0,
        derp_region_code=route.region.code if is_derp and route.region else "",
    )
    return Answer(pong, latency_s)


def _peerapi_silence(target: Facts, ip: str) -> Answer:
    url = _peer_api_url(target, ip)
    return Answer(PingResult(ip=ip, err=f'Head "{url}": context deadline exceeded'), _PEERAPI_TIMEOUT_S)


def _peer_api_url(target: Facts, ip: str) -> str:
    return f"http://{f'[{ip}]' if ':' in ip else ip}:{target.identity.peer_api_port}"


class _Routers:
    """Who routes a prefix: the longest one wins, as in every routing table."""

    def __init__(self, scenario: Scenario) -> None:
        routes = [
            (ipaddress.ip_network(prefix), node.name) for node in scenario.nodes.values() for prefix in node.routes
        ]
        self._routes = sorted(routes, key=lambda route: -route[0].prefixlen)

    def find(self, address: str) -> str | None:
        try:
            wanted = ipaddress.ip_address(address)
        except ValueError:
            return None
        return next((name for network, name in self._routes if wanted in network), None)
