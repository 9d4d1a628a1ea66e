"""The daemon's log as lines: what each entry says, gaps told, refusals raised."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer
from tests.unit.localapi.streaming import NOON_TEXT, at_noon, no_wait, stream, take
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import AccessDeniedError, DaemonNotFoundError, NotSupportedError
from tsym_agent.localapi.following import Following
from tsym_agent.localapi.logtap import follow_log, parse_entry
from tsym_agent.model.logs import LogLine
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.openers import UnixOpener

CONNECTED = b'{"text":"[logtap connected]\\n"}\n'


def entry(text: str, level: int = 0) -> bytes:
    return b'{"logtail":{"client_time":"2026-05-01T08:00:00Z"},"v":%d,"text":"%s\\n"}\n' % (level, text.encode())


def follow(daemon: FakeDaemon, level: int = 0) -> AsyncGenerator[LogLine, None]:
    http = HttpClient(UnixOpener(daemon.path), host_header="local-tailscaled.sock")
    return follow_log(Following(http, sleep=no_wait), level, now=at_noon)


async def test_the_first_line_says_that_the_tap_stands(daemon: FakeDaemon) -> None:
    daemon.on("logtap", stream(CONNECTED))

    assert await take(follow(daemon), 1) == [LogLine(at=NOON_TEXT, text="[logtap connected]")]


async def test_a_line_has_the_daemons_time_and_level(daemon: FakeDaemon) -> None:
    daemon.on("logtap", stream(CONNECTED, entry("netcheck: report", 1)))

    assert (await take(follow(daemon, 1), 2))[1] == LogLine(at="2026-05-01T08:00:00Z", level=1, text="netcheck: report")


async def test_lines_of_a_higher_level_are_left_out(daemon: FakeDaemon) -> None:
    daemon.on("logtap", stream(entry("detail", 1), entry("news")))

    assert (await take(follow(daemon), 2))[1].text == "news"


async def test_a_gap_is_told(daemon: FakeDaemon) -> None:
    daemon.on("logtap", stream(entry("before"), ends=True), stream(CONNECTED, entry("after")))

    texts = [line.text for line in await take(follow(daemon), 4)]

    assert texts[1:] == ["before", "[logtap connected again: what was written in between is lost]", "after"]


async def test_a_refusal_is_raised_before_any_line(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("logtap", answer("logtap access denied\n", 403))

    with pytest.raises(AccessDeniedError):
        await take(client.log_lines(), 1)


async def test_a_daemon_without_logtap_is_told_apart(client: LocalClient) -> None:
    with pytest.raises(NotSupportedError):
        await take(client.log_lines(), 1)


async def test_a_daemon_that_is_not_there_is_no_endless_wait() -> None:
    with pytest.raises(DaemonNotFoundError):
        await take(LocalClient(UnixOpener("/nowhere/at/all.sock")).log_lines(), 1)


def test_an_entry_of_many_lines_is_as_many_lines() -> None:
    assert [line.text for line in parse_entry(b'{"text":"panic:\\n\\tmain.go\\n\\n"}', NOON_TEXT)] == [
        "panic:",
        "    main.go",
    ]


def test_an_escape_sequence_does_not_reach_a_terminal() -> None:
    assert parse_entry(b'{"text":"\\u001b[2Jx"}', NOON_TEXT)[0].text == "\ufffd[2Jx"


def test_what_is_no_entry_is_shown_as_it_came() -> None:
    assert parse_entry(b"out of memory", NOON_TEXT) == (LogLine(at=NOON_TEXT, text="out of memory"),)
