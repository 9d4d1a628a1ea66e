"""A simulated host on a real socket inside the test's own process, with a clock the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tsym_agent.localapi.client import LocalClient
from tsym_agent.sim.bus import Bus
from tsym_agent.sim.daemon import Daemon
from tsym_agent.sim.taps import Taps
from tsym_agent.sim.world import World
from tsym_agent.wire.openers import UnixOpener
from tsym_agent.wire.server import Server, serve_unix


class HandClock:
    """Virtual time that stands still until it is turned; sleeping takes none of it."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self.at_s = 0.0
        self.speed = speed

    def now_s(self) -> float:
        return self.at_s

    async def sleep(self, virtual_s: float) -> None:
        assert virtual_s >= 0
        await asyncio.sleep(0)


@dataclass
class Served:
    """A host that can be asked."""

    world: World
    bus: Bus
    clock: HandClock
    server: Server
    path: Path
    client: LocalClient
    taps: Taps

    def turn(self, at_s: float) -> None:
        """Let time pass."""
        self.clock.at_s = at_s
        self.world.advance(at_s)


@asynccontextmanager
async def served(world: World, folder: Path, host: str = "here") -> AsyncGenerator[Served, None]:
    """Serve one host."""
    clock = HandClock()
    bus, taps = Bus(world, clock), Taps(world, clock)
    path = folder / f"{host}.sock"
    client = LocalClient(UnixOpener(str(path)))
    async with await serve_unix(path, Daemon(world, host, clock, bus, taps)) as server:
        try:
            yield Served(world, bus, clock, server, path, client, taps)
        finally:
            await client.aclose()


async def until(condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
    """Wait for something that nothing announces."""
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - what is waited for belongs to another task
            await asyncio.sleep(0.001)


async def raw(path: Path, question: bytes) -> tuple[int, dict[str, str], bytes]:
    """Ask in raw bytes and return status, headers and body."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(question)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body


def question(
    target: str, *, method: str = "GET", host: str = "local-tailscaled.sock", more: str = "", body: str = ""
) -> bytes:
    """Write one request that ends its connection."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{length}{more}\r\n"
    return (head + body).encode()
