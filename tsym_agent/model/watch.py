"""`GET /v1/watch` of an agent: one JSON object a line. A snapshot, then what changed.

Status travels in LocalAPI's own spelling and is read by the same decoders, but slim: counters and times that change all
the time, capabilities and secrets are left out, and a change of those alone is no news. Numbers grow by one from line
to line; a reader that misses one has lost its place and asks anew.
"""

from __future__ import annotations

import msgspec

from tsym_agent.model.hosts import Rights
from tsym_agent.model.payload import Body, decode
from tsym_agent.model.pings import PingResult


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag="snapshot"):
    """Everything: the first line, and whenever the agent would otherwise fall behind."""

    seq: int
    at: str
    """RFC 3339, on the agent's clock."""
    status: msgspec.Raw
    """Slim status."""
    rights: Rights | None = None
    control_url: str = ""
    """Of prefs; empty when they could not be read."""


class Delta(msgspec.Struct, frozen=True, kw_only=True, tag="delta"):
    """What is different from the line before."""

    seq: int
    at: str
    top: dict[str, msgspec.Raw] = {}
    """Members of status other than `Peer` that changed, whole."""
    peers: dict[str, msgspec.Raw] = {}
    """Peers that changed or came, whole, by node key."""
    gone: tuple[str, ...] = ()
    """Node keys that are no more."""


class WatchSample(msgspec.Struct, frozen=True, kw_only=True):
    """A ping that went through the agent, whoever asked for it."""

    ip: str
    type: str
    at: str
    result: PingResult | None = None
    """In LocalAPI's spelling; None = no pong came."""
    error: str | None = None


class Samples(msgspec.Struct, frozen=True, kw_only=True, tag="samples"):
    """Pings of late."""

    seq: int
    samples: tuple[WatchSample, ...]


class Alive(msgspec.Struct, frozen=True, kw_only=True, tag="alive"):
    """Nothing happened, and the stream stands."""

    seq: int
    at: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True, tag="trouble"):
    """The agent's daemon does not answer; a snapshot follows when it does."""

    seq: int
    at: str
    code: str
    """As in the agent's problems: `daemon-unreachable`, …"""
    detail: str


Line = Snapshot | Delta | Samples | Alive | Trouble

_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def parse_line(line: Body) -> Line:
    """Read one line; raises `PayloadError`."""
    return decode(_DECODER, line)
