"""`GET /localapi/v0/tka/status`: tailnet lock, and the peers it keeps out."""

from __future__ import annotations

import msgspec

from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.payload import Body, decode


class LockPeer(msgspec.Struct, frozen=True, rename="pascal"):
    """A node that tailnet lock knows of."""

    name: str = ""
    id: int = msgspec.field(default=0, name="ID")
    stable_id: StableNodeID = msgspec.field(default=StableNodeID(""), name="StableID")
    tailscale_ips: tuple[str, ...] | None = msgspec.field(default=None, name="TailscaleIPs")


class LockStatus(msgspec.Struct, frozen=True, rename="pascal"):
    """Tailnet lock as this node sees it."""

    enabled: bool = False
    node_key_signed: bool = False
    filtered_peers: tuple[LockPeer, ...] | None = None
    """Peers that control offered and lock refused: they are missing from status."""


_DECODER = msgspec.json.Decoder(LockStatus)


def parse_lock_status(body: Body) -> LockStatus:
    """Read the state of tailnet lock."""
    return decode(_DECODER, body)
