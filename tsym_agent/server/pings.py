"""`POST /v1/ping`: many targets in one question, each result as it comes.

All jobs of an agent share a gate, so that a host is never asked more at once than a prober of ours would. Probes of one
target are spaced; those of different targets are not, so a job lasts as long as its slowest target. A client that
leaves ends its pings: closing the connection is what makes a daemon stop waiting for a pong.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import msgspec

from tsym_agent.localapi.errors import AnswerTimeoutError, LocalAPIError
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.nodes import PHONE_SYSTEMS, UNUSED_EXIT_SUFFIX
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.payload import Body, PayloadError
from tsym_agent.model.pingjob import PingDone, PingJob, PingReport, parse_ping_job
from tsym_agent.model.pings import PingResult
from tsym_agent.model.status import SweepPeer, SweepStatus
from tsym_agent.model.text import printable
from tsym_agent.model.times import format_time
from tsym_agent.server.problems import Code, ProblemError, problem, problem_of
from tsym_agent.server.redact import scrub, scrub_words

IN_FLIGHT = 32
"""Pings under way from one host, of all jobs together: as many as a prober of ours sends."""

MOST_PROBES = 20_000
"""In one job: a whole tailnet ten times over. More is a mistake, or meant badly."""

_WAITING = 64
"""Reports that a slow client may leave untaken before its pings wait for it."""

Note = Callable[[str, str, str, Body | None, str | None], None]
"""Told of each ping: IP, kind, time sent, the daemon's answer, why it could not be asked."""


class Pinger(Protocol):
    """What is needed of a client; `LocalClient` is one."""

    async def sweep_status(self) -> SweepStatus:
        """Return what a sweep needs of a status."""

    async def ping(self, ip: str, kind: PingKind = ..., *, size: int = ..., timeout_s: float = ...) -> PingResult:
        """Return a pong; raise `AnswerTimeoutError` for none."""


class _Probe(NamedTuple):
    due_s: float
    order: int
    ip: str
    number: int


def read_job(body: Body) -> PingJob:
    """Read and check a job; raise `ProblemError` that says what is wrong with it."""
    try:
        job = parse_ping_job(body)
        targets = tuple(dict.fromkeys(_asked_ip(target, job) for target in job.targets))
    except (PayloadError, ValueError) as error:
        hint = 'send JSON such as {"targets": ["100.64.0.2"], "type": "disco", "count": 3}'
        raise ProblemError(problem(Code.BAD_PARAMETER, f"no ping job: {error}", hint)) from error
    if job.size and job.type is not PingKind.DISCO:
        raise ProblemError(problem(Code.BAD_PARAMETER, "only disco pings have a size"))
    if len(targets) * job.count > MOST_PROBES:
        detail = f"{len(targets) * job.count} probes are more than the {MOST_PROBES} of one job"
        raise ProblemError(problem(Code.BAD_PARAMETER, detail, "ask in several jobs"))
    return msgspec.structs.replace(job, targets=targets)


def _asked_ip(target: str, job: PingJob) -> str:
    """Spell a target as the registry does: a job lets nothing through that a single ping would not."""
    values = {"ip": target, "type": job.type.value} | ({"size": str(job.size)} if job.size else {})
    return COMMANDS["ping"].question(values).query["ip"]


def probed_ips(status: SweepStatus) -> tuple[str, ...]:
    """Return an address of every peer that probes may go to when nobody named it.

    Left in peace are phones, Mullvad's exit nodes that nobody uses, and nodes that only know one of ours.
    """
    return tuple(peer.tailscale_ips[0] for peer in status.peers if peer.tailscale_ips and _is_probed(peer))


def _is_probed(peer: SweepPeer) -> bool:
    is_unused_exit = peer.dns_name.rstrip(".").endswith(UNUSED_EXIT_SUFFIX) and not peer.exit_node
    return not (is_unused_exit or peer.sharee_node or peer.os in PHONE_SYSTEMS)


class Pings:
    """The ping jobs of one agent."""

    def __init__(self, client: Pinger, note: Note, *, most: int = IN_FLIGHT) -> None:
        """Ping over `client`, which should allow `most` pings at once, and tell `note` of each."""
        self._client = client
        self._note = note
        self._gate = asyncio.Semaphore(most)

    async def answer(self, job: PingJob) -> AsyncGenerator[bytes, None]:
        """Return the lines that answer a job; raise `LocalAPIError` when its targets cannot be found out."""
        if not job.targets:
            targets = probed_ips(await self._client.sweep_status())
            count = min(job.count, max(1, MOST_PROBES // max(1, len(targets))))
            job = msgspec.structs.replace(job, targets=targets, count=count)
        return self._lines(job)

    async def _lines(self, job: PingJob) -> AsyncGenerator[bytes, None]:
        course = _Course(self._client, self._gate, self._note, job)
        running = asyncio.get_running_loop().create_task(course.run(), name="ping job")
        try:
            while (report := await course.reports.get()) is not None:
                yield scrub(msgspec.json.encode(report)) + b"\n"
            await running
            yield msgspec.json.encode(PingDone(done=True, sent=course.sent, answered=course.answered)) + b"\n"
        finally:
            running.cancel()
            await asyncio.wait({running})


async def answer_job(client: Pinger, job: PingJob, note: Note) -> AsyncGenerator[bytes, None]:
    """Answer a job by itself, with a gate of its own."""
    async with aclosing(await Pings(client, note).answer(job)) as lines:
        async for line in lines:
            yield line


class _Course:
    """One job under way."""

    def __init__(self, client: Pinger, gate: asyncio.Semaphore, note: Note, job: PingJob) -> None:
        self._client = client
        self._gate = gate
        self._note = note
        self._job = job
        self._due = [_Probe(0.0, order, ip, 1) for order, ip in enumerate(job.targets)]
        self.reports: asyncio.Queue[PingReport | None] = asyncio.Queue(_WAITING)
        """None = that was all."""
        self.sent = 0
        self.answered = 0

    async def run(self) -> None:
        """Ping until nothing is due any more."""
        fault: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(min(IN_FLIGHT, len(self._due))):
                    group.create_task(self._work(), name=f"ping worker {number}")
        except ExceptionGroup as group_of_faults:
            fault = group_of_faults
        await self.reports.put(None)
        if fault is not None:
            raise fault

    async def _work(self) -> None:
        """Take the probe that is due next, again and again.

        One that sleeps until its probe is due may miss an earlier one that comes in meanwhile: then that one is late by
        less than a spacing, and never lost, since whoever put it in looks again.
        """
        while self._due:
            probe = heapq.heappop(self._due)
            await asyncio.sleep(max(0.0, probe.due_s - time.monotonic()))
            async with self._gate:
                sent_s = time.monotonic()
                report, goes_on = await self._ping(probe)
            if goes_on and probe.number < self._job.count:
                due_s = sent_s + self._job.spacing_ms / 1000
                heapq.heappush(self._due, probe._replace(due_s=due_s, number=probe.number + 1))
            await self.reports.put(report)

    async def _ping(self, probe: _Probe) -> tuple[PingReport, bool]:
        """Send one probe; False = there is no use in another to this target."""
        job = self._job
        at = format_time(datetime.now(UTC))
        self.sent += 1
        result: PingResult | None = None
        error: str | None = None
        try:
            result = await self._client.ping(probe.ip, job.type, size=job.size, timeout_s=job.timeout_ms / 1000)
        except AnswerTimeoutError:
            pass  # silence is how a daemon says that no pong came
        except LocalAPIError as refusal:
            said = problem_of(refusal)
            error = printable(scrub_words(f"{said.detail} ({said.hint})" if said.hint else said.detail))
        self._note(probe.ip, job.type.value, at, None if result is None else msgspec.json.encode(result), error)
        self.answered += result is not None and result.is_pong
        is_enough = job.until_direct and result is not None and result.path is PathKind.DIRECT
        report = PingReport(ip=probe.ip, number=probe.number, at=at, result=result, error=error)
        return report, error is None and not is_enough
