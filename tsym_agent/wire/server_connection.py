"""One client of the server: bytes in, requests to the handler one after the other, answers out.

Plain requests are read and answered by `wire.plain`. From the first that is odd in any way on, the connection is h11's.

A client that only shuts down its sending side counts as gone, as in Go's server: nothing tells the two apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Iterable
from typing import Protocol, cast

import h11

from tsym_agent.wire.answering import Answering, H11Answering, PlainAnswering, http_date
from tsym_agent.wire.exchange import CutShortError, Handler, Header, Limits, Reply, Request, Response
from tsym_agent.wire.plain import BadHeadError, PlainRequest, read_request
from tsym_agent.wire.waiting import Awaited

_log = logging.getLogger(__name__)

_PIECE_BYTES = 4096
"""How much h11 is fed at once; a header block is refused at most this far above its limit."""
_JOINED_BYTES = 16 * 1024
"""Up to so much, head and body leave in one system call; more is not worth a copy."""
_LINGER_S = 1.0
"""How long a refused client may go on sending before the connection is cut: closing at once would lose the answer."""


class Owner(Protocol):
    """What a connection needs of its server."""

    handler: Handler
    limits: Limits
    is_closing: bool

    def admit(self, connection: ServerConnection) -> bool:
        """Count a new client; False when there are too many."""

    def forget(self, connection: ServerConnection) -> None:
        """Stop counting a client."""


class _RefusedError(Exception):
    """A request that is answered without asking the handler, and ends its connection."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _StuckClientError(Exception):
    """A client that does not take its answer."""


class ServerConnection(asyncio.Protocol):
    """One client: bytes in, requests to the handler one after the other, answers out."""

    def __init__(self, server: Owner) -> None:
        self._server = server
        self._limits = server.limits
        self._loop = asyncio.get_running_loop()
        self._deadline_s = 0.0
        self._parser: h11.Connection | None = None
        """None as long as all requests were plain."""
        self._answering: Answering = PlainAnswering()
        self._incoming = bytearray()
        self._head = b""
        """Of an answer whose first piece is not there yet."""
        self._at_eof = False
        self._is_handling = False
        self._is_lost = False
        self.waiting_since_s = self._loop.time()
        """When its client's turn began: the connection was opened, or its last answer was out."""
        self._is_reading = True
        self._more: Awaited[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport
        self.address = ""
        """Where its client is; empty on a unix socket."""
        self._cut: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start serving a new client, or turn it away."""
        self._transport = cast("asyncio.Transport", transport)
        remote = transport.get_extra_info("peername")
        self._remote = (str(remote[0]), int(remote[1])) if isinstance(remote, tuple) else None
        self.address = self._remote[0] if self._remote else ""
        if self._server.is_closing:
            self._transport.abort()
            return
        if not self._server.admit(self):
            self._transport.write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self._transport.close()
            return
        self._transport.set_write_buffer_limits(high=self._limits.write_ahead_bytes)
        self.task = self._loop.create_task(self._run(), name="http connection")
        self.task.add_done_callback(self._finished)

    def data_received(self, data: bytes) -> None:
        """Keep bytes for the task; stop reading when it does not come after."""
        self._incoming += data
        if self._is_reading and len(self._incoming) >= self._limits.read_ahead_bytes:
            self._is_reading = False
            self._transport.pause_reading()
        if self._more is not None and not self._more.bring(None):
            self._wake()

    def eof_received(self) -> bool:
        """End with a client that has."""
        self._leave()
        return True  # what is written already still goes out; the task closes the transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """End, now that nothing more can be said."""
        self._is_lost = True
        for timer in (self._cut, self._alarm):
            if timer is not None:
                timer.cancel()
        self._alarm = None
        self.resume_writing()
        self._leave()
        if self.task is None or self.task.done():
            self._server.forget(self)

    def pause_writing(self) -> None:
        """Let answers wait: the client does not take them."""
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """Let answers go on."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # What the server calls

    @property
    def is_waiting(self) -> bool:
        """Whether it is the client's turn: nothing is being answered, and nothing is lost but a request begun."""
        return not self._is_handling and self.task is not None and not self.task.done()

    def finish(self) -> None:
        """End now when idle, else after the answer under way."""
        if not self._is_handling and self.task is not None:
            self.task.cancel()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._transport.abort()

    # The task

    async def _run(self) -> None:
        try:
            while await self._serve_one():
                pass
        except asyncio.CancelledError:
            pass  # the client left or the server closes: either way this task is over
        except _StuckClientError:
            self._transport.abort()
        except (h11.LocalProtocolError, BadHeadError):
            _log.exception("a handler broke the protocol")

    def _finished(self, task: asyncio.Task[None]) -> None:
        """Close; what the client has not taken yet keeps it counted, and costs it no longer than a stuck answer."""
        if self._is_lost:
            self._server.forget(self)
        else:
            self._transport.close()
            self._cut = self._loop.call_later(self._limits.write_timeout_s, self._transport.abort)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("connection failed", exc_info=error)

    async def _serve_one(self) -> bool:
        """Answer one request; True when another may follow on this connection."""
        try:
            request = await self._next_request()
        except _RefusedError as refusal:
            await self._refuse(refusal.status, str(refusal))
            return False
        except h11.RemoteProtocolError as error:
            await self._refuse(error.error_status_hint, str(error))
            return False
        if request is None or self._at_eof:
            return False
        self._is_handling = True
        await self._send(await self._ask_handler(request), is_head=request.method == "HEAD")
        self._is_handling = False
        self.waiting_since_s = self._loop.time()
        if not self._answering.renew() or self._at_eof:
            return False
        return not self._server.is_closing

    async def _ask_handler(self, request: Request) -> Reply:
        try:
            return await self._server.handler(request)
        except Exception:  # noqa: BLE001 - a handler's bug must not end the server
            _log.exception("handler failed on %s %s", request.method, request.target)
            return Response.text(500, "internal error")

    async def _next_request(self) -> Request | None:
        """Read one request; None when the client closed or stayed idle too long."""
        limits = self._limits
        try:
            self._allow(limits.idle_timeout_s)
            while not self._incoming and not self._has_trailing_data() and not self._at_eof:
                await self._wait_for_bytes()
        except TimeoutError:
            return None
        if self._parser is None:
            if (plain := read_request(self._incoming, limits.header_bytes)) is not None:
                return self._take_plain(plain)
            self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_bytes)
            self._answering = H11Answering(self._parser)
        return await self._next_from(self._parser)

    def _has_trailing_data(self) -> bool:
        return self._parser is not None and bool(self._parser.trailing_data[0])

    def _take_plain(self, plain: PlainRequest) -> Request:
        del self._incoming[: plain.length]
        if len(self._incoming) < self._limits.read_ahead_bytes:
            self._read_on()
        return Request(method=plain.method, target=plain.target, headers=plain.headers, remote=self._remote)

    async def _next_from(self, parser: h11.Connection) -> Request | None:
        limits = self._limits
        try:
            self._allow(limits.header_timeout_s)
            head = await self._next_event(parser)
        except TimeoutError:
            raise _RefusedError(408, "the request headers took too long") from None
        if not isinstance(head, h11.Request):
            return None
        if head.method == b"CONNECT":
            raise _RefusedError(405, "CONNECT is not served here")
        try:
            self._allow(limits.body_timeout_s)
            body = await self._read_body(parser, head)
        except TimeoutError:
            raise _RefusedError(408, "the request body took too long") from None
        return self._to_request(head, body)

    async def _read_body(self, parser: h11.Connection, head: h11.Request) -> bytes:
        declared = next((int(value) for name, value in head.headers if name == b"content-length"), 0)
        if declared > self._limits.body_bytes:
            raise _RefusedError(413, f"the request body is over {self._limits.body_bytes} bytes")
        if parser.they_are_waiting_for_100_continue:
            await self._write(parser.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
        body = bytearray()
        while isinstance(event := await self._next_event(parser), h11.Data):
            body += event.data
            if len(body) > self._limits.body_bytes:
                raise _RefusedError(413, f"the request body is over {self._limits.body_bytes} bytes")
        return bytes(body)

    def _to_request(self, head: h11.Request, body: bytes) -> Request:
        target = head.target.decode("ascii")
        if not target.startswith("/") and "://" not in target and target != "*":
            raise _RefusedError(400, "the request target is neither a path nor a URL")
        return Request(
            method=head.method.decode("ascii"),
            target=target,
            headers=tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers),
            body=body,
            remote=self._remote,
        )

    # Bytes in

    async def _next_event(self, parser: h11.Connection) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = parser.next_event()
            if event is not h11.NEED_DATA:
                return cast("h11.Event | type[h11.PAUSED]", event)
            while not self._incoming and not self._at_eof:
                await self._wait_for_bytes()
            piece = bytes(self._incoming[:_PIECE_BYTES])
            del self._incoming[:_PIECE_BYTES]
            parser.receive_data(piece)
            if len(self._incoming) < self._limits.read_ahead_bytes:
                self._read_on()

    def _read_on(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self._transport.resume_reading()

    def _allow(self, timeout_s: float) -> None:
        """Let the waits of the stage that begins now take so long together."""
        self._deadline_s = self._loop.time() + timeout_s

    async def _wait_for_bytes(self) -> None:
        if self._alarm is None or self._alarm.when() > self._deadline_s:
            self._set_alarm()
        self._more = Awaited(loop=self._loop)
        try:
            await self._more
        finally:
            self._more = None

    def _set_alarm(self) -> None:
        """Have the deadline looked at when it has come.

        An alarm stays when the bytes come in time, and goes off for nothing later: one for each wait would cost more.
        """
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_at(self._deadline_s, self._look_at_deadline)

    def _look_at_deadline(self) -> None:
        self._alarm = None
        if self._more is None or self._more.done():
            return
        if self._loop.time() < self._deadline_s:
            self._set_alarm()
        else:
            self._more.set_exception(TimeoutError())

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

    def _leave(self) -> None:
        self._at_eof = True
        if self._is_handling and self.task is not None:
            self.task.cancel()
        else:
            self._wake()

    # Bytes out

    async def _send(self, reply: Reply, *, is_head: bool) -> None:
        answering = self._answering
        if isinstance(reply, Response):
            headers = (*reply.headers, ("Content-Length", str(len(reply.body))))
            head = answering.head(reply.status, self._finished_headers(headers))
            has_body = reply.body and not is_head and reply.status not in {204, 304}
            body = answering.piece(reply.body) if has_body else b""
            answering.end()  # of no bytes after a known length
            if len(body) > _JOINED_BYTES:
                await self._write(head)
                await self._write(body)
            else:
                await self._write(head + body)
            return
        async with contextlib.aclosing(reply.chunks) as chunks:
            self._head = answering.head(reply.status, self._finished_headers(reply.headers))
            self._loop.call_soon(self._send_head)  # unless the first piece is there at once, and takes it along
            try:
                if not is_head:
                    async for chunk in chunks:
                        if chunk:
                            await self._write(answering.piece(chunk))
            except _StuckClientError:
                raise
            except CutShortError:
                self._transport.abort()
                return
            except Exception:  # noqa: BLE001 - too late for a status: cutting the stream is the only honest end
                _log.exception("a streaming handler failed")
                self._transport.abort()
                return
            await self._write(answering.end())

    def _finished_headers(self, headers: Iterable[Header]) -> list[tuple[bytes, bytes]]:
        closing = (("Connection", "close"),) if self._server.is_closing or self._at_eof else ()
        encoded = [_encoded(header) for header in (*headers, *closing)]
        encoded.append((b"Date", http_date(int(time.time()))))
        return encoded

    def _send_head(self) -> None:
        if self._head and not self._transport.is_closing():
            self._transport.write(self._head)
        self._head = b""

    async def _write(self, data: bytes) -> None:
        """Send bytes; wait when the client does not take them."""
        if self._head:
            data, self._head = self._head + data, b""
        if data and not self._transport.is_closing():
            self._transport.write(data)
        if self._writable is None:
            return
        try:
            async with asyncio.timeout(self._limits.write_timeout_s):
                await self._writable
        except TimeoutError:
            raise _StuckClientError from None

    async def _refuse(self, status: int, reason: str) -> None:
        """Say why, then read on a little: a connection closed on unread bytes takes the answer with it."""
        if self._parser is None or self._parser.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        await self._send(Response.text(status, reason, (("Connection", "close"),)), is_head=False)
        if self._transport.can_write_eof():
            with contextlib.suppress(OSError):  # it has gone already, in the middle of its request
                self._transport.write_eof()
        self._allow(_LINGER_S)
        with contextlib.suppress(TimeoutError):
            while not self._at_eof:
                self._incoming.clear()
                self._read_on()
                await self._wait_for_bytes()


@functools.lru_cache(maxsize=256)  # most are the same on every answer
def _encoded(header: Header) -> tuple[bytes, bytes]:
    name, value = header
    return name.encode("ascii"), value.encode("latin-1")
