"""Events for many listeners: one ear on each bus, what still holds told to whoever comes later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from tests.unit.fake_daemon import STREAM_HEAD, FakeDaemon, Request, Script, answer, chunk
from tests.unit.server.watching import client_of
from tsym_agent.localapi.errors import AccessDeniedError, NotSupportedError
from tsym_agent.model.logs import Event, parse_event
from tsym_agent.server.events import Events


def stream(*chunks: bytes) -> Script:
    async def script(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + b"".join(chunk(part) for part in chunks))
        await asyncio.Event().wait()

    return script


@pytest.fixture
async def daemon() -> AsyncIterator[FakeDaemon]:
    async with FakeDaemon() as daemon:
        daemon.on("status", answer("{}"))
        yield daemon


@pytest.fixture
async def events(daemon: FakeDaemon) -> AsyncIterator[Events]:
    client = client_of(daemon)
    events = Events(client)
    yield events
    await events.aclose()
    await client.aclose()


async def take(lines: AsyncGenerator[bytes, None], count: int) -> list[Event]:
    async with asyncio.timeout(5):
        return [parse_event(await anext(lines)) for _ in range(count)]


async def test_what_happens_is_told(daemon: FakeDaemon, events: Events) -> None:
    daemon.on("watch-ipn-bus", stream(b'{"State":5}\n', b'{"State":6}\n'))

    found = await take(await events.follow(), 3)

    assert [event.words for event in found][1:] == ["Starting", "Running (was Starting)"]


async def test_who_comes_later_is_told_how_things_stand(daemon: FakeDaemon, events: Events) -> None:
    daemon.on("watch-ipn-bus", stream(b'{"State":5}\n', b'{"State":6}\n'))
    await take(await events.follow(), 3)

    found = await take(await events.follow(), 2)

    assert [(event.kind, event.words) for event in found][1] == ("state", "Running (was Starting)")
    assert len([request for request in daemon.requests if request.name == "watch-ipn-bus"]) == 1


async def test_who_comes_while_the_stream_is_broken_is_told_so(daemon: FakeDaemon, events: Events) -> None:
    daemon.on("watch-ipn-bus", stream(b'{"State":6}\n'))
    first = await events.follow()
    await take(first, 2)
    await daemon.stop()
    await take(first, 1)

    found = await take(await events.follow(), 2)

    assert [event.kind for event in found] == ["broken", "state"]


async def test_the_two_sources_are_apart(daemon: FakeDaemon, events: Events) -> None:
    daemon.on("watch-ipn-bus", stream(b'{"State":6}\n'))
    daemon.on("debug-bus-events", stream(b'{"Type":"Rebind","From":"netmon","Event":{}}'))

    outer, inner = await events.follow("ipn"), await events.follow("bus")

    assert [event.kind for event in await take(outer, 2)] == ["listening", "state"]
    assert [event.kind for event in await take(inner, 2)] == ["listening", "Rebind"]
    assert events.readers == 2


async def test_secrets_in_inner_events_stay_on_the_machine(daemon: FakeDaemon, events: Events) -> None:
    secrets = b'{"AuthURL":"https://login.example/a/123456","Config":{"Key":"privkey:00ff"},"Say":"tskey-auth-x1-y2"}'
    daemon.on("debug-bus-events", stream(b'{"Type":"Login","From":"control","Event":' + secrets + b"}"))

    line = bytes((await take(await events.follow("bus"), 2))[1].data)

    assert line == b'{"AuthURL":"redacted","Config":null,"Say":"tskey-redacted"}'


async def test_an_older_daemon_is_told_apart_before_the_stream_begins(events: Events) -> None:
    with pytest.raises(NotSupportedError):
        await events.follow("bus")


async def test_a_daemon_that_denies_is_told_before_the_stream_begins(daemon: FakeDaemon, events: Events) -> None:
    daemon.on("debug-bus-events", answer("event bus access denied\n", 403))

    with pytest.raises(AccessDeniedError):
        await events.follow("bus")


async def test_the_last_to_leave_ends_the_listening(daemon: FakeDaemon, events: Events) -> None:
    daemon.on("watch-ipn-bus", stream())
    lines = await events.follow()
    await take(lines, 1)
    await lines.aclose()

    await daemon.wait_until(lambda: daemon.open_connections <= 1)
