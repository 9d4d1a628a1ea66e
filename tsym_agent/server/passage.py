"""One request on its way through an agent: what is held for it, and what is written down about it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType
from typing import Any

from tsym_agent.model.hello import Caller
from tsym_agent.server.audit import Audit, describe
from tsym_agent.server.budgets import Cost, Lease
from tsym_agent.server.identity import Admitted
from tsym_agent.server.problems import AGENT_HEADER, Code, Problem
from tsym_agent.wire.exchange import Reply, Request, Response, StreamingResponse

ASK_AGAIN_S = 15.0
"""So often a stream asks whether its caller may still have it; as often as an idle watch gives a sign of life."""

CALLER_LEFT = 499
"""Written down for a caller who did not wait for the answer; nobody is ever sent it."""

_MOST_TOLD = 240
"""Characters of a caller's own words that are written down."""

Welcome = Callable[[], Awaitable[bool]]


class Passage:
    """One request on its way through: what is held for it, and what is written down about it."""

    def __init__(self, request: Request, audit: Audit | None) -> None:
        self.request = request
        self.is_welcome: Welcome | None = None
        """Says whether an answer that goes on for long may still go on; None = it always may."""
        self.what = request.target.partition("?")[0]
        self.admitted: Admitted | None = None
        self.refused: Caller | None = None
        """Who asked, if that is known and did not help."""
        self.lease: Lease | None = None
        self._audit = audit
        self._begun_s = time.monotonic()

    @property
    def caller(self) -> Caller | None:
        """Who asks, let in or not; None while that is not known."""
        return self.admitted.caller if self.admitted else self.refused

    @property
    def account(self) -> str:
        """Whom the request is counted against."""
        who = self.caller.id or self.caller.name if self.caller else ""
        return who or (self.request.remote[0] if self.request.remote else "")

    def hush(self) -> None:
        """Write nothing more down."""
        self._audit = None

    def release(self) -> None:
        """Give back what was held."""
        if self.lease is not None:
            self.lease.release()

    def end(self, reply: Reply) -> Reply:
        """Send an answer out: what it holds is given back when the last of it has left."""
        headers = reply.headers if AGENT_HEADER in reply.headers else (*reply.headers, AGENT_HEADER)
        if isinstance(reply, Response):
            self.release()
            self._write(reply.status, "allowed")
            return Response(reply.status, reply.body, headers)
        is_long = self.lease is not None and self.lease.cost is Cost.STREAM
        if is_long:
            self._write(reply.status, "allowed", stream="open")
        chunks = Held(reply.chunks, lambda code: self._ended(reply.status, code, is_long=is_long), self.is_welcome)
        return StreamingResponse(chunks, reply.status, headers)

    def leave(self) -> None:
        """End without an answer: nobody waits for it any more."""
        self.release()
        if self.admitted is not None:
            self._write(CALLER_LEFT, "allowed")

    def refuse(self, said: Problem, headers: tuple[tuple[str, str], ...] = ()) -> Response:
        """Send a problem out."""
        self.release()
        is_denied = said.code in {Code.NOT_ALLOWED, Code.NOT_GRANTED, Code.BAD_HOST, Code.TOO_MANY}
        self._write(said.status, "denied" if is_denied else "allowed", code=said.code)
        return said.response(headers)

    def note_fault(self, error: Exception) -> None:
        """Write down where a fault of ours is."""
        if self._audit is not None:
            self._audit.write("fault", {"what": self.what, **describe(error)})

    def _ended(self, status: int, code: str, *, is_long: bool) -> None:
        self.release()
        self._write(status, "denied" if code else "allowed", code=code, stream="closed" if is_long else "")

    def _write(self, status: int, verdict: str, *, code: str = "", stream: str = "") -> None:
        if self._audit is None:
            return
        caller = self.caller
        remote = self.request.remote
        self._audit.write(
            "request",
            {
                "who": caller.id if caller else "",
                "name": caller.name if caller else "",
                "login": caller.login if caller else "",
                "via": self.admitted.caller.via.value if self.admitted else "",
                "remote": remote[0] if remote else "",
                "method": self.request.method[:_MOST_TOLD],
                "what": self.what[:_MOST_TOLD],
                "verdict": verdict,
                "code": code,
                "status": status,
                "stream": stream,
            },
            ms=(time.monotonic() - self._begun_s) * 1000,
        )


class Held(AsyncGenerator[bytes, None]):
    """A stream that calls `ended` once, however it ends: even if nobody ever took its first piece.

    Every so often it asks whether its caller is still welcome, and ends when not: a tag or a grant that was taken away
    holds for streams, too.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        ended: Callable[[str], None],
        is_welcome: Welcome | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Pass `chunks` on; `ended` is told the code of the problem that ended them, empty for none."""
        self._chunks = chunks
        self._ended: Callable[[str], None] | None = ended
        self._is_welcome = is_welcome
        self._clock = clock
        self._ask_at_s = clock() + ASK_AGAIN_S

    async def asend(self, value: None) -> bytes:
        """Return the next piece."""
        try:
            piece = await self._chunks.asend(value)
            if self._is_welcome is None or self._clock() < self._ask_at_s:
                return piece
            self._ask_at_s = self._clock() + ASK_AGAIN_S
            if await self._is_welcome():
                return piece
        except BaseException:  # the end, a fault or a cancellation: each is the last of it
            self._end()
            raise
        self._end(Code.NOT_ALLOWED)
        await self._chunks.aclose()
        raise StopAsyncIteration

    async def athrow(
        self,
        kind: Any,  # noqa: ANN401 - as its base declares it
        value: Any = None,  # noqa: ANN401 - as above
        trace: TracebackType | None = None,
        /,
    ) -> bytes:
        """Raise inside."""
        try:
            return await self._chunks.athrow(kind, value, trace)
        except BaseException:  # as above
            self._end()
            raise

    async def aclose(self) -> None:
        """End it."""
        try:
            await self._chunks.aclose()
        finally:
            self._end()

    def _end(self, code: str = "") -> None:
        if self._ended is not None:
            ended, self._ended = self._ended, None
            ended(code)
