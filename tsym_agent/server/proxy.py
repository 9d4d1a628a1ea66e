"""The way from an allowed question to the daemon and back: asked from scratch, answered without what is secret.

Small answers are gathered and sent whole; large ones and streams pass through as they come. A caller that leaves takes
its question with it: the connection to the daemon closes, which is what ends a ping nobody answers.

An entity tag costs reading the whole status, so it is made for those who show that they want one by sending
`If-None-Match`; the first time with whatever they like (`""`).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import msgspec

from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.refusals import daemon_words, from_wire
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.payload import ABSENT, PayloadError
from tsym_agent.model.times import format_time
from tsym_agent.server.allow import Asked
from tsym_agent.server.essence import etag, slim_status
from tsym_agent.server.problems import PRIVILEGED_HINT, Code, ProblemError, problem, problem_of
from tsym_agent.server.redact import Redactor, redacted
from tsym_agent.wire.client import MAX_BODY_BYTES, Body, HttpClient, StreamedResponse
from tsym_agent.wire.errors import WireError
from tsym_agent.wire.exchange import CutShortError, Header, Reply, Request, Response, StreamingResponse
from tsym_agent.wire.waiting import Deadline

ANSWER_S = 10.0
"""How long a question without words of its own may take; a ping's pong counts for half of it."""
PROVEN_S = 4.5
"""A caller that leaves a ping after so long has given it up, as all do after 5 s; one that leaves sooner has not."""
GATHERED_BYTES = 64 * 1024
"""An answer up to this size is sent whole: one write, and its length known."""

LOOKED_THROUGH_BYTES = 16 * 1024
"""How far keys are looked for in JSON that is larger than `GATHERED_BYTES`. Texts for people stand at its begin, and to
look through a megabyte for all that may be a key takes five times as long as to pass it on. Members that are secret by
name are found anywhere; texts and streams are looked through whole."""

_EVERY_SECRET = tuple(sorted({name for command in COMMANDS.values() for name in command.secrets}))
"""What a refusal may hold: nobody promises what stands in one."""
_PROFILE = b"\x1f\x8b"
"""How a profile begins. It is passed on as it is, so nothing else may be taken for one."""

_GOOD = frozenset({200, 204})
_PASSED_ON = {
    b"content-type": "Content-Type",
    b"tailscale-version": "Tailscale-Version",
    b"tailscale-cap": "Tailscale-Cap",
}
_PASSED_ON_SERVE = _PASSED_ON | {b"etag": "Etag"}
_NO_SNIFFING: Header = ("X-Content-Type-Options", "nosniff")

OnPing = Callable[[str, str, str, Body | None, str | None], None]
"""Told of each ping: IP, kind, when it was sent (RFC 3339), the daemon's answer or None, and what went wrong if so."""


class Proxy:
    """Asks one daemon for callers of all kinds."""

    def __init__(
        self,
        http: HttpClient,
        *,
        on_ping: OnPing | None = None,
        answer_s: float = ANSWER_S,
        proven_s: float = PROVEN_S,
    ) -> None:
        """Ask over `http`, which is the proxy's own from now on."""
        self._http = http
        self._on_ping = on_ping
        self._answer_s = answer_s
        self._proven_s = proven_s

    async def answer(self, request: Request, asked: Asked) -> Reply:
        """Ask the daemon; raise `ProblemError` when there is no answer to pass on.

        What it refuses passes on in its own words, but for a denial: that is the agent's lack, not the caller's.
        """
        if asked.command.name == "ping":
            return await self._ping(request, asked)
        return await self._ask(request, asked)

    async def aclose(self) -> None:
        """End every question under way."""
        await self._http.aclose()

    async def _ping(self, request: Request, asked: Asked) -> Reply:
        """Ask for a ping, and tell of it unless its caller left before anything was proven."""
        sent_at, begun_s = format_time(datetime.now(UTC)), time.monotonic()
        try:
            reply = await self._ask(request, asked)
        except ProblemError as refusal:
            self._tell(asked, sent_at, None, refusal.problem.detail)
            raise
        except asyncio.CancelledError:
            if time.monotonic() - begun_s >= self._proven_s:
                self._tell(asked, sent_at, None, "no pong while the caller waited")
            raise
        if isinstance(reply, Response) and reply.status == 200:
            self._tell(asked, sent_at, reply.body, None)
        else:
            self._tell(asked, sent_at, None, f"the daemon answered with HTTP status {reply.status}")
        return reply

    def _tell(self, asked: Asked, sent_at: str, body: bytes | None, error: str | None) -> None:
        if self._on_ping is not None:
            query = asked.question.query
            self._on_ping(query["ip"], query["type"], sent_at, body, error)

    async def _ask(self, request: Request, asked: Asked) -> Reply:
        command = asked.command
        tag = request.header("if-none-match") if asked.question.path == "status" and not command.part else None
        enough = MAX_BODY_BYTES if command.part or tag is not None else GATHERED_BYTES
        timeout_s = command.timeout_s or self._answer_s
        try:
            with Deadline(timeout_s):
                upstream, gathered, is_all = await self._begin(asked, enough)
        except TimeoutError:
            words = f"{command.name}: tailscaled did not answer within {timeout_s:g} s"
            raise ProblemError(problem(Code.DAEMON_TIMEOUT, words, _TIMEOUT_HINTS.get(command.name, ""))) from None
        except WireError as error:
            raise ProblemError(problem_of(from_wire(self._http.where, error))) from error
        if upstream.status not in _GOOD:
            upstream.close()
            return self._refusal(asked, upstream, gathered)
        if command.form is Form.BYTES and not gathered.startswith(_PROFILE):
            upstream.close()
            raise ProblemError(problem(Code.BAD_ANSWER, f"{command.name}: an answer that is no profile"))
        if not is_all and enough == GATHERED_BYTES:
            silence_s = None if command.form is Form.STREAM else timeout_s
            passing = _Passing(upstream, command, gathered, silence_s)
            return StreamingResponse(passing, headers=_headers(upstream, command))
        upstream.close()
        if not is_all:
            raise ProblemError(problem(Code.BAD_ANSWER, f"{command.name}: an answer of more than {enough} bytes"))
        if tag is not None:
            return _tagged(gathered, tag, command, _headers(upstream, command))
        return Response(upstream.status, _without_secrets(gathered, command), _headers(upstream, command))

    async def _begin(self, asked: Asked, enough: int) -> tuple[StreamedResponse, bytes, bool]:
        """Ask, and read as much as there is to decide on: of a stream only its head, of a refusal its words."""
        upstream = await self._http.open(
            asked.question.method, asked.target, body=asked.body, is_repeatable=not asked.command.acts
        )
        try:
            if upstream.status in _GOOD and asked.command.form is Form.STREAM:
                return upstream, b"", False
            return upstream, *await upstream.read_up_to(enough)
        except BaseException:  # a cancelled caller included: what is left of the answer is nobody's
            upstream.close()
            raise

    def _refusal(self, asked: Asked, upstream: StreamedResponse, body: bytes) -> Response:
        """Return the daemon's own refusal, scrubbed; raise `ProblemError` where it refuses the agent."""
        command = asked.command
        if upstream.status == 403 and b"access denied" in body:
            raise ProblemError(problem(Code.DAEMON_DENIED, f"{command.name}: {daemon_words(body)}", PRIVILEGED_HINT))
        if not 400 <= upstream.status < 600:
            words = f"{command.name}: tailscaled answered with HTTP status {upstream.status}"
            raise ProblemError(problem(Code.BAD_ANSWER, words))
        return Response(upstream.status, redacted(body, _EVERY_SECRET), _headers(upstream, command))


_TIMEOUT_HINTS = {"ping": "no pong came: the peer is off, or cannot be reached"}


class _Passing(AsyncGenerator[bytes, None]):
    """The rest of an answer on its way through. Not a generator function: one never started would close nothing."""

    def __init__(self, upstream: StreamedResponse, command: Command, gathered: bytes, silence_s: float | None) -> None:
        """Begin with what was gathered; `silence_s` without a byte ends it, None = it may be silent."""
        self._upstream: StreamedResponse | None = upstream
        self._gathered = gathered
        self._loop = asyncio.get_running_loop()
        self._silence_s = silence_s
        self._asked_at_s: float | None = None
        """Since when the daemon is waited for; None = it is not."""
        self._alarm = None if silence_s is None else self._loop.call_later(silence_s, self._look)
        self._redactor: Redactor | None = None
        if command.form is not Form.BYTES:
            looks_within = LOOKED_THROUGH_BYTES if command.form is Form.JSON else math.inf
            self._redactor = Redactor(command.secrets, looks_within=looks_within)

    async def asend(self, value: None) -> bytes:  # noqa: ARG002 - as its base declares it
        """Return the next piece that may leave."""
        while self._upstream is not None:
            chunk = self._gathered or await self._read(self._upstream)
            self._gathered = b""
            if chunk is None:
                self._end()
                chunk = b""
                piece = self._redactor.finish() if self._redactor else b""
            else:
                piece = self._redactor.feed(chunk) if self._redactor else chunk
            if piece:
                return piece
        raise StopAsyncIteration

    async def athrow(
        self,
        kind: Any,  # noqa: ANN401 - as its base declares it
        value: Any = None,  # noqa: ANN401 - as above
        trace: TracebackType | None = None,
        /,
    ) -> bytes:
        """End it with an error."""
        self._end()
        return await super().athrow(kind, value, trace)

    async def aclose(self) -> None:
        """End it."""
        self._end()

    async def _read(self, upstream: StreamedResponse) -> bytes | None:
        """Return the next bytes from the daemon; raise `CutShortError` when no more will come."""
        self._asked_at_s = self._loop.time()
        try:
            return await anext(upstream, None)
        except WireError as error:
            self._end()
            raise CutShortError from error
        except BaseException:  # the caller has gone
            self._end()
            raise
        finally:
            self._asked_at_s = None

    def _look(self) -> None:
        """End it if the daemon has been silent too long: closing its connection fails whoever waits for more.

        One alarm now and then costs less than a deadline for each piece.
        """
        if self._silence_s is None:
            return
        now_s = self._loop.time()
        due_s = (now_s if self._asked_at_s is None else self._asked_at_s) + self._silence_s
        if due_s > now_s:
            self._alarm = self._loop.call_at(due_s, self._look)
        else:
            self._end()

    def _end(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None


def _without_secrets(body: bytes, command: Command) -> bytes:
    if command.part:
        return redacted(_part(body, command), command.secrets)
    return body if command.form is Form.BYTES else redacted(body, command.secrets)


def _part(body: bytes, command: Command) -> bytes:
    """Return an answer with no other member than the one that a command means."""
    try:
        member = msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get(command.part, ABSENT)
    except msgspec.DecodeError as error:
        raise ProblemError(problem(Code.BAD_ANSWER, f"{command.name}: tailscaled did not answer with JSON")) from error
    return msgspec.json.encode({command.part: member})


def _tagged(body: bytes, wanted: str, command: Command, headers: tuple[Header, ...]) -> Response:
    """Return a status with its entity tag, or nothing when the caller has one that is no different."""
    try:
        tag = etag(slim_status(body))
    except PayloadError:  # a daemon newer than this agent: pass it on, it is only that nobody can compare it
        return Response(200, redacted(body, command.secrets), headers)
    headers = (*headers, ("ETag", tag))
    if tag in wanted:
        return Response(304, b"", headers)
    return Response(200, redacted(body, command.secrets), headers)


def _headers(upstream: StreamedResponse, command: Command) -> tuple[Header, ...]:
    """Return the headers of the daemon that pass on: an allow-list, as for what goes the other way."""
    passed = _PASSED_ON_SERVE if command.name == "serve-config" else _PASSED_ON
    kept = [(passed[name], value.decode("latin-1")) for name, value in upstream.headers if name in passed]
    return (*kept, _NO_SNIFFING)
