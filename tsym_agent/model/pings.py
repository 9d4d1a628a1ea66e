"""`POST /localapi/v0/ping`: one pong, or the reason there is none."""

from __future__ import annotations

import math

import msgspec

from tsym_agent.model.paths import PathKind
from tsym_agent.model.payload import Body, decode


class PingResult(msgspec.Struct, frozen=True, rename="pascal"):
    """What one ping brought back (ipnstate.PingResult, 1.26 on; `peer_relay` from 1.86)."""

    ip: str = msgspec.field(default="", name="IP")
    """The address that was pinged."""
    node_ip: str = msgspec.field(default="", name="NodeIP")
    node_name: str = ""
    """A bare name from disco, an FQDN with a dot from peerapi: show it, never key by it."""
    err: str = ""
    """Why the ping failed at once; empty when a pong came."""
    latency_seconds: float = 0.0
    """Round trip, in seconds."""
    endpoint: str = ""
    """`ip:port` of the direct path the pong came by; empty otherwise."""
    peer_relay: str = ""
    """`ip:port:vni:N` of the peer relay the pong came through; empty otherwise."""
    derp_region_id: int = msgspec.field(default=0, name="DERPRegionID")
    derp_region_code: str = msgspec.field(default="", name="DERPRegionCode")
    """The *peer's* home region, where the ping was sent."""
    peer_api_port: int = msgspec.field(default=0, name="PeerAPIPort")
    peer_api_url: str = msgspec.field(default="", name="PeerAPIURL")
    is_local_ip: bool = msgspec.field(default=False, name="IsLocalIP")
    """The address is the host's own; `err` says so too."""

    @property
    def is_pong(self) -> bool:
        """Whether somebody answered."""
        return not self.err

    @property
    def latency_ms(self) -> float | None:
        """Round trip in milliseconds; None without a pong or without a finite number."""
        if self.err or not math.isfinite(self.latency_seconds) or self.latency_seconds < 0:
            return None
        return self.latency_seconds * 1000

    @property
    def path(self) -> PathKind:
        """The class this pong names: TSMP, ICMP and peerapi pongs and errors name none."""
        if self.err:
            return PathKind.UNKNOWN
        if self.endpoint:
            return PathKind.DIRECT
        if self.peer_relay:
            return PathKind.PEER_RELAY
        return PathKind.DERP if self.derp_region_id else PathKind.UNKNOWN


_DECODER = msgspec.json.Decoder(PingResult)


def parse_ping_result(body: Body) -> PingResult:
    """Read the answer of `ping`."""
    return decode(_DECODER, body)
