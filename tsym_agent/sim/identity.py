"""Who a simulated node is: IDs, keys and addresses, made from its name and its tailnet, so no run changes them."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator

import msgspec

from tsym_agent.sim.chance import digest, whole
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.schema import NodeTable, SiteTable

_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_FIRST_ADDRESS = int(ipaddress.IPv4Address("100.64.0.0"))
_ADDRESSES = 1 << 22
_FIRST_PORT = 41641
"""The usual port of tailscaled; every machine behind one router gets its own, as a careful owner would do."""


class Identity(msgspec.Struct, frozen=True):
    """What names a node to others."""

    node_id: int
    stable_id: str
    user_id: int
    node_key: str
    disco_key: str
    machine_key: str
    ipv4: str
    ipv6: str
    lan_address: str
    """Address on its site's subnet."""
    public_address: str
    """Address the internet sees it at."""
    port: int
    """UDP port of its tailscaled."""
    peer_api_port: int


def identify(scenario: Scenario) -> dict[str, Identity]:
    """Name every node of a scenario."""
    lan = {name: _hosts(site.subnet) for name, site in scenario.sites.items()}
    public = {name: _routers(site) for name, site in scenario.sites.items()}
    ports = dict.fromkeys(scenario.sites, _FIRST_PORT)
    taken = {node.address for node in scenario.nodes.values() if node.address}
    hosted = scenario.tailnet.ids == "hosted"
    found: dict[str, Identity] = {}
    for number, node in enumerate(scenario.nodes.values(), 1):
        key = (scenario.tailnet.name, node.name)
        ipv4 = node.address or _free_address(taken, *key)
        suffix = int.from_bytes(digest("v6", *key, size=4), "big")
        lan_address = next(lan[node.site])
        found[node.name] = Identity(
            node_id=whole(10**15, 8 * 10**15, "node", *key) if hosted else number,
            stable_id=f"n{_letters(digest('stable', *key))}CNTRL" if hosted else str(number),
            user_id=user_id(scenario, owner(node)),
            node_key=f"nodekey:{digest('key', *key).hex()}",
            disco_key="" if node.mullvad else f"discokey:{digest('disco', *key).hex()}",
            machine_key=f"mkey:{digest('machine', *key).hex()}",
            ipv4=ipv4,
            ipv6=str(ipaddress.IPv6Address(f"fd7a:115c:a1e0::{suffix >> 16:x}:{suffix & 0xFFFF:x}")),
            lan_address=lan_address,
            public_address=next(public[node.site], "") or lan_address,
            port=ports[node.site],
            peer_api_port=whole(32_768, 60_999, "peerapi", *key),
        )
        ports[node.site] += 1
    return found


def owner(node: NodeTable) -> str:
    """Return the user a node belongs to; empty for tagged ones."""
    return "" if node.tags and not node.shared_by else node.shared_by or node.owner


def user_id(scenario: Scenario, name: str) -> int:
    """Return a user's number; tagged nodes belong to one user of their own."""
    names = list(scenario.users)
    if scenario.tailnet.ids == "headscale":
        return names.index(name) + 1 if name else 2_147_455_555
    return whole(10**14, 10**16, "user", scenario.tailnet.name, name)


def _hosts(subnet: str) -> Iterator[str]:
    network = ipaddress.IPv4Network(subnet)
    first = int(network.network_address) + 2  # the router has the first one
    return (str(ipaddress.IPv4Address(number)) for number in range(first, first + network.num_addresses))


def _routers(site: SiteTable) -> Iterator[str]:
    """Yield the public address of each machine of a site; nothing where the machines have their own."""
    if site.nat == "none":
        return iter(())
    if "/" in site.public_address:
        network = ipaddress.IPv4Network(site.public_address)
        return map(str, network)
    return itertools.repeat(site.public_address)


def _free_address(taken: set[str], *key: str) -> str:
    offset = whole(256, _ADDRESSES - 257, "address", *key)
    while (address := str(ipaddress.IPv4Address(_FIRST_ADDRESS + offset % _ADDRESSES))) in taken:
        offset += 1
    taken.add(address)
    return address


def _letters(random: bytes) -> str:
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in random[:10]) + "11"
