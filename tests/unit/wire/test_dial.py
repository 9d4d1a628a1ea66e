"""The opener that lets a tailscaled dial, against a daemon that follows a script."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator

import pytest

from tests.unit.fake_daemon import FakeDaemon, Request, answer, hang, hang_up
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.dial import MAX_HEAD_BYTES, DialOpener
from tsym_agent.wire.errors import ConnectError, WireTimeoutError
from tsym_agent.wire.openers import UnixOpener

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ts-dial\r\n\r\n"


@pytest.fixture
async def daemon() -> AsyncIterator[FakeDaemon]:
    async with FakeDaemon() as running:
        yield running


def opener_by(daemon: FakeDaemon, host: str = "100.64.0.7", port: int = 3621) -> DialOpener:
    return DialOpener(UnixOpener(daemon.path), host, port)


async def reason_of(opener: DialOpener) -> OSError:
    with pytest.raises(OSError) as raised:  # noqa: PT011 - the number is what the tests look at
        await opener.open()
    return raised.value


async def test_after_the_upgrade_the_first_byte_is_the_other_sides(daemon: FakeDaemon) -> None:
    daemon.on("dial", UPGRADED + b"hello from afar")

    reader, writer = await opener_by(daemon).open()

    assert await reader.readexactly(15) == b"hello from afar"
    writer.close()
    await writer.wait_closed()


async def test_the_daemon_is_told_where_to(daemon: FakeDaemon) -> None:
    daemon.on("dial", UPGRADED)

    _, writer = await opener_by(daemon, "fd7a::7", 3621).open()

    (request,) = daemon.requests
    told = {name: request.headers[name] for name in ("upgrade", "connection", "dial-host", "dial-port", "dial-network")}
    assert (request.method, request.body) == ("POST", b"")
    assert told == {
        "upgrade": "ts-dial", "connection": "upgrade",
        "dial-host": "fd7a::7", "dial-port": "3621", "dial-network": "tcp",
    }  # fmt: skip
    writer.close()
    await writer.wait_closed()


async def test_http_goes_through_the_tunnel(daemon: FakeDaemon) -> None:
    async def relay(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(UPGRADED + answer("ok"))
        await writer.drain()
        await asyncio.Event().wait()

    daemon.on("dial", relay)
    client = HttpClient(opener_by(daemon), host_header="nas:3621")

    assert bytes((await client.request("GET", "/healthz")).body) == b"ok"
    await client.aclose()


@pytest.mark.parametrize(
    ("refusal", "number", "words"),
    [
        (answer("dial failure: connect: connection refused\n", 502), errno.ECONNREFUSED, "connection refused"),
        (answer("dial failure: i/o timeout\n", 502), errno.EHOSTUNREACH, "i/o timeout"),
        (answer("resolve failure: no such host\n", 502), errno.EHOSTUNREACH, "no such host"),
        (answer("", 500), errno.EHOSTUNREACH, "HTTP 500"),
        (answer("", 200, Dial_Self="true", Dial_Addr="192.0.2.1:80"), errno.EHOSTUNREACH, "not on the tailnet"),
        (answer("404 page not found\n", 404), errno.EPROTO, "will not dial"),
        (b"220 mail ready\r\n\r\n", errno.EPROTO, "not a tailscaled"),
        (hang_up, errno.ECONNRESET, "broke off"),
        (b"HTTP/1.1 101 Go\r\nX: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n", errno.EPROTO, "not a tailscaled"),
    ],
    ids=["refused", "timeout", "name", "unknown", "off-tailnet", "too-old", "not-http", "hang-up", "long"],
)
async def test_a_refusal_becomes_the_system_error_it_means(
    daemon: FakeDaemon, refusal: bytes, number: int, words: str
) -> None:
    daemon.on("dial", refusal)

    error = await reason_of(opener_by(daemon))

    assert error.errno == number
    assert words in str(error)


async def test_a_refusal_whose_words_never_end_is_one(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsym_agent.wire.dial.REASON_DEADLINE_S", 0.02)

    async def begin(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 502 No\r\nContent-Length: 100\r\n\r\ndial fail")
        await asyncio.Event().wait()

    daemon.on("dial", begin)

    async with asyncio.timeout(5):
        error = await reason_of(opener_by(daemon))

    assert "HTTP 502" in str(error)


async def test_a_missing_daemon_is_named_not_taken_for_a_missing_host() -> None:
    error = await reason_of(DialOpener(UnixOpener("/nonexistent/s"), "nas", 3621))

    assert error.errno == errno.ENETUNREACH
    assert "/nonexistent/s" in str(error)


@pytest.mark.parametrize("host", ["", "a b", "a\r\nDial-Port: 1", "ünï"], ids=["empty", "space", "header", "accents"])
async def test_a_host_that_no_header_may_carry_reaches_no_daemon(daemon: FakeDaemon, host: str) -> None:
    client = HttpClient(opener_by(daemon, host), host_header="x")

    with pytest.raises(ConnectError):
        await client.request("GET", "/")
    assert daemon.connections == 0


@pytest.mark.parametrize("port", [0, -1, 65536])
async def test_a_port_that_is_none_is_refused(daemon: FakeDaemon, port: int) -> None:
    with pytest.raises(ValueError, match="port"):
        await opener_by(daemon, port=port).open()


async def test_giving_up_closes_the_call(daemon: FakeDaemon) -> None:
    daemon.on("dial", hang)
    client = HttpClient(opener_by(daemon), host_header="x")

    with pytest.raises(WireTimeoutError):
        await client.request("GET", "/", timeout_s=0.05)
    await daemon.wait_until(lambda: daemon.open_connections == 0)


def test_it_is_called_by_the_address_it_leads_to() -> None:
    assert DialOpener(UnixOpener("/s"), "fd7a::7", 3621).where == "[fd7a::7]:3621"
