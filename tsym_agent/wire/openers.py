"""Openers for the streams this machine makes itself: unix sockets and TCP."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass

from tsym_agent.wire.waiting import PromptReader

READ_AHEAD_BYTES = 512 * 1024
"""How much a stream reader takes in before it pauses the transport. The default of 64 KiB pauses a 1 MB status a dozen
times; this lets it flow while still bounding what a silent consumer can pile up."""

KEEPALIVE_IDLE_S = 30
"""After this much silence TCP asks whether the other side is still there: an idle bus would never notice otherwise."""


@dataclass(frozen=True, slots=True)
class UnixOpener:
    """Opens a unix socket by its path."""

    path: str

    @property
    def where(self) -> str:
        """The path."""
        return self.path

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` when that is refused."""
        return await open_unix(os.fspath(self.path))


@dataclass(frozen=True, slots=True)
class TcpOpener:
    """Opens TCP to a host, by name or address, and a port."""

    host: str
    port: int

    @property
    def where(self) -> str:
        """The address as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` when that is refused."""
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(_Protocol, self.host, self.port)
        reader, writer = _streams(transport, protocol)
        _keep_alive(writer.get_extra_info("socket"))
        return reader, writer


async def open_unix(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a unix socket; raise `OSError`."""
    return _streams(*await asyncio.get_running_loop().create_unix_connection(_Protocol, path))


class _Protocol(asyncio.StreamReaderProtocol):
    """Keeps its reader for who makes the writer."""

    def __init__(self) -> None:
        self.reader = PromptReader(READ_AHEAD_BYTES)
        super().__init__(self.reader, loop=asyncio.get_running_loop())


def _streams(transport: asyncio.Transport, protocol: _Protocol) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return both ends of a stream that has been opened."""
    return protocol.reader, asyncio.StreamWriter(transport, protocol, protocol.reader, asyncio.get_running_loop())


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # Linux; other systems keep their default of two hours
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_IDLE_S // 3)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
