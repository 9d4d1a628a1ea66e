"""Waiting for bytes without the turn of the loop that a future usually takes between its result and its task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVar

Value = TypeVar("Value")


class Awaited(asyncio.Future[Value]):
    """Something one task waits for, which goes on at once when a transport brings it.

    A future that gets its result has its task run in the next turn of the loop. Of a small request through a proxy each
    such turn is a twentieth. Everything but `bring` is as in any future: cancelling and failing wait for their turn.
    """

    _wake: Callable[[Any], object] | None = None
    _context: Context | None = None

    def add_done_callback(
        self,
        fn: Callable[[Any], object],
        /,
        *,
        context: Context | None = None,
    ) -> None:
        """Remember the task that waits."""
        super().add_done_callback(fn, context=context)
        self._wake, self._context = fn, context

    def bring(self, value: Value) -> bool:
        """Set the result, and let the task go on before this returns; False = not now, and nothing was done.

        That is so where it is done already, nobody waits yet, or another task runs this: one cannot run inside another.
        """
        wake, context = self._wake, self._context
        if wake is None or context is None or self.done() or asyncio.current_task(self.get_loop()) is not None:
            return False
        self.remove_done_callback(wake)
        self.set_result(value)
        context.run(wake, self)
        return True


class PromptReader(asyncio.StreamReader):
    """A stream reader that hands over what has come as it is, where its reader waits for it.

    asyncio's own copies everything twice, into its buffer and out of it.
    """

    def __init__(self, limit: int) -> None:
        """Pause the transport when twice `limit` bytes lie here."""
        super().__init__(limit=limit, loop=asyncio.get_running_loop())
        self._awaited: Awaited[bytes | None] | None = None
        """For what comes next; None as its result = look into the buffer."""
        self._wanted = 0
        self._has_stored = False
        """Whether bytes may lie in the buffer."""

    def feed_data(self, data: Any) -> None:  # noqa: ANN401 - as the types of asyncio declare it
        """Take in what has come."""
        if self._awaited is not None and 0 < len(data) <= self._wanted and self._awaited.bring(bytes(data)):
            return
        self._has_stored = True
        super().feed_data(data)
        self._look()

    def feed_eof(self) -> None:
        """Take in that nothing more will come."""
        super().feed_eof()
        self._look()

    def set_exception(self, exc: Exception) -> None:
        """Take in that the stream is broken."""
        super().set_exception(exc)
        self._look()

    async def read(self, n: int = -1) -> bytes:
        """Return what there is, or comes next; at most `n` bytes."""
        if n > 0 and not self._has_stored and not self.at_eof() and self.exception() is None:
            self._awaited, self._wanted = Awaited[bytes | None](loop=asyncio.get_running_loop()), n
            try:
                if (data := await self._awaited) is not None:
                    return data
            finally:
                self._awaited = None
        data = await super().read(n)
        self._has_stored = self._has_stored and len(data) == n
        return data

    def _look(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)


class Deadline:
    """`asyncio.timeout` as a plain context, at half its price: leaving it too late raises `TimeoutError`."""

    __slots__ = ("_cancelled_before", "_is_over", "_task", "_timeout_s", "_timer")

    def __init__(self, timeout_s: float) -> None:
        """Give what is awaited inside so long."""
        self._timeout_s = timeout_s
        self._is_over = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline belongs to a task")
        self._task = task
        self._cancelled_before = task.cancelling()
        self._timer = task.get_loop().call_later(self._timeout_s, self._end)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._timer.cancel()
        # As asyncio counts them: where somebody else cancels the task too, it is theirs to hear of.
        if self._is_over and self._task.uncancel() <= self._cancelled_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _end(self) -> None:
        self._is_over = True
        self._task.cancel()
