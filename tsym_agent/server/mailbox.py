"""What waits for one reader of a stream: so much and no more, the oldest dropped and counted."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Silence(Exception):  # noqa: N818 - nothing is wrong: nothing came in time
    """Nothing came within the time given."""


class Taken(NamedTuple, Generic[T]):
    """One item, and how many were dropped before it."""

    item: T
    lost: int


class Mailbox(Generic[T]):
    """Items for one reader, in order."""

    def __init__(self, most: int) -> None:
        self._items: deque[T] = deque()
        self._most = most
        self._lost = 0
        self._is_closed = False
        self._error: Exception | None = None
        self._wake = asyncio.Event()

    def put(self, item: T) -> None:
        """Let an item wait; the oldest makes room for it. A box that was closed takes none."""
        if self._is_closed:
            return
        if len(self._items) >= self._most:
            self._items.popleft()
            self._lost += 1
        self._items.append(item)
        self._wake.set()

    def close(self, error: Exception | None = None) -> None:
        """Say that no more will come; who has read all is told why."""
        self._is_closed, self._error = True, error
        self._wake.set()

    async def take(self, silence_s: float | None = None) -> Taken[T] | None:
        """Wait for the next item; None at the end.

        Raises what the box was closed with, and `Silence` when nothing came in time.
        """
        try:
            async with asyncio.timeout(silence_s):
                while not self._items and not self._is_closed:
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            raise Silence from None
        if self._items:
            lost, self._lost = self._lost, 0
            return Taken(self._items.popleft(), lost)
        if self._error is not None:
            raise self._error
        return None
