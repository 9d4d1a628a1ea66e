"""The IPN bus as one endless iterator of notices.

What happened while its stream was broken is not told. So after each gap the reader gets `RESUMED` and reads status
afresh; how streams are mended stands in `tsym_agent.localapi.following`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from tsym_agent.localapi.errors import BadAnswerError
from tsym_agent.localapi.following import Following, LineBuffer, Target, Turn
from tsym_agent.localapi.refusals import from_wire
from tsym_agent.model.notify import RESUMED, BusMask, Notify, parse_notify
from tsym_agent.model.payload import PayloadError
from tsym_agent.wire.errors import TooLargeError

MAX_LINE_BYTES = 64 * 1024 * 1024
"""Lines have no bound of their own (a netmap is one line); ours only keeps a fault from taking all memory."""


@dataclass(frozen=True, slots=True)
class BusWatch(Following):
    """How to watch."""

    max_line_bytes: int = MAX_LINE_BYTES

    async def notices(self, mask: BusMask) -> AsyncGenerator[Notify, None]:
        """Yield notices until the client is closed, `RESUMED` after each gap."""
        has_been_up = False
        async with aclosing(self.told(mask)) as told:
            async for word in told:
                if isinstance(word, Notify):
                    yield word
                elif word is Turn.UP:
                    if has_been_up:
                        yield RESUMED
                    has_been_up = True

    async def told(self, mask: BusMask, *, must_stand_at_once: bool = False) -> AsyncGenerator[Notify | Turn, None]:
        """Yield notices, and how the stream stands, until the client is closed."""
        lines = LineBuffer(self.max_line_bytes)
        target = Target("watch-ipn-bus", f"/localapi/v0/watch-ipn-bus?mask={int(mask)}")
        async with aclosing(self.pieces(target, must_stand_at_once=must_stand_at_once)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Turn):
                    lines = LineBuffer(self.max_line_bytes)
                    yield piece
                    continue
                for notice in self._read(lines, piece):
                    yield notice

    def _read(self, lines: LineBuffer, chunk: bytes) -> list[Notify]:
        try:
            return [parse_notify(line) for line in lines.feed(chunk)]
        except TooLargeError as error:
            raise from_wire(self.http.where, error) from error
        except PayloadError as error:
            raise BadAnswerError(self.http.where, f"watch-ipn-bus: {error}") from error
