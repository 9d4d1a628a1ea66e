"""Reading the source: one task that turns its changes into pictures, at the pace that they can be read.

A burst of changes becomes one picture, a picture is derived in a thread from the one before it, and after a costly one
the next waits longer: the thread shares the interpreter with the screen, and a key that comes meanwhile waits for both.
Ages move without a change, so at least one picture a second is looked at.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from tsym_agent.model.snapshot import Snapshot
from tsym_tui.ui.source import SnapshotSource
from tsym_tui.ui.views import Picture, read_picture

LEAST_GAP_S = 0.1
"""Between two pictures; a person reads no faster."""

SHARE = 0.05
"""Of the time at most goes into pictures; of a large tailnet there are fewer instead."""

MOST_GAP_S = 3.0
"""The longest rest: the first picture of a large tailnet takes long, and the ones after it do not."""

AGE_EVERY_S = 1.0


async def watch(source: SnapshotSource, publish: Callable[[Picture], None]) -> None:
    """Publish pictures until the source ends; raises what broke it."""
    rung = asyncio.Event()
    listener = asyncio.create_task(_listen(source, rung), name="changes")
    last: Picture | None = None
    try:
        while not listener.done():
            snapshot = source.snapshot()
            cost_s = 0.0
            if last is None or snapshot is not last.snapshot:
                picture, cost_s = await asyncio.to_thread(_read, snapshot, last)
                publish(picture)
                last = picture
            await asyncio.sleep(min(MOST_GAP_S, max(LEAST_GAP_S, cost_s / SHARE)))
            with suppress(TimeoutError):
                async with asyncio.timeout(AGE_EVERY_S):
                    await rung.wait()
            rung.clear()
        listener.result()
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


def _read(snapshot: Snapshot, before: Picture | None) -> tuple[Picture, float]:
    """Derive a picture, and tell what that took of the processor: waiting for others is no work."""
    began_s = time.thread_time()
    return read_picture(snapshot, before), time.thread_time() - began_s


async def _listen(source: SnapshotSource, rung: asyncio.Event) -> None:
    """Note that something has changed."""
    try:
        async for _ in source.changes():
            rung.set()
    finally:
        rung.set()
