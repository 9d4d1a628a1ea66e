"""AgentClient against an agent that says what a test tells it to, over real TCP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import msgspec
import pytest

from tests.unit.model.test_agent_values import HELLO
from tsym_agent.localapi.agent import AgentClient
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    AnswerTimeoutError,
    BadAnswerError,
    DaemonNotReadyError,
    DaemonUnreachableError,
    LocalAPIError,
    NotSupportedError,
    RequestRefusedError,
)
from tsym_agent.model.hosts import Rights
from tsym_agent.model.pingjob import PingJob
from tsym_agent.model.watch import Alive, Delta, Snapshot
from tsym_agent.wire.exchange import Reply, Request, Response, StreamingResponse
from tsym_agent.wire.openers import TcpOpener
from tsym_agent.wire.server import serve_tcp

SNAPSHOT = b'{"type":"snapshot","seq":1,"at":"2026-01-01T00:00:00Z","status":{"BackendState":"Running"}}\n'
DELTA = b'{"type":"delta","seq":2,"at":"2026-01-01T00:00:01Z","gone":["nodekey:aa"]}\n'
ALIVE = b'{"type":"alive","seq":3,"at":"2026-01-01T00:00:16Z"}\n'


class FakeAgent:
    """Answers each path with what it was told to."""

    def __init__(self) -> None:
        self.answers: dict[str, Reply | list[bytes]] = {}
        self.requests: list[Request] = []
        self.streams = 0
        self.is_endless = False

    async def handle(self, request: Request) -> Reply:
        self.requests.append(request)
        answer = self.answers.get(request.path)
        if isinstance(answer, list):
            return StreamingResponse(self._stream(answer))
        return answer or Response.text(404, "404 page not found")

    async def _stream(self, pieces: list[bytes]) -> AsyncGenerator[bytes, None]:
        self.streams += 1
        try:
            for piece in pieces:
                yield piece
            if self.is_endless:
                await asyncio.Event().wait()
        finally:
            self.streams -= 1


def problem(status: int, code: str, detail: str = "no", hint: str = "") -> Response:
    body = {"type": "about:blank", "title": "No", "status": status, "detail": detail, "hint": hint, "code": code}
    return Response(status, json.dumps(body).encode(), (("Content-Type", "application/problem+json"),))


@asynccontextmanager
async def asking(agent: FakeAgent) -> AsyncIterator[AgentClient]:
    server = await serve_tcp("127.0.0.1", 0, agent.handle)
    client = AgentClient(TcpOpener("127.0.0.1", server.port), authority=f"nas:{server.port}")
    try:
        yield client
    finally:
        await client.aclose()
        await server.close()


async def test_a_hello_is_read_and_kept() -> None:
    agent = FakeAgent()
    agent.answers["/v1/hello"] = Response(200, msgspec.json.encode(HELLO))

    async with asking(agent) as client:
        assert await client.hello() == HELLO
        assert client.agent == HELLO


async def test_features_are_those_of_the_last_hello() -> None:
    agent = FakeAgent()
    agent.answers["/v1/hello"] = Response(200, msgspec.json.encode(msgspec.structs.replace(HELLO, features=("watch",))))

    async with asking(agent) as client:
        assert not client.has("watch")
        await client.hello()
        assert client.has("watch")
        assert not client.has("logs")


async def test_an_agent_is_asked_by_the_name_a_person_used() -> None:
    agent = FakeAgent()
    agent.answers["/v1/hello"] = Response(200, msgspec.json.encode(HELLO))

    async with asking(agent) as client:
        await client.hello()

    assert agent.requests[0].host.startswith("nas:")


@pytest.mark.parametrize(
    "answer",
    [
        Response.text(404, "404 page not found"),
        Response(200, b"<html>"),
        Response(200, b"{}"),
        Response(200, msgspec.json.encode(msgspec.structs.replace(HELLO, schema="other/hello/1"))),
        problem(404, "no-such-page"),
    ],
    ids=["404", "html", "json", "schema", "problem"],
)
async def test_something_else_on_the_port_is_no_agent(answer: Response) -> None:
    agent = FakeAgent()
    agent.answers["/v1/hello"] = answer

    async with asking(agent) as client:
        with pytest.raises(NotSupportedError, match="no tsym-agent"):
            await client.hello()


async def test_a_later_schema_of_a_hello_is_read_as_far_as_it_fits() -> None:
    agent = FakeAgent()
    later = json.loads(msgspec.json.encode(HELLO)) | {"schema": "tsym/hello/2", "moods": ["good"]}
    agent.answers["/v1/hello"] = Response(200, json.dumps(later).encode())

    async with asking(agent) as client:
        assert (await client.hello()).agent == HELLO.agent


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "not-allowed", AccessDeniedError),
        (403, "not-granted", AccessDeniedError),
        (403, "daemon-denied", AccessDeniedError),
        (403, "something-new", AccessDeniedError),
        (404, "no-such-command", NotSupportedError),
        (400, "bad-parameter", RequestRefusedError),
        (405, "method", RequestRefusedError),
        (429, "too-many", DaemonNotReadyError),
        (503, "daemon-unreachable", DaemonUnreachableError),
        (503, "daemon-not-ready", DaemonNotReadyError),
        (504, "daemon-timeout", AnswerTimeoutError),
        (501, "not-supported", NotSupportedError),
        (502, "bad-answer", BadAnswerError),
        (500, "something-new", RequestRefusedError),
    ],
)
async def test_a_problem_becomes_the_error_of_its_code(status: int, code: str, error: type[LocalAPIError]) -> None:
    agent = FakeAgent()
    agent.answers["/localapi/v0/status"] = problem(status, code, "no such luck", "try tag:x")

    async with asking(agent) as client:
        with pytest.raises(LocalAPIError) as caught:
            await client.status()

    assert type(caught.value) is error
    assert (caught.value.message, caught.value.hint) == ("no such luck", "try tag:x")


async def test_a_problems_words_cannot_act_on_the_terminal() -> None:
    agent = FakeAgent()
    agent.answers["/localapi/v0/status"] = problem(403, "not-allowed", "\x1b[31mred", "a\x07b")

    async with asking(agent) as client:
        with pytest.raises(AccessDeniedError) as caught:
            await client.status()

    assert "\x1b" not in caught.value.message
    assert "\x07" not in caught.value.hint


async def test_refusals_of_the_daemon_behind_an_agent_keep_their_meaning() -> None:
    agent = FakeAgent()
    agent.answers["/localapi/v0/peer-by-id"] = Response.text(404, "404 page not found")

    async with asking(agent) as client:
        with pytest.raises(NotSupportedError, match="has no peer-by-id"):
            await client.peer_by_id(7)


async def test_rights_are_those_of_the_agent() -> None:
    agent = FakeAgent()
    daemon = msgspec.structs.replace(HELLO.daemon, rights=Rights.WRITE)
    hello = msgspec.structs.replace(HELLO, daemon=daemon)
    agent.answers["/v1/hello"] = Response(200, msgspec.json.encode(hello))

    async with asking(agent) as client:
        assert await client.rights() is Rights.WRITE
        assert await client.rights() is Rights.WRITE

    assert len(agent.requests) == 1


async def test_a_status_that_has_not_changed_is_not_sent() -> None:
    agent = FakeAgent()
    agent.answers["/localapi/v0/status"] = Response(304, b"", (("ETag", 'W/"1"'),))
    async with asking(agent) as client:
        answers = [await client.status_unless('W/"1"'), await client.status_unless('W/"1"')]

    assert answers == [None, None]
    assert agent.requests[0].header("if-none-match") == 'W/"1"'


async def test_a_status_that_has_changed_comes_with_its_tag() -> None:
    agent = FakeAgent()
    agent.answers["/localapi/v0/status"] = Response(200, b"{}", (("ETag", 'W/"2"'),))
    async with asking(agent) as client:
        answer = await client.status_unless("")

    assert answer == (b"{}", 'W/"2"')
    assert agent.requests[0].header("if-none-match") == '""'  # that is how one asks for a tag


async def test_a_refused_status_says_why() -> None:
    agent = FakeAgent()
    agent.answers["/localapi/v0/status"] = problem(403, "not-granted", "your grant does not name it")
    async with asking(agent) as client:
        with pytest.raises(AccessDeniedError, match="does not name it"):
            await client.status_unless("")


async def test_a_watch_yields_its_lines_however_they_are_cut() -> None:
    agent = FakeAgent()
    whole = SNAPSHOT + DELTA + ALIVE
    agent.answers["/v1/watch"] = [whole[:20], whole[20:130], whole[130:]]

    async with asking(agent) as client, aclosing(client.watch()) as lines:
        kinds = [type(line) async for line in lines]

    assert kinds == [Snapshot, Delta, Alive]


async def test_leaving_a_watch_ends_it_at_the_agent() -> None:
    agent = FakeAgent()
    agent.is_endless = True
    agent.answers["/v1/watch"] = [SNAPSHOT]

    async with asking(agent) as client:
        async with aclosing(client.watch(with_samples=False)) as lines:
            await anext(lines)
        async with asyncio.timeout(5):
            while agent.streams:  # noqa: ASYNC110 - the agent's generator is closed when it notices
                await asyncio.sleep(0.001)

    assert agent.requests[0].query == {"samples": "0"}


async def test_a_watch_that_falls_silent_ends_with_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsym_agent.localapi.agent.SILENCE_S", 0.02)
    agent = FakeAgent()
    agent.is_endless = True
    agent.answers["/v1/watch"] = [SNAPSHOT]

    async with asking(agent) as client, aclosing(client.watch()) as lines:
        await anext(lines)
        with pytest.raises(AnswerTimeoutError, match="not a word"):
            await anext(lines)


async def test_a_watch_of_another_language_is_a_bad_answer() -> None:
    agent = FakeAgent()
    agent.answers["/v1/watch"] = [b'{"type":"song"}\n']

    async with asking(agent) as client, aclosing(client.watch()) as lines:
        with pytest.raises(BadAnswerError, match="another version"):
            await anext(lines)


async def test_a_refused_watch_says_why() -> None:
    agent = FakeAgent()
    agent.answers["/v1/watch"] = problem(403, "not-granted", "the grant leaves watch out")

    async with asking(agent) as client, aclosing(client.watch()) as lines:
        with pytest.raises(AccessDeniedError, match="leaves watch out"):
            await anext(lines)


REPORTS = b"""\
{"ip":"100.64.0.2","number":1,"at":"2026-01-01T00:00:00Z","result":{"LatencySeconds":0.002,"Endpoint":"192.0.2.7:1"}}
{"ip":"100.64.0.3","number":1,"at":"2026-01-01T00:00:00Z","error":"no pong"}
"""


async def test_many_pings_are_one_question_and_many_answers() -> None:
    agent = FakeAgent()
    agent.answers["/v1/ping"] = [REPORTS + b'{"done":true,"sent":2,"answered":1}\n']

    async with asking(agent) as client, aclosing(client.ping_many(PingJob(targets=("100.64.0.2",)))) as reports:
        ips = [report.ip async for report in reports]

    assert ips == ["100.64.0.2", "100.64.0.3"]
    assert agent.requests[0].method == "POST"
    assert json.loads(agent.requests[0].body)["targets"] == ["100.64.0.2"]


async def test_pings_cut_short_are_told_from_pings_done() -> None:
    agent = FakeAgent()
    agent.answers["/v1/ping"] = [REPORTS]

    async with asking(agent) as client, aclosing(client.ping_many(PingJob())) as reports:
        with pytest.raises(DaemonUnreachableError, match="in the middle"):
            [report async for report in reports]


async def test_log_lines_are_read_and_made_safe_to_print() -> None:
    agent = FakeAgent()
    agent.is_endless = True
    agent.answers["/v1/logs"] = [b'{"at":"2026-01-01T00:00:00Z","text":"\\u001b[31mred"}\n']

    async with asking(agent) as client, aclosing(client.log_lines(level=1)) as lines:
        line = await anext(lines)

    assert line.text == "\ufffd[31mred"
    assert agent.requests[0].query == {"level": "1"}


async def test_logs_that_break_are_asked_for_again() -> None:
    agent = FakeAgent()
    agent.answers["/v1/logs"] = [b'{"at":"2026-01-01T00:00:00Z","text":"up"}\n']

    async with asking(agent) as client, aclosing(client.log_lines()) as lines:
        texts = [(await anext(lines)).text for _ in range(3)]

    assert texts[0] == texts[2] == "up"
    assert "went away" in texts[1]


async def test_logs_of_an_agent_that_fell_silent_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsym_agent.localapi.agent.BLANK_LINES_S", 0.02)
    agent = FakeAgent()
    agent.is_endless = True
    agent.answers["/v1/logs"] = [b'{"at":"2026-01-01T00:00:00Z","text":"up"}\n']

    async with asking(agent) as client, aclosing(client.log_lines()) as lines, asyncio.timeout(5):
        texts = [(await anext(lines)).text for _ in range(3)]

    assert texts[0] == texts[2] == "up"
    assert "went away" in texts[1]


async def test_logs_that_are_refused_say_why() -> None:
    agent = FakeAgent()
    agent.answers["/v1/logs"] = problem(403, "daemon-denied", "logtap: access denied", "run the agent as root")

    async with asking(agent) as client, aclosing(client.log_lines()) as lines:
        with pytest.raises(AccessDeniedError, match="run the agent as root"):
            await anext(lines)


async def test_events_are_made_safe_to_print() -> None:
    agent = FakeAgent()
    agent.is_endless = True
    line = '{"at":"2026-01-01T00:00:00Z","kind":"\\u001bk","words":"\\u001bw","node":"\\u001bn"}\n'
    agent.answers["/v1/events"] = [line.encode()]

    async with asking(agent) as client, aclosing(client.events()) as events:
        event = await anext(events)

    assert (event.kind, event.words, event.node) == ("\ufffdk", "\ufffdw", "\ufffdn")


async def test_events_come_from_the_source_that_was_named() -> None:
    agent = FakeAgent()
    agent.is_endless = True
    agent.answers["/v1/events"] = [b'{"at":"2026-01-01T00:00:00Z","kind":"state","words":"Running"}\n']

    async with asking(agent) as client, aclosing(client.events("bus")) as events:
        event = await anext(events)

    assert (event.kind, event.words) == ("state", "Running")
    assert agent.requests[0].query == {"source": "bus"}
