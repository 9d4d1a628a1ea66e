"""`tsym logs` and `tsym events`."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.unit.cli.conftest import Daemon, Tsym
from tests.unit.fake_daemon import STREAM_HEAD, Request, Script, answer, chunk
from tsym_agent.model.hosts import Host
from tsym_tui.cli.streams import MOST_NAME, StreamWishes, Writer
from tsym_tui.cli.texts import line
from tsym_tui.fleet.merging import Entry
from tsym_tui.graph.cells import width


def streamed(*lines: str) -> Script:
    """Answer with these lines, and go on without a word."""

    async def script(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + b"".join(chunk(line.encode() + b"\n") for line in lines))
        await writer.drain()
        await asyncio.Event().wait()

    return script


def entry(text: str, level: int = 0) -> str:
    return json.dumps({"logtail": {"client_time": "2026-11-01T12:00:00Z"}, "v": level, "text": f"{text}\n"})


@pytest.fixture
def writer(daemon: Daemon) -> Daemon:
    """Let the daemon say all, and write a log of three lines, one a detail."""
    daemon.on("profiles/current", answer("{}"))
    daemon.on("logtap", streamed(entry("magicsock: home is now derp-4"), entry("netcheck: report", 1), entry("wg: up")))
    return daemon


def test_lines_of_a_log_are_printed_with_their_host(tsym: Tsym, writer: Daemon) -> None:
    result = tsym("logs", "--host", writer.spec, "--lines", "2", "--color", "never")
    lines = [line.partition("me ")[2] for line in result.out.splitlines()]

    assert result.code == 0
    assert lines[0] == "-- logtap connected"
    assert [line for line in lines if not line.startswith("--")] == ["magicsock: home is now derp-4", "wg: up"]


def test_details_are_shown_when_wanted(tsym: Tsym, writer: Daemon) -> None:
    assert "[v1] netcheck: report" in tsym("logs", "--host", writer.spec, "--lines", "3", "--level", "1").out


def test_only_lines_that_have_the_pattern_are_printed(tsym: Tsym, writer: Daemon) -> None:
    result = tsym("logs", "--host", writer.spec, "--lines", "1", "--grep", "WG: up|wg: up", "--ndjson")
    entries = [json.loads(line) for line in result.out.splitlines()]

    assert [one["text"] for one in entries if not one["notice"]] == ["wg: up"]


def test_as_lines_each_entry_keeps_its_hosts_own_time(tsym: Tsym, writer: Daemon) -> None:
    entries = [
        json.loads(line) for line in tsym("logs", "--host", writer.spec, "--lines", "2", "--ndjson").out.splitlines()
    ]

    assert {one["at"] for one in entries if not one["notice"]} == {"2026-11-01T12:00:00Z"}
    assert {(one["schema"], one["host"]) for one in entries} == {("tsym/logs/1", "me")}


def test_it_ends_when_its_time_is_over(tsym: Tsym, writer: Daemon) -> None:
    result = tsym("logs", "--host", writer.spec, "--for", "1")

    assert (result.code, result.out.count("wg: up")) == (0, 1)


def test_without_the_right_it_says_what_would_help(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("logs", "--host", daemon.spec)

    assert result.code == 4
    assert "sudo tailscale set --operator=$USER" in result.out


def test_a_daemon_without_the_tap_says_so(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("profiles/current", answer("{}"))
    daemon.on("logtap", answer("404 page not found\n", 404))
    result = tsym("logs", "--host", daemon.spec)

    assert result.code == 4
    assert "this tailscaled has no logtap" in result.out


def test_a_host_that_cannot_be_reached_does_not_keep_others_waiting(tsym: Tsym, writer: Daemon) -> None:
    result = tsym("logs", "--host", "unix:/nowhere.sock", "--host", writer.spec, "--lines", "2")

    assert result.code == 5
    assert "wg: up" in result.out
    assert "there is no such socket" in result.out


def test_when_nobody_is_reached_the_code_says_so(tsym: Tsym) -> None:
    assert tsym("logs", "--host", "unix:/nowhere.sock", "--for", "0.5").code == 3


def test_a_selector_that_means_nobody_is_a_mistake(tsym: Tsym, writer: Daemon) -> None:
    result = tsym("logs", "--host", writer.spec, "--on", "nobody")

    assert result.code == 2
    assert "means none of the hosts" in result.err


def test_log_lines_never_act_on_the_terminal(tsym: Tsym, writer: Daemon) -> None:
    writer.on("logtap", streamed(entry("\x1b[2Jgone \x9b31m\u202etxt")))

    assert not {"\x1b", "\x9b", "\u202e"} & set(tsym("logs", "--host", writer.spec, "--lines", "1").out)


def test_events_of_all_hosts_have_their_kind(tsym: Tsym, household: str) -> None:
    result = tsym("events", "--host", household, "--for", "2", "--ndjson")
    entries = [json.loads(line) for line in result.out.splitlines()]

    assert result.code == 0
    assert {(one["host"], one["kind"]) for one in entries if not one["notice"]} >= {
        ("nas", "state"),
        ("vps-fra", "state"),
    }


def test_wide_names_do_not_move_columns(capsys: pytest.CaptureFixture[str]) -> None:
    hosts = [Host(spec="unix:/a", name="a"), Host(spec="unix:/b", name="客厅电视机大屏幕客厅电视机大屏幕")]
    names = {host.spec: host.name for host in hosts}
    writer = Writer(StreamWishes(), "x", lambda pen, entry: line(pen.run(entry.words)), lambda: names)
    for host in hosts:
        writer.print(Entry(host=host, at="2026-11-01T12:00:00Z", words="said"))
    lines = capsys.readouterr().out.splitlines()

    assert [width(text.partition("said")[0]) for text in lines] == [len("12:00:00.000 |") + MOST_NAME + 1] * 2


def test_a_host_that_said_its_name_later_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"unix:/a": "unix:/a"}
    writer = Writer(StreamWishes(), "x", lambda pen, entry: line(pen.run(entry.words)), lambda: dict(names))
    for name in ("unix:/a", "the-nas"):
        names["unix:/a"] = name
        writer.print(Entry(host=Host(spec="unix:/a", name=name), at="2026-11-01T12:00:00Z", words="said"))

    assert "the-nas" in capsys.readouterr().out
