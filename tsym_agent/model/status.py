"""`GET /localapi/v0/status`: who this node is and whom it knows.

Two readings of one body. `SweepStatus` takes the fourteen fields a probe sweep needs from each peer and is what every
poll decodes; `Status` is the full value for a person looking at one node. Field facts: ipn/ipnstate, daemons 1.56 to
1.102. `Relay` is the *home region* of a peer, set whatever the path is; it never proves a relayed path.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.paths import PathKind
from tsym_agent.model.payload import ABSENT, Body, decode, is_absent


class BackendState(StrEnum):
    """The state machine of a daemon, spelled as `Status.BackendState`."""

    NO_STATE = "NoState"
    IN_USE_OTHER_USER = "InUseOtherUser"
    NEEDS_LOGIN = "NeedsLogin"
    NEEDS_MACHINE_AUTH = "NeedsMachineAuth"
    STOPPED = "Stopped"
    STARTING = "Starting"
    RUNNING = "Running"
    UNKNOWN = "unknown"
    """A word this version of ours has not heard of."""

    @classmethod
    def _missing_(cls, _value: object) -> BackendState:
        return cls.UNKNOWN


class UserProfile(msgspec.Struct, frozen=True, rename="pascal"):
    """A person (or the owner of tagged devices)."""

    id: int = msgspec.field(default=0, name="ID")
    login_name: str = ""
    display_name: str = ""


class Location(msgspec.Struct, frozen=True, rename="pascal"):
    """Where an exit node says it stands."""

    country: str = ""
    country_code: str = ""
    city: str = ""
    city_code: str = ""
    priority: int = 0


class TailnetStatus(msgspec.Struct, frozen=True, rename="pascal"):
    """The tailnet as control names it."""

    name: str = ""
    magic_dns_suffix: str = msgspec.field(default="", name="MagicDNSSuffix")
    """Without dots around it."""
    magic_dns_enabled: bool = msgspec.field(default=False, name="MagicDNSEnabled")


class SweepPeer(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """The fourteen fields of a peer that a sweep needs."""

    id: StableNodeID = msgspec.field(default=StableNodeID(""), name="ID")
    host_name: str = ""
    dns_name: str = msgspec.field(default="", name="DNSName")
    os: str = msgspec.field(default="", name="OS")
    tailscale_ips: tuple[str, ...] | None = msgspec.field(default=None, name="TailscaleIPs")
    tags: tuple[str, ...] | None = None
    online: bool = False
    active: bool = False
    """Sent something in the last 45 s."""
    cur_addr: str = ""
    relay: str = ""
    peer_relay: str = ""
    exit_node: bool = False
    """It is the exit node in use."""
    sharee_node: bool = False
    expired: bool = False

    @property
    def passive_path(self) -> PathKind:
        """The path that status proves: only a trusted UDP path is evidence, silence is not DERP."""
        return passive_path(self)


class PeerStatus(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """Everything status says of one node, self included."""

    id: StableNodeID = msgspec.field(default=StableNodeID(""), name="ID")
    node_id: int = msgspec.field(default=0, name="NodeID")
    public_key: str = ""
    host_name: str = ""
    dns_name: str = msgspec.field(default="", name="DNSName")
    os: str = msgspec.field(default="", name="OS")
    user_id: int = msgspec.field(default=0, name="UserID")
    alt_sharer_user_id: int = msgspec.field(default=0, name="AltSharerUserID")
    tailscale_ips: tuple[str, ...] | None = msgspec.field(default=None, name="TailscaleIPs")
    allowed_ips: tuple[str, ...] | None = msgspec.field(default=None, name="AllowedIPs")
    tags: tuple[str, ...] | None = None
    primary_routes: tuple[str, ...] | None = None
    addrs: tuple[str, ...] | None = None
    """Own UDP endpoints; filled for self only."""
    cur_addr: str = ""
    relay: str = ""
    peer_relay: str = ""
    rx_bytes: int = 0
    tx_bytes: int = 0
    created: str = ""
    last_write: str = ""
    last_seen: str = ""
    """Filled only while offline."""
    last_handshake: str = ""
    online: bool = False
    """Connected to control; says nothing of reachability."""
    exit_node: bool = False
    exit_node_option: bool = False
    active: bool = False
    peer_api_url: tuple[str, ...] | None = msgspec.field(default=None, name="PeerAPIURL")
    taildrop_target: int = 0
    no_file_sharing_reason: str = ""
    capabilities: msgspec.Raw = ABSENT
    cap_map: msgspec.Raw = ABSENT
    """Raw until asked: `read_cap_map`."""
    sharee_node: bool = False
    expired: bool = False
    key_expiry: str | None = None
    location: Location | None = None
    in_network_map: bool = False
    in_magic_sock: bool = False
    in_engine: bool = False

    @property
    def passive_path(self) -> PathKind:
        """The path that status proves, as for `SweepPeer`."""
        return passive_path(self)


class HasPath(Protocol):
    """What `passive_path` reads."""

    @property
    def active(self) -> bool: ...  # noqa: D102 - named by its field
    @property
    def cur_addr(self) -> str: ...  # noqa: D102 - named by its field
    @property
    def peer_relay(self) -> str: ...  # noqa: D102 - named by its field


def passive_path(peer: HasPath) -> PathKind:
    """Say which path status proves for a peer.

    `CurAddr` and `PeerRelay` are filled only while a UDP path is trusted. Neither being filled means "no live UDP path
    known", which a DERP path, an idle peer and a dead one share, so that is unknown.
    """
    if not peer.active:
        return PathKind.UNKNOWN
    if peer.cur_addr:
        return PathKind.DIRECT
    return PathKind.PEER_RELAY if peer.peer_relay else PathKind.UNKNOWN


class SweepStatus(msgspec.Struct, frozen=True, rename="pascal"):
    """A status read for a sweep."""

    version: str = ""
    backend_state: str = ""
    tun: bool = msgspec.field(default=True, name="TUN")
    """False = userspace networking: programs of that machine reach the tailnet by this daemon's dialling only."""
    tailscale_ips: tuple[str, ...] | None = msgspec.field(default=None, name="TailscaleIPs")
    self_node: SweepPeer | None = msgspec.field(default=None, name="Self")
    health: tuple[str, ...] | None = None
    current_tailnet: TailnetStatus | None = None
    peer: dict[str, SweepPeer] | None = None

    @property
    def state(self) -> BackendState:
        """The backend state, unknown words kept as unknown."""
        return BackendState(self.backend_state)

    @property
    def peers(self) -> tuple[SweepPeer, ...]:
        """The peers without their node keys."""
        return tuple((self.peer or {}).values())


class Status(msgspec.Struct, frozen=True, rename="pascal"):
    """A status read whole."""

    version: str = ""
    tun: bool = msgspec.field(default=False, name="TUN")
    """False = userspace networking."""
    backend_state: str = ""
    have_node_key: bool = False
    tailscale_ips: tuple[str, ...] | None = msgspec.field(default=None, name="TailscaleIPs")
    self_node: PeerStatus | None = msgspec.field(default=None, name="Self")
    health: tuple[str, ...] | None = None
    """Human texts; codes come on the bus."""
    magic_dns_suffix: str = msgspec.field(default="", name="MagicDNSSuffix")
    current_tailnet: TailnetStatus | None = None
    cert_domains: tuple[str, ...] | None = None
    peer: dict[str, PeerStatus] | None = None
    """By node key."""
    user: dict[str, UserProfile] | None = None
    """By user ID in decimal."""

    @property
    def state(self) -> BackendState:
        """The backend state, unknown words kept as unknown."""
        return BackendState(self.backend_state)

    @property
    def peers(self) -> tuple[PeerStatus, ...]:
        """The peers without their node keys."""
        return tuple((self.peer or {}).values())

    def owner_of(self, peer: PeerStatus) -> str | None:
        """Return the login name of a peer's owner; None for tagged nodes and unknown users."""
        if peer.tags:
            return None
        profile = (self.user or {}).get(str(peer.user_id))
        return profile.login_name or None if profile else None


_PROFILE = msgspec.json.Decoder(UserProfile)
_STATUS = msgspec.json.Decoder(Status)
_SWEEP = msgspec.json.Decoder(SweepStatus)
_CAP_MAP = msgspec.json.Decoder(dict[str, tuple[msgspec.Raw, ...] | None])


def parse_status(body: Body) -> Status:
    """Read a whole status."""
    return decode(_STATUS, body)


def parse_sweep_status(body: Body) -> SweepStatus:
    """Read what a sweep needs of a status."""
    return decode(_SWEEP, body)


def read_cap_map(peer: PeerStatus) -> dict[str, tuple[msgspec.Raw, ...] | None]:
    """Read a node's capabilities; a null or empty value still means the node has the capability."""
    return {} if is_absent(peer.cap_map) else decode(_CAP_MAP, bytes(peer.cap_map))


def parse_user_profile(body: Body) -> UserProfile:
    """Read the answer of `user-profile`."""
    return decode(_PROFILE, body)
