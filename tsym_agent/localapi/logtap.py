"""`GET /localapi/v0/logtap`: the daemon's log as it is written.

One JSON object a line, `{"logtail": {"client_time": …}, "v": 1, "text": "…"}`; the first of each stream only says that
it stands. A daemon keeps 16 lines for a reader and drops the rest without a word, and what it writes while a stream is
broken is lost as well: then a line of ours says so.

Learnt from logtail/logtail.go and ipn/localapi of tailscale 1.102.3 (1.36 on; it needs the right to write).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec

from tsym_agent.localapi.following import Following, LineBuffer, Target, Turn
from tsym_agent.localapi.refusals import from_wire
from tsym_agent.model.logs import LogLine
from tsym_agent.model.payload import PayloadError, decode
from tsym_agent.model.text import printable
from tsym_agent.model.times import format_time
from tsym_agent.wire.errors import TooLargeError

LOGTAP = Target("logtap", "/localapi/v0/logtap")
MAX_LINE_BYTES = 1024 * 1024
"""The daemon's own bound for an entry is a quarter of it."""

EVERY_LEVEL = 2**31
_CONNECTED = "[logtap connected]"
_AGAIN = "[logtap connected again: what was written in between is lost]"


class _Logtail(msgspec.Struct, frozen=True):
    client_time: str = ""


class _Entry(msgspec.Struct, frozen=True):
    logtail: _Logtail | None = None
    v: int = 0
    text: str = ""


_ENTRY = msgspec.json.Decoder(_Entry)


def _now() -> datetime:
    return datetime.now(UTC)


async def follow_log(
    following: Following, level: int = 0, *, now: Callable[[], datetime] = _now
) -> AsyncGenerator[LogLine, None]:
    """Yield the lines up to that verbosity for ever; the first says that the tap stands.

    Raises `LocalAPIError` when the first stream cannot be had, later only what no waiting mends.
    """
    lines = LineBuffer(MAX_LINE_BYTES)
    starts = 0
    async with aclosing(following.pieces(LOGTAP, must_stand_at_once=True)) as pieces:
        async for piece in pieces:
            if piece is Turn.UP:
                lines, starts = LineBuffer(MAX_LINE_BYTES), starts + 1
                yield LogLine(at=format_time(now()), text=_CONNECTED if starts == 1 else _AGAIN)
            elif isinstance(piece, bytes):
                try:
                    whole = lines.feed(piece)
                except TooLargeError as error:
                    raise from_wire(following.http.where, error) from error
                for line in whole:
                    for read in parse_entry(line, format_time(now())):
                        if read.level <= level and read.text != _CONNECTED:
                            yield read


def is_about_tap(line: LogLine) -> bool:
    """Say whether a line speaks of the tap itself, not of the daemon."""
    return line.text in {_CONNECTED, _AGAIN}


def parse_entry(line: bytes, arrived_at: str) -> tuple[LogLine, ...]:
    """Read one line of the tap: one log line for each line of its text, safe to print.

    What is not an entry is shown as it came: a log is where a person looks when things are not as they should be.
    """
    try:
        entry = decode(_ENTRY, line)
    except PayloadError:
        entry = _Entry(text=line.decode("utf-8", "replace"))
    at = (entry.logtail.client_time if entry.logtail else "") or arrived_at
    texts = entry.text.expandtabs(4).splitlines()
    return tuple(LogLine(at=at, level=entry.v, text=printable(text.rstrip())) for text in texts if text.strip())
