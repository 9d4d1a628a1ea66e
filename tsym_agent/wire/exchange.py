"""What an HTTP server is asked and answers, as values, and what it lets one client cost."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

Header = tuple[str, str]


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
    write_timeout_s: float = 60.0
    """How long a client may leave its answer untaken before it is cut off."""
    connections: int = 512


DEFAULT_LIMITS = Limits()


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


class CutShortError(Exception):
    """Raised by a stream that cannot be completed: the client is cut off, so that it does not take it for whole."""


@dataclass(frozen=True, slots=True)
class StreamingResponse:
    """An answer that comes in pieces; a slow client slows the generator down, a leaving one closes it."""

    chunks: AsyncGenerator[bytes, None]
    status: int = 200
    headers: tuple[Header, ...] = ()


Reply = Response | StreamingResponse
Handler = Callable[[Request], Awaitable[Reply]]
