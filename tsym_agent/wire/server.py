"""A small HTTP/1.1 server for one handler, on asyncio and h11.

It stands in front of strangers, so everything a client can send is bounded: the header block, the body, the time for
each, the bytes read ahead, the number of connections. One task serves one connection and runs the handler itself, so a
client that leaves cancels its handler, and a closed server leaves no task behind. What it leaves out on purpose:
routing, compression, TLS, upgrades.

A client that only shuts down its sending side counts as gone, as in Go's server: nothing tells the two apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import stat
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast
from urllib.parse import parse_qsl, unquote

import h11

_log = logging.getLogger(__name__)

Header = tuple[str, str]

_PIECE_BYTES = 4096
"""How much h11 is fed at once; a header block is refused at most this far above its limit."""
_LINGER_S = 1.0
"""How long a refused client may go on sending before the connection is cut: closing at once would lose the answer."""
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may cost."""

    header_bytes: int = 16 * 1024
    body_bytes: int = 1024 * 1024
    header_timeout_s: float = 10.0
    """From the first byte of a request to the end of its headers."""
    body_timeout_s: float = 30.0
    idle_timeout_s: float = 75.0
    """From one answer to the first byte of the next request."""
    read_ahead_bytes: int = 64 * 1024
    """Sent but not yet wanted (pipelined requests); above it we stop reading."""
    write_ahead_bytes: int = 256 * 1024
    """Answered but not yet taken by the client; above it a stream waits."""
    connections: int = 512


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its body read whole."""

    method: str
    target: str
    """As sent: `/path?query`, rarely `http://host/path`."""
    headers: tuple[Header, ...]
    """Names in lower case."""
    body: bytes = b""
    remote: tuple[str, int] | None = None
    """Address and port of the client; None on a unix socket."""

    def header(self, name: str) -> str | None:
        """Return the first header of that lower-case name."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def host(self) -> str:
        """The authority the client asked for; an absolute target overrides the header."""
        scheme, separator, rest = self.target.partition("://")
        if separator and scheme.lower() in {"http", "https"}:
            return rest.partition("/")[0].partition("?")[0]
        return self.header("host") or ""

    @property
    def path(self) -> str:
        """The percent-decoded path."""
        return unquote(self._path_and_query[0])

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters, percent-decoded, the first value of each."""
        found: dict[str, str] = {}
        for key, value in parse_qsl(self._path_and_query[1], keep_blank_values=True):
            found.setdefault(key, value)
        return found

    @property
    def _path_and_query(self) -> tuple[str, str]:
        target = self.target
        if "://" in target and not target.startswith("/"):
            _, slash, rest = target.partition("://")[2].partition("/")
            target = slash + rest or "/"
        path, _, query = target.partition("?")
        return path, query


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a known body."""

    status: int = 200
    body: bytes = b""
    headers: tuple[Header, ...] = ()

    @classmethod
    def text(cls, status: int, text: str, headers: tuple[Header, ...] = ()) -> Response:
        """Make a plain text answer with a final newline."""
        return cls(status, f"{text}\n".encode(), (("Content-Type", "text/plain; charset=utf-8"), *headers))


@dataclass(frozen=True, slots=True)
class StreamingResponse:
    """An answer that comes in pieces; a slow client slows the generator down, a leaving one closes it."""

    chunks: AsyncGenerator[bytes, None]
    status: int = 200
    headers: tuple[Header, ...] = ()


Reply = Response | StreamingResponse
Handler = Callable[[Request], Awaitable[Reply]]


class Server:
    """A listening server; made by `serve_unix` and `serve_tcp`."""

    def __init__(self, handler: Handler, limits: Limits) -> None:
        self.handler = handler
        self.limits = limits
        self.is_closing = False
        self._connections: set[_Connection] = set()
        self._listener: asyncio.Server | None = None
        self._socket_file: tuple[Path, int] | None = None

    @property
    def connections(self) -> int:
        """Clients connected now."""
        return len(self._connections)

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        sockets = self._listener.sockets if self._listener else ()
        return int(sockets[0].getsockname()[1])

    def admit(self, connection: _Connection) -> bool:
        """Count a new client; False when there are too many."""
        if self.is_closing or len(self._connections) >= self.limits.connections:
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: _Connection) -> None:
        """Stop counting a client."""
        self._connections.discard(connection)

    async def close(self, *, grace_s: float = 0.0, keep_socket_file: bool = False) -> None:
        """Stop listening, let running handlers finish for `grace_s`, then cancel them.

        With `keep_socket_file` a unix socket stays in its folder and refuses connections, as after a crash.
        """
        self.is_closing = True
        if self._listener is not None:
            self._listener.close()
        if self._socket_file is not None and not keep_socket_file:
            _remove_socket(*self._socket_file)
        for connection in tuple(self._connections):
            connection.finish()
        tasks = [connection.task for connection in self._connections if connection.task is not None]
        if tasks and grace_s > 0:
            await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()


async def serve_unix(
    path: Path | str, handler: Handler, *, limits: Limits = Limits(), mode: int = 0o600, backlog: int = 128
) -> Server:
    """Listen on a unix socket with the given file mode.

    A dead socket file in the way is replaced. A living one, or anything that is no socket, raises `OSError`.
    """
    path = Path(path)
    server = Server(handler, limits)
    listener = bind_unix(path, mode=mode)
    listener.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        server._socket_file = (path, path.stat().st_ino)  # noqa: SLF001 - this module is its factory
        server._listener = await loop.create_unix_server(  # noqa: SLF001 - as above
            lambda: _Connection(server), sock=listener, backlog=backlog
        )
    except BaseException:
        listener.close()
        raise
    return server


async def serve_tcp(host: str, port: int, handler: Handler, *, limits: Limits = Limits(), backlog: int = 128) -> Server:
    """Listen on a TCP address; port 0 takes a free one, see `Server.port`."""
    server = Server(handler, limits)
    loop = asyncio.get_running_loop()
    server._listener = await loop.create_server(  # noqa: SLF001 - this module is its factory
        lambda: _Connection(server), host, port, backlog=backlog
    )
    return server


def bind_unix(path: Path, *, mode: int = 0o600) -> socket.socket:
    """Make a unix socket file that nobody listens on yet: connecting to it is refused.

    Raises `OSError` when something else holds the path.
    """
    _clear_way(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(mode)  # before listen, so nobody connects under the umask's mode
    except BaseException:
        listener.close()
        raise
    return listener


def _clear_way(path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise FileExistsError(errno.EEXIST, "in the way and not a socket", str(path))
    if is_listening(path):
        raise OSError(errno.EADDRINUSE, "somebody listens there already", str(path))
    path.unlink(missing_ok=True)


def is_listening(path: Path) -> bool:
    """Tell whether somebody accepts connections on a unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(1.0)
        try:
            caller.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # full backlog, no permission: somebody's, in any case
    return True


def _remove_socket(path: Path, inode: int) -> None:
    with contextlib.suppress(OSError):
        if path.lstat().st_ino == inode:
            path.unlink()


class _RefusedError(Exception):
    """A request that is answered without asking the handler, and ends its connection."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Connection(asyncio.Protocol):
    """One client: bytes in, requests to the handler one after the other, answers out."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._limits = server.limits
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=self._limits.header_bytes)
        self._incoming = bytearray()
        self._at_eof = False
        self._is_handling = False
        self._is_reading = True
        self._more: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport
        self.task: asyncio.Task[None] | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._server.admit(self):
            self._transport.write(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self._transport.close()
            return
        self._transport.set_write_buffer_limits(high=self._limits.write_ahead_bytes)
        self.task = asyncio.get_running_loop().create_task(self._run(), name="http connection")
        self.task.add_done_callback(self._finished)

    def data_received(self, data: bytes) -> None:
        self._incoming += data
        if self._is_reading and len(self._incoming) >= self._limits.read_ahead_bytes:
            self._is_reading = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._leave()
        return True  # what is written already still goes out; the task closes the transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.resume_writing()
        self._leave()
        if self.task is None:
            self._server.forget(self)

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # What the server calls

    def finish(self) -> None:
        """End now when idle, else after the answer under way."""
        if not self._is_handling and self.task is not None:
            self.task.cancel()

    # The task

    async def _run(self) -> None:
        try:
            while await self._serve_one():
                pass
        except asyncio.CancelledError:
            pass  # the client left or the server closes: either way this task is over
        except h11.LocalProtocolError:
            _log.exception("a handler broke the protocol")

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._server.forget(self)
        self._transport.close()
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
        if self._parser.our_state is not h11.DONE or self._parser.their_state is not h11.DONE or self._at_eof:
            return False
        self._parser.start_next_cycle()
        return not self._server.is_closing

    async def _ask_handler(self, request: Request) -> Reply:
        try:
            return await self._server.handler(request)
        except Exception:  # noqa: BLE001 - a handler's bug must not end the server
            _log.exception("handler failed on %s %s", request.method, request.target)
            return Response.text(500, "internal error")

    async def _next_request(self) -> Request | None:
        """Read one request; None when the client closed or stayed idle too long."""
        try:
            async with asyncio.timeout(self._limits.idle_timeout_s):
                while not self._incoming and not self._parser.trailing_data[0] and not self._at_eof:
                    await self._wait_for_bytes()
        except TimeoutError:
            return None
        try:
            async with asyncio.timeout(self._limits.header_timeout_s):
                head = await self._next_event()
        except TimeoutError:
            raise _RefusedError(408, "the request headers took too long") from None
        if not isinstance(head, h11.Request):
            return None
        if head.method == b"CONNECT":
            raise _RefusedError(405, "CONNECT is not served here")
        try:
            async with asyncio.timeout(self._limits.body_timeout_s):
                body = await self._read_body(head)
        except TimeoutError:
            raise _RefusedError(408, "the request body took too long") from None
        return self._to_request(head, body)

    async def _read_body(self, head: h11.Request) -> bytes:
        declared = next((int(value) for name, value in head.headers if name == b"content-length"), 0)
        if declared > self._limits.body_bytes:
            raise _RefusedError(413, f"the request body is over {self._limits.body_bytes} bytes")
        if self._parser.they_are_waiting_for_100_continue:
            self._write(h11.InformationalResponse(status_code=100, headers=[]))
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > self._limits.body_bytes:
                raise _RefusedError(413, f"the request body is over {self._limits.body_bytes} bytes")
        return bytes(body)

    def _to_request(self, head: h11.Request, body: bytes) -> Request:
        target = head.target.decode("ascii")
        if not target.startswith("/") and "://" not in target and target != "*":
            raise _RefusedError(400, "the request target is neither a path nor a URL")
        remote = self._transport.get_extra_info("peername")
        return Request(
            method=head.method.decode("ascii"),
            target=target,
            headers=tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers),
            body=body,
            remote=(str(remote[0]), int(remote[1])) if isinstance(remote, tuple) else None,
        )

    # Bytes in

    async def _next_event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self._parser.next_event()
            if event is not h11.NEED_DATA:
                return cast("h11.Event | type[h11.PAUSED]", event)
            while not self._incoming and not self._at_eof:
                await self._wait_for_bytes()
            piece = bytes(self._incoming[:_PIECE_BYTES])
            del self._incoming[:_PIECE_BYTES]
            self._parser.receive_data(piece)
            if not self._is_reading and len(self._incoming) < self._limits.read_ahead_bytes:
                self._is_reading = True
                self._transport.resume_reading()

    async def _wait_for_bytes(self) -> None:
        self._more = asyncio.get_running_loop().create_future()
        try:
            await self._more
        finally:
            self._more = None

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
        if isinstance(reply, Response):
            length = ("Content-Length", str(len(reply.body)))
            self._write_head(reply.status, (*reply.headers, length))
            if reply.body and not is_head and reply.status not in {204, 304}:
                self._write(h11.Data(data=reply.body))
            self._write(h11.EndOfMessage())
            await self._drain()
            return
        async with contextlib.aclosing(reply.chunks) as chunks:
            self._write_head(reply.status, reply.headers)
            try:
                if not is_head:
                    async for chunk in chunks:
                        if chunk:
                            self._write(h11.Data(data=chunk))
                            await self._drain()
            except Exception:  # noqa: BLE001 - too late for a status: cutting the stream is the only honest end
                _log.exception("a streaming handler failed")
                self._transport.abort()
                return
            self._write(h11.EndOfMessage())
            await self._drain()

    def _write_head(self, status: int, headers: Iterable[Header]) -> None:
        closing = [("Connection", "close")] if self._server.is_closing or self._at_eof else []
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in (*headers, *closing)]
        encoded.append((b"Date", _http_date(time.time())))
        self._write(h11.Response(status_code=status, headers=encoded))

    def _write(self, event: h11.Event) -> None:
        data = self._parser.send(event)
        if data and not self._transport.is_closing():
            self._transport.write(data)

    async def _drain(self) -> None:
        if self._writable is not None:
            await self._writable

    async def _refuse(self, status: int, reason: str) -> None:
        """Say why, then read on a little: a connection closed on unread bytes takes the answer with it."""
        if self._parser.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        body = f"{reason}\n".encode()
        headers = (
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        )
        self._write_head(status, headers)
        self._write(h11.Data(data=body))
        self._write(h11.EndOfMessage())
        await self._drain()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while not self._at_eof:
                    self._incoming.clear()
                    if not self._is_reading:
                        self._is_reading = True
                        self._transport.resume_reading()
                    await self._wait_for_bytes()


def _http_date(now_s: float) -> bytes:
    moment = time.gmtime(now_s)
    day, month = _WEEKDAYS[moment.tm_wday], _MONTHS[moment.tm_mon - 1]
    clock = f"{moment.tm_hour:02}:{moment.tm_min:02}:{moment.tm_sec:02}"
    return f"{day}, {moment.tm_mday:02} {month} {moment.tm_year} {clock} GMT".encode()
