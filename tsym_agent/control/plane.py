"""The one interface to control planes, and the values that both kinds answer with.

What one of them does not know is None here, never an empty value that looks like an answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from tsym_agent.control.secrets import Secret
from tsym_agent.model.ids import StableNodeID


class Connectivity(msgspec.Struct, frozen=True, kw_only=True):
    """What a node last reported of its network: not a live path to anybody."""

    endpoints: tuple[str, ...] = ()
    mapping_varies: bool | None = None
    """Whether its NAT is hard."""
    has_udp: bool | None = None
    latency_ms: dict[str, float] = {}
    """By the *name* of the relay region."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A node, as control knows it."""

    id: StableNodeID
    """As `ID` in the node's own status."""
    name: str
    """MagicDNS name without its last dot; on Headscale only the first label of it."""
    host_name: str
    addresses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    owner: str | None = None
    """Login of its user; None for tagged nodes."""
    online: bool | None = None
    """Whether it is connected to control now."""
    last_seen: datetime | None = None
    """None while it is online, and where it is not told."""
    created: datetime | None = None
    expires: datetime | None = None
    """When its key expires; None = never."""
    os: str | None = None
    version: str | None = None
    node_key: str | None = None
    is_authorized: bool | None = None
    is_ephemeral: bool | None = None
    connectivity: Connectivity | None = None


class DeviceRoutes(msgspec.Struct, frozen=True, kw_only=True):
    """The routes of one node that has any."""

    id: StableNodeID
    name: str
    advertised: tuple[str, ...] = ()
    enabled: tuple[str, ...] = ()
    serving: tuple[str, ...] | None = None
    """Routes that go through it now; None where control does not tell."""


class KeyWish(msgspec.Struct, frozen=True, kw_only=True):
    """An auth key as it shall be made."""

    tags: tuple[str, ...]
    expires_s: int = 3600
    """Lifetime of the key, not of the nodes it lets in."""
    ephemeral: bool = False
    """Nodes are removed soon after they went offline."""
    reusable: bool = False
    preauthorized: bool = True
    """Nodes need no approval, where the tailnet has that on."""
    description: str = "tsym"


class MintedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made: the only time its secret is told."""

    id: str
    secret: Secret
    expires: datetime | None = None


class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A key in a list: everything but its secret."""

    id: str
    description: str | None = None
    tags: tuple[str, ...] | None = None
    created: datetime | None = None
    expires: datetime | None = None
    is_reusable: bool | None = None
    is_ephemeral: bool | None = None
    is_used: bool | None = None
    """None where control does not tell."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The tailnet's policy file as it stands."""

    text: str
    """HuJSON: JSON with comments and trailing commas."""
    etag: str | None = None
    updated: datetime | None = None


class DnsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The tailnet's DNS."""

    magic_dns: bool | None = None
    nameservers: tuple[str, ...] = ()
    search_paths: tuple[str, ...] = ()
    split: dict[str, tuple[str, ...]] = {}
    """Domain to its nameservers."""


class ControlPlane(Protocol):
    """What is asked of a control plane. Every call raises `ControlError` when it is not answered."""

    kind: str
    """`tailscale` or `headscale`."""

    @property
    def where(self) -> str:
        """Its URL, for words."""

    @property
    def login_server(self) -> str | None:
        """What a node must be told to log in there; None for Tailscale's own, which nodes know."""

    async def devices(self) -> tuple[Device, ...]:
        """Read all nodes."""

    async def routes(self) -> tuple[DeviceRoutes, ...]:
        """Read the routes of all nodes that have any."""

    async def create_key(self, wish: KeyWish) -> MintedKey:
        """Make an auth key. The one call that is never repeated by itself: a lost answer would leave a second key."""

    async def keys(self) -> tuple[KeyFacts, ...]:
        """List the auth keys that exist."""

    async def revoke_key(self, key_id: str) -> None:
        """Let a key admit nobody any more; nodes that joined with it stay."""

    async def policy(self) -> Policy:
        """Read the policy file."""

    async def dns(self) -> DnsSettings:
        """Read DNS settings; `NotOfferedError` where control has them in a file of its own."""

    async def aclose(self) -> None:
        """Close all connections."""
