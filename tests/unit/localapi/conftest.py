"""A daemon and a client that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.fake_daemon import FakeDaemon
from tsym_agent.localapi.client import LocalClient
from tsym_agent.wire.openers import UnixOpener


@pytest.fixture
async def daemon() -> AsyncIterator[FakeDaemon]:
    async with FakeDaemon() as daemon:
        yield daemon


@pytest.fixture
async def client(daemon: FakeDaemon) -> AsyncIterator[LocalClient]:
    client = LocalClient(UnixOpener(daemon.path))
    yield client
    await client.aclose()
