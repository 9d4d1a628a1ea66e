"""How the answers of a server are written down: by hand to plain requests, by h11 to all others."""

from __future__ import annotations

import functools
import time
from typing import Protocol

import h11

from tsym_agent.wire.plain import Header, write_head

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Answering(Protocol):
    """Writes the answers of one connection, one after the other."""

    def head(self, status: int, headers: list[Header]) -> bytes:
        """Begin an answer; its body has a length among the headers, or comes in chunks."""

    def piece(self, data: bytes) -> bytes:
        """Go on with its body."""

    def end(self) -> bytes:
        """End it."""

    def renew(self) -> bool:
        """Make ready for another request; False when this was the last."""


class H11Answering:
    """Answers as h11 would have them."""

    def __init__(self, parser: h11.Connection) -> None:
        self._parser = parser

    def head(self, status: int, headers: list[Header]) -> bytes:
        """Begin an answer."""
        return self._parser.send(h11.Response(status_code=status, headers=headers)) or b""

    def piece(self, data: bytes) -> bytes:
        """Go on with its body."""
        return self._parser.send(h11.Data(data=data)) or b""

    def end(self) -> bytes:
        """End it."""
        return self._parser.send(h11.EndOfMessage()) or b""

    def renew(self) -> bool:
        """Make ready for another request; False when this was the last."""
        if self._parser.our_state is not h11.DONE or self._parser.their_state is not h11.DONE:
            return False
        self._parser.start_next_cycle()
        return True


class PlainAnswering:
    """Writes the answers to plain requests."""

    def __init__(self) -> None:
        self._is_chunked = False
        self._is_last = False

    def head(self, status: int, headers: list[Header]) -> bytes:
        """Begin an answer; its body has a length among the headers, or comes in chunks."""
        names = [name.lower() for name, _ in headers]
        self._is_chunked = b"content-length" not in names and status not in {204, 304}
        self._is_last = b"connection" in names
        framing = [(b"Transfer-Encoding", b"chunked")] if self._is_chunked else []
        return write_head(b"HTTP/1.1 %d \r\n" % status, [*headers, *framing])

    def piece(self, data: bytes) -> bytes:
        """Go on with its body."""
        return b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data

    def end(self) -> bytes:
        """End it."""
        return b"0\r\n\r\n" if self._is_chunked else b""

    def renew(self) -> bool:
        """Make ready for another request; False when this was the last."""
        return not self._is_last


@functools.lru_cache(maxsize=2)
def http_date(now_s: int) -> bytes:
    """Write a moment of the Unix clock as headers do."""
    moment = time.gmtime(now_s)
    day, month = _WEEKDAYS[moment.tm_wday], _MONTHS[moment.tm_mon - 1]
    clock = f"{moment.tm_hour:02}:{moment.tm_min:02}:{moment.tm_sec:02}"
    return f"{day}, {moment.tm_mday:02} {month} {moment.tm_year} {clock} GMT".encode()
