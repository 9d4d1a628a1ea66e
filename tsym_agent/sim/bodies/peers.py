"""`PeerStatus`: one node inside a status, as its peers and as itself see it."""

from __future__ import annotations

from collections.abc import Callable

from tsym_agent.model.paths import PathKind
from tsym_agent.model.status import BackendState
from tsym_agent.sim.chance import digest
from tsym_agent.sim.clock import DAY_S
from tsym_agent.sim.eras import Era
from tsym_agent.sim.facts import Facts
from tsym_agent.sim.network import RELAYS_SINCE, Network, Route
from tsym_agent.sim.sessions import Session

JSON = dict[str, object]
Dates = Callable[[float], str]
"""Turns a virtual second into RFC 3339 text."""

NEVER = "0001-01-01T00:00:00Z"
ZERO_KEY = "nodekey:" + "0" * 64
_ANYWHERE = ("0.0.0.0/0", "::/0")

_PEER_CAPS: tuple[str, ...] = (
    "default-auto-update",
    "https",
    "https://tailscale.com/cap/file-sharing",
    "https://tailscale.com/cap/is-member",
    "probe-udp-lifetime",
    "ssh-behavior-v1",
    "ssh-env-vars",
    "store-appc-routes",
)
_SELF_CAPS: tuple[str, ...] = (
    "HTTPS://TAILSCALE.COM/s/DEPRECATED-NODE-CAPS#see-https://github.com/tailscale/tailscale/issues/11508",
    *_PEER_CAPS,
    "funnel",
    "https://tailscale.com/cap/funnel-ports?ports=443,8443,10000",
    "https://tailscale.com/cap/ssh",
    "https://tailscale.com/cap/tailnet-lock",
    "tailnet-display-name",
)


def idle_peer(facts: Facts, era: Era, dates: Dates) -> JSON:
    """Return a peer as a host that never talked to it shows it."""
    node, me = facts.node, facts.identity
    fields: JSON = {"ID": me.stable_id}
    if era >= (1, 100):
        fields["NodeID"] = me.node_id
    fields |= {
        "PublicKey": me.node_key,
        "HostName": facts.host_name,
        "DNSName": facts.dns_name,
        "OS": node.os,
        "UserID": me.user_id,
    }
    if node.shared_by:
        fields["AltSharerUserID"] = me.user_id
    fields["TailscaleIPs"] = facts.addresses
    if era >= (1, 56):
        fields["AllowedIPs"] = allowed_ips(facts)
    if node.tags:
        fields["Tags"] = node.tags
    if node.routes:
        fields["PrimaryRoutes"] = node.routes
    fields |= {"Addrs": None, "CurAddr": "", "Relay": "" if node.mullvad else facts.region.code}
    if era >= RELAYS_SINCE:
        fields["PeerRelay"] = ""
    fields |= {
        "RxBytes": 0,
        "TxBytes": 0,
        "Created": dates(-node.created_days * DAY_S),
        "LastWrite": NEVER,
        "LastSeen": NEVER if facts.is_online else dates(facts.last_seen_s),
        "LastHandshake": NEVER,
        "Online": facts.is_online,
        "ExitNode": False,
        "ExitNodeOption": node.exit_node or node.mullvad,
        "Active": False,
        "PeerAPIURL": peer_api_urls(facts),
    }
    if era >= (1, 82):
        fields["TaildropTarget"] = 1 if facts.is_online and not node.tags else 4
    fields["NoFileSharingReason"] = "" if not node.tags else "peer is owned by a different user"
    fields["CapMap"] = dict.fromkeys(_PEER_CAPS)
    if node.sharee:
        fields["ShareeNode"] = True
    fields |= {"InNetworkMap": True, "InMagicSock": True, "InEngine": False}
    return fields | _tail(facts, dates)


def known_peer(facts: Facts, era: Era, dates: Dates, session: Session, now_s: float, route: Route | None) -> JSON:
    """Return a peer as a host that has pinged it shows it; `route` is the path found, if one is."""
    fields = idle_peer(facts, era, dates)
    is_active = session.is_active(now_s)
    fields |= {
        "RxBytes": session.received_bytes,
        "TxBytes": session.sent_bytes,
        "LastWrite": dates(session.last_write_s),
        "LastHandshake": NEVER if session.last_handshake_s is None else dates(session.last_handshake_s),
        "Active": is_active,
        "InEngine": is_active or session.last_handshake_s is not None,
    }
    if is_active and route is not None and route.path is PathKind.DIRECT:
        fields["CurAddr"] = route.endpoint
    if is_active and route is not None and route.path is PathKind.PEER_RELAY and era >= RELAYS_SINCE:
        fields["PeerRelay"] = route.peer_relay
    return fields


def self_node(facts: Facts, era: Era, dates: Dates, network: Network) -> JSON:
    """Return a host as it shows itself."""
    fields = idle_peer(facts, era, dates)
    if facts.state in {BackendState.NEEDS_LOGIN, BackendState.NO_STATE} and not facts.is_expired:
        return _nameless(fields)
    is_running = facts.state is BackendState.RUNNING
    fields |= {
        "Addrs": own_endpoints(facts, network),
        "Online": is_running,
        "LastSeen": NEVER,
        "Capabilities": _SELF_CAPS,
        "CapMap": {cap: [] if cap.startswith("https:") else None for cap in _SELF_CAPS[1:]},
        "InEngine": False,
        "InNetworkMap": True,
        "InMagicSock": is_running,
    }
    if facts.node.os == "linux":
        key = digest("ssh", facts.identity.stable_id).hex()
        fields["sshHostKeys"] = [f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{key[:43]}"]
    return fields


def allowed_ips(facts: Facts) -> list[str]:
    """Return the prefixes that may be routed to a node."""
    own = [f"{facts.identity.ipv4}/32", f"{facts.identity.ipv6}/128"]
    exits = _ANYWHERE if facts.node.exit_node or facts.node.mullvad else ()
    return [*own, *facts.node.routes, *exits]


def own_endpoints(facts: Facts, network: Network) -> list[str]:
    """Return the UDP endpoints a node knows of itself, in the daemon's order: STUN answers, then local ones."""
    name, me = facts.node.name, facts.identity
    local = f"{me.lan_address}:{me.port}"
    if not facts.has_udp:
        return [local]
    seen = [network.public_endpoint(name, "stun 1")]
    if facts.nat == "hard":
        address = seen[0].rpartition(":")[0]
        seen += [network.public_endpoint(name, "stun 2"), f"{address}:{me.port}"]
    return [*seen, *([local] if local not in seen else [])]


def peer_api_urls(facts: Facts) -> list[str] | None:
    """Return where a node's PeerAPI listens; None for nodes without one."""
    if facts.node.mullvad:
        return None
    ipv4, ipv6 = facts.addresses
    port = facts.identity.peer_api_port
    return [f"http://{ipv4}:{port}", f"http://[{ipv6}]:{port}"]


def _tail(facts: Facts, dates: Dates) -> JSON:
    fields: JSON = {}
    if facts.is_expired:
        fields["Expired"] = True
    if facts.key_expiry_s is not None:
        fields["KeyExpiry"] = dates(facts.key_expiry_s)
    if facts.node.location is not None:
        place = facts.node.location
        fields["Location"] = {
            "Country": place.country,
            "CountryCode": place.country_code,
            "City": place.city,
            "CityCode": place.city_code,
            "Priority": place.priority,
        }
    return fields


def _nameless(fields: JSON) -> JSON:
    """Return a self that no control server has named yet."""
    unset: JSON = {
        "ID": "",
        "PublicKey": ZERO_KEY,
        "DNSName": "",
        "UserID": 0,
        "TailscaleIPs": None,
        "Relay": "",
        "Online": False,
        "PeerAPIURL": None,
        "Created": NEVER,
        "LastSeen": NEVER,
        "InNetworkMap": False,
        "InMagicSock": False,
    }
    gone = {"NodeID", "AllowedIPs", "Tags", "PrimaryRoutes", "CapMap", "KeyExpiry"}
    return {key: value for key, value in (fields | unset).items() if key not in gone}
