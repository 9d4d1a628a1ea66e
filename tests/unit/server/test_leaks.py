"""Secrets of every kind in everything a daemon can say, before a real agent: none of them comes out anywhere."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.unit.fake_daemon import STREAM_HEAD, FakeDaemon, Script, answer, chunk
from tests.unit.fake_daemon import Request as Asked
from tests.unit.server.test_agent import STATUS, TAG, Running, agent, is_known_as, port
from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.registry import COMMANDS, READS
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.errors import WireError
from tsym_agent.wire.openers import TcpOpener

__all__ = ["port"]

MARK = "pLaNtEd"
HEX_MARK = "5ec7e75ec7e7"
ENCODED_MARK = b64encode(b"alice:" + MARK.encode() * 3).decode()

WORDS = (
    f"tskey-auth-k{MARK}CNTRL-{MARK}",
    f"tskey-api-k{MARK}CNTRL-{MARK}",
    f"tskey-client-k{MARK}CNTRL-{MARK}?ephemeral=true&x={MARK}",
    f"hskey-auth-{MARK}-{MARK}",
    f"hskey-api-{MARK}-{MARK}",
    f"privkey:{HEX_MARK * 5}",
    f"nlpriv:{HEX_MARK * 5}",
    f"https://login.tailscale.com/a/{MARK}",
    f"https://headscale.example/register/{MARK}",
    f"https://user:{MARK}@proxy.example:3128/",
    f"Authorization: Bearer {MARK}{MARK}",
    f"Proxy-Authorization: Basic {ENCODED_MARK}",
    f"eyJ{MARK}{MARK}.eyJ{MARK}{MARK}.{MARK}",
    f"authkey={MARK}",
    f"password: {MARK}",
    f"client_secret={MARK}",
    f"access_token={MARK}",
)
"""What may stand in any text of a daemon."""

ALL_WORDS = "; ".join(WORDS)
MEMBERS = {"AuthURL": MARK, "BrowseToURL": MARK, "Config": {"PrivateNodeKey": MARK, "UserProfile": {"LoginName": MARK}}}
"""Members that are secret by their names, whatever stands in them."""

END = "nothing more is planted"


def leaks(found: bytes | str) -> list[str]:
    """Return what of the planted secrets is found, with its surroundings."""
    text = found.decode("utf-8", "replace") if isinstance(found, bytes) else found
    places = [text.find(mark) for mark in (MARK, HEX_MARK, ENCODED_MARK)]
    return [text[max(0, place - 60) : place + 40] for place in places if place >= 0]


def document(command: Command) -> bytes:
    """Return an answer to a command that is full of secrets."""
    if command.form is Form.BYTES:
        return answer(b"\x1f\x8b")
    if command.form is Form.TEXT:
        return answer("".join(f"main.go:{number} {word}\n" for number, word in enumerate(WORDS)))
    members = {name: MEMBERS[name] for name in command.secrets}
    return answer(json.dumps({"first": ALL_WORDS, "deep": [members, *WORDS], **members}))


def streamed(*pieces: object) -> Script:
    """Stream documents, and then stay silent."""

    async def script(_request: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD)
        for piece in pieces:
            writer.write(chunk(json.dumps(piece).encode() + b"\n"))
        await writer.drain()
        await asyncio.Event().wait()

    return script


def fill(daemon: FakeDaemon) -> None:
    """Plant secrets in every answer and every stream."""
    for command in READS.values():
        if command.path != "status":
            daemon.on(command.path, document(command))
    status = STATUS | {"AuthURL": MARK, "Health": list(WORDS)}
    peer = {"ID": "n-p", "HostName": "p", "DNSName": "p.example.", "TailscaleIPs": ["100.64.0.2"]}
    daemon.on("status", answer(json.dumps(status | {"Peer": {"nodekey:aa": peer}})))
    daemon.on("prefs", answer(json.dumps({"ControlURL": f"https://user:{MARK}@control.example", "Config": MARK})))
    daemon.on("ping", answer(json.dumps({"IP": "100.64.0.2", "Err": ALL_WORDS})))
    is_known_as(daemon, TAG)
    daemon.on("logtap", streamed(*({"v": 0, "text": f"{word}\n"} for word in WORDS), {"text": END}))
    prefs = {"ControlURL": f"https://user:{MARK}@control.example", "Config": MEMBERS["Config"]}
    warnings = {str(number): {"Title": word, "Text": word} for number, word in enumerate(WORDS)}
    daemon.on(
        "watch-ipn-bus",
        streamed(
            {"State": 6, "BrowseToURL": MARK},
            {"Prefs": {"ControlURL": "https://control.example"}},
            {"Prefs": prefs},
            {"Health": {"Warnings": warnings}},
            {"ErrMessage": ALL_WORDS},
            {"Health": {"Warnings": {"end": {"Title": END, "Text": END}}}},
        ),
    )
    inner = ({"Type": "x", "From": word, "To": [word], "Event": {"words": word} | MEMBERS} for word in WORDS)
    daemon.on("debug-bus-events", streamed(*inner, {"Type": "end", "From": END}))


VALUES = {"ip": "100.64.0.2", "type": "disco", "addr": "100.64.0.2", "id": "7", "region": "fra", "name": "heap"}


def target_of(command: Command) -> str:
    """Return how a command is asked."""
    values = {parameter.name: VALUES[parameter.name] for parameter in command.parameters if parameter.is_required}
    values |= {"name": "a.example"} if command.name == "dns-query" else {}
    question = command.question(values)
    query = "&".join(f"{name}={value}" for name, value in question.query.items())
    return f"/localapi/v0/{question.path}" + (f"?{query}" if query else "")


class Caller:
    """Asks an agent, and keeps all that it was told."""

    def __init__(self, it: Running, daemon: FakeDaemon) -> None:
        self.it = it
        self.daemon = daemon
        self.told: dict[str, bytes] = {}
        self._http = HttpClient(TcpOpener("127.0.0.1", it.port), host_header=f"me.example:{it.port}")

    async def ask(self, what: str, target: str, method: str = "GET", body: bytes = b"", **headers: str) -> int:
        said = await self._http.request(method, target, body=body, headers=tuple(headers.items()), timeout_s=15)
        heads = b"".join(name + value for name, value in said.headers)
        self.told[what] = heads + bytes(said.body)
        return said.status

    async def hear(
        self, what: str, target: str, until: str, besides: Callable[[], Awaitable[object]] | None = None
    ) -> None:
        """Read a stream until it ends or some words come in it; a refusal ends at once."""
        heard = self.told[what] = b""
        async with asyncio.timeout(15), self._http.stream("GET", target) as stream:
            try:
                async for piece in stream:
                    if not heard and besides is not None:
                        await besides()
                    heard += piece
                    self.told[what] = heard
                    if until.encode() in heard:
                        return
            except WireError:
                return  # cut short: nothing more will come

    async def hear_everything(self, end: str = END) -> None:
        """Read every stream until these words."""
        await self.hear("/v1/logs", "/v1/logs", end)
        await self.hear("/v1/events", "/v1/events", end)
        await self.hear("/v1/events of the bus", "/v1/events?source=bus", end)
        for command in READS.values():
            if command.form is Form.STREAM:
                await self.hear(command.name, target_of(command), end)

    async def ask_everything(self) -> set[int]:
        """Run every command that answers, and return the statuses."""
        found = set()
        for command in READS.values():
            if command.form is not Form.STREAM:
                body = b'{"URL": "x"}' if command.body else b""
                found.add(await self.ask(command.name, target_of(command), command.method, body))
        for page in ("/v1/hello", "/metrics"):
            found.add(await self.ask(page, page))
        return found

    async def aclose(self) -> None:
        await self._http.aclose()

    @property
    def leaks(self) -> dict[str, list[str]]:
        """What was told, and should not have been."""
        return {what: found for what, said in self.told.items() if (found := leaks(said))}


@pytest.fixture
async def caller(port: int) -> AsyncGenerator[Caller, None]:
    """Ask an agent beside a daemon full of secrets, with a secret of its own in its environment."""
    async with FakeDaemon() as daemon:
        fill(daemon)
        async with agent(port, f"--socket={daemon.path}", TS_AUTHKEY=f"tskey-auth-k{MARK}CNTRL-{MARK}") as it:
            await it.said("listening on")
            made = Caller(it, daemon)
            yield made
            await made.aclose()
        assert leaks("".join(it.lines)) == []
        assert not any("Traceback" in line for line in it.lines)


async def test_no_answer_holds_one(caller: Caller) -> None:
    assert await caller.ask_everything() == {200}
    assert caller.leaks == {}


async def test_no_stream_holds_one(caller: Caller) -> None:
    async def ping() -> None:
        await caller.ask("ping", target_of(COMMANDS["ping"]), "POST")

    await caller.hear("/v1/watch", "/v1/watch", '"type":"samples"', ping)
    await caller.hear_everything()
    await caller.ask("/v1/ping", "/v1/ping", "POST", b'{"targets": ["100.64.0.2"], "count": 1}')

    assert all(END.encode() in caller.told[name] for name in ("/v1/logs", "/v1/events", "logs", "ipn-bus"))
    assert caller.leaks == {}


REFUSALS = {
    "text": answer(f"it failed: {ALL_WORDS}\n", 500),
    "error": answer(json.dumps({"error": ALL_WORDS}), 500),
    "Error": answer(json.dumps({"Error": ALL_WORDS}), 400),
    "Err": answer(json.dumps({"Err": ALL_WORDS})),
    "denied": answer(f"access denied: {ALL_WORDS}\n", 403),
    "no such object": answer(f"no match: {ALL_WORDS}\n", 404),
    "not ready": answer(f"no netmap: {ALL_WORDS}\n", 503),
    "members": answer(json.dumps({"error": "x", **MEMBERS}), 500),
    "not JSON": answer(f"200 {ALL_WORDS}"),
    "another shape": answer(json.dumps([ALL_WORDS])),
    "odd status": answer(ALL_WORDS, 302, Location=WORDS[7]),
    "another header": answer(ALL_WORDS, 500, Set_Cookie=WORDS[0], X_Secret=MARK),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_no_refusal_holds_one(caller: Caller, refusal: bytes) -> None:
    is_status = refusal is REFUSALS["Err"]  # read as one it has no addresses, and the agent would stop listening
    for path in {command.path for command in COMMANDS.values()} - {"whois", "status" if is_status else ""}:
        caller.daemon.on(path, refusal)
    await caller.ask_everything()
    await caller.hear("/v1/watch", "/v1/watch", "\n")
    await caller.hear_everything("\n")
    await caller.ask("/v1/ping", "/v1/ping", "POST", b'{"targets": ["100.64.0.2"], "count": 1}')

    assert caller.leaks == {}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_no_word_about_a_caller_holds_one(caller: Caller, refusal: bytes) -> None:
    caller.daemon.on("whois", refusal)
    await caller.ask("/v1/hello", "/v1/hello")

    assert caller.leaks == {}


@pytest.mark.parametrize("word", [word for word in WORDS if " " not in word])
async def test_what_a_caller_lets_slip_is_not_written_down(caller: Caller, word: str) -> None:
    slip = quote(word, safe="/:?=&@")
    await caller.ask("path", f"/{slip}", Authorization=f"Bearer {MARK}{MARK}", Cookie=f"key={MARK}")
    await caller.ask("query", f"/v1/watch?{slip}=1")
    await caller.ask("value", f"/localapi/v0/whois?addr={slip}")
    await caller.ask("endpoint", f"/localapi/v0/{slip}")
    await caller.ask("job", "/v1/ping", "POST", json.dumps({"targets": [word]}).encode())
    await caller.it.said("code=bad-parameter")

    assert caller.leaks == {}


async def test_no_other_user_of_the_machine_sees_one(caller: Caller) -> None:
    process = Path("/proc", str(caller.it.process.pid))

    assert leaks((process / "cmdline").read_bytes() + (process / "comm").read_bytes()) == []
    assert (process / "environ").stat().st_mode & 0o077 == 0
