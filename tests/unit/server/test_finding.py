"""A daemon that is not there yet, and one that moves."""

from __future__ import annotations

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.endpoints import Endpoint
from tsym_agent.localapi.errors import DaemonNotFoundError, DaemonUnreachableError
from tsym_agent.server.finding import LOOK_AGAIN_S, FoundOpener
from tsym_agent.wire.openers import UnixOpener


class Places:
    """Where a daemon is, as a test says."""

    def __init__(self, *paths: str | None) -> None:
        self.paths = list(paths)
        self.searches = 0

    async def __call__(self) -> Endpoint:
        self.searches += 1
        path = self.paths.pop(0) if len(self.paths) > 1 else self.paths[0]
        if path is None:
            raise DaemonNotFoundError("this machine", "no tailscaled found", "set TS_SOCKET")
        return Endpoint(UnixOpener(path))


async def ask(opener: FoundOpener) -> bytes:
    client = LocalClient(opener)
    try:
        return bytes(await client.ask("status"))
    finally:
        await client.aclose()


async def test_a_daemon_is_found_once_and_kept() -> None:
    async with FakeDaemon() as daemon:
        daemon.on("status", answer("{}"))
        places = Places(daemon.path)
        opener = FoundOpener(places)

        assert [await ask(opener), await ask(opener)] == [b"{}", b"{}"]
        assert (places.searches, opener.where) == (1, daemon.path)


async def test_a_daemon_that_moved_is_found_again() -> None:
    async with FakeDaemon() as first, FakeDaemon() as second:
        first.on("status", answer("1"))
        second.on("status", answer("2"))
        opener = FoundOpener(Places(first.path, second.path))
        before = await ask(opener)
        await first.stop()

        assert [before, await ask(opener)] == [b"1", b"2"]


async def test_what_was_tried_is_told_and_not_tried_again_at_once() -> None:
    now_s = 0.0
    places = Places(None)
    opener = FoundOpener(places, clock=lambda: now_s)
    for _ in range(3):
        with pytest.raises(DaemonUnreachableError, match=r"no tailscaled found \(set TS_SOCKET\)"):
            await ask(opener)
    searches = places.searches
    now_s = LOOK_AGAIN_S
    with pytest.raises(DaemonUnreachableError):
        await ask(opener)

    assert (searches, places.searches) == (1, 2)
