"""What tests of streams share: statuses, a hub that does not dawdle, and lines out of pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import msgspec

from tests.unit.fake_daemon import FakeDaemon, Request, answer
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.following import LineBuffer
from tsym_agent.model.watch import Delta, Line, Snapshot, parse_line
from tsym_agent.server.hub import Hub
from tsym_agent.server.observer import Pace
from tsym_agent.wire.openers import UnixOpener

T = TypeVar("T", bound=Line)

QUICK = Pace(settle_s=0.01, every_s=0.05, troubled_s=0.02, rest=0.0)
CALM = Pace(settle_s=0.01, every_s=60.0, troubled_s=0.02, rest=0.0)
"""Looks only when there is news."""


def peer(name: str, **more: object) -> dict[str, object]:
    """Write a peer of a status."""
    return {"ID": f"n{name}", "HostName": name, "DNSName": f"{name}.tail.example.", "Online": True, **more}


def status(*peers: dict[str, object], **top: object) -> bytes:
    """Write a status whose peers have their own names as keys."""
    members = {"BackendState": "Running", "CurrentTailnet": {"Name": "tail.example"}, **top}
    return msgspec.json.encode({**members, "Peer": {f"nodekey:{each['HostName']}": each for each in peers}})


class Lines:
    """A reader of the stream: joins pieces, reads lines, checks that their numbers have no gap."""

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        self._pieces = pieces
        self._buffer = LineBuffer(1 << 24)
        self._lines: list[bytes] = []
        self.seq = 0

    async def next(self) -> Line:
        async with asyncio.timeout(5):
            while not self._lines:
                self._lines += self._buffer.feed(await anext(self._pieces))
        line = parse_line(self._lines.pop(0))
        assert line.seq == self.seq + 1
        self.seq = line.seq
        return line

    async def next_of(self, kind: type[T]) -> T:
        line = await self.next()
        assert isinstance(line, kind), line
        return line

    async def snapshot(self) -> Snapshot:
        return await self.next_of(Snapshot)

    async def delta(self) -> Delta:
        return await self.next_of(Delta)


@asynccontextmanager
async def watching(hub: Hub, *, with_samples: bool = True) -> AsyncIterator[Lines]:
    """Watch while the block runs."""
    async with aclosing(hub.watch(with_samples=with_samples)) as pieces:
        yield Lines(pieces)


class Watched:
    """A daemon whose status a test changes, with the bus telling of it."""

    def __init__(self, daemon: FakeDaemon) -> None:
        self.daemon = daemon
        self.body = status()
        self._news = asyncio.Condition()
        daemon.on("status", self._status)
        daemon.on("watch-ipn-bus", self._bus)
        daemon.on("prefs", answer('{"ControlURL": "https://control.example"}'))
        daemon.on("profiles/current", answer("profiles access denied\n", 403))

    async def become(self, *peers: dict[str, object], **top: object) -> None:
        """Change, and tell."""
        self.body = status(*peers, **top)
        await self.tell()

    async def tell(self) -> None:
        """Say on the bus that something changed."""
        async with self._news:
            self._news.notify_all()

    async def _status(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(self.body))

    async def _bus(self, _request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            async with self._news:
                await self._news.wait()
            writer.write(b'd\r\n{"State": 6}\n\r\n')


def client_of(daemon: FakeDaemon) -> LocalClient:
    """Make a client; the caller closes it."""
    return LocalClient(UnixOpener(daemon.path))
