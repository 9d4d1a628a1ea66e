"""`GET /localapi/v0/debug-peer-relay-sessions`: what this node relays for others, where it is a peer relay (1.90)."""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import Body, decode


class RelayClient(msgspec.Struct, frozen=True, rename="pascal"):
    """One of the two nodes of a session."""

    endpoint: str = ""
    """Its public `ip:port`; empty until its handshake is done."""
    short_disco: str = ""
    """A shortened disco key: the only name the relay knows it by."""
    packets_tx: int = 0
    """Packets it sent to the other one through us."""
    bytes_tx: int = 0


class RelaySession(msgspec.Struct, frozen=True, rename="pascal"):
    """Two nodes that meet through this one."""

    vni: int = msgspec.field(default=0, name="VNI")
    """Number of the session, the last part of `ip:port:vni:N`."""
    client1: RelayClient = RelayClient()
    client2: RelayClient = RelayClient()


class RelayServer(msgspec.Struct, frozen=True, rename="pascal"):
    """This node as a peer relay."""

    udp_port: int | None = msgspec.field(default=None, name="UDPPort")
    """None = it is no relay, 0 = a random port."""
    sessions: tuple[RelaySession, ...] | None = None


_DECODER = msgspec.json.Decoder(RelayServer)


def parse_relay_server(body: Body) -> RelayServer:
    """Read the sessions of a peer relay."""
    return decode(_DECODER, body)
