"""HttpClient against a server that may do anything."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator

import pytest

from tests.unit.fake_daemon import STREAM_END, STREAM_HEAD, FakeDaemon, Request, answer, chunk, hang, hang_up
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.errors import (
    ConnectError,
    DisconnectedError,
    ProtocolError,
    TooLargeError,
    WireError,
    WireTimeoutError,
)
from tsym_agent.wire.openers import UnixOpener

HOST = "local-tailscaled.sock"
TARGET = "/localapi/v0/x"


@pytest.fixture
async def daemon() -> AsyncIterator[FakeDaemon]:
    async with FakeDaemon() as daemon:
        yield daemon


@pytest.fixture
async def http(daemon: FakeDaemon) -> AsyncIterator[HttpClient]:
    http = HttpClient(UnixOpener(daemon.path), host_header=HOST, max_connections=2, max_body_bytes=1000)
    yield http
    await http.aclose()


@pytest.mark.parametrize(
    "raw",
    [
        answer("hello"),
        STREAM_HEAD + chunk(b"hel") + chunk(b"lo") + STREAM_END,
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer("hello"),
    ],
    ids=["sized", "chunked", "informed-first"],
)
async def test_a_body_is_read_whole(daemon: FakeDaemon, http: HttpClient, raw: bytes) -> None:
    daemon.on("x", raw)

    response = await http.request("GET", TARGET)

    assert (response.status, response.body) == (200, b"hello")


async def test_a_body_that_ends_with_the_stream_is_read_whole(daemon: FakeDaemon, http: HttpClient) -> None:
    async def old(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nhello")
        writer.close()

    daemon.on("x", old)

    assert (await http.request("GET", TARGET)).body == b"hello"


async def test_a_body_of_a_request_arrives(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", answer())

    await http.request("POST", TARGET, body=b"question", headers=[("X-Why", "test")])

    assert (daemon.requests[0].body, daemon.requests[0].headers["x-why"]) == (b"question", "test")


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", DisconnectedError),
        (STREAM_HEAD + b"64\r\n{", DisconnectedError),
        (b"HTTP/1.1 200 OK\r\nContent-Le", DisconnectedError),
        (b"", DisconnectedError),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", ProtocolError),
        (b"\x16\x03\x01\x02\x00\x01", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", ProtocolError),
        (STREAM_HEAD + b"zz\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, TooLargeError),
        (answer(b"x" * 1001), TooLargeError),
        (STREAM_HEAD + chunk(b"x" * 600) + chunk(b"x" * 600) + STREAM_END, TooLargeError),
    ],
    ids=[
        "cut-sized",
        "cut-chunk",
        "cut-head",
        "nothing",
        "ssh",
        "tls",
        "bad-length",
        "bad-chunk",
        "huge-head",
        "huge-sized",
        "huge-chunked",
    ],
)
async def test_a_malformed_answer_is_an_error_of_its_kind(
    daemon: FakeDaemon, http: HttpClient, raw: bytes, error: type[WireError]
) -> None:
    async def script(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        writer.close()

    daemon.on("x", script)

    with pytest.raises(error):
        await http.request("GET", TARGET)
    await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_a_refused_connection_keeps_the_reason_of_the_system() -> None:
    http = HttpClient(UnixOpener("/nonexistent/s"), host_header=HOST)

    with pytest.raises(ConnectError) as caught:
        await http.request("GET", TARGET)

    assert caught.value.reason.errno == errno.ENOENT
    assert caught.value.__cause__ is caught.value.reason


async def test_a_read_is_sent_again_when_its_kept_connection_had_been_closed(
    daemon: FakeDaemon, http: HttpClient
) -> None:
    daemon.on("x", answer("first"), hang_up, answer("again"))
    await http.request("GET", TARGET)

    response = await http.request("GET", TARGET)

    assert (response.body, daemon.connections) == (b"again", 2)


async def test_a_read_is_sent_again_only_once(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", answer("first"), hang_up)
    await http.request("GET", TARGET)

    with pytest.raises(DisconnectedError):
        await http.request("GET", TARGET)

    assert len(daemon.requests) == 3


async def test_what_may_act_is_never_sent_twice(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", answer("first"), hang_up, answer("again"))
    await http.request("GET", TARGET)

    with pytest.raises(DisconnectedError):
        await http.request("POST", TARGET)

    assert len(daemon.requests) == 2


async def test_an_answer_cut_short_is_not_asked_for_again(daemon: FakeDaemon, http: HttpClient) -> None:
    async def cut(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        writer.close()

    daemon.on("x", answer("first"), cut, answer("again"))
    await http.request("GET", TARGET)

    with pytest.raises(DisconnectedError):
        await http.request("GET", TARGET)


async def test_what_is_declared_repeatable_is_sent_again(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", answer("first"), hang_up, answer("again"))
    await http.request("GET", TARGET)

    response = await http.request("POST", TARGET, is_repeatable=True)

    assert response.body == b"again"


@pytest.mark.parametrize(
    "last",
    [answer("bye", Connection="close"), answer("bye") + b"HTTP/1.1 200 OK\r\n"],
    ids=["says-close", "says-too-much"],
)
async def test_a_connection_that_has_served_its_last_is_closed(
    daemon: FakeDaemon, http: HttpClient, last: bytes
) -> None:
    daemon.on("x", last, answer("next"))
    await http.request("GET", TARGET)

    response = await http.request("GET", TARGET)

    assert (response.body, daemon.connections) == (b"next", 2)


async def test_no_more_connections_than_allowed_are_opened(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", answer())

    await asyncio.gather(*(http.request("GET", TARGET) for _ in range(8)))

    assert (daemon.connections, len(daemon.requests)) == (2, 8)


async def test_silence_ends_with_a_timeout_and_closes_the_connection(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", hang)

    with pytest.raises(WireTimeoutError, match=r"no answer within 0\.02 s"):
        await http.request("GET", TARGET, timeout_s=0.02)

    await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_a_timeout_gives_its_place_back(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", hang, hang, answer("served"))
    await asyncio.gather(*(http.request("GET", TARGET, timeout_s=0.02) for _ in range(2)), return_exceptions=True)

    assert (await http.request("GET", TARGET)).body == b"served"


async def test_closing_ends_the_calls_under_way(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", hang)
    call = asyncio.create_task(http.request("GET", TARGET, timeout_s=60))
    await daemon.wait_until(lambda: len(daemon.requests) == 1)

    await http.aclose()

    with pytest.raises(DisconnectedError):
        await call
    await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_a_closed_client_opens_nothing(daemon: FakeDaemon, http: HttpClient) -> None:
    await http.aclose()

    with pytest.raises(DisconnectedError, match="closed"):
        await http.request("GET", TARGET)

    assert daemon.connections == 0


async def test_a_stream_is_handed_over_as_it_comes(daemon: FakeDaemon, http: HttpClient) -> None:
    async def endless(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(b"one"))
        await asyncio.Event().wait()

    daemon.on("x", endless)

    async with http.stream("GET", TARGET) as response:
        first = await anext(response)

    assert (response.status, first) == (200, b"one")
    await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_streams_take_no_place_of_calls(daemon: FakeDaemon, http: HttpClient) -> None:
    async def endless(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        await asyncio.Event().wait()

    daemon.on("bus", endless)
    daemon.on("x", answer("served"))

    async with (
        http.stream("GET", "/localapi/v0/bus"),
        http.stream("GET", "/localapi/v0/bus"),
        http.stream("GET", "/localapi/v0/bus"),
    ):
        assert (await http.request("GET", TARGET)).body == b"served"


async def test_a_stream_whose_head_does_not_come_times_out(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", hang)

    with pytest.raises(WireTimeoutError):
        async with http.stream("GET", TARGET, timeout_s=0.02):
            pass

    await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_a_stream_that_breaks_says_so(daemon: FakeDaemon, http: HttpClient) -> None:
    async def broken(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(b"one"))
        writer.close()

    daemon.on("x", broken)

    async with http.stream("GET", TARGET) as response:
        await anext(response)
        with pytest.raises(DisconnectedError):
            await anext(response)


async def test_basic_auth_has_an_empty_user(daemon: FakeDaemon) -> None:
    daemon.on("x", answer())
    http = HttpClient(UnixOpener(daemon.path), host_header=HOST, auth=("", "secret"))

    await http.request("GET", TARGET)

    assert daemon.requests[0].headers["authorization"] == "Basic OnNlY3JldA=="
    await http.aclose()


async def test_headers_of_an_answer_are_found_whatever_their_case(daemon: FakeDaemon, http: HttpClient) -> None:
    daemon.on("x", answer(Tailscale_Cap="142"))

    response = await http.request("GET", TARGET)

    assert (response.header("tailscale-CAP"), response.header("Etag")) == ("142", None)
