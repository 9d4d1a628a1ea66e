"""A tailscaled that says what a test tells it to, over a real socket.

It has the daemon's manners (Host and Origin guard, its version in a header, Go's words for an unknown endpoint) and,
where a test wants that, none: raw bytes are sent as they are. Scripts are functions, so that they may also hang, stream
or hang up.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

VERSION = "1.102.3-tfake-gfake"
DEADLINE_S = 5.0

_KEEP_SOCKET: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""A killed daemon leaves its socket file; from 3.13 on asyncio would tidy it up."""


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        return urlsplit(self.target).path.removeprefix("/localapi/v0/")

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes | str = b"", status: int = 200, **headers: str) -> bytes:
    """Write an answer as the daemon does."""
    content = body.encode() if isinstance(body, str) else body
    fields = {"Tailscale-Version": VERSION, "Content-Length": str(len(content))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM_END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """Wrap bytes as one chunk of a streamed body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
    """Never answer: what a ping of a dead peer does."""
    await asyncio.Event().wait()


async def hang_up(_request: Request, writer: asyncio.StreamWriter) -> None:
    """Close without a word."""
    writer.close()


class _Reader(asyncio.StreamReader):
    """A reader that says when the other side has gone, without taking its bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.ended.set()

    def set_exception(self, exc: BaseException | type[BaseException]) -> None:
        super().set_exception(exc)  # type: ignore[arg-type]  # typeshed asks for less than asyncio passes
        self.ended.set()


class FakeDaemon:
    """Listens on a unix socket, or on loopback TCP when it demands a `token`."""

    def __init__(self, token: str | None = None) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.open_connections = 0
        self.port = 0
        self._token = token
        self._folder = Path(tempfile.mkdtemp(prefix="tsym-", dir="/tmp"))
        self._scripts: dict[str, list[bytes | Script]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    @property
    def path(self) -> str:
        return str(self._folder / "s")

    def on(self, name: str, *scripts: bytes | Script) -> None:
        """Say what to answer about `name`, one script a request; the last one stays."""
        self._scripts[name] = list(scripts)

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that a request or a connection changes."""
        async with asyncio.timeout(DEADLINE_S), self._changed:
            await self._changed.wait_for(condition)

    async def start(self) -> None:
        """Listen, again after `stop` on the same path."""
        loop = asyncio.get_running_loop()
        if self._token is None:
            self._server = await loop.create_unix_server(self._protocol, self.path, **_KEEP_SOCKET)
        else:
            self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop as a killed daemon does: every connection breaks, the socket file stays."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop_connections()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def drop_connections(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        shutil.rmtree(self._folder)

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        reader = _Reader()
        return asyncio.StreamReaderProtocol(reader, lambda _, writer: self._serve(reader, writer))

    async def _serve(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self.open_connections += 1
        try:
            while (request := await _read_request(reader)) is not None:
                self.requests.append(request)
                await self._notify()
                await self._answer_unless_left(request, reader, writer)
        except (asyncio.CancelledError, ConnectionError):
            pass  # the connection is over; whoever ended it is waiting for just that
        finally:
            writer.transport.abort()
            self.open_connections -= 1
            await self._notify()

    async def _answer_unless_left(self, request: Request, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        """Answer; a client that hangs up meanwhile ends the script, as it cancels a handler in Go."""
        answering = asyncio.ensure_future(self._answer(request, writer))
        leaving = asyncio.ensure_future(reader.ended.wait())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for half in (answering, leaving):
                half.cancel()
            await asyncio.wait({answering, leaving})
        if not answering.cancelled():
            answering.result()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        script = self._script_for(request)
        if isinstance(script, bytes):
            writer.write(script)
            await writer.drain()
        else:
            await script(request, writer)

    def _script_for(self, request: Request) -> bytes | Script:
        if request.headers.get("host") != "local-tailscaled.sock" or {"origin", "referer"} & request.headers.keys():
            return answer("invalid localapi request\n", 403)
        if self._token is not None:
            login = base64.b64encode(f":{self._token}".encode()).decode()
            if request.headers.get("authorization") != f"Basic {login}":
                return answer("auth required\n", 401, WWW_Authenticate='Basic realm="x"')
        scripts = self._scripts.get(request.name)
        if not scripts:
            return answer("404 page not found\n", 404)
        return scripts.pop(0) if len(scripts) > 1 else scripts[0]

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)
