"""A real pseudo-terminal with a real program in it, for what only a terminal can show."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import pyte

DEADLINE_S = 30.0

_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
"""A session of its own with the terminal as its controlling one, as a shell would have given it."""


class Terminal:
    """Runs a program in a terminal of a given size; reads what it writes, types, resizes, hangs up."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (100, 30),
        is_controlling: bool = True,
    ) -> None:
        """Start a program; one whose terminal is not its controlling one gets no hang-up signal when it goes."""
        self._master, slave = pty.openpty()
        self.output = b""
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.resize(*size, is_running=False)
        self.attributes_before = termios.tcgetattr(slave)
        self._slave = slave
        base = {"PATH": os.environ["PATH"], "HOME": "/dev/null", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *command] if is_controlling else list(command),
            start_new_session=not is_controlling,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=base | {"LANG": "C.UTF-8", "PYTHONUTF8": "1"} | dict(env or {}),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self._master, self._slave):
            if descriptor >= 0:
                os.close(descriptor)

    def read(self, timeout_s: float = 0.1) -> bool:
        """Read what has been written; says whether there was something."""
        if not select.select([self._master], [], [], timeout_s)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.output += data
        self._stream.feed(data)
        return bool(data)

    def until(self, is_so: Callable[[], Any], what: str) -> None:
        """Read until something holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not is_so():
            assert time.monotonic() < deadline, f"{what} did not happen; on screen:\n{self.text}"
            self.read()

    def until_shown(self, words: str) -> None:
        """Read until words are on screen."""
        self.until(lambda: words in self.text, f"{words!r} on screen")

    @property
    def text(self) -> str:
        """What is on screen."""
        return "\n".join(self.screen.display)

    def type(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int, *, is_running: bool = True) -> None:
        """Change the size; the kernel tells the program."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if is_running:
            self.screen.resize(lines, columns)

    def hang_up(self) -> None:
        """Close the terminal's far end, as a lost SSH connection does."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def ends(self) -> int:
        """Read until the program has ended; return its code, negative for a signal."""
        deadline = time.monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "the program did not end"
            if self._master >= 0:
                self.read()
            else:
                time.sleep(0.01)
        while self._master >= 0 and self.read(0.05):
            pass
        return self.process.returncode

    def stops(self) -> None:
        """Read until the program is stopped by job control."""
        deadline = time.monotonic() + DEADLINE_S
        while not _is_stopped(self.process.pid):
            assert time.monotonic() < deadline, "the program did not stop"
            self.read()
        while self.read(0.05):
            pass

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        os.kill(self.process.pid, number)

    @property
    def attributes(self) -> list[Any]:
        """The terminal's modes now."""
        return termios.tcgetattr(self._slave)


def _is_stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123 - a file of the kernel
        return file.read().rpartition(")")[2].split()[0] == "T"
