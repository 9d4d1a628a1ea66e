"""One stream of the daemon for all who follow it: begun with the first reader, ended with the last.

Each reader has a mailbox of its own, so a slow one loses its oldest items, is told how many, and holds up nobody.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Generic, TypeVar

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.server.mailbox import Mailbox, Silence

T = TypeVar("T")

_log = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Items that one reader may leave untaken."""

SILENCE_S = 30.0
"""After so long without news a blank line is sent, which readers of lines skip: it finds out who has gone."""


class Shared(Generic[T]):
    """A source, and who reads it."""

    def __init__(
        self,
        source: Callable[[], AsyncGenerator[T, None]],
        name: str,
        *,
        keep: Callable[[T], str] = lambda _: "",
        most_waiting: int = MOST_WAITING,
        silence_s: float = SILENCE_S,
    ) -> None:
        """Share `source`, whose first item says that it stands and whose failure to stand is raised from it.

        Of items for which `keep` returns a key, the newest of each key is told to later readers as well.
        """
        self._source = source
        self._name = name
        self._keep = keep
        self._most_waiting = most_waiting
        self._silence_s = silence_s
        self._readers: dict[Mailbox[T], Callable[[T], bool]] = {}
        self._kept: dict[str, T] = {}
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._stands: asyncio.Future[None] | None = None

    @property
    def readers(self) -> int:
        """How many follow now."""
        return len(self._readers)

    async def follow(
        self, write: Callable[[T, int], bytes], wants: Callable[[T], bool] = lambda _: True
    ) -> AsyncGenerator[bytes, None]:
        """Return the lines for one reader, once the source stands; raise `LocalAPIError` when it does not.

        `write` spells an item and how many were lost before it. Close what is returned to leave.
        """
        box: Mailbox[T] = Mailbox(self._most_waiting)
        for item in self._kept.values():
            if wants(item):
                box.put(item)
        self._readers[box] = wants
        try:
            await asyncio.shield(self._start())
        except BaseException:  # refused or cancelled: this reader is none
            self._leave(box)
            raise
        return _Lines(box, write, lambda: self._leave(box), self._silence_s)

    async def aclose(self) -> None:
        """End it for everybody."""
        for box in self._readers:
            box.close()
        stands = self._stands
        self._stop()
        if stands is not None:
            self._fail(stands, None)
        if self._ending:
            await asyncio.wait(self._ending)

    def _leave(self, box: Mailbox[T]) -> None:
        self._readers.pop(box, None)
        if not self._readers:
            self._stop()

    def _start(self) -> asyncio.Future[None]:
        if self._stands is None or self._task is None:
            loop = asyncio.get_running_loop()
            self._stands = loop.create_future()
            self._task = loop.create_task(self._run(self._stands), name=f"shared {self._name}")
        return self._stands

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._ending.add(self._task)
            self._task.add_done_callback(self._ending.discard)
        self._task = self._stands = None
        self._kept.clear()

    async def _run(self, stands: asyncio.Future[None]) -> None:
        error: Exception | None = None
        try:
            async with aclosing(self._source()) as items:
                async for item in items:
                    self._tell(item)
                    if not stands.done():
                        stands.set_result(None)
        except LocalAPIError as refusal:
            error = refusal
        except Exception as fault:  # noqa: BLE001 - a bug of ours must end the streams, not leave them hanging
            _log.exception("%s failed", self._name)
            error = fault
        self._end(stands, error)

    def _end(self, stands: asyncio.Future[None], error: Exception | None) -> None:
        """Tell everybody that it is over; whoever comes next begins it anew."""
        self._task = self._stands = None
        self._kept.clear()
        self._fail(stands, error)
        for box in self._readers:
            box.close(error)

    def _fail(self, stands: asyncio.Future[None], error: Exception | None) -> None:
        """Tell those who wait for the source to stand that it will not."""
        if not stands.done():
            stands.set_exception(error or EOFError(f"{self._name} ended before it began"))
            stands.exception()  # those who wait get it; if nobody does any more, it is nobody's loss

    def _tell(self, item: T) -> None:
        if key := self._keep(item):
            self._kept[key] = item
        for box, wants in self._readers.items():
            if wants(item):
                box.put(item)


class _Lines(AsyncGenerator[bytes, None], Generic[T]):
    """What one reader is sent. Not a generator function: that would not leave if it were closed before it began."""

    def __init__(
        self, box: Mailbox[T], write: Callable[[T, int], bytes], leave: Callable[[], None], silence_s: float
    ) -> None:
        self._box = box
        self._write = write
        self._leave = leave
        self._silence_s = silence_s
        self._is_over = False

    async def asend(self, value: None) -> bytes:  # noqa: ARG002 - as its base declares it
        """Return the next line."""
        if self._is_over:
            raise StopAsyncIteration
        try:
            taken = await self._box.take(self._silence_s)
        except Silence:
            return b"\n"
        except BaseException:  # whatever ends it: this reader has gone
            await self.aclose()
            raise
        if taken is None:
            await self.aclose()
            raise StopAsyncIteration
        return self._write(*taken)

    async def athrow(
        self,
        kind: Any,  # noqa: ANN401 - as its base declares it
        value: Any = None,  # noqa: ANN401 - as above
        trace: TracebackType | None = None,  # noqa: ARG002 - as above
        /,
    ) -> bytes:
        """End it with an error."""
        await self.aclose()
        raise kind if value is None else value

    async def aclose(self) -> None:
        """Leave."""
        if not self._is_over:
            self._is_over = True
            self._leave()
