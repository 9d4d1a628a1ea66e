"""What the tailnet's policy lets in to an own node, beyond the one port that something of ours listens on.

A userspace daemon hands every TCP port of its node to the same port of 127.0.0.1, so a policy that lets everybody in
puts the machine's loopback services on the tailnet: databases, debuggers, whatever trusts local callers. The daemon has
no switch against it. All we can do is look at the packet filter that control sent, and say so.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import msgspec

from tsym_agent.model.payload import Body, PayloadError, decode

LAST_PORT = 65535
TCP = 6


class PortRange(msgspec.Struct, frozen=True, rename="pascal", order=True):
    """Ports from the first to the last, both included."""

    first: int = 0
    last: int = LAST_PORT

    def __str__(self) -> str:
        """Write it as a policy does."""
        if (self.first, self.last) == (0, LAST_PORT):
            return "all"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


class _Destination(msgspec.Struct, frozen=True, rename="pascal"):
    net: str = ""
    ports: PortRange = PortRange()


class _Match(msgspec.Struct, frozen=True, rename="pascal"):
    """One line of the compiled packet filter (`POST debug-packet-filter-matches`)."""

    ip_proto: tuple[int, ...] | None = msgspec.field(default=None, name="IPProto")
    dsts: tuple[_Destination, ...] | None = None


_DECODER = msgspec.json.Decoder(tuple[_Match, ...] | None)


def parse_open_ports(body: Body, addresses: tuple[str, ...], *, besides: int) -> tuple[PortRange, ...]:
    """Return the TCP ports of these addresses that the filter lets somebody reach, except one that is named alone.

    Raises `PayloadError` for what is not a packet filter.
    """
    matches: tuple[_Match, ...] = decode(_DECODER, body) or ()
    try:
        found = {
            destination.ports
            for match in matches
            for destination in match.dsts or ()
            if (not match.ip_proto or TCP in match.ip_proto) and _is_among(destination.net, addresses)
        }
    except ValueError as error:
        raise PayloadError(f"not a packet filter: {error}") from error
    return tuple(sorted(found - {PortRange(besides, besides)}))


def describe_exposure(ports: tuple[PortRange, ...], port: int) -> str | None:
    """Say what is open and what to do; None when nothing is."""
    if not ports:
        return None
    named = ", ".join(map(str, ports))
    return (
        f"the tailnet's policy lets others reach TCP ports of this node besides {port}: {named}. "
        f"Each one is the same port of 127.0.0.1 on this machine; let the policy allow tcp:{port} alone"
    )


def _is_among(net: str, addresses: tuple[str, ...]) -> bool:
    network = ip_network(net, strict=False)
    return any(ip_address(address) in network for address in addresses)
