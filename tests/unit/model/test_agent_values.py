"""What agents and their readers say to each other."""

from __future__ import annotations

import msgspec
import pytest

from tsym_agent.model import hello, logs, pingjob, watch
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import parse_sweep_status

HELLO = hello.Hello(
    agent=hello.AgentWord(version="0.1.0", mode=hello.AgentMode.ATTACH, started_at="2026-01-01T00:00:00Z"),
    daemon=hello.DaemonWord(version="1.102.3", state="Running"),
    you=hello.Caller(id="n1", name="desk", via=hello.Admission.TAG),
    may=hello.May(commands=("*",)),
    commands=(hello.CommandWord(name="logs", runs=False, reason="needs a privileged agent"),),
)


def test_a_hello_comes_back_as_it_was_said() -> None:
    assert hello.parse_hello(msgspec.json.encode(HELLO)) == HELLO


def test_a_hello_says_why_a_command_does_not_run() -> None:
    word = HELLO.word_on("logs")

    assert word is not None
    assert word.reason == "needs a privileged agent"
    assert HELLO.word_on("brew") is None


def test_another_programs_answer_is_no_hello() -> None:
    with pytest.raises(PayloadError):
        hello.parse_hello(b'{"hello":"world"}')


@pytest.mark.parametrize(
    "line",
    [
        watch.Snapshot(seq=1, at="t", status=msgspec.Raw(b'{"BackendState":"Running"}')),
        watch.Delta(seq=2, at="t", peers={"nodekey:a": msgspec.Raw(b'{"ID":"n1"}')}, gone=("nodekey:b",)),
        watch.Samples(seq=3, samples=(watch.WatchSample(ip="100.64.0.1", type="disco", at="t", error="timed out"),)),
        watch.Alive(seq=4, at="t"),
        watch.Trouble(seq=5, at="t", code="daemon-unreachable", detail="nobody listens"),
    ],
    ids=lambda line: type(line).__name__,
)
def test_a_line_of_the_watch_comes_back_as_it_was_said(line: watch.Line) -> None:
    assert watch.parse_line(msgspec.json.encode(line)) == line


def test_the_status_of_a_snapshot_is_read_by_the_usual_decoder() -> None:
    line = watch.parse_line(b'{"type":"snapshot","seq":1,"at":"t","status":{"Peer":{"k":{"ID":"n1","Online":true}}}}')

    assert isinstance(line, watch.Snapshot)
    assert parse_sweep_status(bytes(line.status)).peers[0].online


def test_a_kind_of_line_of_a_later_version_is_refused_by_name() -> None:
    with pytest.raises(PayloadError, match="weather"):
        watch.parse_line(b'{"type":"weather","seq":1}')


def test_a_ping_job_needs_no_more_than_nothing() -> None:
    job = pingjob.parse_ping_job(b"{}")

    assert (job.targets, job.type, job.count) == ((), PingKind.DISCO, 1)


@pytest.mark.parametrize(
    "body",
    [
        b'{"target":"100.64.0.1"}',
        b'{"type":"smoke"}',
        b'{"count":"many"}',
        b'{"count":-1}',
        b'{"count":101}',
        b"[]",
        b"",
    ],
)
def test_a_ping_job_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        pingjob.parse_ping_job(body)


def test_a_ping_job_answers_in_reports_and_a_last_line() -> None:
    report = pingjob.parse_ping_line(b'{"ip":"100.64.0.1","number":1,"at":"t","result":{"Endpoint":"192.0.2.1:1"}}')
    done = pingjob.parse_ping_line(msgspec.json.encode(pingjob.PingDone(done=True, sent=1, answered=1)))

    assert isinstance(report, pingjob.PingReport)
    assert report.result is not None
    assert report.result.path is PathKind.DIRECT
    assert done == pingjob.PingDone(done=True, sent=1, answered=1)


def test_logs_and_events_come_back_as_they_were_said() -> None:
    line = logs.LogLine(at="t", level=1, text="magicsock: disco")
    event = logs.Event(at="t", kind="state", words="Running", data=msgspec.Raw(b"6"))

    assert logs.parse_log_line(msgspec.json.encode(line)) == line
    assert logs.parse_event(msgspec.json.encode(event)) == event
