"""`Notify`: what the IPN bus of a host says when something happens, and what it says first."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag

import msgspec

from tsym_agent.model.status import BackendState
from tsym_agent.sim.bodies.documents import derp_map, node_body, prefs
from tsym_agent.sim.bodies.peers import JSON
from tsym_agent.sim.bodies.status import user_profiles
from tsym_agent.sim.chance import digest
from tsym_agent.sim.eras import era_of, long_version
from tsym_agent.sim.facts import Facts, Update
from tsym_agent.sim.world import World

STATE_NUMBERS = {
    BackendState.NO_STATE: 0,
    BackendState.NEEDS_LOGIN: 2,
    BackendState.NEEDS_MACHINE_AUTH: 3,
    BackendState.STOPPED: 4,
    BackendState.STARTING: 5,
    BackendState.RUNNING: 6,
}


class Mask(IntFlag):
    """Bits of the mask that this bus heeds (ipn.NotifyWatchOpt); all others are ignored."""

    ENGINE = 1 << 0
    STATE = 1 << 1
    PREFS = 1 << 2
    NETMAP = 1 << 3
    HEALTH = 1 << 7
    RATE_LIMIT = 1 << 8
    CHANGES = 1 << 12
    NO_NETMAP = 1 << 13
    STATUS = 1 << 14
    PATCHES = 1 << 15
    IN_PROCESS = 1 << 16


def first_notice(world: World, host: str, mask: int) -> JSON | None:
    """Return what a new watcher hears at once; None when it asked for nothing initial."""
    facts = world.population[host]
    era = era_of(facts.version)
    if not mask & (Mask.STATE | Mask.PREFS | Mask.NETMAP | (Mask.STATUS if era >= (1, 100) else 0)):
        return None
    fields: JSON = {"SessionID": digest("session", host, world.now_s, size=8).hex()}
    if mask & Mask.STATE:
        fields["State"] = STATE_NUMBERS[facts.state]
        if facts.state is BackendState.NEEDS_LOGIN:
            fields["BrowseToURL"] = f"{world.scenario.tailnet.control_url}/a/{facts.identity.stable_id[1:13]}"
    if mask & Mask.PREFS:
        fields["Prefs"] = prefs(world, host)
    if mask & Mask.NETMAP:
        fields["NetMap"] = netmap(world, host)
        if era >= (1, 98):
            fields["SelfChange"] = node_body(world, host, facts)
    if mask & Mask.STATUS and era >= (1, 100):
        fields["InitialStatus"] = msgspec.Raw(world.status_body(host))
    if mask & Mask.HEALTH and era >= (1, 70):
        fields["Health"] = health(world, facts)
    return notice(facts, fields)


def notices(world: World, host: str, mask: int, updates: Iterable[Update]) -> list[JSON]:
    """Return what a watcher hears of changed nodes."""
    facts = world.population[host]
    found: list[JSON] = []
    peers: list[Update] = []
    for update in updates:
        if update.after.node.name == host:
            found += [notice(facts, fields) for fields in _own(world, update)]
        else:
            peers.append(update)
    if era_of(facts.version) < (1, 100):
        is_topology = any(_has_moved(update) for update in peers)
        return [*found, notice(facts, {"NetMap": netmap(world, host)})] if is_topology else found
    if mask & (Mask.CHANGES | Mask.PATCHES):
        found += [notice(facts, fields) for fields in _peers(world, host, mask, peers)]
    return found


def engine_notice(world: World, host: str) -> JSON:
    """Return what the engine counts."""
    live = world.live_sessions(host)
    peers = {
        peer.identity.node_key: {
            "NodeKey": peer.identity.node_key,
            "TxBytes": session.sent_bytes,
            "RxBytes": session.received_bytes,
            "LastHandshake": world.date(session.last_handshake_s) if session.last_handshake_s is not None else None,
        }
        for peer, session in live
    }
    engine = {
        "RBytes": sum(session.received_bytes for _, session in live),
        "WBytes": sum(session.sent_bytes for _, session in live),
        "NumLive": len(live),
        "LiveDERPs": 1,
        "LivePeers": peers,
    }
    return notice(world.population[host], {"Engine": engine})


def netmap(world: World, host: str) -> JSON:
    """Return the whole netmap, as older daemons put it on the bus."""
    facts = world.population[host]
    return {
        "SelfNode": node_body(world, host, facts),
        "NodeKey": facts.identity.node_key,
        "Peers": [node_body(world, host, peer) for peer in world.population.shown_to(host)],
        "DERPMap": derp_map(world, host),
        "Domain": world.scenario.tailnet.name,
        "UserProfiles": user_profiles(world.scenario),
    }


def health(world: World, facts: Facts) -> JSON:
    """Return the warnings of a host by code."""
    warnings = {
        f"sim-{digest('warning', text, size=3).hex()}": {
            "Severity": "medium",
            "Title": text.partition(".")[0],
            "Text": text,
            "BrokenSince": world.date(0.0),
            "ImpactsConnectivity": False,
        }
        for text in facts.health
    }
    return {"Warnings": {code: {"WarnableCode": code, **warning} for code, warning in warnings.items()} or None}


def notice(facts: Facts, fields: JSON) -> JSON:
    """Complete a notice: these keys are always there, null for unchanged."""
    return {
        "Version": long_version(facts.version),
        "ErrMessage": None,
        "LoginFinished": None,
        "State": None,
        "Prefs": None,
        "NetMap": None,
        "Engine": None,
        "BrowseToURL": None,
        "DriveShares": None,
    } | fields


def _own(world: World, update: Update) -> list[JSON]:
    before, after = update.before, update.after
    era = era_of(after.version)
    found: list[JSON] = []
    if before.state is not after.state:
        found.append({"State": STATE_NUMBERS[after.state]})
    if before.health != after.health and era >= (1, 70):
        found.append({"Health": health(world, after)})
    has_own_news = before.is_expired is not after.is_expired or before.key_expiry_s != after.key_expiry_s
    if has_own_news and era >= (1, 98):
        found.append({"SelfChange": node_body(world, after.node.name, after)})
    return found


def _has_moved(update: Update) -> bool:
    before, after = update.before, update.after
    return (before.is_shown, before.is_online, before.is_expired) != (after.is_shown, after.is_online, after.is_expired)


def _peers(world: World, host: str, mask: int, updates: Iterable[Update]) -> list[JSON]:
    """Return the messages about peers; an endpoint or home region that changed waits for another message."""
    found: list[JSON] = []
    for update in updates:
        before, after = update.before, update.after
        number = after.identity.node_id
        if before.is_shown and not after.is_shown:
            found.append({"PeersRemoved": [number]})
        elif after.is_shown and (not before.is_shown or before.is_expired is not after.is_expired):
            profile = user_profiles(world.scenario)[str(after.identity.user_id)]
            changed = {"PeersChanged": [node_body(world, host, after)]}
            found.append(changed | {"UserProfiles": {str(after.identity.user_id): profile}})
        elif after.is_shown and before.is_online is not after.is_online:
            if mask & Mask.PATCHES:
                seen: JSON = {} if after.is_online else {"LastSeen": world.date(after.last_seen_s)}
                found.append({"PeerChangedPatch": [{"NodeID": number, "Online": after.is_online, **seen}]})
            else:
                found.append({"PeersChanged": [node_body(world, host, after)]})
    return found
