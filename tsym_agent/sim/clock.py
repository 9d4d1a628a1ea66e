"""Virtual time: real time since the start, faster or slower."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

DAY_S = 86_400.0


class Clock(Protocol):
    """Virtual time."""

    speed: float
    """Virtual seconds in a real one."""

    def now_s(self) -> float:
        """Return the virtual second it is."""

    async def sleep(self, virtual_s: float) -> None:
        """Wait."""


class RunningClock:
    """Counts virtual seconds from its making."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.monotonic()

    def now_s(self) -> float:
        """Return the virtual second it is."""
        return (time.monotonic() - self._start) * self.speed

    async def sleep(self, virtual_s: float) -> None:
        """Wait for virtual seconds."""
        await asyncio.sleep(virtual_s / self.speed)
