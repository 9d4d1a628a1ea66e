"""What stream tests share: a daemon's streams as scripts, and following without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TypeVar

from tests.unit.fake_daemon import STREAM_END, STREAM_HEAD, Request, Script, chunk

T = TypeVar("T")

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
NOON_TEXT = "2026-05-01T12:00:00.000Z"


def at_noon() -> datetime:
    """Stand still."""
    return NOON


async def no_wait(_delay_s: float) -> None:
    """Sleep not at all, but let others run."""
    await asyncio.sleep(0)


def stream(*chunks: bytes, ends: bool = False) -> Script:
    """Send chunks, and end or stay open."""

    async def script(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + b"".join(chunk(part) for part in chunks))
        if ends:
            writer.write(STREAM_END)
        else:
            await asyncio.Event().wait()

    return script


async def take(source: AsyncGenerator[T, None], count: int) -> list[T]:
    """Return the first values of a stream and leave it."""
    taken: list[T] = []
    async with asyncio.timeout(5), aclosing(source) as values:
        async for value in values:
            taken.append(value)
            if len(taken) == count:
                break
    return taken
