"""Agents of a simulated tailnet: the real server, beside each host's socket, on a loopback port of its own.

Everybody on this machine may ask them, as with `tsym-agent --dev`. They live as long as the simulator does, so that a
host whose daemon stopped has an agent that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tsym_agent.model.hello import AgentMode
from tsym_agent.server.identity import DevGate
from tsym_agent.server.service import Service
from tsym_agent.wire.openers import UnixOpener
from tsym_agent.wire.server import Server, serve_tcp

LOOPBACK = "127.0.0.1"


class Agents:
    """One agent a host."""

    def __init__(self) -> None:
        self._served: list[tuple[Server, Service]] = []

    async def open(self, sockets: Iterable[tuple[str, Path]]) -> dict[str, str]:
        """Start an agent beside each of these sockets, by host; return where each listens, as `ADDRESS:PORT`."""
        return {host: await self._open(socket) for host, socket in sockets}

    async def _open(self, socket: Path) -> str:
        service = Service(UnixOpener(str(socket)), gate=DevGate(), mode=AgentMode.DEV)
        server = await serve_tcp(LOOPBACK, 0, service.handle)
        self._served.append((server, service))
        await service.start()
        return f"{LOOPBACK}:{server.port}"

    async def close(self) -> None:
        """Stop them all."""
        while self._served:
            server, service = self._served.pop()
            await server.close()
            await service.aclose()
