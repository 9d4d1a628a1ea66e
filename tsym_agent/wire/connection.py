"""One client connection: bytes of a stream on one side, requests and answers of HTTP/1.1 on the other.

Plain answers are read by `wire.plain`; one that is odd in any way is handed to h11 with all that has come of it.

It holds no policy: no pool, no deadline, no retry. Whoever owns it closes it.
"""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, cast

import h11

from tsym_agent.wire.errors import ConnectError, DisconnectedError, ProtocolError, TooLargeError
from tsym_agent.wire.plain import ChunkReader, PlainAnswer, read_answer, write_head
from tsym_agent.wire.streams import Opener

READ_BYTES = 1024 * 1024
"""Whatever has come in is taken at once: a dozen smaller reads of a 1 MB status cost half as much again."""

MAX_HEAD_BYTES = 64 * 1024

_BEGIN = b"HTTP/1.1 "
_END_OF_HEAD = re.compile(rb"\n\r?\n")

Header = tuple[bytes, bytes]


class _Sent(NamedTuple):
    """A request, kept until its answer turns out to be a plain one."""

    method: str
    target: str
    headers: list[Header]
    body: bytes


class Connection:
    """One open stream that speaks HTTP/1.1 as a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sent: _Sent | None = None
        self._data = b""
        """Received, and not read yet."""
        self._answer: PlainAnswer | None = None
        self._left = 0
        """Of the body of a plain answer that says its length."""
        self._chunks: ChunkReader | None = None
        """Of the body of a plain answer that comes in chunks."""
        self._waits_for_more = False
        """Whether what is left of the data is the begin of something: all chunks that it holds were taken."""
        self._http: h11.Connection | None = None
        """Reads an answer that is not plain."""
        self._is_ended = False
        self._has_received = False

    @classmethod
    async def open(cls, opener: Opener) -> Connection:
        """Open a stream; raise `ConnectError` with the system's reason."""
        try:
            reader, writer = await opener.open()
        except OSError as error:
            raise ConnectError(error) from error
        except (ValueError, OverflowError) as error:  # an address no system call would take: a NUL, a port of 70000
            raise ConnectError(OSError(errno.EINVAL, str(error))) from error
        return cls(reader, writer)

    @property
    def is_open(self) -> bool:
        """Whether both sides still hold the stream, as far as we were told."""
        return not self._reader.at_eof() and not self._writer.transport.is_closing()

    async def send(self, method: str, target: str, headers: Sequence[Header], body: bytes) -> None:
        """Send one whole request; raise `DisconnectedError` when the other side is gone."""
        self._has_received = False
        self._sent = _Sent(method, target, list(headers), body)
        self._writer.write(write_head(f"{method} {target} HTTP/1.1\r\n".encode(), headers) + body)
        if self.is_open and not self._writer.transport.get_write_buffer_size():
            return
        try:
            await self._writer.drain()
        except OSError as error:
            raise DisconnectedError("the connection broke while sending", nothing_received=True) from error

    def take_as_sent(self, method: str) -> None:
        """Be ready for the answer to a request that went another way than over this stream."""
        self._sent = _Sent(method, "/", [(b"Host", b"elsewhere")], b"")

    async def read_head(self) -> tuple[int, list[Header]]:
        """Return status and headers of the answer."""
        while self._http is None:
            if (answer := self._plain_answer()) is not None:
                self._begin(answer)
                return answer.status, answer.headers
            if self._is_ended or not _may_become_plain(self._data):
                self._http = self._to_h11()
            else:
                self._data += await self._read()
        while True:
            event = await self._next_event(self._http)
            if isinstance(event, h11.Response):
                return event.status_code, cast("list[Header]", list(event.headers))
            if not isinstance(event, h11.InformationalResponse):
                raise ProtocolError("not an HTTP answer")

    async def read_some(self) -> bytes | bytearray | None:
        """Return the next bytes of the body; None at its end."""
        if self._http is not None:
            event = await self._next_event(self._http)
            if isinstance(event, h11.Data):
                return event.data
            if isinstance(event, h11.EndOfMessage):
                return None
            raise ProtocolError("an HTTP answer out of order")
        while not self._is_read():
            if not self._data or self._waits_for_more:
                more = await self._read()
                if self._is_ended:
                    raise self._cut_short()
                self._data = self._data + more if self._data else more
            if piece := self._take():
                return piece
        return None

    def reuse(self) -> bool:
        """Make ready for another request; False when this connection has served its last."""
        if not self.is_open or not (self._is_read() if self._http is None else _is_done(self._http)):
            return False
        if self._data or (self._answer is not None and self._answer.is_last):
            return False  # bytes nobody asked for would be taken for the next answer
        self._http = self._answer = self._chunks = self._sent = None
        return True

    def abort(self) -> None:
        """Close at once, whatever is still under way."""
        self._writer.transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the system has let go of an aborted stream."""
        with suppress(OSError):  # it is closed either way, and its owner has long been told why
            await self._writer.wait_closed()

    def _plain_answer(self) -> PlainAnswer | None:
        if self._sent is None or self._sent.method == "HEAD":
            return None
        answer = read_answer(self._data)
        return answer if answer is not None and answer.head_length <= MAX_HEAD_BYTES else None

    def _begin(self, answer: PlainAnswer) -> None:
        self._data = self._data[answer.head_length :]
        self._answer = answer
        self._left = answer.length or 0
        self._chunks = ChunkReader() if answer.length is None else None
        self._waits_for_more = False

    def _is_read(self) -> bool:
        """Whether a plain answer has come to its end."""
        return self._chunks.is_done if self._chunks is not None else self._answer is not None and not self._left

    def _take(self) -> bytes:
        """Take what there is of a plain answer's body."""
        if self._chunks is not None:
            piece, self._data = self._chunks.take(self._data)
            self._waits_for_more = True
            return piece
        piece = self._data if len(self._data) <= self._left else self._data[: self._left]
        self._data = self._data[len(piece) :]
        self._left -= len(piece)
        return piece

    def _to_h11(self) -> h11.Connection:
        """Make a parser that knows what was asked and has been told what came so far."""
        if self._sent is None:
            raise ProtocolError("an HTTP answer that nobody asked for")
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        http.send(h11.Request(method=self._sent.method, target=self._sent.target, headers=self._sent.headers))
        if self._sent.body:
            http.send(h11.Data(data=self._sent.body))
        http.send(h11.EndOfMessage())
        if self._data:
            http.receive_data(self._data)
        if self._is_ended:
            http.receive_data(b"")
        self._data = b""
        return http

    async def _next_event(self, http: h11.Connection) -> h11.Event:
        while True:
            try:
                event = http.next_event()
            except h11.RemoteProtocolError as error:
                raise self._explain(error) from error
            if event is not h11.NEED_DATA:
                return cast("h11.Event", event)
            http.receive_data(await self._read())

    async def _read(self) -> bytes:
        try:
            data = await self._reader.read(READ_BYTES)
        except OSError as error:
            raise DisconnectedError("the connection broke", nothing_received=not self._has_received) from error
        self._is_ended = not data
        self._has_received = self._has_received or bool(data)
        return data

    def _cut_short(self) -> DisconnectedError:
        words = "closed in the middle of an answer" if self._has_received else "closed without an answer"
        return DisconnectedError(words, nothing_received=not self._has_received)

    def _explain(self, error: h11.RemoteProtocolError) -> ProtocolError | DisconnectedError | TooLargeError:
        if self._is_ended:
            return self._cut_short()
        if error.error_status_hint == 431:
            return TooLargeError(f"an answer whose head is over {MAX_HEAD_BYTES} bytes")
        return ProtocolError("not an HTTP answer")  # h11 would quote it, and it may hold a secret


def _may_become_plain(data: bytes) -> bool:
    """Whether more bytes could make a plain head of these."""
    is_begun = data[: len(_BEGIN)] == _BEGIN[: len(data)]
    return is_begun and len(data) <= MAX_HEAD_BYTES and not _END_OF_HEAD.search(data)


def _is_done(http: h11.Connection) -> bool:
    """Whether a parser has come to the end of both messages, with nothing behind them."""
    return http.our_state is h11.DONE and http.their_state is h11.DONE and not http.trailing_data[0]
