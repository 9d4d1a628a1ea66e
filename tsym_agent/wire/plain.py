"""The plain case of HTTP/1.1 by hand: messages whose head one regular expression understands.

h11 is right about every message there may be, and takes most of a proxied request's time for it. Nearly all messages
are of the plainest kind, so those are read and written here, five times as fast; for whatever is odd in any way, these
functions return None and h11 decides. They may know less than h11, never more: what is read here, h11 reads the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from tsym_agent.wire.errors import ProtocolError

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_LINES = rb"((?:" + _TOKEN + rb":[\t -~]*\r\n)*)"
_REQUEST = re.compile(rb"(GET|POST) (/[!-~]*) HTTP/1\.1\r\n" + _LINES + rb"\r\n")
_ANSWER = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]) [\t -~]*\r\n" + _LINES + rb"\r\n")
_SENDABLE = re.compile(_TOKEN + rb": (?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?\r\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"(?:\r\n)?([0-9A-Fa-f]{1,15})[\t ]*(?:;[\t -~]*)?\r\n")
_TRAILERS = re.compile(rb"(?:" + _TOKEN + rb":[\t -~]*\r\n)*\r\n")
_FIRST_LINE = re.compile(rb"(?:[!-~]+ [!-~]+ HTTP/1\.1|HTTP/1\.1 [1-5][0-9][0-9] )\r\n")
_MOST_KNOWN = 128
_MOST_BETWEEN = 16 * 1024
"""Bytes between two chunks, or after the last: a size with its extensions, trailers."""

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_ODD_IN_REQUESTS = frozenset({b"connection", b"transfer-encoding", b"expect", b"upgrade", b"te", b"trailer"})

Header = tuple[bytes, bytes]


class PlainRequest(NamedTuple):
    """A request without a body."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    length: int
    """How many bytes it took."""


def read_request(data: bytes | bytearray, limit: int) -> PlainRequest | None:
    """Read the request that data begins with; None when it is not plain, not whole, or longer than `limit`."""
    found = _REQUEST.match(data)
    if found is None or found.end() > limit:
        return None
    headers = _headers(found[3])
    names = [name for name, _ in headers]
    if not _ODD_IN_REQUESTS.isdisjoint(names) or names.count(b"host") != 1:
        return None
    if b"content-length" in names and [value for name, value in headers if name == b"content-length"] != [b"0"]:
        return None
    method, target = found[1].decode("ascii"), found[2].decode("ascii")
    return PlainRequest(
        method, target, tuple([(name.decode("ascii"), value.decode("ascii")) for name, value in headers]), found.end()
    )


class PlainAnswer(NamedTuple):
    """The head of an answer."""

    status: int
    headers: list[Header]
    length: int | None
    """Of its body; None = it comes in chunks."""
    is_last: bool
    """Whether the connection closes after it."""
    head_length: int


def read_answer(data: bytes) -> PlainAnswer | None:
    """Read the head that data begins with; None when it is not plain or not whole."""
    found = _ANSWER.match(data)
    if found is None:
        return None
    headers = _headers(found[2])
    framing = [header for header in headers if header[0] in _FRAMING]
    connection = [value.lower() for name, value in headers if name == b"connection"]
    if len(framing) != 1 or connection not in ([], [b"close"], [b"keep-alive"]):
        return None
    status = int(found[1])
    (name, value), is_empty = framing[0], status in {204, 304}
    length: int | None = None
    if name == b"content-length" and _LENGTH.fullmatch(value):
        length = 0 if is_empty else int(value)
    elif is_empty or value.lower() != b"chunked":
        return None
    return PlainAnswer(status, headers, length, connection == [b"close"], found.end())


def _headers(lines: bytes | bytearray) -> list[Header]:
    return [
        _known_header(line) if len(line) <= _MOST_KNOWN else _header(line) for line in bytes(lines).split(b"\r\n")[:-1]
    ]


def _header(line: bytes) -> Header:
    name, _, value = line.partition(b":")
    return name.lower(), value.strip(b" \t")


_known_header = lru_cache(maxsize=256)(_header)
"""Nearly all lines of a head are those of the one before. Long ones are not kept: they are a stranger's to choose."""


@lru_cache(maxsize=256)  # what we say ourselves, again and again
def _line(header: Header) -> bytes:
    line = b"%s: %s\r\n" % header
    if not _SENDABLE.fullmatch(line):
        raise BadHeadError("something in the head of a message that no head may have")
    return line


class ChunkReader:
    """Takes the chunks of a body out of the bytes they come in. Extensions and trailers are read over."""

    def __init__(self) -> None:
        self._left = 0
        self._is_first = True
        self.is_done = False

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what belongs to the body, and what has to wait for more; raise `ProtocolError`."""
        parts: list[memoryview] = []
        view = memoryview(data)  # joining is the one copy
        at = 0
        while at < len(data) and not self.is_done:
            if self._left:
                parts.append(view[at : at + self._left])
                at += len(parts[-1])
                self._left -= len(parts[-1])
                continue
            behind = self._next_chunk(data, at)
            if behind is None:
                if len(data) - at > _MOST_BETWEEN:
                    raise ProtocolError("an HTTP chunk without an end of its size")
                break
            at = behind
        return b"".join(parts), data[at:]

    def _next_chunk(self, data: bytes, at: int) -> int | None:
        """Read a size and return where its chunk begins; None when more must come first."""
        found = _CHUNK.match(data, at)
        if found is None or self._is_first == data.startswith(b"\r\n", at):
            if found is None and b"\n" not in data[at + 2 :]:
                return None
            raise ProtocolError("an HTTP chunk without a proper size")
        self._left = int(found[1], 16)
        if self._left:
            self._is_first = False
            return found.end()
        trailers = _TRAILERS.match(data, found.end())
        if trailers is None:
            if b"\r\n\r\n" in data[found.end() :] or data.startswith(b"\n", found.end()):
                raise ProtocolError("an HTTP body without a proper end")
            return None
        self.is_done = True
        return trailers.end()


class BadHeadError(Exception):
    """A head of our own that would be none, or more than one: a fault of whoever made it."""


def write_head(first_line: bytes, headers: Iterable[Header]) -> bytes:
    """Write the head of a message; raise `BadHeadError`."""
    lines = b"".join([_line(header) for header in headers])
    if not _FIRST_LINE.fullmatch(first_line):
        raise BadHeadError("something in the first line of a message that no head may have")
    return first_line + lines + b"\r\n"
