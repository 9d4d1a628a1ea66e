"""Clients that cost more than they should, against the whole agent: they are bounded, and leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import socket
import tracemalloc
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.unit.descriptors import open_files
from tests.unit.fake_daemon import STREAM_HEAD, FakeDaemon, Request, answer, chunk, hang
from tsym_agent.model.hello import AgentMode
from tsym_agent.server.identity import DevGate
from tsym_agent.server.service import Service
from tsym_agent.wire.exchange import Limits
from tsym_agent.wire.openers import UnixOpener
from tsym_agent.wire.server import Server, serve_tcp

HOST = b"Host: 127.0.0.1\r\n"
LEAVING = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n"
LIMITS = Limits(connections=64, header_timeout_s=0.2, body_timeout_s=0.2, idle_timeout_s=0.2, write_timeout_s=0.3)


@asynccontextmanager
async def agent(daemon: FakeDaemon, limits: Limits = LIMITS) -> AsyncGenerator[Server, None]:
    service = Service(UnixOpener(daemon.path), gate=DevGate(), mode=AgentMode.DEV)
    server = await serve_tcp("127.0.0.1", 0, service.handle, limits=limits)
    try:
        yield server
    finally:
        await server.close()
        await service.aclose()


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


async def until(condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - what is waited for belongs to the server
            await asyncio.sleep(0.005)


async def healthy(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(LEAVING)
    try:
        async with asyncio.timeout(5):
            return (await reader.read()).endswith(b"ok")
    finally:
        writer.transport.abort()


async def open_and_leave(port: int, count: int) -> None:
    """Open connections one after the other, and leave each in another way, some with a request begun."""
    loop = asyncio.get_running_loop()
    for number in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        if number % 3 == 1:
            connection.send(b"GET /localapi/v0/status HTT")
        elif number % 3 == 2:
            connection.send(b"GET /localapi/v0/prefs HTTP/1.1\r\n" + HOST + b"\r\n")
        connection.close()


async def test_ten_thousand_connections_opened_and_left_leave_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with FakeDaemon() as daemon, agent(daemon) as server:
        daemon.on("prefs", answer("{}"))
        await open_and_leave(server.port, 500)  # what is kept for good is kept by now
        await until(lambda: server.connections == 0)
        files, held = open_files(), objects()
        await open_and_leave(server.port, 10_000)
        await until(lambda: server.connections == 0)
        await until(lambda: open_files() <= files)
        daemon.requests.clear()

        assert objects() < held + 1000
        assert await healthy(server.port)
    assert not caplog.records


async def test_connections_that_stay_and_say_nothing_are_closed() -> None:
    async with FakeDaemon() as daemon, agent(daemon) as server:
        silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(40)]
        await until(lambda: server.connections == 0)

        assert await healthy(server.port)
    for _, writer in silent:
        writer.transport.abort()


async def test_a_stranger_who_keeps_every_connection_busy_opening_it_keeps_nobody_out() -> None:
    async with FakeDaemon() as daemon, agent(daemon, Limits(connections=8)) as server:
        kept = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(30)]

        assert await healthy(server.port)
        assert server.connections <= 8
        for _, writer in kept:
            writer.transport.abort()


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /localapi/v0/status HTTP/1.1\r\nX: ",
        b"POST /v1/ping HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\n{",
        b"POST /v1/ping HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["head", "body", "chunk"],
)
async def test_a_request_that_does_not_go_on_is_given_up(begun: bytes) -> None:
    async with FakeDaemon() as daemon, agent(daemon) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(begun)
        async with asyncio.timeout(5):
            found = await reader.read()
        writer.transport.abort()
        await until(lambda: server.connections == 0)

    assert found.startswith(b"HTTP/1.1 408 ")
    assert not daemon.requests


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 100_000 + b"\r\n\r\n", b"431"),
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", b"431"),
        (
            b"GET /localapi/v0/status?x=" + b"a" * 10_000 + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
            b"400",
        ),
        (b"POST /v1/ping HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999\r\n\r\n", b"413"),
        (
            b"POST /v1/ping HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n" + b"a" * 2**21,
            b"413",
        ),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"403"),
    ],
    ids=["header", "target", "question", "length", "chunks", "TLS", "HTTP/2"],
)
async def test_what_is_too_large_or_no_http_is_refused(sent: bytes, status: bytes) -> None:
    async with FakeDaemon() as daemon, agent(daemon) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(sent)
        async with asyncio.timeout(5):
            found = await reader.read(65536)
        writer.transport.abort()

        assert found.split(b" ")[1] == status
        assert await healthy(server.port)
    assert not daemon.requests


async def test_a_reader_that_takes_nothing_is_cut_off_and_costs_no_more_than_its_buffers() -> None:
    async def endless(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        while True:
            writer.write(chunk(b'{"text":"' + b"x" * 65_000 + b'"}\n'))
            await writer.drain()

    async with FakeDaemon() as daemon, agent(daemon) as server:
        daemon.on("logtap", endless)
        tracemalloc.start()
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /localapi/v0/logtap HTTP/1.1\r\n" + HOST + b"\r\n")
        await until(lambda: server.connections == 1)
        await until(lambda: server.connections == 0)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        connection.close()
        await daemon.wait_until(lambda: daemon.open_connections == 0)

    assert most < 8 * 2**20


async def test_pings_that_are_left_end_at_the_daemon() -> None:
    async with FakeDaemon() as daemon, agent(daemon) as server:
        daemon.on("ping", hang)
        callers = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(30)]
        for number, (_, writer) in enumerate(callers):
            target = f"/localapi/v0/ping?ip=100.64.0.{number}&type=disco".encode()
            writer.write(b"POST " + target + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n")
        await daemon.wait_until(lambda: daemon.open_connections == 30)
        for _, writer in callers:
            writer.transport.abort()

        await daemon.wait_until(lambda: daemon.open_connections == 0)
