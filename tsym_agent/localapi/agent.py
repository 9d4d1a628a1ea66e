"""Questions to a tailscaled through the agent beside it, and to the agent itself.

An agent answers LocalAPI under the daemon's own paths, so everything that asks a daemon asks an agent, too. What it has
beyond that is here: who it is, a stream of changes, many pings in one question, logs and events that it gathered.

`watch` and `ping_many` do not reconnect inside: their reader knows what it missed and how long to wait. Logs and events
do, with the manners they have without an agent.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Literal, TypeVar

import msgspec

from tsym_agent.localapi.client import MAX_PINGS, LocalClient
from tsym_agent.localapi.errors import BadAnswerError, DaemonUnreachableError, NotSupportedError
from tsym_agent.localapi.following import HEAD_TIMEOUT_S, Following, LineBuffer, Target, Turn, next_chunk
from tsym_agent.localapi.refusals import from_answer, from_wire
from tsym_agent.model.hello import SCHEMA, Hello, parse_hello
from tsym_agent.model.hosts import Rights
from tsym_agent.model.logs import Event, LogLine, parse_event, parse_log_line
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.pingjob import PingDone, PingJob, PingReport, parse_ping_line
from tsym_agent.model.text import printable
from tsym_agent.model.times import format_time
from tsym_agent.model.watch import Line, parse_line
from tsym_agent.wire.client import Body
from tsym_agent.wire.errors import TooLargeError, WireError
from tsym_agent.wire.streams import Opener

T = TypeVar("T")

VERSION_HINT = "is the agent there of another version?"
_BROKEN = "[the agent went away: what happens until it is back is lost]"

MAX_LINE_BYTES = 64 * 1024 * 1024
"""As much as a whole answer: a snapshot is a status in one line."""

SILENCE_S = 45.0
"""An agent says every 15 s that its stream stands; three of those unheard and the way to it is broken."""

BLANK_LINES_S = 90.0
"""In logs and events it sends a blank line after 30 s without news: as above."""


class AgentClient(LocalClient):
    """One agent, and the tailscaled behind it."""

    def __init__(
        self, opener: Opener, *, authority: str = "", timeout_s: float = 5.0, max_pings: int = MAX_PINGS
    ) -> None:
        """Ask over `opener`. `authority` is `NAME:PORT` as a person named it; empty = as the opener says.

        An agent answers to its own names and addresses only, which keeps web pages out.
        """
        super().__init__(opener, timeout_s=timeout_s, max_pings=max_pings, host_header=(authority or opener.where))
        self.agent: Hello | None = None
        """What it said when it was last asked who it is."""

    async def hello(self) -> Hello:
        """Ask `GET /v1/hello`: who it is, whom it stands beside, who we are to it and what we may do.

        `NotSupportedError` = something answers there that is no agent of ours, as TSymbiote's adapter does.
        """
        try:
            answer = await self._calls.request("GET", "/v1/hello", timeout_s=self._timeout_s)
        except WireError as error:
            raise from_wire(self.where, error) from error
        if answer.status != 200:
            refusal = from_answer(self.where, "/v1/hello", answer.status, answer.body)
            raise self._stranger() if isinstance(refusal, NotSupportedError) else refusal
        try:
            hello = parse_hello(answer.body)
        except PayloadError as error:
            raise self._stranger() from error
        if not hello.schema.startswith(SCHEMA.rpartition("/")[0]):
            raise self._stranger()
        self.agent = hello
        return hello

    def has(self, feature: str) -> bool:
        """Say whether its last hello named a feature: `watch`, `ping`, `logs`, `events`, `etag`."""
        return self.agent is not None and feature in self.agent.features

    async def rights(self, *, again: bool = False) -> Rights | None:
        """Return what the daemon lets its agent do; asked with `hello`, unless it has been."""
        hello = self.agent if self.agent is not None and not again else await self.hello()
        return hello.daemon.rights

    async def status_unless(self, etag: str) -> tuple[Body, str] | None:
        """Ask `GET status` unless it is still what `etag` was given for: return its body and tag, or None.

        Counters and times of handshakes are no change to an agent. An empty tag asks in any case, and is sent, too: an
        agent makes tags only for those who show that they want one.
        """
        headers = (("If-None-Match", etag or '""'),)
        try:
            answer = await self._calls.request("GET", "/localapi/v0/status", headers=headers, timeout_s=self._timeout_s)
        except WireError as error:
            raise from_wire(self.where, error) from error
        self._daemon_version = answer.header("Tailscale-Version") or self._daemon_version
        if answer.status == 304:
            return None
        if answer.status != 200:
            raise from_answer(self.where, "status", answer.status, answer.body)
        return answer.body, answer.header("ETag") or ""

    def watch(self, *, with_samples: bool = True) -> AsyncGenerator[Line, None]:
        """Follow `GET /v1/watch`: a snapshot, then what changes.

        Ends when the agent ends it. Raises `AnswerTimeoutError` when not even its sign of life comes, other kinds of
        `LocalAPIError` when it is refused or breaks. Leave it with `contextlib.aclosing`.
        """
        target = "/v1/watch" if with_samples else "/v1/watch?samples=0"
        return self._lines("GET", target, parse_line, silence_s=SILENCE_S)

    async def ping_many(self, job: PingJob) -> AsyncGenerator[PingReport, None]:
        """Ask `POST /v1/ping`: yield each probe's end as it comes.

        Sends packets as `ping` does. A job cut short raises `DaemonUnreachableError`; leaving it ends its pings.
        """
        body = msgspec.json.encode(job)
        longest_s = job.timeout_ms / 1000 + job.spacing_ms / 1000 + SILENCE_S
        lines = self._lines("POST", "/v1/ping", parse_ping_line, body=body, silence_s=longest_s)
        async with aclosing(lines):
            async for line in lines:
                if isinstance(line, PingDone):
                    return
                yield line
        raise DaemonUnreachableError(self.where, "the agent broke off in the middle of its pings", "try again")

    async def log_lines(self, level: int = 0) -> AsyncGenerator[LogLine, None]:
        """Follow `GET /v1/logs` for ever, as `LocalClient.log_lines` follows a daemon's."""
        target = Target("logs", f"/v1/logs?level={level}", silence_s=BLANK_LINES_S)
        async with aclosing(self._followed(target, parse_log_line)) as lines:
            async for line in lines:
                if isinstance(line, LogLine):
                    yield msgspec.structs.replace(line, text=printable(line.text))
                elif line is Turn.DOWN:
                    yield LogLine(at=format_time(datetime.now(UTC)), text=_BROKEN)

    async def events(self, source: Literal["ipn", "bus"] = "ipn") -> AsyncGenerator[Event, None]:
        """Follow `GET /v1/events` for ever, as `LocalClient.events` follows a daemon's."""
        target = Target("events", f"/v1/events?source={source}", silence_s=BLANK_LINES_S)
        async with aclosing(self._followed(target, parse_event)) as events:
            async for event in events:
                if isinstance(event, Event):
                    yield msgspec.structs.replace(
                        event, kind=printable(event.kind), words=printable(event.words), node=printable(event.node)
                    )
                elif event is Turn.DOWN:
                    yield Event(at=format_time(datetime.now(UTC)), kind="broken", words=_BROKEN)

    async def _followed(self, target: Target, parse: Callable[[bytes], T]) -> AsyncGenerator[T | Turn, None]:
        """Yield a stream's lines for ever, and how it stands."""
        lines = LineBuffer(MAX_LINE_BYTES)
        async with aclosing(Following(self._calls).pieces(target, must_stand_at_once=True)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Turn):
                    lines = LineBuffer(MAX_LINE_BYTES)
                    yield piece
                    continue
                for line in self._cut(lines, piece, target.name):
                    yield self._parsed(parse, line, target.name)

    async def _lines(
        self,
        method: str,
        target: str,
        parse: Callable[[bytes], T],
        *,
        body: bytes = b"",
        silence_s: float | None = None,
    ) -> AsyncGenerator[T, None]:
        """Yield the lines of one streamed answer; `silence_s` without a byte ends it, None = it may be silent."""
        name = target.partition("?")[0]
        lines = LineBuffer(MAX_LINE_BYTES)
        try:
            async with self._calls.stream(method, target, body=body, timeout_s=HEAD_TIMEOUT_S) as answer:
                if answer.status != 200:
                    raise from_answer(self.where, name, answer.status, await answer.read())
                while (chunk := await next_chunk(answer, silence_s)) is not None:
                    cut = self._cut(lines, chunk, name)
                    while cut:  # handed on and let go: the first line of a stream is as large as a whole status
                        yield self._parsed(parse, cut.pop(0), name)
        except WireError as error:
            raise from_wire(self.where, error) from error

    def _cut(self, lines: LineBuffer, chunk: bytes, name: str) -> list[bytes]:
        try:
            return lines.feed(chunk)
        except TooLargeError as error:
            raise BadAnswerError(self.where, f"{name}: {error}", VERSION_HINT) from error

    def _parsed(self, parse: Callable[[bytes], T], line: bytes, name: str) -> T:
        try:
            return parse(line)
        except PayloadError as error:
            raise BadAnswerError(self.where, f"{name}: {error}", VERSION_HINT) from error

    def _stranger(self) -> NotSupportedError:
        return NotSupportedError(
            self.where,
            "what listens there is no tsym-agent",
            "another agent, such as TSymbiote's adapter, may hold the port",
        )
