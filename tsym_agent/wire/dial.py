"""An opener that lets a tailscaled dial: LocalAPI `dial`, an HTTP upgrade after which the socket is a raw tunnel.

So whoever has a node of its own reaches the tailnet by that node's unix socket, with no SOCKS port that every program
of the machine could use too. The daemon asks nobody for a right here: who may open the socket travels as that node,
which is why an own node's socket lies in a folder of its owner alone.

Learnt from ipn/localapi (serveDial) of tailscale 1.80.3 and 1.102.3, and run against both.
"""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass

from tsym_agent.model.text import printable
from tsym_agent.wire.openers import TcpOpener
from tsym_agent.wire.streams import Opener

MAX_HEAD_BYTES = 16 * 1024
MAX_REASON_BYTES = 1024
REASON_DEADLINE_S = 1.0
"""A refusal's body comes with its head; a daemon that never ends it must not keep us."""


@dataclass(frozen=True, slots=True)
class DialOpener:
    """Opens TCP to a host of the tailnet, an address or a MagicDNS name, as the node behind `local`.

    `local` leads to the LocalAPI socket of that node's tailscaled.
    """

    local: Opener
    host: str
    port: int

    @property
    def where(self) -> str:
        """The address as people write it; that it goes by another node is in the errors."""
        return TcpOpener(self.host, self.port).where

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` with the daemon's reason when the other side cannot be reached.

        `ValueError` = a host or port that no header may carry.
        """
        request = self._request()
        reader, writer = await self._open_local()
        try:
            writer.write(request)
            await writer.drain()
            await _enter_tunnel(reader)
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer

    def _request(self) -> bytes:
        if not self.host or not self.host.isascii() or not self.host.isprintable() or " " in self.host:
            raise ValueError(f"not a host name or address: {self.host!r}")
        if not 0 < self.port < 65536:
            raise ValueError(f"not a port: {self.port}")
        return (
            "POST /localapi/v0/dial HTTP/1.1\r\nHost: local-tailscaled.sock\r\n"
            "Connection: upgrade\r\nUpgrade: ts-dial\r\n"
            f"Dial-Network: tcp\r\nDial-Host: {self.host}\r\nDial-Port: {self.port}\r\nContent-Length: 0\r\n\r\n"
        ).encode()

    async def _open_local(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await self.local.open()
        except OSError as error:  # "no such file" would be read as the far side's
            reason = error.strerror or str(error)
            raise OSError(
                errno.ENETUNREACH, f"the node we go by does not answer at {self.local.where}: {reason}"
            ) from error


async def _enter_tunnel(reader: asyncio.StreamReader) -> None:
    """Read the answer's head; what follows a 101 is the other side's first byte."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ConnectionResetError(errno.ECONNRESET, "tailscaled broke off instead of dialling") from error
    if len(head) > MAX_HEAD_BYTES:
        raise OSError(errno.EPROTO, "what listens there is not a tailscaled")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = first.split(" ")[1] if first.startswith("HTTP/1.") and " " in first else ""
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if status == "101":
        return
    if status == "200" and "dial-self" in headers:
        raise OSError(errno.EHOSTUNREACH, "that address is not on the tailnet of the node we go by")
    raise _refusal(status, await _reason(reader, headers.get("content-length", "")))


async def _reason(reader: asyncio.StreamReader, length: str) -> str:
    """Return the words of a refusing body, as far as they come at once."""
    wanted = min(int(length), MAX_REASON_BYTES) if length.isascii() and length.isdigit() else 0
    try:
        async with asyncio.timeout(REASON_DEADLINE_S):
            body = await reader.readexactly(wanted)
    except (TimeoutError, asyncio.IncompleteReadError):
        return ""
    return printable(" ".join(body.decode("utf-8", "replace").split()))


def _refusal(status: str, reason: str) -> OSError:
    """Give a refusal the number of the system error it comes nearest to: readers of errors know those."""
    if "connection refused" in reason or "connection was refused" in reason:
        return ConnectionRefusedError(errno.ECONNREFUSED, "connection refused")
    if status in {"403", "404", "405"}:
        return OSError(errno.EPROTO, f"tailscaled will not dial for us: {reason or f'HTTP {status}'}")
    if not status:
        return OSError(errno.EPROTO, "what listens there is not a tailscaled")
    return OSError(errno.EHOSTUNREACH, reason or f"tailscaled could not dial: HTTP {status}")
