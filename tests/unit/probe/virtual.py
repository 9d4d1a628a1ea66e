"""Virtual time: an event loop whose clock jumps to the next timer, so that a minute of probing takes no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: what would be waited for is added to the clock."""

    waited_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look without waiting and note how long a wait was asked for."""
        ready = super().select(0)
        if not ready and timeout:
            self.waited_s += timeout
        return list(ready)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time; no sockets or threads may be awaited in it."""

    def __init__(self) -> None:
        self._jumps = _JumpingSelector()
        super().__init__(self._jumps)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return 1_000.0 + self._jumps.waited_s


def run_virtually(coroutine: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)


def now() -> float:
    """Return the running loop's time: the clock to hand to what is tested."""
    return asyncio.get_running_loop().time()
