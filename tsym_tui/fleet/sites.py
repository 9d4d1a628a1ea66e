"""Which nodes stand at one place: behind one public address, or on one LAN.

A private prefix proves nothing by itself, since half the homes of the world are 192.168.1.0/24. Two facts do: our own
hosts list their public endpoints, and a direct path to a private address shows that the two ends share a LAN. A path to
a public address shows where the peer is seen from.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from tsym_agent.model.ids import NodeRef
from tsym_tui.fleet.views import View

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7")
)
_NOWHERE = tuple(ipaddress.ip_network(text) for text in ("100.64.0.0/10", "fe80::/10", "::1/128"))
"""Carrier and tailnet addresses, and those of one link: say nothing of a place."""

LAN_PREFIX = 24
"""What is taken for one IPv4 LAN when only two addresses are known; a guess that fits nearly all."""


Sighting = tuple[NodeRef, NodeRef, str]
"""A host, a peer, and the `ip:port` where the host reaches it directly; twice the host for its own endpoints."""


def find_sites(views: Sequence[View], sightings: Iterable[Sighting]) -> dict[NodeRef, str]:
    """Return each node's place, as the public address it is seen behind, else the subnet it shares with a host."""
    groups = _Groups()
    public: dict[NodeRef, str] = {}
    lans: dict[NodeRef, str] = {}
    own_lans: dict[NodeRef, set[str]] = {}
    for view in views:
        if view.ref is not None:
            own = [address for endpoint in view.own_endpoints if (address := address_of(endpoint))]
            own_lans[view.ref] = {lan for address in own if (lan := lan_of(address))}
            if shown := next((address for address in own if address.version == 4 and not is_private(address)), None):
                public[view.ref] = str(shown)
    for host, peer, endpoint in sorted(sightings):
        seen = address_of(endpoint)
        if seen is None or host == peer:
            continue
        if (lan := lan_of(seen)) is None:
            if seen.version == 4:  # a public IPv6 address names a machine, not a place
                public.setdefault(peer, str(seen))
        elif lan in own_lans.get(host, ()):
            groups.join(host, peer)
            lans[host] = lans[peer] = lan
    return _named(groups, public, lans)


def sightings_of(views: Iterable[View]) -> Iterator[Sighting]:
    """Yield where hosts reach peers by the paths that status proves, and where the hosts stand themselves."""
    for view in views:
        if view.ref is not None:
            for endpoint in view.own_endpoints:
                yield view.ref, view.ref, endpoint
            for stable_id, route in view.routes.items():
                if route.endpoint:
                    yield view.ref, NodeRef(view.tailnet, stable_id), route.endpoint


def _named(groups: _Groups, public: dict[NodeRef, str], lans: dict[NodeRef, str]) -> dict[NodeRef, str]:
    """Give each group its public address when any of its nodes has one, so that a LAN and its router are one place."""
    shared: dict[NodeRef, str] = {}
    for ref in sorted(public):
        shared.setdefault(groups.head(ref), public[ref])
    return {ref: shared.get(groups.head(ref)) or lans[ref] for ref in public.keys() | lans.keys()}


@lru_cache(maxsize=16_384)
def address_of(endpoint: str | None) -> Address | None:
    """Return the IP of an `ip:port`; None when there is none, or it says nothing of a place."""
    host = (endpoint or "").rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if any(address in network for network in _NOWHERE) else address


@lru_cache(maxsize=16_384)
def is_private(address: Address) -> bool:
    """Whether the address means different machines at different places."""
    return any(address in network for network in _PRIVATE)


def lan_of(address: Address) -> str | None:
    """Return the LAN that a private address stands for."""
    if not is_private(address):
        return None
    return str(ipaddress.ip_network(f"{address}/{LAN_PREFIX if address.version == 4 else 64}", strict=False))


class _Groups:
    """Nodes joined into groups, each known by one of its members."""

    def __init__(self) -> None:
        self._heads: dict[NodeRef, NodeRef] = {}

    def head(self, ref: NodeRef) -> NodeRef:
        while (above := self._heads.get(ref, ref)) != ref:
            ref = above
        return ref

    def join(self, one: NodeRef, other: NodeRef) -> None:
        first, second = sorted((self.head(one), self.head(other)))
        self._heads[second] = first
