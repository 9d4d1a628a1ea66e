"""Programs that carry our bytes: what they may know of us, and how they end."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress

OUR_VARIABLES = ("TS_", "TSYM_")
"""How variables begin that may hold a key of ours. `ssh` might send them on, and every child's are readable."""

END_S = 3.0


def environment(own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for a program of the user's: all of it but what is meant for us."""
    return {name: value for name, value in own.items() if not name.startswith(OUR_VARIABLES)}


def tell(process: Process, number: signal.Signals) -> None:
    """Send a signal to a child, if it still runs."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(
                process.pid, number
            )  # its own method, before 3.13, looks first and takes asyncio's exit status away


async def end(process: Process) -> None:
    """End a child that may still run, by force if it takes long, and wait for it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        tell(process, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await process.wait()
