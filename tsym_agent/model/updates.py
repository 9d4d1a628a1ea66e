"""`GET /localapi/v0/update/check`: whether a newer tailscaled exists, as control last told the daemon."""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import Body, decode


class ClientVersion(msgspec.Struct, frozen=True, rename="pascal"):
    """The newest version, from the daemon's memory: nothing is fetched to answer."""

    running_latest: bool = False
    latest_version: str = ""
    """Empty while `running_latest`, and when control did not say."""
    urgent_security_update: bool = False
    notify: bool = False
    notify_text: str = ""


_DECODER: msgspec.json.Decoder[ClientVersion | None] = msgspec.json.Decoder(ClientVersion | None)


def parse_client_version(body: Body) -> ClientVersion | None:
    """Read it; None = control has not said."""
    return decode(_DECODER, body)
