"""Openers for the streams this machine makes itself: unix sockets and TCP."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass

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
        return await asyncio.open_unix_connection(os.fspath(self.path), limit=READ_AHEAD_BYTES)


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
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=READ_AHEAD_BYTES)
        _keep_alive(writer.get_extra_info("socket"))
        return reader, writer


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):  # Linux; other systems keep their default of two hours
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_IDLE_S // 3)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
