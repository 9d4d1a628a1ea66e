"""Answers that only a privileged caller gets: what a daemon looks like from the inside."""

from __future__ import annotations

import gzip
import ipaddress
import struct
from base64 import b64encode

from tsym_agent.sim.bodies.peers import JSON
from tsym_agent.sim.chance import digest, whole
from tsym_agent.sim.facts import Facts
from tsym_agent.sim.world import World

DNS_TYPES = {
    "A": 1,
    "NS": 2,
    "CNAME": 5,
    "SOA": 6,
    "WKS": 11,
    "PTR": 12,
    "HINFO": 13,
    "MINFO": 14,
    "MX": 15,
    "TXT": 16,
    "AAAA": 28,
    "SRV": 33,
    "OPT": 41,
    "ALL": 255,
}
RESOLVER = "192.0.2.53"
_TTL_S = 600
_ANSWER_FLAGS, _NO_SUCH_NAME = 0x8580, 3
_TEST_NETWORK = ipaddress.ip_network("203.0.113.0/24")
"""Where names outside the tailnet live here: addresses that nobody has."""

_PROTOCOLS = [6, 17, 1, 58]
_ALL_PORTS = {"First": 0, "Last": 65535}


def dns_answer(world: World, host: str, name: str, kind: str) -> JSON:
    """Return what a resolver says of a name: nodes have their addresses, other names one of a test network."""
    wanted = name.rstrip(".").lower()
    suffix = world.scenario.suffix
    is_inside = wanted == suffix or wanted.endswith(f".{suffix}")
    addresses = _addresses(world, host, wanted) if is_inside else [_address_outside(wanted)]
    message = dns_message(name, kind, addresses)
    resolvers: list[JSON] = [] if is_inside else [{"Addr": RESOLVER}]
    return {"Bytes": b64encode(message).decode(), "Resolvers": resolvers}


def _addresses(world: World, host: str, wanted: str) -> list[str]:
    known = (*world.population.shown_to(host), world.population[host])
    return next((list(facts.addresses) for facts in known if facts.dns_name.rstrip(".").lower() == wanted), [])


def _address_outside(name: str) -> str:
    return str(_TEST_NETWORK[whole(1, 254, "dns", name)])


def dns_message(name: str, kind: str, addresses: list[str]) -> bytes:
    """Write a DNS answer: records of the kind that was asked for, or no such name where there is none at all."""
    code = DNS_TYPES[kind]
    labels = [label.encode()[:63] for label in name.rstrip(".").split(".") if label]
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + struct.pack(">HH", code, 1)
    parsed = [ipaddress.ip_address(address) for address in addresses]
    records = [address.packed for address in parsed if code in {255, 1 if address.version == 4 else 28}]
    flags = _ANSWER_FLAGS if addresses else _ANSWER_FLAGS | _NO_SUCH_NAME
    head = struct.pack(">HHHHHH", 1, flags, 1, len(records), 0, 0)
    answers = [
        b"\xc0\x0c" + struct.pack(">HHIH", 1 if len(data) == 4 else 28, 1, _TTL_S, len(data)) + data for data in records
    ]
    return head + question + b"".join(answers)


def packet_filter_rules(world: World, host: str) -> list[JSON]:
    """Return the policy as control sends it to a node: members reach everything, its tags let SSH in."""
    me = world.population[host]
    members = [str(facts.identity.ipv4) for facts in world.population.shown_to(host) if not facts.node.tags]
    rules: list[JSON] = [{"SrcIPs": members or ["*"], "DstPorts": [{"IP": "*", "Ports": _ALL_PORTS}]}]
    if me.node.tags:
        ports: list[JSON] = [
            {"IP": address, "Ports": {"First": port, "Last": port}} for address in me.addresses for port in (22, 443)
        ]
        rules.append({"SrcIPs": ["*"], "DstPorts": ports, "IPProto": [6]})
    return rules


def packet_filter_matches(world: World, host: str) -> list[JSON]:
    """Return the same as the node's own filter holds it."""
    members = [f"{facts.identity.ipv4}/32" for facts in world.population.shown_to(host) if not facts.node.tags]
    everywhere = [{"Net": net, "Ports": _ALL_PORTS} for net in ("0.0.0.0/0", "::/0")]
    return [{"IPProto": _PROTOCOLS, "Srcs": members, "SrcCaps": None, "Dsts": everywhere, "Caps": []}]


def goroutines(facts: Facts) -> str:
    """Return a few of the goroutines that any daemon has."""
    waiting = (
        ("main.run", "cmd/tailscaled/tailscaled.go:471"),
        ("ipnserver.(*Server).Run", "ipn/ipnserver/server.go:512"),
        ("magicsock.(*Conn).receiveIPv4", "wgengine/magicsock/magicsock.go:1328"),
        ("derphttp.(*Client).Recv", "derp/derphttp/derphttp_client.go:1002"),
        ("controlclient.(*Auto).mapRoutine", "control/controlclient/auto.go:486"),
        ("logtail.(*Logger).uploading", "logtail/logtail.go:444"),
        ("eventbus.(*Bus).pump", "util/eventbus/bus.go:178"),
    )
    parts = [
        f"goroutine {number} [{('select', 'IO wait', 'chan receive')[number % 3]}, "
        f"{whole(1, 90, 'goroutine', facts.node.name, number)} minutes]:\n"
        f"tailscale.com/{call}(0x{digest('frame', facts.node.name, number, size=5).hex()})\n"
        f"\ttailscale.com/{place} +0x{number * 52:x}\n"
        for number, (call, place) in enumerate(waiting, 1)
    ]
    return "\n".join(parts)


def profile() -> bytes:
    """Return a profile without a sample: small, and still one that `go tool pprof` opens."""
    return gzip.compress(b"\x32\x00\x48\x01", mtime=0)


def control_knobs() -> JSON:
    """Return switches that control has turned."""
    return {"DisableUPnP": False, "RandomizeClientPort": False, "SilentDisco": False, "KeepFullWGConfig": False}


def peer_relays(world: World, host: str) -> list[str]:
    """Return the addresses of the peer relays a node may use."""
    return [
        facts.identity.ipv4 for facts in world.population.shown_to(host) if facts.node.relay_server and facts.is_alive
    ]


def derp_report(world: World, host: str, wanted: str) -> JSON | None:
    """Return what trying a region out says; None for a region that is not in the map."""
    regions = world.scenario.regions.values()
    region = next((one for one in regions if wanted in {one.code, str(one.id)}), None)
    if region is None:
        return None
    facts = world.population[host]
    latency_ms = world.population.network.region_latency_ms(facts.node.site, region)
    info = [
        f"Region {region.id} == {(region.name or region.code)!r}",
        f"Node {region.id}a: TCP connect in {latency_ms:.1f} ms",
        f"Node {region.id}a: DERP upgrade and ping fine",
    ]
    errors = [] if facts.has_udp else [f"Node {region.id}a: no STUN answer: UDP seems to be blocked"]
    if facts.has_udp:
        info.append(f"Node {region.id}a: STUN answer {world.population.network.public_endpoint(host)}")
    return {"Info": info, "Warnings": [], "Errors": errors}


_TOPICS = (
    ("netmon.ChangeDelta", "netmon", ("ipnlocal.LocalBackend", "magicsock.Conn")),
    ("health.Change", "health.Tracker", ("ipnlocal.LocalBackend",)),
    ("portmapper.Mapping", "portmapper", ("magicsock.Conn",)),
    ("controlclient.PeerChange", "controlclient.Auto", ("ipnlocal.LocalBackend", "magicsock.Conn")),
)


def bus_graph() -> JSON:
    """Return who speaks to whom inside a daemon."""
    topics = [{"Name": name, "Publisher": who, "Subscribers": list(others)} for name, who, others in _TOPICS]
    return {"Topics": topics}


def bus_queues() -> JSON:
    """Return its queues, which are empty: nothing is ever late here."""
    clients = sorted({client for _, _, others in _TOPICS for client in others})
    return {"publishQueueDepth": 0, "clients": [{"name": client, "subscribeDepth": 0} for client in clients]}
