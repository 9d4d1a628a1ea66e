"""One client connection: bytes of a stream on one side, HTTP/1.1 events of h11 on the other.

It holds no policy: no pool, no deadline, no retry. Whoever owns it closes it.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import h11

from tsym_agent.wire.errors import ConnectError, DisconnectedError, ProtocolError, TooLargeError
from tsym_agent.wire.streams import Opener

READ_BYTES = 1024 * 1024
"""Whatever has come in is taken at once: a dozen smaller reads of a 1 MB status cost half as much again."""

MAX_HEAD_BYTES = 64 * 1024

Header = tuple[bytes, bytes]


class Connection:
    """One open stream that speaks HTTP/1.1 as a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
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
        events: list[h11.Event] = [h11.Request(method=method, target=target, headers=list(headers))]
        if body:
            events.append(h11.Data(data=body))
        events.append(h11.EndOfMessage())
        self._writer.write(b"".join(self._http.send(event) or b"" for event in events))
        try:
            await self._writer.drain()
        except OSError as error:
            raise DisconnectedError("the connection broke while sending", nothing_received=True) from error

    def take_as_sent(self, method: str) -> None:
        """Be ready for the answer to a request that went another way than over this stream."""
        self._http.send(h11.Request(method=method, target="/", headers=[("Host", "elsewhere")]))
        self._http.send(h11.EndOfMessage())

    async def read_head(self) -> tuple[int, list[Header]]:
        """Return status and headers of the answer."""
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                return event.status_code, cast("list[Header]", list(event.headers))
            if not isinstance(event, h11.InformationalResponse):
                raise ProtocolError("not an HTTP answer")

    async def read_some(self) -> bytes | bytearray | None:
        """Return the next bytes of the body; None at its end."""
        event = await self._next_event()
        if isinstance(event, h11.Data):
            return event.data
        if isinstance(event, h11.EndOfMessage):
            return None
        raise ProtocolError("an HTTP answer out of order")

    def reuse(self) -> bool:
        """Make ready for another request; False when this connection has served its last."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE or not self.is_open:
            return False
        if self._http.trailing_data[0]:  # bytes nobody asked for would be taken for the next answer
            return False
        self._http.start_next_cycle()
        return True

    def abort(self) -> None:
        """Close at once, whatever is still under way."""
        self._writer.transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the system has let go of an aborted stream."""
        with suppress(OSError):  # it is closed either way, and its owner has long been told why
            await self._writer.wait_closed()

    async def _next_event(self) -> h11.Event:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise self._explain(error) from error
            if event is not h11.NEED_DATA:
                return cast("h11.Event", event)
            self._http.receive_data(await self._read())

    async def _read(self) -> bytes:
        try:
            data = await self._reader.read(READ_BYTES)
        except OSError as error:
            raise DisconnectedError("the connection broke", nothing_received=not self._has_received) from error
        self._is_ended = not data
        self._has_received = self._has_received or bool(data)
        return data

    def _explain(self, error: h11.RemoteProtocolError) -> ProtocolError | DisconnectedError | TooLargeError:
        if self._is_ended:
            words = "closed in the middle of an answer" if self._has_received else "closed without an answer"
            return DisconnectedError(words, nothing_received=not self._has_received)
        if error.error_status_hint == 431:
            return TooLargeError(f"an answer whose head is over {MAX_HEAD_BYTES} bytes")
        return ProtocolError("not an HTTP answer")  # h11 would quote it, and it may hold a secret
