"""`GET /localapi/v0/derpmap`: the relay regions control offers."""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import Body, decode


class DERPNode(msgspec.Struct, frozen=True, rename="pascal"):
    """One relay server."""

    name: str = ""
    region_id: int = msgspec.field(default=0, name="RegionID")
    host_name: str = ""
    cert_name: str = ""
    ipv4: str = msgspec.field(default="", name="IPv4")
    ipv6: str = msgspec.field(default="", name="IPv6")
    """`none` = switched off."""
    stun_port: int = msgspec.field(default=0, name="STUNPort")
    """0 = 3478, -1 = no STUN."""
    stun_only: bool = msgspec.field(default=False, name="STUNOnly")
    derp_port: int = msgspec.field(default=0, name="DERPPort")
    """0 = 443."""


class DERPRegion(msgspec.Struct, frozen=True, rename="pascal"):
    """One relay site."""

    region_id: int = msgspec.field(default=0, name="RegionID")
    region_code: str = ""
    region_name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    no_measure_no_home: bool = False
    nodes: tuple[DERPNode, ...] | None = None


class DERPMap(msgspec.Struct, frozen=True, rename="pascal"):
    """All relay sites by region ID in decimal."""

    regions: dict[str, DERPRegion | None] | None = None
    """A policy may take a default region out by naming it null."""

    def code_of(self, region_id: int) -> str | None:
        """Return a region's short code; None when the map does not know it."""
        region = (self.regions or {}).get(str(region_id))
        return region.region_code or None if region else None


_DECODER: msgspec.json.Decoder[DERPMap | None] = msgspec.json.Decoder(DERPMap | None)


def parse_derp_map(body: Body) -> DERPMap | None:
    """Read the map; None = the daemon is not connected and has none."""
    return decode(_DECODER, body)
