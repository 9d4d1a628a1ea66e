"""`GET /localapi/v0/debug-peer-endpoint-changes`: what magicsock did about one peer's endpoints (1.38).

A short ring in the daemon's memory. `From` and `To` are internal structs that newer daemons write as `{}`, so only the
time and the name of a change are read.
"""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import Body, decode


class EndpointChange(msgspec.Struct, frozen=True, rename="pascal"):
    """One change."""

    when: str = ""
    """RFC 3339."""
    what: str = ""
    """A name of the daemon's source, such as `handlePongConnLocked-bestAddr-update`; new ones may come."""


_DECODER: msgspec.json.Decoder[tuple[EndpointChange, ...] | None] = msgspec.json.Decoder(
    tuple[EndpointChange, ...] | None
)


def parse_endpoint_changes(body: Body) -> tuple[EndpointChange, ...]:
    """Read the changes, oldest first; empty on phones, which keep none."""
    return decode(_DECODER, body) or ()
