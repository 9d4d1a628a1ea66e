"""Ping jobs: results as they come, as long as the slowest, bounded, and ended by who leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import msgspec
import pytest

from tsym_agent.localapi.errors import AnswerTimeoutError, DaemonUnreachableError
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.payload import Body
from tsym_agent.model.pingjob import PingDone, PingJob, PingReport, parse_ping_line
from tsym_agent.model.pings import PingResult
from tsym_agent.model.status import SweepStatus, parse_sweep_status
from tsym_agent.server import pings as pings_module
from tsym_agent.server.pings import Pings, probed_ips, read_job
from tsym_agent.server.problems import ProblemError

DIRECT = PingResult(ip="100.64.0.2", latency_seconds=0.002, endpoint="192.0.2.7:41641")
RELAYED = PingResult(ip="100.64.0.2", latency_seconds=0.05, derp_region_id=4, derp_region_code="fra")

Answer = Callable[[str], Awaitable[PingResult]]


async def pong(_ip: str) -> PingResult:
    return DIRECT


async def silence(ip: str) -> PingResult:
    raise AnswerTimeoutError("/sock", f"no answer about {ip}")


async def never(_ip: str) -> PingResult:
    await asyncio.Event().wait()
    raise AssertionError


class FakeHost:
    """Answers pings as told and counts how many are under way."""

    def __init__(self, answer: Answer = pong, status: bytes = b"{}") -> None:
        self.answer = answer
        self.status = status
        self.asked: list[tuple[str, PingKind]] = []
        self.sent_at_s: list[float] = []
        self.under_way = 0
        self.most_under_way = 0
        self.changed = asyncio.Condition()
        self.noted: list[tuple[str, str, Body | None, str | None]] = []

    async def sweep_status(self) -> SweepStatus:
        return parse_sweep_status(self.status)

    async def ping(
        self,
        ip: str,
        kind: PingKind = PingKind.DISCO,
        *,
        size: int = 0,  # noqa: ARG002 - as the client's
        timeout_s: float = 5.0,  # noqa: ARG002 - as the client's
    ) -> PingResult:
        self.asked.append((ip, kind))
        self.sent_at_s.append(asyncio.get_running_loop().time())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        async with self.changed:
            self.changed.notify_all()
        try:
            return await self.answer(ip)
        finally:
            self.under_way -= 1

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        async with self.changed:
            await self.changed.wait_for(condition)

    def note(self, ip: str, kind: str, _at: str, body: Body | None, error: str | None) -> None:
        self.noted.append((ip, kind, body, error))

    async def lines(self, job: PingJob) -> AsyncGenerator[bytes, None]:
        return await Pings(self, self.note).answer(job)

    async def reports(self, job: PingJob) -> tuple[list[PingReport], PingDone]:
        async with asyncio.timeout(5), aclosing(await self.lines(job)) as lines:
            *reports, done = [parse_ping_line(line) async for line in lines]
        assert isinstance(done, PingDone)
        return [report for report in reports if isinstance(report, PingReport)], done


def job(targets: int = 0, *, count: int = 1, spacing_ms: int = 0, until_direct: bool = False) -> PingJob:
    return PingJob(targets=ips(targets), count=count, spacing_ms=spacing_ms, until_direct=until_direct)


def ips(count: int) -> tuple[str, ...]:
    return tuple(f"100.64.1.{number}" for number in range(count))


async def test_every_target_is_pinged_as_often_as_asked() -> None:
    host = FakeHost()

    reports, done = await host.reports(PingJob(targets=ips(3), count=2, spacing_ms=0, type=PingKind.TSMP))

    assert sorted((report.ip, report.number) for report in reports) == [(ip, n) for ip in ips(3) for n in (1, 2)]
    assert (done.sent, done.answered) == (6, 6)
    assert {kind for _, kind in host.asked} == {PingKind.TSMP}


async def test_a_result_is_told_before_the_others_have_come() -> None:
    async def one_hangs(ip: str) -> PingResult:
        return await (never if ip == ips(2)[0] else pong)(ip)

    async with asyncio.timeout(5), aclosing(await FakeHost(one_hangs).lines(job(2))) as lines:
        first = parse_ping_line(await anext(lines))

    assert isinstance(first, PingReport)
    assert first.ip == ips(2)[1]


async def test_all_targets_wait_together() -> None:
    host = FakeHost()
    everybody = asyncio.Event()

    async def wait_for_all(ip: str) -> PingResult:
        if host.under_way == 20:
            everybody.set()
        await everybody.wait()
        return await pong(ip)

    host.answer = wait_for_all
    reports, _ = await host.reports(job(20))

    assert len(reports) == 20


async def test_no_more_are_under_way_than_the_gate_lets_through() -> None:
    host = FakeHost()

    async def slowly(ip: str) -> PingResult:
        await asyncio.sleep(0)
        return await pong(ip)

    host.answer = slowly
    pings = Pings(host, host.note, most=5)

    async def run(targets: tuple[str, ...]) -> None:
        async with aclosing(await pings.answer(PingJob(targets=targets))) as lines:
            async for _ in lines:
                pass

    await asyncio.gather(run(ips(40)), run(ips(40)))

    assert host.most_under_way == 5


async def test_probes_of_one_target_are_spaced() -> None:
    host = FakeHost()

    await host.reports(job(1, count=3, spacing_ms=20))

    gaps = [after - before for before, after in zip(host.sent_at_s, host.sent_at_s[1:], strict=False)]
    assert min(gaps) >= 0.019


async def test_silence_is_a_report_without_a_result() -> None:
    reports, done = await FakeHost(silence).reports(job(1, count=2))

    assert [(report.result, report.error) for report in reports] == [(None, None)] * 2
    assert (done.sent, done.answered) == (2, 0)


async def test_a_daemon_that_is_gone_is_asked_once_a_target() -> None:
    async def gone(_ip: str) -> PingResult:
        raise DaemonUnreachableError("/sock", "nobody listens", "start it")

    reports, done = await FakeHost(gone).reports(job(2, count=50))

    assert [report.error for report in reports] == ["/sock: nobody listens (start it)"] * 2
    assert done.sent == 2


async def test_until_direct_stops_at_the_first_direct_pong() -> None:
    answers = iter([RELAYED, DIRECT, DIRECT])

    async def better(_ip: str) -> PingResult:
        return next(answers)

    reports, _ = await FakeHost(better).reports(job(1, count=3, until_direct=True))

    assert [report.result.path for report in reports if report.result] == [PathKind.DERP, PathKind.DIRECT]


async def test_every_ping_is_noted() -> None:
    host = FakeHost()
    await host.reports(job(1))
    host.answer = silence
    await host.reports(job(1))

    assert [(ip, kind, body is None, error) for ip, kind, body, error in host.noted] == [
        (ips(1)[0], "disco", False, None),
        (ips(1)[0], "disco", True, None),
    ]


async def test_who_leaves_ends_the_pings() -> None:
    host = FakeHost(never)
    lines = await host.lines(job(10))
    reading = asyncio.ensure_future(anext(lines))
    async with asyncio.timeout(5):
        await host.wait_until(lambda: host.under_way == 10)
        reading.cancel()
        await asyncio.wait({reading})
        await lines.aclose()

    assert host.under_way == 0


async def test_a_client_that_does_not_read_stops_the_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pings_module, "_WAITING", 4)
    host = FakeHost()
    lines = await host.lines(job(1, count=100))
    async with asyncio.timeout(5), aclosing(lines):
        await anext(lines)
        await host.wait_until(lambda: len(host.asked) == 6)
        for _ in range(50):
            await asyncio.sleep(0)

        assert len(host.asked) == 6


async def test_a_fault_of_ours_ends_the_stream_without_a_last_line() -> None:
    async def fault(_ip: str) -> PingResult:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await FakeHost(fault).reports(job(3))


async def test_no_target_means_every_peer_that_may_be_probed() -> None:
    status = msgspec.json.encode(
        {
            "Peer": {
                "a": {"TailscaleIPs": ["100.64.0.2", "fd7a::2"], "OS": "linux"},
                "b": {"TailscaleIPs": ["100.64.0.3"], "OS": "iOS"},
                "c": {"TailscaleIPs": ["100.64.0.4"], "DNSName": "de-fra-1.mullvad.ts.net."},
                "d": {"TailscaleIPs": ["100.64.0.5"], "DNSName": "de-fra-2.mullvad.ts.net.", "ExitNode": True},
                "e": {"TailscaleIPs": ["100.64.0.6"], "ShareeNode": True},
                "f": {},
            }
        }
    )

    reports, _ = await FakeHost(status=status).reports(job())

    assert sorted(report.ip for report in reports) == ["100.64.0.2", "100.64.0.5"]


async def test_a_job_for_every_peer_keeps_to_the_probes_of_one_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pings_module, "MOST_PROBES", 5)
    status = msgspec.json.encode({"Peer": {ip: {"TailscaleIPs": [ip]} for ip in ips(2)}})

    _, done = await FakeHost(status=status).reports(job(count=100))

    assert done.sent == 4


async def test_a_host_without_peers_is_done_at_once() -> None:
    assert await FakeHost().reports(job()) == ([], PingDone(done=True, sent=0, answered=0))


def test_addresses_of_peers_are_their_first() -> None:
    status = parse_sweep_status(b'{"Peer": {"a": {"TailscaleIPs": ["100.64.0.2", "fd7a::2"]}}}')

    assert probed_ips(status) == ("100.64.0.2",)


def test_a_target_named_twice_is_one() -> None:
    assert read_job(b'{"targets": ["fd7a::2", "FD7A:0::2"]}').targets == ("fd7a::2",)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no ping job"),
        (b'{"targets": ["nas"]}', "'nas': wanted an IP address"),
        (b'{"targets": ["fe80::1%eth0"]}', "wanted an IP address"),
        (b'{"targets": ["100.64.0.2"], "size": 65535}', "size"),
        (b'{"kind": "disco"}', "unknown field"),
        (b'{"count": 1000}', "<= 100"),
        (b'{"type": "TSMP", "size": 1200}', "only disco pings have a size"),
        (msgspec.json.encode({"targets": [f"100.64.1.{n}" for n in range(201)], "count": 100}), "20100 probes"),
    ],
    ids=["empty", "name", "scoped", "size-of-one", "unknown-member", "count", "size", "too-many"],
)
def test_a_job_that_is_none_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_job(body)

    assert words in refused.value.problem.detail
    assert refused.value.problem.status == 400
