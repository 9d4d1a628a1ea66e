"""A program in a pseudo-terminal, timed from its start until it has painted something."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

SIZE = (120, 40)
PATIENCE_S = 30.0


def milliseconds_until(is_painted: Callable[[bytes], object], command: Sequence[str], env: Mapping[str, str]) -> float:
    """Start `command` in a terminal and return the milliseconds until its output is painted enough."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env={**env, "TERM": "xterm-256color"},
        start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        _read_until(main, is_painted, start + PATIENCE_S)
        return (time.perf_counter() - start) * 1000
    finally:
        process.send_signal(signal.SIGTERM)
        _drain(main, process)
        os.close(main)


def _read_until(main: int, is_painted: Callable[[bytes], object], deadline: float) -> None:
    seen = b""
    while not is_painted(seen):
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not painted: {seen[-2000:]!r}")
        ready, _, _ = select.select([main], [], [], 0.05)
        try:
            seen += os.read(main, 65536) if ready else b""
        except OSError:  # EIO: the program has ended, and what it left behind decides
            time.sleep(0.01)


def _drain(main: int, process: subprocess.Popen[bytes]) -> None:
    """Read on until the program has ended: a full terminal buffer would keep it from ending."""
    deadline = time.perf_counter() + PATIENCE_S
    while process.poll() is None:
        if time.perf_counter() > deadline:
            process.kill()
        ready, _, _ = select.select([main], [], [], 0.05)
        try:
            if ready:
                os.read(main, 65536)
        except OSError:  # EIO: the other end is closed
            process.wait()
