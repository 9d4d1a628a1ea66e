"""`POST /v1/ping` of an agent: many targets in one question, results as they come, one JSON object a line."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tsym_agent.model.paths import PingKind
from tsym_agent.model.payload import Body, decode
from tsym_agent.model.pings import PingResult

MOST_TARGETS = 2000
MOST_COUNT = 100


class PingJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to ping."""

    targets: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_TARGETS)] = ()
    """Tailscale IPs; none = every peer of the host that probes may go to."""
    type: PingKind = PingKind.DISCO
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_COUNT)] = 1
    """Probes for each target."""
    spacing_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 200
    """Between two probes of a target."""
    timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=30_000)] = 5000
    size: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    until_direct: bool = False
    """Stop pinging a target after its first direct pong."""


class PingReport(msgspec.Struct, frozen=True, kw_only=True):
    """One probe."""

    ip: str
    number: int
    """Of this target's probes, from 1."""
    at: str
    """When it was sent, RFC 3339 on the agent's clock."""
    result: PingResult | None = None
    """None = no pong came, or the host could not be asked; `error` says which."""
    error: str | None = None


class PingDone(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of a job that was not cut short."""

    done: bool
    """Always true, and always the first member: that is how a reader tells this line from the others."""
    sent: int
    answered: int


_JOB = msgspec.json.Decoder(PingJob)
_REPORT = msgspec.json.Decoder(PingReport)
_DONE = msgspec.json.Decoder(PingDone)


def parse_ping_job(body: Body) -> PingJob:
    """Read a job; raises `PayloadError` for one that names what there is not."""
    return decode(_JOB, body)


def parse_ping_line(line: bytes) -> PingReport | PingDone:
    """Read one line of the answer."""
    return decode(_DONE, line) if line.startswith(b'{"done":') else decode(_REPORT, line)
