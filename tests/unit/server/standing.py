"""A proxy that stands before a fake daemon, served over TCP, and callers that speak to it in raw bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.unit.fake_daemon import FakeDaemon
from tsym_agent.localapi.client import HOST_HEADER
from tsym_agent.server.allow import read_question
from tsym_agent.server.problems import ProblemError
from tsym_agent.server.proxy import OnPing, Proxy
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.exchange import DEFAULT_LIMITS, Limits, Reply, Request
from tsym_agent.wire.openers import TcpOpener, UnixOpener
from tsym_agent.wire.server import Server, serve_tcp


class Standing(NamedTuple):
    """A proxy at work."""

    server: Server
    client: HttpClient
    """Speaks to it over TCP."""


@asynccontextmanager
async def standing(
    daemon: FakeDaemon,
    *,
    on_ping: OnPing | None = None,
    limits: Limits = DEFAULT_LIMITS,
    granted: str = "",
    answer_s: float = 5.0,
    proven_s: float = 4.5,
) -> AsyncGenerator[Standing, None]:
    """Serve a proxy of `daemon`; with `granted`, to a caller who may run only that command."""
    http = HttpClient(UnixOpener(daemon.path), host_header=HOST_HEADER, max_connections=64)
    proxy = Proxy(http, on_ping=on_ping, answer_s=answer_s, proven_s=proven_s)

    async def handle(request: Request) -> Reply:
        try:
            asked = read_question(request).within(lambda command: command.name == granted or not granted)
            assert asked is not None
            return await proxy.answer(request, asked)
        except ProblemError as error:
            return error.response()

    server = await serve_tcp("127.0.0.1", 0, handle, limits=limits)
    client = HttpClient(TcpOpener("127.0.0.1", server.port), host_header="agent:3621")
    try:
        yield Standing(server, client)
    finally:
        await client.aclose()
        await server.close()
        await proxy.aclose()


async def raw_exchange(port: int, sent: bytes, *, deadline_s: float = 5.0) -> bytes:
    """Send bytes and return all that comes back until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(deadline_s):
            writer.write(sent)
            writer.write_eof()
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()
