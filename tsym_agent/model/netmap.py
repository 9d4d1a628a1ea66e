"""Nodes as control describes them (tailcfg.Node): whois, the bus and peer-by-id speak this shape."""

from __future__ import annotations

import msgspec

from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.payload import ABSENT, Body, decode


class NetInfo(msgspec.Struct, frozen=True, rename="pascal"):
    """A node's own view of its network; absent fields are unknown, not false."""

    mapping_varies_by_dest_ip: bool | None = msgspec.field(default=None, name="MappingVariesByDestIP")
    """True = hard (symmetric) NAT."""
    working_ipv6: bool | None = msgspec.field(default=None, name="WorkingIPv6")
    os_has_ipv6: bool | None = msgspec.field(default=None, name="OSHasIPv6")
    working_udp: bool | None = msgspec.field(default=None, name="WorkingUDP")
    working_icmpv4: bool | None = msgspec.field(default=None, name="WorkingICMPv4")
    have_port_map: bool = False
    upnp: bool | None = msgspec.field(default=None, name="UPnP")
    pmp: bool | None = msgspec.field(default=None, name="PMP")
    pcp: bool | None = msgspec.field(default=None, name="PCP")
    preferred_derp: int = msgspec.field(default=0, name="PreferredDERP")
    link_type: str = ""
    derp_latency: dict[str, float] | None = msgspec.field(default=None, name="DERPLatency")
    """Seconds by `REGION-v4` and `REGION-v6`."""
    firewall_mode: str = ""


class Hostinfo(msgspec.Struct, frozen=True, rename="pascal"):
    """What a node tells of itself; the hosted service strips much of it for peers."""

    ipn_version: str = msgspec.field(default="", name="IPNVersion")
    os: str = msgspec.field(default="", name="OS")
    os_version: str = msgspec.field(default="", name="OSVersion")
    distro: str = ""
    app: str = ""
    hostname: str = ""
    shields_up: bool = False
    sharee_node: bool = False
    """It is here only because something of ours was shared with its user."""
    container: bool | None = None
    userspace: bool | None = None
    routable_ips: tuple[str, ...] | None = msgspec.field(default=None, name="RoutableIPs")
    peer_relay: bool = False
    net_info: NetInfo | None = None


class ControlNode(msgspec.Struct, frozen=True, rename="pascal"):
    """One node of the netmap."""

    id: int = msgspec.field(default=0, name="ID")
    stable_id: StableNodeID = msgspec.field(default=StableNodeID(""), name="StableID")
    name: str = ""
    """FQDN with its trailing dot."""
    user: int = 0
    sharer: int = 0
    key: str = ""
    key_expiry: str | None = None
    machine: str = ""
    disco_key: str = ""
    addresses: tuple[str, ...] | None = None
    allowed_ips: tuple[str, ...] | None = msgspec.field(default=None, name="AllowedIPs")
    endpoints: tuple[str, ...] | None = None
    """UDP candidates the node advertises."""
    legacy_derp: str = msgspec.field(default="", name="DERP")
    """`127.3.3.40:N`: the home region before 1.80."""
    home_derp_id: int = msgspec.field(default=0, name="HomeDERP")
    hostinfo: Hostinfo | None = None
    created: str = ""
    cap: int = 0
    """Capability version of the peer's client."""
    tags: tuple[str, ...] | None = None
    primary_routes: tuple[str, ...] | None = None
    last_seen: str | None = None
    online: bool | None = None
    """None = control did not say."""
    machine_authorized: bool | None = None
    cap_map: msgspec.Raw = ABSENT
    computed_name: str = ""
    expired: bool = False
    is_wire_guard_only: bool = False
    is_jailed: bool = False

    @property
    def home_derp(self) -> int:
        """The home region's ID from either generation of the field; 0 = unknown."""
        if self.home_derp_id:
            return self.home_derp_id
        _, _, port = self.legacy_derp.rpartition(":")
        return int(port) if port.isdigit() else 0


class FileTarget(msgspec.Struct, frozen=True, rename="pascal"):
    """A node that files may be sent to."""

    node: ControlNode | None = None
    peer_api_url: str = msgspec.field(default="", name="PeerAPIURL")


_DECODER = msgspec.json.Decoder(ControlNode)
_FILE_TARGETS: msgspec.json.Decoder[tuple[FileTarget, ...] | None] = msgspec.json.Decoder(tuple[FileTarget, ...] | None)


def parse_control_node(body: Body) -> ControlNode:
    """Read the answer of `peer-by-id`."""
    return decode(_DECODER, body)


def parse_file_targets(body: Body) -> tuple[FileTarget, ...]:
    """Read the answer of `file-targets`."""
    return decode(_FILE_TARGETS, body) or ()
