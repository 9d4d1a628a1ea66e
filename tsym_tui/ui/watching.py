"""Reading the source: one task that turns its changes into pictures, at the pace that they can be read.

A burst of changes becomes one picture, a picture is derived in a thread, and after a costly one the next waits longer,
so that a large tailnet never takes the whole machine. Ages move without a change, so at least one picture a second is
looked at.
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

COST_FACTOR = 3.0
"""A picture that took this long to derive buys that many times as much rest."""

AGE_EVERY_S = 1.0


async def watch(source: SnapshotSource, publish: Callable[[Picture], None]) -> None:
    """Publish pictures until the source ends; raises what broke it."""
    rung = asyncio.Event()
    listener = asyncio.create_task(_listen(source, rung), name="changes")
    last: Snapshot | None = None
    try:
        while not listener.done():
            snapshot = source.snapshot()
            cost_s = 0.0
            if snapshot is not last:
                began = time.perf_counter()
                publish(await asyncio.to_thread(read_picture, snapshot))
                cost_s = time.perf_counter() - began
                last = snapshot
            await asyncio.sleep(max(LEAST_GAP_S, COST_FACTOR * cost_s))
            with suppress(TimeoutError):
                async with asyncio.timeout(AGE_EVERY_S):
                    await rung.wait()
            rung.clear()
        listener.result()
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def _listen(source: SnapshotSource, rung: asyncio.Event) -> None:
    """Note that something has changed."""
    try:
        async for _ in source.changes():
            rung.set()
    finally:
        rung.set()
