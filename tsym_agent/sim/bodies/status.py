"""The bodies of `status`, built once per change.

A peer nobody has talked to looks the same from every host, so its JSON is made once for all of them; a host has pieces
of its own only for the peers it has pinged. Fifty hosts that each know a thousand peers so cost a thousand pieces.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from tsym_agent.model.status import BackendState
from tsym_agent.sim.bodies.peers import JSON, Dates, idle_peer, known_peer, self_node
from tsym_agent.sim.eras import Era, era_of, long_version
from tsym_agent.sim.facts import Facts, Population
from tsym_agent.sim.identity import user_id
from tsym_agent.sim.network import Route
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.sessions import ACTIVE_S, TRAFFIC_STEP_S, Session

KEPT_BYTES = 16 * 1024 * 1024
"""Finished bodies kept; a body that was dropped is joined again from its pieces, which is cheap."""

_DISCOVERY_S = 3.0
_TEXTS = {
    BackendState.STOPPED: "Tailscale is stopped.",
    BackendState.STARTING: "Tailscale is starting. Please wait.",
    BackendState.NEEDS_LOGIN: "You are logged out.",
    BackendState.NEEDS_MACHINE_AUTH: "This device is waiting for approval by a tailnet admin.",
}

FindTalk = Callable[[str, str], tuple[Session | None, Route | None]]
"""Returns what a host remembers of a peer now, and the path it uses; None for what there is not."""


class StatusBodies:
    """The status of every host, made when asked for and kept until something changes."""

    def __init__(
        self,
        scenario: Scenario,
        population: Population,
        talked_to: Mapping[str, Collection[str]],
        find_talk: FindTalk,
        dates: Dates,
    ) -> None:
        self._scenario = scenario
        self._population = population
        self._talked_to = talked_to
        self._find_talk = find_talk
        self._dates = dates
        self._users = msgspec.json.encode(user_profiles(scenario))
        self._idle: dict[tuple[str, Era], bytes] = {}
        self._known: dict[str, dict[str, bytes]] = {host: {} for host in talked_to}
        self._due: dict[str, list[tuple[float, str]]] = {host: [] for host in talked_to}
        self._common: dict[Era, list[bytes]] = {}
        self._places: dict[str, int] = {}
        self._finished: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0

    def body(self, host: str, now_s: float) -> bytes:
        """Return a host's status with its peers."""
        self._let_lapse(host, now_s)
        if host in self._finished:
            self._finished.move_to_end(host)
            return self._finished[host]
        body = self._build(host, now_s)
        self._finished[host] = body
        self._kept_bytes += len(body)
        while self._kept_bytes > KEPT_BYTES and len(self._finished) > 1:
            self._kept_bytes -= len(self._finished.popitem(last=False)[1])
        return body

    def body_without_peers(self, host: str) -> bytes:
        """Return a host's status with `Peer` null; from 1.100 on only its own user is named."""
        facts = self._population[host]
        users = user_profiles(self._scenario)
        if era_of(facts.version) >= (1, 100):
            own = str(facts.identity.user_id)
            users = {key: user for key, user in users.items() if key == own}
        return msgspec.json.encode(self._head(facts) | {"Peer": None, "User": users, "ClientVersion": None})

    def forget(self, changed: Iterable[str]) -> None:
        """Drop what other facts of these nodes, or other paths, make wrong."""
        names = set(changed)
        if names:
            self._common.clear()
            for key in [key for key in self._idle if key[0] in names]:
                del self._idle[key]
        for pieces in self._known.values():
            pieces.clear()
        self._finished.clear()
        self._kept_bytes = 0

    def touch(self, host: str, peer: str, session: Session) -> None:
        """Drop what a ping made wrong, and note when it lapses."""
        self._drop(host, peer)
        for at_s in (session.began_s + _DISCOVERY_S, session.last_write_s + ACTIVE_S):
            heapq.heappush(self._due[host], (at_s, peer))

    def _let_lapse(self, host: str, now_s: float) -> None:
        due = self._due[host]
        while due and due[0][0] <= now_s:
            self._drop(host, heapq.heappop(due)[1])

    def _drop(self, host: str, peer: str) -> None:
        self._known[host].pop(peer, None)
        self._kept_bytes -= len(self._finished.pop(host, b""))

    def _build(self, host: str, now_s: float) -> bytes:
        facts = self._population[host]
        head = msgspec.json.encode(self._head(facts))[:-1]
        if not facts.has_netmap:
            users = self._users if facts.state is not BackendState.NEEDS_LOGIN else b"null"
            return head + b',"Peer":null,"User":' + users + b',"ClientVersion":null}\n'
        pieces = b",".join(self._pieces(host, era_of(facts.version), now_s))
        return head + b',"Peer":{' + pieces + b'},"User":' + self._users + b',"ClientVersion":null}\n'

    def _pieces(self, host: str, era: Era, now_s: float) -> list[bytes]:
        """Return one piece a peer in the order of their keys: the common ones, and this host's own in their places."""
        pieces = self._idle_pieces(era).copy()
        known = self._known[host]
        for name in {*self._talked_to[host], self._population[host].node.uses_exit_node} & self._places.keys():
            if name not in known:
                known[name] = self._known_piece(host, self._population[name], era, now_s)
            pieces[self._places[name]] = known[name]
        if host in self._places:
            del pieces[self._places[host]]
        return pieces

    def _idle_pieces(self, era: Era) -> list[bytes]:
        if era not in self._common:
            shown = [facts for facts in self._population.all() if facts.is_shown]
            shown.sort(key=lambda facts: facts.identity.node_key)
            self._places = {facts.node.name: place for place, facts in enumerate(shown)}
            self._common[era] = [self._idle_piece(facts, era) for facts in shown]
        return self._common[era]

    def _idle_piece(self, facts: Facts, era: Era) -> bytes:
        key = (facts.node.name, era)
        if key not in self._idle:
            self._idle[key] = _piece(facts, idle_peer(facts, era, self._dates))
        return self._idle[key]

    def _known_piece(self, host: str, facts: Facts, era: Era, now_s: float) -> bytes:
        name = facts.node.name
        remembered, route = self._find_talk(host, name)
        session = remembered or Session(began_s=now_s)
        if session.traffic_kbps:
            due_s = session.last_write_s + ACTIVE_S if route is None else session.booked_s + TRAFFIC_STEP_S
            if due_s > now_s:
                heapq.heappush(self._due[host], (due_s, name))
        fields = known_peer(facts, era, self._dates, session, now_s, route)
        fields["ExitNode"] = name == self._population[host].node.uses_exit_node
        return _piece(facts, fields)

    def _head(self, facts: Facts) -> JSON:
        scenario, era = self._scenario, era_of(facts.version)
        is_named = facts.state not in {BackendState.NEEDS_LOGIN, BackendState.NO_STATE} or facts.is_expired
        fields: JSON = {"Version": long_version(facts.version), "TUN": True, "BackendState": facts.state.value}
        if era >= (1, 66) and is_named:
            fields["HaveNodeKey"] = True
        login = f"{scenario.tailnet.control_url}/a/{facts.identity.stable_id[1:13]}"
        fields |= {
            "AuthURL": login if facts.state is BackendState.NEEDS_LOGIN else "",
            "TailscaleIPs": facts.addresses if is_named else None,
            "Self": self_node(facts, era, self._dates, self._population.network),
        }
        if facts.node.uses_exit_node:
            fields["ExitNodeStatus"] = _exit_node(self._population[facts.node.uses_exit_node])
        text = _TEXTS.get(facts.state)
        suffix = scenario.suffix if is_named else ""
        tailnet = {"Name": scenario.tailnet.name, "MagicDNSSuffix": suffix, "MagicDNSEnabled": True}
        fields |= {
            "Health": [*([text] if text else []), *facts.health],
            "MagicDNSSuffix": suffix,
            "CurrentTailnet": tailnet if is_named else None,
            "CertDomains": [facts.dns_name.rstrip(".")] if is_named else None,
        }
        return fields


def _piece(facts: Facts, fields: JSON) -> bytes:
    return b'"' + facts.identity.node_key.encode() + b'":' + msgspec.json.encode(fields)


def _exit_node(facts: Facts) -> JSON:
    prefixes = [f"{facts.identity.ipv4}/32", f"{facts.identity.ipv6}/128"]
    return {"ID": facts.identity.stable_id, "Online": facts.is_online, "TailscaleIPs": prefixes}


def user_profiles(scenario: Scenario) -> dict[str, JSON]:
    """Return the profiles of all users, the one of tagged devices too, by number."""
    profiles = {"": ("tagged-devices", "Tagged Devices")} | {
        user.name: (user.login or f"{user.name}@example.com", user.display or user.name)
        for user in scenario.users.values()
    }
    return {
        str(number := user_id(scenario, name)): {
            "ID": number,
            "LoginName": login,
            "DisplayName": display,
            "ProfilePicURL": "",
        }
        for name, (login, display) in profiles.items()
    }
