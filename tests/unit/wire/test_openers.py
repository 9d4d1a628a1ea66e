"""Openers: what they are called, and addresses nothing can be opened at."""

from __future__ import annotations

import socket

import pytest

from tests.unit.fake_daemon import FakeDaemon
from tsym_agent.wire.connection import Connection
from tsym_agent.wire.errors import ConnectError
from tsym_agent.wire.openers import TcpOpener, UnixOpener
from tsym_agent.wire.streams import Opener


@pytest.mark.parametrize(
    ("opener", "where"),
    [
        (UnixOpener("/run/tailscale/tailscaled.sock"), "/run/tailscale/tailscaled.sock"),
        (TcpOpener("127.0.0.1", 3621), "127.0.0.1:3621"),
        (TcpOpener("fd7a:115c:a1e0::1", 3621), "[fd7a:115c:a1e0::1]:3621"),
        (TcpOpener("nas", 3621), "nas:3621"),
    ],
    ids=["unix", "ipv4", "ipv6", "name"],
)
def test_an_opener_says_where_it_leads_as_people_write_it(opener: Opener, where: str) -> None:
    assert opener.where == where


@pytest.mark.parametrize(
    "opener",
    [
        UnixOpener("/tmp/with\0nul"),
        UnixOpener("/tmp/" + "long" * 40),
        UnixOpener("/nonexistent/s"),
        TcpOpener("127.0.0.1", 70_000),
        TcpOpener("a" * 70 + ".example", 1),
    ],
    ids=["nul", "too-long", "missing", "port", "label"],
)
async def test_an_address_that_cannot_be_opened_is_a_connect_error(opener: Opener) -> None:
    with pytest.raises(ConnectError):
        await Connection.open(opener)


async def test_a_silent_tcp_stream_is_kept_under_watch() -> None:
    proof = "c0ffee"
    async with FakeDaemon(token=proof) as daemon:
        _, writer = await TcpOpener("127.0.0.1", daemon.port).open()

        assert writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        writer.close()
        await writer.wait_closed()
