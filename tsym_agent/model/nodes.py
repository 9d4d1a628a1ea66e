"""A machine of the tailnet as the screens speak of it: the views of all hosts merged into one value."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tsym_agent.model.ids import NodeRef

UNUSED_EXIT_SUFFIX = ".mullvad.ts.net"
"""DNS suffix of Mullvad's exit nodes: hundreds of them, hidden unless used."""

PHONE_SYSTEMS = frozenset({"iOS", "android", "tvOS"})
"""Systems whose radios a probe would wake: never probed unless named."""


class Standing(StrEnum):
    """Whether a node may take part at all; each has its own words on screen."""

    OK = "ok"
    EXPIRED = "expired"
    """Its key has expired: log in on that machine."""
    NOT_APPROVED = "not-approved"
    """Control waits for an admin to approve the machine."""
    LOCKED_OUT = "locked-out"
    """Tailnet lock refuses its key: sign it from a signing node."""


class Hidden(StrEnum):
    """Why a node is left out of lists and never probed unless asked for."""

    NO = "no"
    UNUSED_EXIT = "unused-exit"
    """A Mullvad exit node not in use."""
    SHARED_IN = "shared-in"
    """Belongs to another tailnet and only knows us."""


class Node(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One machine."""

    ref: NodeRef
    name: str
    """MagicDNS name without its trailing dot, else the host name; printable. May repeat: never a key."""
    host_name: str = ""
    addresses: tuple[str, ...] = ()
    """Tailscale addresses, IPv4 first as control orders them."""
    tags: tuple[str, ...] = ()
    owner: str | None = None
    """Login name; None for tagged nodes."""
    os: str = ""
    version: str | None = None
    """Long version of its tailscaled; None unless one of our hosts."""
    online: bool | None = None
    """Connected to control; None = unknown."""
    last_handshake: str | None = None
    """RFC 3339, newest over all hosts; None = none seen."""
    last_seen: str | None = None
    key_expiry: str | None = None
    """RFC 3339; None = the key does not expire, or unknown."""
    home_region: str | None = None
    """Code of its home DERP region."""
    routes: tuple[str, ...] = ()
    """Primary routes it serves now."""
    is_exit_node_option: bool = False
    standing: Standing = Standing.OK
    hidden: Hidden = Hidden.NO
    site: str | None = None
    """Shared public address or subnet, where known."""

    @property
    def short_name(self) -> str:
        """The first label of the name: what a map has room for."""
        return self.name.partition(".")[0] or self.host_name or self.ref.stable_id

    @property
    def is_phone(self) -> bool:
        """Whether probing it would wake a radio."""
        return self.os in PHONE_SYSTEMS
