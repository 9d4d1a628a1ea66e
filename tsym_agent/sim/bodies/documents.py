"""The smaller answers of a daemon: preferences, DERP map, whois, tailnet lock, profiles, DNS."""

from __future__ import annotations

from tsym_agent.model.status import BackendState
from tsym_agent.sim.bodies.nodes import control_node
from tsym_agent.sim.bodies.peers import JSON
from tsym_agent.sim.bodies.status import user_profiles
from tsym_agent.sim.chance import digest
from tsym_agent.sim.eras import era_of
from tsym_agent.sim.facts import Facts
from tsym_agent.sim.network import RELAY_PORT
from tsym_agent.sim.schema import RegionTable
from tsym_agent.sim.world import World


def prefs(world: World, host: str) -> JSON:
    """Return what the owner of a host wants; keys in `Config` are blanked, as by a real daemon."""
    facts = world.population[host]
    node, era = facts.node, era_of(facts.version)
    exit_node = world.population[node.uses_exit_node] if node.uses_exit_node else None
    is_logged_out = facts.state is BackendState.NEEDS_LOGIN and not facts.is_expired
    fields: JSON = {
        "ControlURL": world.scenario.tailnet.control_url,
        "RouteAll": True,
        "ExitNodeID": exit_node.identity.stable_id if exit_node else "",
        "ExitNodeIP": "",
        "InternalExitNodePrior": "",
        "ExitNodeAllowLANAccess": exit_node is not None,
        "CorpDNS": True,
        "RunSSH": False,
        "RunWebClient": False,
        "WantRunning": facts.state is not BackendState.STOPPED and not is_logged_out,
        "LoggedOut": is_logged_out,
        "ShieldsUp": False,
        "AdvertiseTags": node.tags or None,
        "Hostname": "",
        "NotepadURLs": False,
        "AdvertiseRoutes": [*node.routes, *(("0.0.0.0/0", "::/0") if node.exit_node else ())] or None,
        "AdvertiseServices": None,
        "Sync": None,
        "NoSNAT": False,
        "NoStatefulFiltering": True,
        "NetfilterMode": 2,
        "AutoUpdate": {"Check": True, "Apply": None},
        "AppConnector": {"Advertise": False},
        "PostureChecking": False,
        "NetfilterKind": "",
        "DriveShares": None,
    }
    if era < (1, 102):
        fields["AllowSingleHosts"] = True
    else:
        fields["RemoteConfig"] = False
    if node.relay_server and era >= (1, 84):
        fields["RelayServerPort"] = RELAY_PORT
    return fields | {"Config": _persist(world, facts)}


def derp_map(world: World, host: str) -> JSON | None:
    """Return the relay regions; None while the daemon has not heard of any."""
    if world.population[host].state in {BackendState.NEEDS_LOGIN, BackendState.NO_STATE}:
        return None
    return {"Regions": {str(region.id): _region(region) for region in world.scenario.regions.values()}}


def who_is(world: World, host: str, facts: Facts) -> JSON:
    """Return the node and the person behind an address."""
    profiles = user_profiles(world.scenario)
    return {
        "Node": node_body(world, host, facts),
        "UserProfile": profiles[str(facts.identity.user_id)],
        "CapMap": {"tailscale.com/cap/relay": [{}]} if facts.node.relay_server else {},
    }


def node_body(world: World, host: str, facts: Facts) -> JSON:
    """Return a node as control described it to a host."""
    era = era_of(world.population[host].version)
    return control_node(facts, era, world.date, world.population.network, world.scenario)


def lock_status(world: World, host: str) -> JSON:
    """Return tailnet lock as a host sees it: on when it keeps any node out."""
    everybody = world.population.all() if world.population[host].has_netmap else ()
    refused = [facts for facts in everybody if facts.node.standing == "locked-out" and facts.is_present]
    me = world.population[host].identity
    key = list(digest("lock", me.stable_id))
    fields: JSON = {
        "Enabled": bool(refused),
        "Head": list(digest("lock head", world.scenario.tailnet.name)) if refused else None,
        "PublicKey": f"nlpub:{bytes(key).hex()}",
        "NodeKey": me.node_key,
        "NodeKeySigned": bool(refused),
        "NodeKeySignature": None,
        "TrustedKeys": [{"Kind": "25519", "Metadata": None, "Votes": 1, "Key": f"nlpub:{bytes(key).hex()}"}]
        if refused
        else None,
        "VisiblePeers": None,
        "FilteredPeers": [_lock_peer(facts) for facts in refused] or None,
        "StateID": 1 if refused else 0,
    }
    return fields


def profile(world: World, host: str) -> JSON:
    """Return the login profile in use."""
    facts, tailnet = world.population[host], world.scenario.tailnet
    profiles = user_profiles(world.scenario)
    user = profiles[str(facts.identity.user_id)]
    return {
        "ID": digest("profile", facts.identity.stable_id, size=2).hex(),
        "Name": user["LoginName"],
        "NetworkProfile": {
            "MagicDNSName": world.scenario.suffix,
            "DomainName": tailnet.name,
            "DisplayName": tailnet.name,
        },
        "Key": f"profile-{digest('profile', facts.identity.stable_id, size=2).hex()}",
        "UserProfile": user,
        "NodeID": facts.identity.stable_id,
        "LocalUserID": "",
        "ControlURL": tailnet.control_url,
    }


def _persist(world: World, facts: Facts) -> JSON:
    profiles = user_profiles(world.scenario)
    return {
        "PrivateNodeKey": "privkey:" + "0" * 64,
        "OldPrivateNodeKey": "privkey:" + "0" * 64,
        "UserProfile": profiles[str(facts.identity.user_id)],
        "NetworkLockKey": "nlpriv:" + "0" * 64,
        "NodeID": facts.identity.stable_id,
        "DisallowedTKAStateIDs": None,
    }


def _region(region: RegionTable) -> JSON:
    number = digest("derp", region.code, size=2)
    return {
        "RegionID": region.id,
        "RegionCode": region.code,
        "RegionName": region.name or region.code,
        "Nodes": [
            {
                "Name": f"{region.id}a",
                "RegionID": region.id,
                "HostName": f"derp{region.id}a.example.com",
                "IPv4": f"192.0.2.{number[0]}",
                "IPv6": f"2001:db8::{number[1]:x}",
                "CanPort80": True,
            }
        ],
    }


def _lock_peer(facts: Facts) -> JSON:
    return {
        "Name": facts.dns_name,
        "ID": facts.identity.node_id,
        "StableID": facts.identity.stable_id,
        "TailscaleIPs": facts.addresses,
        "NodeKey": facts.identity.node_key,
        "NodeKeySignature": {"SigKind": 0, "Pubkey": None, "KeyID": None, "Signature": None, "Nested": None},
    }
