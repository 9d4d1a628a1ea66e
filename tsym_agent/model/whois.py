"""`GET /localapi/v0/whois`: the node and the person behind an address."""

from __future__ import annotations

import msgspec

from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.payload import Body, decode
from tsym_agent.model.status import UserProfile


class WhoIs(msgspec.Struct, frozen=True, rename="pascal"):
    """Who owns an address, and what they may do here."""

    node: ControlNode
    user_profile: UserProfile
    cap_map: dict[str, tuple[msgspec.Raw, ...] | None] | None = None
    """Peer capabilities from grants; null value still means granted."""


_DECODER = msgspec.json.Decoder(WhoIs)


def parse_whois(body: Body) -> WhoIs:
    """Read the answer of `whois`."""
    return decode(_DECODER, body)
