"""Addresses that stand for addresses: the same every time for a salt, and shaped like what they stand for.

Neighbours stay neighbours: what shares a prefix shares one as long afterwards, so a reader still sees which nodes are
of one subnet. A Tailscale address stays in 100.64.0.0/10 or fd7a:115c:a1e0::/48, a private one in its private block, a
public one becomes one of 198.18.0.0/15 (RFC 2544) or 2001:db8::/32 (RFC 3849), which are nobody's. What is the same
everywhere stays: loopback, unspecified, multicast, and the service address of MagicDNS.

The way of Crypto-PAn (Xu, Fan, Ammar and Moon, 2002): each bit is turned or not by a keyed hash of the bits before it.
"""

from __future__ import annotations

import ipaddress
from hashlib import blake2b

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_KEPT = frozenset({"100.100.100.100", "fd7a:115c:a1e0::53", "127.3.3.40", "255.255.255.255"})
"""MagicDNS, and what daemons write for DERP."""

_OWN_BLOCKS = tuple(
    ipaddress.IPv4Network(text)
    for text in ("100.64.0.0/10", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")
)
_NOBODYS = ipaddress.IPv4Network("198.18.0.0/15")
_TAILSCALE_6 = ipaddress.IPv6Network("fd7a:115c:a1e0::/48")
_OWN_BLOCKS_6 = (_TAILSCALE_6, ipaddress.IPv6Network("fe80::/10"))
_NOBODYS_6 = ipaddress.IPv6Network("2001:db8::/32")


class FakeAddresses:
    """Stands in for addresses and networks, and remembers for whom."""

    def __init__(self, salt: bytes) -> None:
        self._key = salt[:64]
        self._known: dict[str, str] = {}
        self._real: dict[str, str] = {}

    def stand_in(self, text: str) -> str:
        """Return what stands for an address, or for a network written with its length; other text as it is."""
        if text in self._known:
            return self._known[text]
        fake = self._network(text) if "/" in text else self._address(text)
        if fake != text:
            self._known[text] = fake
            self._real[fake] = text
        return fake

    def real(self, fake: str) -> str | None:
        """Return the address that something stands for; None for one that stands for nobody."""
        return self._real.get(fake)

    def _address(self, text: str) -> str:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        if _is_everywhere(address):
            return text
        return str(self._turned(address))

    def _network(self, text: str) -> str:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return text
        if network.prefixlen == 0 or _is_everywhere(network.network_address):
            return text
        turned = self._turned(network.network_address)
        length = max(network.prefixlen, 16) if turned in _NOBODYS else network.prefixlen
        return str(ipaddress.ip_network((turned, length), strict=False))

    def _turned(self, address: Address) -> Address:
        if isinstance(address, ipaddress.IPv6Address):
            return self._turned_6(address)
        block = next((block for block in _OWN_BLOCKS if address in block), None)
        if block is None:
            spread = int.from_bytes(self._hash(b"public", address.packed)[:4], "big")
            return _NOBODYS.network_address + spread % _NOBODYS.num_addresses
        free = 32 - block.prefixlen
        number, bits = int(address), 0
        for place in range(free - 1, -1, -1):
            before = number >> (place + 1)
            turn = self._hash(b"bit", before.to_bytes(4, "big") + bytes([place]))[0] & 1
            bits = bits << 1 | (number >> place & 1 ^ turn)
        return block.network_address + bits

    def _turned_6(self, address: ipaddress.IPv6Address) -> ipaddress.IPv6Address:
        """Hash group by group; groups of zeros stay, so that short addresses stay short."""
        if address.ipv4_mapped is not None:
            inner = self._turned(address.ipv4_mapped)
            return ipaddress.IPv6Address(f"::ffff:{inner}")
        groups = [int.from_bytes(address.packed[place : place + 2], "big") for place in range(0, 16, 2)]
        block = next((block for block in _OWN_BLOCKS_6 if address in block), _NOBODYS_6)
        kept = 3 if block is _TAILSCALE_6 else 1 if block is not _NOBODYS_6 else 2
        head = groups[:kept] if block is not _NOBODYS_6 else [0x2001, 0xDB8]
        tail = []
        for place in range(kept, 8):
            before = b"".join(group.to_bytes(2, "big") for group in groups[: place + 1])
            fake = int.from_bytes(self._hash(b"group", before)[:2], "big") or 1
            keeps_zero = groups[place] == 0 and not (block is _NOBODYS_6 and place == kept)
            tail.append(0 if keeps_zero else fake)
        packed = b"".join(group.to_bytes(2, "big") for group in (*head, *tail))
        return ipaddress.IPv6Address(packed)

    def _hash(self, purpose: bytes, data: bytes) -> bytes:
        return blake2b(data, digest_size=8, key=self._key, person=purpose).digest()


def _is_everywhere(address: Address) -> bool:
    """Whether an address says nothing of anybody."""
    return str(address) in _KEPT or address.is_loopback or address.is_unspecified or address.is_multicast
