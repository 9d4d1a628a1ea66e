"""An agent's whole way from a request to its answer, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer, hang
from tests.unit.server.visitors import FakeWho, visitor
from tsym_agent import __version__
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hello import AgentMode, Hello, parse_hello
from tsym_agent.model.whois import WhoIs
from tsym_agent.server import service
from tsym_agent.server.audit import Audit
from tsym_agent.server.budgets import USUAL, Budgets, Cost
from tsym_agent.server.guards import LOOPBACK_NAMES, HostGuard
from tsym_agent.server.identity import Admitted, Admitting, DevGate, Gate, Rules
from tsym_agent.server.pings import IN_FLIGHT
from tsym_agent.server.service import Service
from tsym_agent.wire.client import HttpClient, Response
from tsym_agent.wire.errors import WireTimeoutError
from tsym_agent.wire.exchange import Request
from tsym_agent.wire.openers import TcpOpener, UnixOpener
from tsym_agent.wire.server import serve_tcp

TAG = "tag:tsymbiote-webui"
OLD = "1.80.3-told"
STATUS = {
    "Version": "1.80.3",
    "BackendState": "Running",
    "Self": {"ID": "n-me", "DNSName": "me.example.", "TailscaleIPs": ["100.64.0.1"], "UserID": 5},
    "TailscaleIPs": ["100.64.0.1"],
    "CurrentTailnet": {"Name": "example"},
    "User": {"5": {"ID": 5, "LoginName": "alice@example.com"}},
}


class Agent:
    """A service that listens, its daemon, and somebody who asks."""

    def __init__(
        self, daemon: FakeDaemon, gate: Admitting, mode: AgentMode, allow_write: bool, budgets: Budgets
    ) -> None:
        self.daemon = daemon
        self.lines: list[str] = []
        self.service = Service(
            UnixOpener(daemon.path),
            gate=gate,
            mode=mode,
            guard=HostGuard(LOOPBACK_NAMES),
            allow_write=allow_write,
            budgets=budgets,
            audit=Audit(self._take, with_time=False),
        )
        self.http: HttpClient

    def _take(self, line: str) -> bool:
        self.lines.append(line)
        return True

    async def get(self, target: str, method: str = "GET", **headers: str) -> Response:
        return await self.http.request(method, target, headers=tuple(headers.items()))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that nothing announces."""
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - what is waited for belongs to the server
                await asyncio.sleep(0.005)

    async def hello(self) -> Hello:
        return parse_hello((await self.get("/v1/hello")).body)


@asynccontextmanager
async def agent(
    gate: Admitting | None = None,
    *,
    mode: AgentMode = AgentMode.DEV,
    allow_write: bool = False,
    budgets: Budgets | None = None,
) -> AsyncGenerator[Agent, None]:
    """Serve an agent whose callers come from 127.0.0.1."""
    async with FakeDaemon() as daemon:
        daemon.on("status", answer(json.dumps(STATUS), Tailscale_Version=OLD))
        daemon.on("prefs", answer('{"ControlURL": "https://control.example"}', Tailscale_Version=OLD))
        daemon.on("profiles/current", answer("profile access denied\n", 403, Tailscale_Version=OLD))
        made = Agent(daemon, gate or DevGate(allow_write=allow_write), mode, allow_write, budgets or Budgets())
        await made.service.start()
        try:
            async with await serve_tcp("127.0.0.1", 0, made.service.handle) as server:
                made.http = HttpClient(TcpOpener("127.0.0.1", server.port), host_header=f"127.0.0.1:{server.port}")
                yield made
                await made.http.aclose()
        finally:
            await made.service.aclose()


def gate_for(*tags: str, grants: object = None) -> Gate:
    return Gate(FakeWho(**{"127_0_0_1": visitor(*tags, grants=grants)}), Rules())


async def test_health_asks_for_nothing() -> None:
    async with agent(Gate(FakeWho(), Rules())) as it:
        said = await it.http.request("GET", "/healthz", headers=(("Origin", "http://evil.example"),))

    assert (said.status, bytes(said.body), said.header("Tsym-Agent")) == (200, b"ok", __version__)
    assert it.lines == []


async def test_everything_else_asks_who_you_are() -> None:
    async with agent(Gate(FakeWho(), Rules())) as it:
        statuses = {
            path: (await it.get(path)).status
            for path in ("/", "/v1/hello", "/v1/watch", "/metrics", "/localapi/v0/status", "/nowhere", "/healthz/")
        }

    assert set(statuses.values()) == {403}
    assert it.daemon.requests == []


async def test_a_refusal_is_a_problem_document() -> None:
    async with agent(gate_for("tag:ci")) as it:
        said = await it.get("/v1/hello")

    document = json.loads(said.body)
    assert said.header("Content-Type") == "application/problem+json"
    assert said.header("Tsym-Agent") == __version__
    assert (document["code"], document["status"]) == ("not-allowed", 403)
    assert TAG in document["hint"]


async def test_hello_says_who_is_who() -> None:
    async with agent(gate_for(TAG), mode=AgentMode.ATTACH) as it:
        hello = await it.hello()

    assert hello.node is not None
    assert (hello.node.id, hello.node.name, hello.node.tailnet) == ("n-me", "me.example", "example")
    assert hello.node.control_url == "https://control.example"
    assert (hello.daemon.state, hello.daemon.rights, hello.daemon.error) == ("Running", "r", None)
    assert (hello.you.id, hello.you.via, hello.may.commands) == ("n-laptop", "tag", ("*",))
    assert hello.agent.mode is AgentMode.ATTACH


async def test_hello_says_what_keeps_a_command_from_running() -> None:
    async with agent(gate_for(TAG, grants=[{"commands": ["status", "goroutines", "peer-by-id", "restun"]}])) as it:
        hello = await it.hello()

    words = {word.name: word for word in hello.commands}
    assert words["status"].runs
    assert words["health"].runs
    assert "privileged" in words["goroutines"].reason
    assert "came with 1.98" in words["peer-by-id"].reason
    assert words["prefs"].reason == "your grant does not name it"
    assert "--allow-write" in words["restun"].reason


async def test_hello_answers_while_the_daemon_is_down() -> None:
    async with agent(gate_for(TAG)) as it:
        await it.daemon.stop()
        hello = await it.hello()

    assert hello.daemon.error is not None
    assert "nobody listens" in hello.daemon.error
    assert hello.node is None
    assert not any(word.runs for word in hello.commands)


async def test_many_hellos_cost_the_daemon_one_look() -> None:
    async with agent(gate_for(TAG)) as it:
        for _ in range(5):
            await it.hello()

    assert len([1 for request in it.daemon.requests if request.name == "status"]) == 1


async def test_another_name_is_refused_before_anything_else() -> None:
    who = FakeWho()
    async with agent(Gate(who, Rules())) as it:
        said = await it.get("/v1/hello", Origin="http://evil.example")

    assert json.loads(said.body)["code"] == "bad-host"
    assert who.asked == []


@pytest.mark.parametrize(
    ("target", "method", "code"),
    [
        ("/v1/nothing", "GET", "no-such-page"),
        ("/v1/hello/", "GET", "no-such-page"),
        ("/V1/hello", "GET", "no-such-page"),
        ("/v1/%68ello", "GET", "no-such-page"),
        ("/v1/hello?x=1", "GET", "bad-parameter"),
        ("/v1/watch?samples=0&samples=1", "GET", "bad-parameter"),
        ("/v1/events?source=other", "GET", "bad-parameter"),
        ("/v1/hello", "POST", "method"),
        ("/v1/ping", "GET", "method"),
        ("/localapi/v0/nothing", "GET", "no-such-command"),
    ],
)
async def test_what_is_not_there_is_said(target: str, method: str, code: str) -> None:
    async with agent() as it:
        said = await it.get(target, method)

    assert json.loads(said.body)["code"] == code


@pytest.mark.parametrize(
    ("target", "method"),
    [("/v1/watch", "GET"), ("/v1/ping", "POST"), ("/v1/logs", "GET"), ("/v1/events", "GET"), ("/metrics", "GET"),
     ("/localapi/v0/status", "GET")],
)  # fmt: skip
async def test_pages_stand_for_commands_and_are_granted_as_those(target: str, method: str) -> None:
    async with agent(gate_for(TAG, grants=[{"commands": ["prefs"]}])) as it:
        said = await it.get(target, method)

    document = json.loads(said.body)
    assert document["code"] == "not-granted"
    assert "to the commands of the grant for laptop.example.ts.net" in document["hint"]
    assert it.daemon.requests == []


async def test_too_many_are_told_when_to_come_back() -> None:
    bounds = {**USUAL, Cost.PLAIN: USUAL[Cost.PLAIN]._replace(burst=2)}
    async with agent(gate_for(TAG), budgets=Budgets(bounds, clock=lambda: 0.0)) as it:
        said = [await it.get("/v1/hello") for _ in range(3)]

    assert [one.status for one in said] == [200, 200, 429]
    assert said[-1].header("Retry-After") == "1"


async def test_who_ran_what_is_written_down_without_values() -> None:
    async with agent(gate_for(TAG)) as it:
        await it.hello()
        await it.get("/v1/hello?token=hidden-value")

    assert it.lines[0].startswith("event=request who=n-laptop name=laptop.example.ts.net via=tag remote=127.0.0.1")
    assert "what=/v1/hello verdict=allowed status=200 ms=" in it.lines[0]
    assert "hidden" not in "".join(it.lines)


async def test_who_was_refused_is_written_down() -> None:
    async with agent(gate_for("tag:ci")) as it:
        await it.get("/v1/hello")

    assert it.lines[0].startswith("event=request who=n-laptop name=laptop.example.ts.net remote=127.0.0.1 method=GET")
    assert "verdict=denied code=not-allowed status=403" in it.lines[0]


@pytest.mark.parametrize("gate", [Gate(FakeWho(), Rules()), Gate(FakeWho(**{"127_0_0_1": visitor("tag:ci")}), Rules())])
async def test_who_knocks_for_ever_fills_no_log(gate: Gate) -> None:
    bounds = {**USUAL, Cost.PLAIN: USUAL[Cost.PLAIN]._replace(rate=0.001, burst=3)}
    async with agent(gate, budgets=Budgets(bounds)) as it:
        statuses = [(await it.get("/v1/hello")).status for _ in range(6)]

    assert statuses == [403, 403, 403, 429, 429, 429]
    assert len(it.lines) == 3


async def test_a_fault_of_ours_says_nothing_and_is_written_down() -> None:
    class Broken(DevGate):
        async def admit(self, request: Request) -> Admitted:
            raise RuntimeError("inner secret" + request.method)

    async with agent(Broken()) as it:
        said = await it.get("/v1/hello")

    assert (said.status, json.loads(said.body)["code"]) == (500, "fault")
    assert b"inner" not in said.body
    assert "RuntimeError: inner secret" in it.lines[0]
    assert "test_service.py:" in it.lines[0]


async def test_a_command_reaches_the_daemon_and_is_written_down_by_name() -> None:
    async with agent(gate_for(TAG)) as it:
        said = await it.get("/localapi/v0/status?peers=false")

    assert json.loads(said.body)["BackendState"] == "Running"
    assert (said.header("Tsym-Agent"), said.header("Tailscale-Version")) == (__version__, OLD)
    assert "what=status verdict=allowed status=200" in it.lines[0]


async def test_who_may_have_health_alone_gets_that_part() -> None:
    async with agent(gate_for(grants=[{"commands": ["health"]}])) as it:
        part = await it.get("/localapi/v0/status?peers=false")
        whole = await it.get("/localapi/v0/status")

    assert (part.status, b"BackendState" in part.body) == (200, False)
    assert whole.status == 403


async def test_commands_that_act_need_the_flag_and_a_grant() -> None:
    grants = [{"commands": ["restun"], "write": True}]
    async with agent(gate_for(grants=grants)) as it:
        said = await it.get("/localapi/v0/debug?action=restun", "POST")

    assert json.loads(said.body)["code"] == "not-granted"
    assert "--allow-write" in json.loads(said.body)["hint"]
    assert it.daemon.requests == []


async def test_a_stream_is_held_against_its_caller_until_it_ends() -> None:
    bounds = {**USUAL, Cost.STREAM: USUAL[Cost.STREAM]._replace(at_once=1)}
    budgets = Budgets(bounds)
    async with agent(gate_for(TAG), budgets=budgets) as it:
        async with it.http.stream("GET", "/v1/watch") as first:
            await anext(aiter(first))
            second = (await it.get("/v1/watch")).status
        await it.until(lambda: budgets.under_way[Cost.STREAM] == 0)
        async with it.http.stream("GET", "/v1/watch") as third:
            third_status = third.status

    assert (second, third_status) == (429, 200)
    assert "stream=open" in it.lines[0]
    assert any("stream=closed" in line for line in it.lines)


@pytest.mark.parametrize("value", ["2", "yes", ""])
async def test_samples_are_wanted_or_not(value: str) -> None:
    async with agent() as it:
        said = await it.get(f"/v1/watch?samples={value}")

    assert json.loads(said.body)["code"] == "bad-parameter"


def test_the_daemon_is_pinged_by_as_many_as_jobs_may_send() -> None:
    assert service.MAX_PINGS == IN_FLIGHT


async def test_as_many_pings_as_the_budgets_allow_hold_up_no_other_question() -> None:
    bound = USUAL[Cost.PROBE]
    addresses = [f"100.64.0.{number}" for number in range(2, 3 + bound.in_all // bound.at_once)]
    who = FakeWho()
    for address in addresses:
        who.know(address, visitor(TAG, name=address))
    async with agent(Gate(who, Rules())) as it:
        it.daemon.on("ping", hang)
        host = (("host", "127.0.0.1"),)
        ping = "/localapi/v0/ping?ip=100.64.0.99&type=disco"
        pings: list[asyncio.Future[object]] = []

        def all_are_asked() -> bool:
            return len(it.daemon.requests) == len(pings)

        for address in addresses[:-1]:  # one after the other: a socket takes only so many connections at once
            asked = Request("POST", ping, host, remote=(address, 1))
            pings += [asyncio.ensure_future(it.service.handle(asked)) for _ in range(bound.at_once)]
            await it.daemon.wait_until(all_are_asked)
        async with asyncio.timeout(5):
            reply = await it.service.handle(Request("GET", "/localapi/v0/status", host, remote=(addresses[-1], 1)))
        for task in pings:
            task.cancel()
        await asyncio.wait(pings)

    assert reply.status == 200


async def test_each_part_answers() -> None:
    async with agent() as it:
        it.daemon.on("logtap", answer("logtap access denied\n", 403, Tailscale_Version=OLD))
        it.daemon.on("debug-bus-events", answer("404 page not found\n", 404, Tailscale_Version=OLD))
        logs = await it.get("/v1/logs")
        events = await it.get("/v1/events?source=bus")
        metrics = await it.get("/metrics")
        ping = await it.http.request("POST", "/v1/ping", body=b'{"targets": ["nowhere"]}')

    assert (logs.status, json.loads(logs.body)["code"]) == (403, "daemon-denied")
    assert (events.status, json.loads(events.body)["code"]) == (501, "not-supported")
    assert b'tsym_agent_requests_total{what="/v1/logs",status="403"} 1' in metrics.body
    assert b"tsym_agent_requests_under_way_plain 1" in metrics.body
    assert json.loads(ping.body)["code"] == "bad-parameter"


async def test_a_question_that_nobody_waits_for_is_written_down() -> None:
    async with agent(gate_for(TAG)) as it:
        it.daemon.on("ping", hang)
        with pytest.raises(WireTimeoutError):
            await it.http.request("POST", "/localapi/v0/ping?ip=100.64.0.2&type=disco", timeout_s=0.2)
        await it.until(lambda: bool(it.lines))

    assert "what=ping verdict=allowed status=499" in it.lines[0]


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (visitor(TAG), True),
        (visitor(TAG, grants=[{"commands": ["status"]}]), True),
        (visitor(TAG, grants=[{"commands": ["ping"]}]), False),
        (visitor("tag:ci"), False),
        (None, True),
    ],
    ids=["as before", "still granted", "no longer granted", "tag taken away", "nobody can say"],
)
async def test_a_stream_goes_on_for_who_is_still_welcome(later: WhoIs | None, expected: bool) -> None:
    who = FakeWho(**{"127_0_0_1": visitor(TAG)})
    async with agent(Gate(who, Rules(), by_port=lambda: True)) as it:
        who.is_silent = later is None
        who.know("127.0.0.1", later or visitor(TAG))
        asked = Request("GET", "/v1/watch", (), remote=("127.0.0.1", 40000))

        assert await it.service._is_welcome(asked, COMMANDS["status"]) is expected
