"""The log of calls and their cost."""

from __future__ import annotations

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.wire.client import Call
from tsym_agent.wire.openers import UnixOpener
from tsym_tui.fleet.calls import CallLog, observed
from tsym_tui.fleet.specs import HostSpec, parse_spec


def call(target: str = "/localapi/v0/status", outcome: str = "200", received: int = 10) -> Call:
    return Call("GET", target, 0.25, received, outcome)


def test_calls_are_remembered_with_what_they_asked() -> None:
    log = CallLog(clock=lambda: 7.0)
    log.take("unix:/a", Call("POST", "/localapi/v0/ping?ip=100.64.0.2", 0.1, 5, "200"))
    (made,) = log.recent

    assert (made.at_s, made.spec, made.what, made.received) == (7.0, "unix:/a", "POST ping ip=100.64.0.2", 5)


def test_the_log_is_bounded_and_its_sums_are_not() -> None:
    log = CallLog(most=3)
    for _ in range(10):
        log.take("unix:/a", call())

    assert (len(log.recent), log.count, log.by_host()["unix:/a"].received) == (3, 10, 100)


def test_sums_count_by_host_and_by_endpoint() -> None:
    log = CallLog()
    for spec, target in (("a", "/localapi/v0/status"), ("a", "/v1/watch?samples=0"), ("b", "/localapi/v0/status")):
        log.take(spec, call(target))

    assert {name: one.calls for name, one in log.by_host().items()} == {"a": 2, "b": 1}
    assert {name: one.calls for name, one in log.by_name().items()} == {"status": 2, "/v1/watch": 1}


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [("200", 0), ("304", 0), ("204", 0), ("200 follows", 0), ("ended", 0), ("403", 1), ("no answer", 1), ("broke", 1)],
)
def test_only_an_answer_is_a_success(outcome: str, failed: int) -> None:
    log = CallLog()
    log.take("a", call(outcome=outcome))

    assert log.by_host()["a"].failed == failed


async def test_a_client_tells_of_its_calls() -> None:
    log = CallLog()

    async def connect(spec: HostSpec) -> LocalClient:
        return LocalClient(UnixOpener(spec.address), timeout_s=0.05)

    async with FakeDaemon() as daemon:
        daemon.on("prefs", answer("{}"))
        daemon.on("status", answer("no", 500))
        client = await observed(connect, log)(parse_spec(f"unix:{daemon.path}"))
        await client.prefs()
        with pytest.raises(LocalAPIError):
            await client.status()
        await client.aclose()
        with pytest.raises(LocalAPIError):
            await client.prefs()

    assert [(made.what, made.outcome) for made in log.recent] == [
        ("prefs", "200"),
        ("status", "500"),
        ("prefs", "broke"),
    ]


async def test_a_stream_is_told_of_when_it_stands_and_when_it_ends() -> None:
    log = CallLog()
    async with FakeDaemon() as daemon:
        daemon.on("metrics", answer("x" * 100))
        client = LocalClient(UnixOpener(daemon.path))
        client.observe(log.observer("here"))
        assert b"".join([piece async for piece in client.stream("metrics")]) == b"x" * 100
        await client.aclose()

    assert [(made.what, made.outcome, made.received) for made in log.recent] == [
        ("metrics", "200 follows", 0),
        ("metrics", "ended", 100),
    ]
