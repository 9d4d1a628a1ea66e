"""Ending when we should: on a signal, and when the process that started us is gone.

A parent that is killed cannot end its child. So the child holds the read end of a pipe as its stdin, which closes with
the parent, and asks Linux for a signal besides, in case a grandchild keeps the other end open.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_PARENT_SIGNAL = signal.SIGUSR1
"""Linux sends it when the *thread* that started us ends, so it is checked, not obeyed."""
_END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def end_on_signals(end: Callable[[], object]) -> None:
    """Call `end` on the signals that end a program."""
    loop = asyncio.get_running_loop()
    for number in _END_SIGNALS:
        loop.add_signal_handler(number, end)


def end_with_parent(end: Callable[[], object]) -> None:
    """Call `end` when stdin closes or our parent dies."""
    loop = asyncio.get_running_loop()
    parent = os.getppid()

    def check_parent() -> None:
        if os.getppid() != parent:
            end()

    def read_stdin() -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(sys.stdin.fileno(), 1024):
                loop.remove_reader(sys.stdin.fileno())
                end()

    if sys.platform == "linux":
        loop.add_signal_handler(_PARENT_SIGNAL, check_parent)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(_PARENT_SIGNAL))
    loop.add_reader(sys.stdin.fileno(), read_stdin)
