"""The agent's streams over real sockets, read by the client that everybody uses; and what may go wrong on the way."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer, hang
from tests.unit.server.watching import CALM, Watched, client_of, peer, status
from tsym_agent.localapi.agent import AgentClient
from tsym_agent.localapi.errors import AccessDeniedError, DaemonUnreachableError, NotSupportedError
from tsym_agent.model.hello import AgentMode
from tsym_agent.model.pingjob import PingJob
from tsym_agent.model.watch import Delta, Samples, Snapshot, Trouble
from tsym_agent.server.hub import Hub
from tsym_agent.server.identity import DevGate
from tsym_agent.server.service import Service
from tsym_agent.sim.process import SimProcess
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.exchange import Reply, Request, StreamingResponse
from tsym_agent.wire.openers import TcpOpener, UnixOpener
from tsym_agent.wire.server import Server, serve_tcp

PONG = answer('{"IP": "100.64.0.2", "LatencySeconds": 0.002, "Endpoint": "192.0.2.7:41641"}')


@dataclass
class Standing:
    """An agent beside a daemon, and a client of it."""

    server: Server
    client: AgentClient
    service: Service

    async def page(self, path: str) -> bytes:
        http = HttpClient(TcpOpener("127.0.0.1", self.server.port), host_header=f"127.0.0.1:{self.server.port}")
        try:
            return bytes((await http.request("GET", path)).body)
        finally:
            await http.aclose()


@asynccontextmanager
async def standing(path: str) -> AsyncIterator[Standing]:
    service = Service(UnixOpener(path), gate=DevGate(), mode=AgentMode.DEV)
    async with await serve_tcp("127.0.0.1", 0, service.handle) as server:
        client = AgentClient(TcpOpener("127.0.0.1", server.port))
        try:
            yield Standing(server, client, service)
        finally:
            await client.aclose()
            await service.aclose()


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    async with FakeDaemon() as daemon:
        yield Watched(daemon)


@pytest.fixture
async def agent(watched: Watched) -> AsyncIterator[Standing]:
    async with standing(watched.daemon.path) as agent:
        yield agent


async def test_a_watch_begins_with_everything_and_goes_on_with_what_changes(watched: Watched, agent: Standing) -> None:
    async with asyncio.timeout(5), aclosing(agent.client.watch()) as lines:
        assert isinstance(await anext(lines), Snapshot)
        await watched.become(peer("nas"))
        delta = await anext(lines)

    assert isinstance(delta, Delta)
    assert list(delta.peers) == ["nodekey:nas"]


async def test_a_daemon_restarted_under_the_agent_is_told_twice(watched: Watched, agent: Standing) -> None:
    async with asyncio.timeout(10), aclosing(agent.client.watch()) as lines:
        await anext(lines)
        await watched.daemon.stop()
        trouble = await anext(lines)
        await watched.daemon.start()
        snapshot = await anext(lines)

    assert isinstance(trouble, Trouble)
    assert isinstance(snapshot, Snapshot)


async def test_pings_of_others_are_seen_by_who_watches(watched: Watched, agent: Standing) -> None:
    watched.daemon.on("ping", PONG)
    async with asyncio.timeout(5), aclosing(agent.client.watch()) as lines:
        await anext(lines)
        async with aclosing(agent.client.ping_many(PingJob(targets=("100.64.0.2",)))) as reports:
            [report] = [report async for report in reports]
        proxied = await agent.client.ping("100.64.0.3")
        samples: list[str] = []
        while len(samples) < 2:
            line = await anext(lines)
            assert isinstance(line, Samples)
            samples += [sample.ip for sample in line.samples]

    assert report.result == proxied
    assert samples == ["100.64.0.2", "100.64.0.3"]


async def test_pings_are_on_the_metrics_page(watched: Watched, agent: Standing) -> None:
    watched.daemon.on("ping", PONG)
    watched.body = status(peer("nas", TailscaleIPs=["100.64.0.2"]))
    await agent.client.ping("100.64.0.2")

    page = await agent.page("/metrics")

    assert b'tsym_ping_seconds_count{id="nnas",name="nas.tail.example",ip="100.64.0.2"' in page
    assert b'tsym_agent_requests_total{what="ping",status="200"} 1' in page


async def test_who_leaves_a_ping_job_ends_its_pings(watched: Watched, agent: Standing) -> None:
    watched.daemon.on("ping", hang)
    async with asyncio.timeout(5), aclosing(agent.client.ping_many(PingJob(targets=("100.64.0.2",)))) as reports:
        reading = asyncio.ensure_future(anext(reports))
        await watched.daemon.wait_until(lambda: watched.daemon.open_connections == 1)
        reading.cancel()
        await asyncio.wait({reading})

    await watched.daemon.wait_until(lambda: watched.daemon.open_connections == 0)


async def test_a_log_that_is_denied_is_a_problem_and_no_empty_stream(watched: Watched, agent: Standing) -> None:
    watched.daemon.on("logtap", answer("logtap access denied\n", 403))

    async with asyncio.timeout(5), aclosing(agent.client.log_lines()) as lines:
        with pytest.raises(AccessDeniedError, match="privileged"):
            await anext(lines)


async def test_events_that_a_daemon_lacks_are_a_problem_and_no_empty_stream(agent: Standing) -> None:
    async with asyncio.timeout(5), aclosing(agent.client.events("bus")) as events:
        with pytest.raises(NotSupportedError):
            await anext(events)


async def test_a_client_that_leaves_frees_what_its_watch_held(watched: Watched, agent: Standing) -> None:
    async with asyncio.timeout(5):
        for _ in range(10):
            async with aclosing(agent.client.watch()) as lines:
                await anext(lines)
        await watched.daemon.wait_until(lambda: watched.daemon.open_connections <= 1)


async def test_a_client_that_never_reads_costs_a_bounded_amount_and_catches_up(watched: Watched) -> None:
    """Ten megabytes of news pass while one client reads nothing; what it gets then is short and whole."""
    local = client_of(watched.daemon)
    hub = Hub(local, pace=CALM)

    async def handle(_request: Request) -> Reply:
        return StreamingResponse(hub.watch())

    async with await serve_tcp("127.0.0.1", 0, handle) as server, asyncio.timeout(30):
        client = AgentClient(TcpOpener("127.0.0.1", server.port))
        with await _deaf_watcher(server.port) as reader:
            async with aclosing(client.watch()) as lines:
                await anext(lines)
                for number in range(50):
                    await watched.become(peer("nas", OS=f"{number}" + "x" * 200_000))
                    assert isinstance(await anext(lines), Delta)
                taken = await _read_until(reader, b'"OS":"49xxx')
        await client.aclose()
        await hub.aclose()
        await local.aclose()

    assert taken.count(b'"type":"snapshot"') == 2
    assert len(taken) < 6_000_000


async def _deaf_watcher(port: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, f"GET /v1/watch HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return client


async def _read_until(client: socket.socket, mark: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    taken = bytearray()
    async with asyncio.timeout(20):
        while mark not in taken:
            part = await loop.sock_recv(client, 1 << 20)
            assert part
            taken += part
    return bytes(taken)


async def test_a_simulated_host_is_watched_pinged_and_listened_to() -> None:
    async with SimProcess("home") as sim, standing(str(sim.socket(sim.hosts[0]))) as agent, asyncio.timeout(20):
        async with aclosing(agent.client.watch()) as lines:
            snapshot = await anext(lines)
        async with aclosing(agent.client.ping_many(PingJob(timeout_ms=500))) as reports:
            pinged = [report.ip async for report in reports]
        async with aclosing(agent.client.events()) as events:
            kinds = [(await anext(events)).kind for _ in range(2)]

    assert isinstance(snapshot, Snapshot)
    assert pinged
    assert kinds == ["listening", "state"]


async def test_an_agent_that_is_closed_ends_its_streams(watched: Watched) -> None:
    async with standing(watched.daemon.path) as agent, asyncio.timeout(5), aclosing(agent.client.watch()) as lines:
        await anext(lines)
        await agent.server.close()
        with pytest.raises((StopAsyncIteration, DaemonUnreachableError)):
            await anext(lines)
