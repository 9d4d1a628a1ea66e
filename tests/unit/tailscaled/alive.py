"""What other processes do: whether one lives, and waiting for what they bring about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

DEADLINE_S = 10.0


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and is not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until(condition: Callable[[], object]) -> None:
    """Return once something holds that other processes bring about."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - nobody here is told
            await asyncio.sleep(0.01)
