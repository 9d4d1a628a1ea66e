"""`tailcfg.Node`: one node as control describes it; whois, peer-by-id and the bus speak this shape."""

from __future__ import annotations

from tsym_agent.model.status import BackendState
from tsym_agent.sim.bodies.peers import JSON, Dates, allowed_ips, own_endpoints
from tsym_agent.sim.clock import DAY_S
from tsym_agent.sim.eras import Era, capability_version, era_of, long_version
from tsym_agent.sim.facts import Facts
from tsym_agent.sim.network import Network
from tsym_agent.sim.scenario import Scenario

_NODE_CAPS = ("default-auto-update", "https", "https://tailscale.com/cap/file-sharing", "ssh-env-vars")


def control_node(facts: Facts, era: Era, dates: Dates, network: Network, scenario: Scenario) -> JSON:
    """Return a node as control tells a daemon of that era."""
    node, me = facts.node, facts.identity
    fields: JSON = {"ID": me.node_id, "StableID": me.stable_id, "Name": facts.dns_name, "User": me.user_id}
    if node.shared_by:
        fields["Sharer"] = me.user_id
    fields["Key"] = me.node_key
    if facts.key_expiry_s is not None:
        fields["KeyExpiry"] = dates(facts.key_expiry_s)
    fields["Machine"] = me.machine_key
    if me.disco_key:
        fields["DiscoKey"] = me.disco_key
    fields |= {
        "Addresses": [f"{me.ipv4}/32", f"{me.ipv6}/128"],
        "AllowedIPs": allowed_ips(facts),
        "Endpoints": own_endpoints(facts, network),
    }
    if not node.mullvad:
        fields |= {"HomeDERP": facts.region.id} if era >= (1, 80) else {"DERP": f"127.3.3.40:{facts.region.id}"}
        fields["Hostinfo"] = _hostinfo(facts, network, scenario)
    fields |= {"Created": dates(-node.created_days * DAY_S), "Cap": capability_version(era_of(facts.version))}
    if node.tags:
        fields["Tags"] = node.tags
    if node.routes:
        fields["PrimaryRoutes"] = node.routes
    if not facts.is_online:
        fields["LastSeen"] = dates(facts.last_seen_s)
    fields["Online"] = facts.is_online
    if facts.state is not BackendState.NEEDS_MACHINE_AUTH:
        fields["MachineAuthorized"] = True
    fields |= {
        "CapMap": dict.fromkeys(_NODE_CAPS),
        "ComputedName": facts.label,
        "ComputedNameWithHost": facts.label if facts.label == facts.host_name else f"{facts.label} ({facts.host_name})",
    }
    if facts.is_expired:
        fields["Expired"] = True
    if node.mullvad:
        fields["IsWireGuardOnly"] = True
    return fields


def _hostinfo(facts: Facts, network: Network, scenario: Scenario) -> JSON:
    node = facts.node
    fields: JSON = {
        "IPNVersion": long_version(facts.version),
        "OS": node.os,
        "OSVersion": _OS_VERSIONS.get(node.os, ""),
        "Hostname": facts.host_name,
    }
    if node.routes:
        fields["RoutableIPs"] = node.routes
    fields["Services"] = [{"Proto": "peerapi4", "Port": facts.identity.peer_api_port}]
    if scenario.tailnet.ids == "headscale":
        fields["NetInfo"] = _net_info(facts, network, scenario)
    if node.relay_server:
        fields["PeerRelay"] = True
    return fields


def _net_info(facts: Facts, network: Network, scenario: Scenario) -> JSON:
    site = facts.node.site
    latencies = {
        f"{region.id}-v4": network.region_latency_ms(site, region) / 1000 for region in scenario.regions.values()
    }
    fields: JSON = {
        "MappingVariesByDestIP": facts.nat == "hard" if facts.has_udp else None,
        "WorkingIPv6": False,
        "OSHasIPv6": True,
        "WorkingUDP": facts.has_udp,
        "WorkingICMPv4": True,
        "UPnP": False,
        "PMP": False,
        "PCP": False,
        "PreferredDERP": facts.region.id,
        "DERPLatency": latencies,
    }
    return fields


_OS_VERSIONS = {"linux": "6.12.48", "macOS": "26.0.1", "windows": "10.0.26100.4652", "iOS": "26.0.1", "android": "16"}
