"""`GET /v1/logs` and `/v1/events` of an agent: one JSON object a line."""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import ABSENT, Body, decode


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a daemon's log."""

    at: str
    """RFC 3339: the daemon's own time where it gives one, else the agent's."""
    level: int = 0
    """Verbosity: 0 is for everybody, 1 and 2 are details."""
    text: str
    lost: int = 0
    """Lines dropped before this one, because somebody did not read fast enough."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened inside a daemon."""

    at: str
    kind: str
    """`state`, `health`, `peer-online`, …, or the type of an internal event."""
    words: str
    """For a person."""
    node: str = ""
    """Stable ID or name of the node it is about; empty = the host itself."""
    data: msgspec.Raw = ABSENT
    lost: int = 0
    """Events dropped before this one."""


_LOG = msgspec.json.Decoder(LogLine)
_EVENT = msgspec.json.Decoder(Event)


def parse_log_line(line: Body) -> LogLine:
    """Read one line of a log."""
    return decode(_LOG, line)


def parse_event(line: Body) -> Event:
    """Read one event."""
    return decode(_EVENT, line)
