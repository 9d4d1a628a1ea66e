"""One reader of `/v1/watch`: the lines that wait for it, and what is done when it does not take them.

Lines are written once and shared by all readers; only their numbers differ. A reader that falls behind loses what waits
for it and gets everything anew, so what a slow one costs is bounded, and a picture is never wrong, only late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from tsym_agent.model import watch as model
from tsym_agent.model.hosts import Rights
from tsym_agent.server.essence import SlimStatus

MOST_LINES = 64
"""Waiting for one reader."""

MOST_BYTES = 256 * 1024
"""Of them together: beyond this a new snapshot is hardly more."""

_PIECE_BYTES = 32 * 1024
"""Snapshots leave in pieces of this size, so that a large one never stands in memory whole for each reader."""

_ENCODER = msgspec.json.Encoder()


class SharedLine(NamedTuple):
    """A line before and behind its number."""

    head: bytes
    rest: bytes

    def numbered(self, seq: int) -> bytes:
        """Return the line for a reader's place in its stream."""
        return b"%b%d%b" % (self.head, seq, self.rest)


def share(line: model.Line) -> SharedLine:
    """Write a line whose number is 0 for all readers."""
    head, _, rest = _ENCODER.encode(line).partition(b'"seq":0')
    return SharedLine(head + b'"seq":', rest + b"\n")


def snapshot_pieces(seq: int, at: str, status: SlimStatus, rights: Rights | None, control_url: str) -> Iterator[bytes]:
    """Write a snapshot line piece by piece."""
    empty = msgspec.Raw(b"{}")
    line = model.Snapshot(seq=seq, at=at, status=empty, rights=rights, control_url=control_url)
    head, _, tail = _ENCODER.encode(line).partition(b'"status":{}')
    top = _ENCODER.encode(status.top)[1:-1]
    yield b'%b"status":{%b"Peer":{' % (head, top + b"," if top else b"")
    yield from _pieces(_members(status.peers))
    yield b"}}%b\n" % tail


def _members(raws: dict[str, msgspec.Raw]) -> Iterator[bytes]:
    comma = b""
    for name, raw in raws.items():
        yield b"%b%b:%b" % (comma, _ENCODER.encode(name), raw)
        comma = b","


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    piece = bytearray()
    for part in parts:
        piece += part
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


class Reader:
    """What waits for one client of the stream."""

    def __init__(self, *, with_samples: bool) -> None:
        self.with_samples = with_samples
        self.is_behind = True
        """Whether it has to be told everything, as at its start."""
        self.is_closed = False
        self._waiting: deque[SharedLine] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def tell(self, line: SharedLine) -> None:
        """Let a line wait, or give up on those that do."""
        if self.is_behind:
            return
        if len(self._waiting) >= MOST_LINES or self._bytes + len(line.rest) > MOST_BYTES:
            self.start_anew()
            return
        self._waiting.append(line)
        self._bytes += len(line.rest)
        self._wake.set()

    def start_anew(self) -> None:
        """Have everything told again; what waits is part of it."""
        self._waiting.clear()
        self._bytes = 0
        self.is_behind = True
        self._wake.set()

    def close(self) -> None:
        """End the stream after what waits now."""
        self.is_closed = True
        self._wake.set()

    def take(self) -> SharedLine | None:
        """Take the next line; None when nothing waits."""
        if not self._waiting:
            self._wake.clear()
            return None
        line = self._waiting.popleft()
        self._bytes -= len(line.rest)
        return line

    async def wait(self, timeout_s: float) -> bool:
        """Wait until there is something to do; False when nothing came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            return False
        return True
