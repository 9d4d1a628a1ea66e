"""Pings from many hosts to many peers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest

from tests.unit.fleet.fakes import FakeHost, ref
from tests.unit.probe.virtual import run_virtually
from tsym_agent.localapi.agent import AgentClient
from tsym_agent.localapi.errors import AccessDeniedError, AnswerTimeoutError
from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.nodes import Node
from tsym_agent.model.pingjob import PingJob, PingReport
from tsym_agent.model.pings import PingResult
from tsym_agent.model.status import SweepPeer, SweepStatus
from tsym_agent.wire.openers import UnixOpener
from tsym_tui.fleet.fanout import Answer, Verdict
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.pinging import Round, ping_from

NODES = {
    f"100.64.1.{number}": Node(ref=ref(name), name=f"{name}.home.example", addresses=(f"100.64.1.{number}",), os=system)
    for number, (name, system) in enumerate([("b", "linux"), ("c", "linux"), ("phone", "iOS")])
}


class Client(FakeHost):
    """A daemon that knows these nodes; what is not in `slow` answers in a millisecond."""

    def __init__(self, *, slow: dict[str, float] | None = None) -> None:
        super().__init__("a")
        self.slow = slow or {}
        self.refuses = False
        self.sent: list[str] = []

    async def ask(self, *_: object, **__: object) -> bytes:
        raise AssertionError("pings are asked by their own method")

    async def sweep_status(self) -> SweepStatus:
        peers = {ip: SweepPeer(id=node.ref.stable_id, tailscale_ips=(ip,)) for ip, node in NODES.items()}
        return SweepStatus(backend_state="Running", peer=peers)

    async def ping(self, ip: str, *_: object, timeout_s: float = 5.0, **__: object) -> PingResult:
        if self.refuses:
            raise AccessDeniedError("/fake/a", "no pings for you")
        self.sent.append(ip)
        await asyncio.sleep(min(self.slow.get(ip, 0.001), timeout_s))
        if self.slow.get(ip, 0.001) >= timeout_s:
            raise AnswerTimeoutError("/fake/a", "late")
        return PingResult(ip=ip, latency_seconds=0.002, endpoint="192.0.2.1:1")


class Agent(AgentClient):
    """An agent that pings by itself."""

    def __init__(self) -> None:
        super().__init__(UnixOpener("/nowhere"))
        self.jobs: list[PingJob] = []

    def has(self, feature: str) -> bool:
        return feature == "ping"

    async def ping_many(self, job: PingJob) -> AsyncGenerator[PingReport, None]:
        self.jobs.append(job)
        for ip in job.targets:
            yield PingReport(ip=ip, number=1, at="", result=PingResult(ip=ip, latency_seconds=0.001, derp_region_id=1))


def asked(client: object) -> Asked:
    return Asked(Host(spec="unix:/a", name="a", state=HostState.OK), None, client)  # type: ignore[arg-type]  # a fake


def run(client: object, *ips: str, job: PingJob = PingJob()) -> Answer:  # noqa: B008 - immutable
    return run_virtually(ping_from(asked(client), Round(job=job, ips=ips, nodes=NODES)))


def pings(answer: Answer) -> list[tuple[str, int, str, str | None]]:
    return [(ping["peer"], ping["number"], ping["path"], ping["error"]) for ping in json.loads(answer.body)]


def test_every_peer_is_pinged_but_phones() -> None:
    assert pings(run(Client())) == [("b", 1, "direct", None), ("c", 1, "direct", None)]


def test_a_dead_peer_is_a_ping_that_timed_out() -> None:
    answer = run(Client(slow={"100.64.1.0": 1e6}))

    assert (answer.verdict, pings(answer)[0]) == (Verdict.OK, ("b", 1, "unknown", "timed out"))


def test_all_peers_together_take_the_time_of_the_slowest_ping() -> None:
    client = Client(slow={"100.64.1.0": 3.0, "100.64.1.1": 4.0})

    async def script() -> float:
        began_s = asyncio.get_running_loop().time()
        await ping_from(asked(client), Round(job=PingJob(), nodes=NODES))
        return asyncio.get_running_loop().time() - began_s

    assert run_virtually(script()) == pytest.approx(4.0)


def test_each_ping_is_told_as_it_ends() -> None:
    heard: list[str] = []

    async def script() -> None:
        client = Client(slow={"100.64.1.0": 3.0})
        await ping_from(asked(client), Round(job=PingJob(), nodes=NODES), lambda _, ping: heard.append(ping.peer))

    run_virtually(script())
    assert heard == ["c", "b"]


def test_a_count_is_kept_for_each_peer() -> None:
    client = Client()
    run(client, "100.64.1.0", "100.64.1.1", job=PingJob(count=3))

    assert sorted(client.sent) == ["100.64.1.0"] * 3 + ["100.64.1.1"] * 3


def test_a_host_that_may_not_ping_says_so_once() -> None:
    client = Client()
    client.refuses = True
    answer = run(client)

    assert (answer.verdict, "no pings for you" in (answer.error or "")) == (Verdict.DENIED, True)


def test_an_agent_gets_all_in_one_question() -> None:
    agent = Agent()
    answer = run(agent, "100.64.1.0", "100.64.1.1")

    assert [job.targets for job in agent.jobs] == [("100.64.1.0", "100.64.1.1")]
    assert pings(answer) == [("b", 1, "derp", None), ("c", 1, "derp", None)]
