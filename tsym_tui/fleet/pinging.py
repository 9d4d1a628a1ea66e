"""Pings from one host to many peers at once: by its agent in one question, else one question a ping.

A dead peer is an answer: it takes its timeout and holds nobody else up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Protocol, cast

import msgspec

from tsym_agent.localapi.agent import AgentClient
from tsym_agent.localapi.errors import AnswerTimeoutError, LocalAPIError
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.pingjob import MOST_TARGETS, PingJob, PingReport
from tsym_agent.model.pings import PingResult
from tsym_agent.model.status import SweepStatus
from tsym_agent.model.text import printable
from tsym_agent.model.times import format_time
from tsym_agent.probe.limits import IN_FLIGHT_PER_HOST
from tsym_agent.probe.plan import is_probed
from tsym_agent.probe.window import TIMED_OUT
from tsym_tui.fleet.fanout import SPARE_S, Answer, attempt
from tsym_tui.fleet.fleet import Asked

PING = COMMANDS["ping"]

OnPing = Callable[[Asked, "Ping"], None]


class Ping(msgspec.Struct, frozen=True, kw_only=True):
    """One ping, answered or not, as it is printed."""

    ip: str
    peer: str
    """Name of the node, else its address."""
    number: int
    """Of this peer's pings, from 1."""
    at: str
    ping: str
    path: str
    """`direct`, `peer-relay`, `derp`, or `unknown`, also where the kind of ping names none."""
    latency_ms: float | None = None
    endpoint: str | None = None
    derp_region: str | None = None
    peer_relay: str | None = None
    error: str | None = None


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What each host is to ping."""

    job: PingJob
    """Its targets are ignored: each host pings those below."""
    ips: tuple[str, ...] = ()
    """None = every peer that the host knows and that probes may go to."""
    nodes: Mapping[str, Node] = {}
    """Every node by each of its addresses."""


class Pinging(Protocol):
    """What of a client is used."""

    async def sweep_status(self) -> SweepStatus:
        """Read who is there."""

    async def ping(self, ip: str, kind: PingKind = ..., *, size: int = ..., timeout_s: float = ...) -> PingResult:
        """Ping once; `AnswerTimeoutError` = no pong came."""


async def ping_from(asked: Asked, wanted: Round, on_ping: OnPing = lambda _asked, _ping: None) -> Answer:
    """Ping all from one host; its answer is the list of pings. `on_ping` hears of each as it ends."""
    pings: list[Ping] = []

    async def act(client: object) -> bytes:
        async with aclosing(_reports(cast("Pinging", client), wanted)) as reports:
            async for report in reports:
                ping = _to_ping(report, wanted)
                pings.append(ping)
                on_ping(asked, ping)
        pings.sort(key=lambda ping: (ping.peer, ping.ip, ping.number))
        return msgspec.json.encode(pings)

    return await attempt(asked, PING, _limit_s(wanted), act)


def _limit_s(wanted: Round) -> float:
    """Return how long all may take when every peer is dead."""
    job = wanted.job
    turns = 1 + max(len(wanted.ips), len(wanted.nodes)) // IN_FLIGHT_PER_HOST
    return turns * job.count * (job.timeout_ms + job.spacing_ms) / 1000 + 5 + SPARE_S


async def _reports(client: Pinging, wanted: Round) -> AsyncGenerator[PingReport, None]:
    ips = wanted.ips or await _peers_of(client, wanted.nodes)
    if not (isinstance(client, AgentClient) and client.has("ping")):
        async with aclosing(_one_by_one(client, ips, wanted.job)) as reports:
            async for report in reports:
                yield report
        return
    for start in range(0, len(ips), MOST_TARGETS):
        job = msgspec.structs.replace(wanted.job, targets=tuple(ips[start : start + MOST_TARGETS]))
        async with aclosing(client.ping_many(job)) as reports:
            async for report in reports:
                yield report


async def _peers_of(client: Pinging, nodes: Mapping[str, Node]) -> tuple[str, ...]:
    """Return an address of each peer that this host knows, without those whose radio a probe would wake."""
    found = []
    for peer in (await client.sweep_status()).peers:
        ip = next(iter(peer.tailscale_ips or ()), None)
        node = nodes.get(ip) if ip else None
        if ip and node is not None and is_probed(node, everything=False):
            found.append(ip)
    return tuple(found)


async def _one_by_one(client: Pinging, ips: Sequence[str], job: PingJob) -> AsyncGenerator[PingReport, None]:
    """Ping through LocalAPI: every peer at once, within what a host's connections allow."""
    reports: asyncio.Queue[PingReport | None] = asyncio.Queue()
    gate = asyncio.Semaphore(IN_FLIGHT_PER_HOST)

    async def ping(ip: str) -> None:
        for number in range(1, job.count + 1):
            async with gate:
                reports.put_nowait(await _ping_once(client, ip, number, job))
            if number < job.count:
                await asyncio.sleep(job.spacing_ms / 1000)

    async def ping_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for ip in ips:
                    group.create_task(ping(ip), name=f"ping {ip}")
        except* LocalAPIError as troubles:
            raise troubles.exceptions[0] from None  # each says the same of the host: it could not be asked
        finally:
            reports.put_nowait(None)

    pinging = asyncio.create_task(ping_all(), name="pings")
    try:
        while (report := await reports.get()) is not None:
            yield report
        await pinging
    finally:
        pinging.cancel()
        await asyncio.gather(pinging, return_exceptions=True)


async def _ping_once(client: Pinging, ip: str, number: int, job: PingJob) -> PingReport:
    at = format_time(datetime.now(UTC))
    try:
        result = await client.ping(ip, job.type, size=job.size, timeout_s=job.timeout_ms / 1000)
    except AnswerTimeoutError:
        return PingReport(ip=ip, number=number, at=at, error=TIMED_OUT)
    return PingReport(ip=ip, number=number, at=at, result=result)


def _to_ping(report: PingReport, wanted: Round) -> Ping:
    node = wanted.nodes.get(report.ip)
    result = report.result
    fields = {
        "ip": report.ip,
        "peer": node.short_name if node else report.ip,
        "number": report.number,
        "at": report.at,
        "ping": wanted.job.type.json_name,
    }
    if result is None or not result.is_pong:
        error = report.error or (result.err if result else "") or TIMED_OUT
        return Ping(**fields, path=PathKind.UNKNOWN.value, error=printable(error))  # type: ignore[arg-type]  # all fit
    return Ping(
        **fields,  # type: ignore[arg-type]  # all fit
        path=result.path.value,
        latency_ms=None if result.latency_ms is None else round(result.latency_ms, 3),
        endpoint=printable(result.endpoint) or None,
        derp_region=printable(result.derp_region_code) or None,
        peer_relay=printable(result.peer_relay) or None,
    )
