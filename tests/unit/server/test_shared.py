"""One source for many readers: what each is told when it ends, and that nobody is left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from tsym_agent.localapi.errors import DaemonUnreachableError
from tsym_agent.server.shared import Shared


class Sources:
    """Makes sources whose items a test tells."""

    def __init__(self) -> None:
        self.queues: list[asyncio.Queue[str | Exception]] = []

    def make(self) -> AsyncGenerator[str, None]:
        self.queues.append(asyncio.Queue())
        return self._items(self.queues[-1])

    def tell(self, item: str | Exception) -> None:
        """Tell the source that was made last."""
        self.queues[-1].put_nowait(item)

    @staticmethod
    async def _items(queue: asyncio.Queue[str | Exception]) -> AsyncGenerator[str, None]:
        yield "stands"
        while not isinstance(item := await queue.get(), Exception):
            yield item
        raise item


def write(item: str, _lost: int) -> bytes:
    return item.encode()


async def test_who_reads_late_of_a_source_that_ended_is_told_nothing_of_the_next() -> None:
    sources = Sources()
    shared = Shared(sources.make, "test")
    slow, quick = await asyncio.gather(shared.follow(write), shared.follow(write))
    sources.tell(DaemonUnreachableError("there", "it broke"))
    assert await anext(quick) == b"stands"
    with pytest.raises(DaemonUnreachableError):
        await anext(quick)

    later = await shared.follow(write)

    assert await anext(later) == b"stands"
    assert await anext(slow) == b"stands"
    with pytest.raises(DaemonUnreachableError):
        await anext(slow)
    await shared.aclose()


async def test_closing_ends_those_who_wait_for_the_source_to_stand() -> None:
    async def never() -> AsyncGenerator[str, None]:
        await asyncio.Event().wait()
        yield "stands"

    shared = Shared(never, "test")
    waiting = asyncio.create_task(shared.follow(write))
    await asyncio.sleep(0)

    await shared.aclose()

    with pytest.raises(EOFError, match="test"):
        await asyncio.wait_for(waiting, 5)
    assert shared.readers == 0
