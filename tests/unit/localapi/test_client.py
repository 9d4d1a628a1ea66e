"""LocalClient against a daemon that says what a test tells it to."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from tests.unit.fake_daemon import STREAM_HEAD, VERSION, FakeDaemon, Request, answer, chunk, hang
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import AnswerTimeoutError, BadAnswerError, NoSuchObjectError, NotSupportedError
from tsym_agent.model.hosts import Rights
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.model.status import BackendState
from tsym_agent.wire.openers import UnixOpener


async def test_status_is_read_and_the_daemon_version_learnt(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("status", answer('{"BackendState": "Running", "Peer": null}'))

    status = await client.status()

    assert status.state is BackendState.RUNNING
    assert client.daemon_version == VERSION


async def test_no_origin_and_no_referer_is_ever_sent(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("status", answer("{}"))

    await client.sweep_status()

    assert daemon.requests[0].headers.keys() == {"host"}


async def test_calls_one_after_the_other_share_a_connection(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("status", answer("{}"))

    for _ in range(3):
        await client.status()

    assert daemon.connections == 1


async def test_a_status_without_peers_says_so_in_the_query(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("status", answer("{}"))

    await client.status_bytes(peers=False)

    assert daemon.requests[0].params == {"peers": "false"}


async def test_a_ping_is_a_post_with_its_kind_spelled_exactly(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("ping", answer('{"IP": "100.64.0.2", "LatencySeconds": 0.002, "Endpoint": "192.0.2.7:41641"}'))

    pong = await client.ping("100.64.0.2", PingKind.TSMP)

    assert (daemon.requests[0].method, daemon.requests[0].params) == ("POST", {"ip": "100.64.0.2", "type": "TSMP"})
    assert (pong.path, pong.latency_ms) == (PathKind.DIRECT, 2.0)


async def test_an_immediate_error_of_a_ping_is_a_result(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("ping", answer('{"Err": "no matching peer"}'))

    assert (await client.ping("100.64.0.9")).err == "no matching peer"


async def test_an_unanswered_ping_times_out_and_lets_the_daemon_go(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("ping", hang)

    with pytest.raises(AnswerTimeoutError):
        await client.ping("100.64.0.9", timeout_s=0.02)

    await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_a_cancelled_ping_lets_the_daemon_go(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("ping", hang)
    ping = asyncio.create_task(client.ping("100.64.0.9", timeout_s=60))
    await daemon.wait_until(lambda: len(daemon.requests) == 1)

    ping.cancel()

    await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_hanging_pings_hold_up_no_status(daemon: FakeDaemon) -> None:
    daemon.on("ping", hang)
    daemon.on("status", answer("{}"))
    client = LocalClient(UnixOpener(daemon.path), max_pings=2)
    pings = [asyncio.create_task(client.ping("100.64.0.9", timeout_s=60)) for _ in range(5)]
    await daemon.wait_until(lambda: len(daemon.requests) == 2)

    await client.status()

    for ping in pings:
        ping.cancel()
    await asyncio.wait(pings)
    await client.aclose()


async def test_waiting_for_another_ping_is_not_loss(daemon: FakeDaemon) -> None:
    daemon.on("ping", hang, answer("{}"))
    client = LocalClient(UnixOpener(daemon.path), max_pings=1)

    first, second = await asyncio.gather(
        client.ping("100.64.0.2", timeout_s=0.06), client.ping("100.64.0.3", timeout_s=0.05), return_exceptions=True
    )

    assert isinstance(first, AnswerTimeoutError)
    assert isinstance(second, PingResult)
    await client.aclose()


@pytest.mark.parametrize(
    ("profiles", "rights"),
    [
        (answer("{}"), Rights.WRITE),
        (answer("profiles access denied\n", 403), Rights.READ),
        (answer("404 page not found\n", 404), None),
    ],
    ids=["write", "read", "unknown"],
)
async def test_rights_are_found_out_by_a_harmless_read(
    daemon: FakeDaemon, client: LocalClient, profiles: bytes, rights: Rights | None
) -> None:
    daemon.on("profiles/current", profiles)

    assert await client.rights() is rights
    assert daemon.requests[0].method == "GET"


async def test_rights_are_asked_for_once(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("profiles/current", answer("{}"))

    await client.rights()
    await client.rights()

    assert len(daemon.requests) == 1


async def test_a_missing_endpoint_is_told_from_a_missing_object(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("whois", answer("no match for IP:port\n", 404))

    with pytest.raises(NoSuchObjectError, match="no match for IP:port"):
        await client.who_is("100.64.0.9")
    with pytest.raises(NotSupportedError, match="has no peer-by-id"):
        await client.peer_by_id(7)


async def test_an_answer_that_is_not_json_is_a_bad_answer(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("prefs", answer('{"ControlURL": "https://control.exam'))

    with pytest.raises(BadAnswerError, match="prefs: not JSON"):
        await client.prefs()


async def test_the_bus_yields_notices_as_they_come(daemon: FakeDaemon, client: LocalClient) -> None:
    async def bus(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(b'{"State": 6}\n{"Sta') + chunk(b'te": 4}\n'))
        await asyncio.Event().wait()

    daemon.on("watch-ipn-bus", bus)

    async with aclosing(client.watch_ipn_bus()) as notices:
        states = [(await anext(notices)).state, (await anext(notices)).state]

    assert states == [BackendState.RUNNING, BackendState.STOPPED]
    await daemon.wait_until(lambda: daemon.open_connections == 0)
