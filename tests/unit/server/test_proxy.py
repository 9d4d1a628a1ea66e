"""The proxy before a fake daemon, over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.bench.payloads import status_body
from tests.unit.fake_daemon import STREAM_END, STREAM_HEAD, VERSION, FakeDaemon, Request, answer, chunk, hang, hang_up
from tests.unit.server.standing import standing
from tsym_agent.localapi.commands import Form
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.payload import Body
from tsym_agent.model.status import parse_status
from tsym_agent.server.allow import target_of
from tsym_agent.wire.client import Response
from tsym_agent.wire.errors import DisconnectedError, WireTimeoutError

LOCALAPI = "/localapi/v0/"
DENIED = b"status access denied\n"


@pytest_asyncio.fixture
async def daemon() -> AsyncGenerator[FakeDaemon, None]:
    async with FakeDaemon() as daemon:
        yield daemon


async def ask(daemon: FakeDaemon, target: str, method: str = "GET", *, granted: str = "", **headers: str) -> Response:
    """Ask through the proxy once."""
    sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
    async with standing(daemon, granted=granted) as place:
        return await place.client.request(method, LOCALAPI + target, headers=sent)


def code_of(response: Response) -> str:
    assert response.header("content-type") == "application/problem+json"
    code = json.loads(response.body)["code"]
    assert isinstance(code, str)
    return code


async def test_an_answer_passes_on(daemon: FakeDaemon) -> None:
    daemon.on("prefs", answer('{"WantRunning":true}', Content_Type="application/json"))

    found = await ask(daemon, "prefs")

    assert (found.status, bytes(found.body)) == (200, b'{"WantRunning":true}')
    assert found.header("content-type") == "application/json"
    assert found.header("tailscale-version") == VERSION


async def test_nothing_of_the_callers_headers_goes_upstream(daemon: FakeDaemon) -> None:
    daemon.on("prefs", answer("{}"))

    await ask(
        daemon, "prefs", Origin="http://evil", Referer="http://evil", Authorization="Basic eDp5", Debug_Action="notify",
        X_Tailscale_Reason="eA==", If_Match="x", Dial_Host="100.64.0.9", Cookie="a=b", Connection="close",
    )  # fmt: skip

    (request,) = daemon.requests
    assert request.headers == {"host": "local-tailscaled.sock"}


async def test_of_the_daemons_headers_only_known_ones_come_back(daemon: FakeDaemon) -> None:
    daemon.on("prefs", answer("{}", Set_Cookie="a=b", Location="http://evil", Etag="x", Tailscale_Cap="142"))

    found = await ask(daemon, "prefs")

    names = {name.decode() for name, _ in found.headers}
    assert names == {"tailscale-version", "tailscale-cap", "x-content-type-options", "content-length", "date"}


async def test_the_tag_of_a_serve_config_comes_back(daemon: FakeDaemon) -> None:
    daemon.on("serve-config", answer("{}", Etag="abc"))

    assert (await ask(daemon, "serve-config")).header("etag") == "abc"


async def test_a_large_answer_comes_whole(daemon: FakeDaemon) -> None:
    body = json.dumps(list(range(200_000))).encode()
    daemon.on("services", answer(body.decode()))

    assert bytes((await ask(daemon, "services")).body) == body


async def test_a_large_status_comes_without_its_login_link(daemon: FakeDaemon) -> None:
    body = status_body(1000).replace(b'"AuthURL": ""', b'"AuthURL": "https://login.tailscale.com/a/s3cr3t"')
    daemon.on("status", answer(body.decode()))

    found = await ask(daemon, "status")

    assert bytes(found.body) == body.replace(b"https://login.tailscale.com/a/s3cr3t", b"redacted")


async def test_a_binary_answer_is_not_touched(daemon: FakeDaemon) -> None:
    body = b"\x1f\x8b\x00tskey-auth-looks-like-one\xff" * 10_000

    async def profile(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(body))

    daemon.on("pprof", profile)

    assert bytes((await ask(daemon, "pprof?name=heap")).body) == body


@pytest.mark.parametrize("length", [1, 200_000])
async def test_a_text_is_scrubbed(daemon: FakeDaemon, length: int) -> None:
    daemon.on("goroutines", answer("main.f()\n" * length + "key=tskey-auth-s3cr3t\n"))

    found = await ask(daemon, "goroutines")

    assert b"s3cr3t" not in found.body
    assert found.body.endswith(b"main.f()\nkey=tskey-redacted\n")


@pytest.mark.parametrize("status", [400, 404, 412, 500, 501, 503])
async def test_a_refusal_keeps_its_status_and_words(daemon: FakeDaemon, status: int) -> None:
    daemon.on("derpmap", answer("no such thing\n", status))

    found = await ask(daemon, "derpmap")

    assert (found.status, bytes(found.body)) == (status, b"no such thing\n")


async def test_an_unknown_endpoint_stays_recognisable(daemon: FakeDaemon) -> None:
    found = await ask(daemon, "cert-domains")

    assert (found.status, bytes(found.body)) == (404, b"404 page not found\n")


async def test_a_secret_in_a_refusal_does_not_leave(daemon: FakeDaemon) -> None:
    daemon.on("status", answer("500 for tskey-auth-s3cr3t at https://x.example/a/s3cr3t\n", 500))

    assert b"s3cr3t" not in (await ask(daemon, "status")).body


ASKABLE = {
    command.name: command.question(
        {
            parameter.name: (parameter.choices or ("100.64.0.2" if parameter.name in {"ip", "addr"} else "7",))[0]
            for parameter in command.parameters
            if parameter.is_required
        }
    )
    for command in COMMANDS.values()
}


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500, 503])
@pytest.mark.parametrize("name", [name for name in ASKABLE if COMMANDS[name].form is not Form.BYTES])
async def test_a_planted_secret_never_leaves(daemon: FakeDaemon, name: str, status: int) -> None:
    words = "key tskey-auth-s3cr3t, log in: https://login.example.com/a/s3cr3t Authorization: Bearer s3cr3ts3cr3t"
    members = dict.fromkeys(COMMANDS[name].secrets, "s3cr3t")
    question = ASKABLE[name]
    daemon.on(question.path, answer(json.dumps({"error": words, "deep": [members], **members}), status))

    found = await ask(daemon, target_of(question).removeprefix(LOCALAPI), question.method)

    assert found.status == status
    assert b"redacted" in found.body
    assert b"s3cr3t" not in found.body


async def test_a_denial_of_the_agent_is_a_problem_of_its_own(daemon: FakeDaemon) -> None:
    daemon.on("goroutines", answer("goroutine access denied\n", 403))

    found = await ask(daemon, "goroutines")

    assert (found.status, code_of(found)) == (403, "daemon-denied")
    assert "privileged" in json.loads(found.body)["hint"]


async def test_another_403_stays_the_daemons_own(daemon: FakeDaemon) -> None:
    daemon.on("drive/shares", answer("taildrive sharing not enabled\n", 403))

    assert bytes((await ask(daemon, "drive/shares")).body) == b"taildrive sharing not enabled\n"


@pytest.mark.parametrize("status", [202, 301, 304])
async def test_an_unexpected_status_is_a_bad_answer(daemon: FakeDaemon, status: int) -> None:
    daemon.on("prefs", answer("", status))

    assert code_of(await ask(daemon, "prefs")) == "bad-answer"


async def test_a_daemon_that_is_gone_is_a_problem() -> None:
    daemon = FakeDaemon()
    async with daemon:
        pass

    found = await ask(daemon, "prefs")

    assert (found.status, code_of(found)) == (503, "daemon-unreachable")


@pytest.mark.parametrize("garbage", [b"not http\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_an_answer_that_is_no_http_is_a_problem(daemon: FakeDaemon, garbage: bytes) -> None:
    daemon.on("prefs", garbage)

    assert code_of(await ask(daemon, "prefs")) == "bad-answer"


async def test_a_daemon_that_hangs_up_is_a_problem(daemon: FakeDaemon) -> None:
    daemon.on("prefs", hang_up)

    assert code_of(await ask(daemon, "prefs")) == "daemon-unreachable"


async def test_a_silent_daemon_is_a_problem(daemon: FakeDaemon) -> None:
    daemon.on("prefs", hang)
    async with standing(daemon, answer_s=0.05) as place:
        found = await place.client.request("GET", LOCALAPI + "prefs")

    assert (found.status, code_of(found)) == (504, "daemon-timeout")


async def test_a_caller_that_leaves_ends_its_question(daemon: FakeDaemon) -> None:
    daemon.on("ping", hang)
    async with standing(daemon) as place:
        with pytest.raises(WireTimeoutError):
            await place.client.request("POST", LOCALAPI + "ping?ip=100.64.0.2&type=disco", timeout_s=0.1)

        await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_connections_to_the_daemon_are_kept(daemon: FakeDaemon) -> None:
    daemon.on("prefs", answer("{}"))
    async with standing(daemon) as place:
        for _ in range(5):
            await place.client.request("GET", LOCALAPI + "prefs")

    assert daemon.connections == 1


async def test_a_daemon_that_restarted_is_asked_anew(daemon: FakeDaemon) -> None:
    daemon.on("prefs", answer("{}"))
    async with standing(daemon) as place:
        await place.client.request("GET", LOCALAPI + "prefs")
        await daemon.stop()
        gone = await place.client.request("GET", LOCALAPI + "prefs")
        await daemon.start()
        back = await place.client.request("GET", LOCALAPI + "prefs")

    assert (gone.status, back.status) == (503, 200)


# Entity tags


async def test_a_status_has_a_tag_for_who_asks_for_one(daemon: FakeDaemon) -> None:
    daemon.on("status", answer(status_body(3).decode()))

    found = await ask(daemon, "status", If_None_Match='""')

    assert found.status == 200
    assert (found.header("etag") or "").startswith('W/"')
    assert len(parse_status(bytes(found.body)).peers) == 3


async def test_a_status_that_only_counted_on_is_not_sent_again(daemon: FakeDaemon) -> None:
    body = status_body(3).decode()
    daemon.on("status", answer(body), answer(body.replace('"RxBytes": 1', '"RxBytes": 2')))
    async with standing(daemon) as place:
        first = await place.client.request("GET", LOCALAPI + "status", headers=[("If-None-Match", '""')])
        tag = first.header("etag") or ""
        again = await place.client.request("GET", LOCALAPI + "status", headers=[("If-None-Match", tag)])

    assert (again.status, again.body, again.header("etag")) == (304, b"", tag)


async def test_a_status_with_news_is_sent_again(daemon: FakeDaemon) -> None:
    body = status_body(3).decode()
    daemon.on("status", answer(body), answer(body.replace('"Online": true', '"Online": false')))
    async with standing(daemon) as place:
        first = await place.client.request("GET", LOCALAPI + "status", headers=[("If-None-Match", '""')])
        tag = first.header("etag") or ""
        again = await place.client.request("GET", LOCALAPI + "status", headers=[("If-None-Match", tag)])

    assert again.status == 200
    assert again.header("etag") != tag


async def test_a_status_nobody_can_compare_has_no_tag(daemon: FakeDaemon) -> None:
    daemon.on("status", answer('{"Peer": "of another shape"}'))

    found = await ask(daemon, "status", If_None_Match='""')

    assert (found.status, found.header("etag")) == (200, None)


# Parts of an answer


async def test_a_caller_who_may_see_a_part_is_given_the_part(daemon: FakeDaemon) -> None:
    daemon.on("status", answer('{"Self":{"HostName":"a"},"Health":["it hurts"],"Peer":null}'))

    found = await ask(daemon, "status?peers=false", granted="health")

    assert json.loads(found.body) == {"Health": ["it hurts"]}


async def test_a_part_has_no_tag_and_no_secrets(daemon: FakeDaemon) -> None:
    daemon.on("status", answer('{"Health":["log in: https://login.tailscale.com/a/s3cr3t"]}'))

    found = await ask(daemon, "status?peers=false", granted="health", If_None_Match='""')

    assert found.header("etag") is None
    assert b"s3cr3t" not in found.body


async def test_a_part_of_what_is_no_json_is_a_bad_answer(daemon: FakeDaemon) -> None:
    daemon.on("status", answer("oops"))

    assert code_of(await ask(daemon, "status", granted="peer-map")) == "bad-answer"


# Streams


async def test_a_stream_passes_on_as_it_comes(daemon: FakeDaemon) -> None:
    async def bus(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(b'{"State":6,"BrowseToURL":"https://x/a/s3cr3t"}\n'))
        await hang(_, writer)

    daemon.on("watch-ipn-bus", bus)
    async with standing(daemon) as place, place.client.stream("GET", LOCALAPI + "watch-ipn-bus") as stream:
        line = await anext(stream)

    assert json.loads(line) == {"State": 6, "BrowseToURL": "redacted"}


async def test_leaving_a_stream_frees_the_daemon(daemon: FakeDaemon) -> None:
    async def bus(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        await hang(_, writer)

    daemon.on("logtap", bus)
    async with standing(daemon) as place:
        async with place.client.stream("GET", LOCALAPI + "logtap") as stream:
            assert stream.status == 200
        await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_a_stream_ends_as_its_source_does(daemon: FakeDaemon) -> None:
    daemon.on("logtap", STREAM_HEAD + chunk(b'{"text":"bye"}\n') + STREAM_END)
    async with standing(daemon) as place, place.client.stream("GET", LOCALAPI + "logtap") as stream:
        assert await stream.read() == b'{"text":"bye"}\n'


async def test_an_answer_cut_short_is_cut_short(daemon: FakeDaemon, caplog: pytest.LogCaptureFixture) -> None:
    async def half(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(b"[" + b"1," * 100_000))
        await writer.drain()
        writer.close()

    daemon.on("services", half)
    with caplog.at_level(logging.ERROR):
        async with standing(daemon) as place, place.client.stream("GET", LOCALAPI + "services") as stream:
            with pytest.raises(DisconnectedError):
                await stream.read()

    assert not caplog.records


async def test_an_answer_that_falls_silent_is_cut_short(daemon: FakeDaemon) -> None:
    async def half(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(b"[" + b"1," * 100_000))
        await hang(request, writer)

    daemon.on("services", half)
    async with standing(daemon, answer_s=0.05) as place, place.client.stream("GET", LOCALAPI + "services") as stream:
        with pytest.raises(DisconnectedError):
            await stream.read()
        await daemon.wait_until(lambda: daemon.open_connections == 0)


async def test_a_refused_stream_is_a_refusal(daemon: FakeDaemon) -> None:
    daemon.on("logtap", answer("logtap access denied\n", 403))

    assert code_of(await ask(daemon, "logtap")) == "daemon-denied"


# Pings

PING = "ping?ip=100.64.0.2&type=disco"


class Told:
    """Keeps what it is told of pings."""

    def __init__(self) -> None:
        self.pings: list[tuple[str, str, bytes | None, str | None]] = []

    def __call__(self, ip: str, kind: str, at: str, body: Body | None, error: str | None) -> None:
        assert at.endswith("Z")
        self.pings.append((ip, kind, None if body is None else bytes(body), error))


async def told_of(daemon: FakeDaemon, *, timeout_s: float = 5.0, answer_s: float = 5.0, proven_s: float = 4.5) -> Told:
    told = Told()
    async with standing(daemon, on_ping=told, answer_s=answer_s, proven_s=proven_s) as place:
        try:
            await place.client.request("POST", LOCALAPI + PING, timeout_s=timeout_s)
        except WireTimeoutError:
            await daemon.wait_until(lambda: daemon.open_connections == 0)
    return told


async def test_a_pong_is_told(daemon: FakeDaemon) -> None:
    daemon.on("ping", answer('{"LatencySeconds":0.1}'))

    assert (await told_of(daemon)).pings == [("100.64.0.2", "disco", b'{"LatencySeconds":0.1}', None)]


async def test_a_ping_without_a_pong_is_told(daemon: FakeDaemon) -> None:
    daemon.on("ping", hang)

    ((ip, _, body, error),) = (await told_of(daemon, answer_s=0.05)).pings

    assert (ip, body) == ("100.64.0.2", None)
    assert "did not answer" in (error or "")


async def test_a_ping_given_up_after_long_is_told(daemon: FakeDaemon) -> None:
    daemon.on("ping", hang)

    ((_, _, body, error),) = (await told_of(daemon, timeout_s=0.2, proven_s=0.05)).pings

    assert (body, error) == (None, "no pong while the caller waited")


async def test_a_ping_given_up_at_once_proves_nothing(daemon: FakeDaemon) -> None:
    daemon.on("ping", hang)

    assert (await told_of(daemon, timeout_s=0.1)).pings == []
