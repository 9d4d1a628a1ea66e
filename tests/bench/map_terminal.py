"""A terminal that reads as fast as it is told to, and knows when the map was painted."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

PATIENCE_S = 60.0

_MARK = re.compile(rb"\x1b\]7777;(\d+);([\d.]+);(\d)\x07")


class Mark(NamedTuple):
    """One painted map."""

    keys: int
    """Keys that had their effect in it."""
    lag_ms: float
    """The worst lag of the loop since the mark before."""
    is_settled: bool
    """Whether the layout that was asked for is the one that is seen."""
    at_s: float
    """When its last byte was read."""
    read_bytes: int
    """What had been read by then."""


class MapTerminal:
    """Runs a program, reads what it writes at a rate, and types."""

    def __init__(
        self, command: Sequence[str], folder: Path, size: tuple[int, int], bytes_per_s: float | None = None
    ) -> None:
        self._rate = bytes_per_s
        self._main, terminal = pty.openpty()
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        env = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "COLORTERM": "truecolor",
            "TERM": "xterm-256color",
        }  # fmt: skip
        self.process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, env=env, start_new_session=True
        )
        os.close(terminal)
        self._began_s = time.perf_counter()
        self._allowed_from = 0
        self._rest = b""
        self.seen = b""
        self.read_bytes = 0
        self.marks: list[Mark] = []
        self.keys = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rate = None
        self.process.send_signal(signal.SIGTERM)
        deadline = time.perf_counter() + PATIENCE_S
        while self.process.poll() is None:
            if time.perf_counter() > deadline:
                self.process.kill()
            self.read(0.05)
        os.close(self._main)

    @property
    def cpu_ms(self) -> float:
        """What the program has used of the processor."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    @property
    def resident_mib(self) -> float:
        """What the program holds in memory now."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
            found = re.search(r"VmRSS:\s+(\d+) kB", file.read())
        assert found is not None
        return int(found[1]) / 1024

    def type(self, keys: str) -> float:
        """Type, and return when."""
        self.keys += 1
        os.write(self._main, keys.encode())
        return time.perf_counter()

    def read(self, timeout_s: float) -> None:
        """Read once, no more than the rate allows."""
        most = 65536
        if self._rate is not None:
            most = 2048
            due_s = self._began_s + (self.read_bytes - self._allowed_from) / self._rate
            now = time.perf_counter()
            if due_s > now:
                time.sleep(min(due_s - now, timeout_s))
                if due_s > time.perf_counter():
                    return
            elif now - due_s > 0.02:  # nothing came for a while: what was not used then is lost
                self._began_s, self._allowed_from = now, self.read_bytes
        if not select.select([self._main], [], [], timeout_s)[0]:
            return
        try:
            data = os.read(self._main, most)
        except OSError:  # EIO: the program has ended
            time.sleep(0.01)
            return
        self.read_bytes += len(data)
        self._take(data)

    def _take(self, data: bytes) -> None:
        now = time.perf_counter()
        if len(self.seen) < 1 << 20:
            self.seen += data
        text = self._rest + data
        end = 0
        for found in _MARK.finditer(text):
            keys, lag, settled = found.groups()
            self.marks.append(Mark(int(keys), float(lag), settled == b"1", now, self.read_bytes))
            end = found.end()
        self._rest = text[end:][-64:]

    def until(self, is_so: Callable[[], object], what: str) -> None:
        """Read until something holds."""
        deadline = time.perf_counter() + PATIENCE_S
        while not is_so():
            if time.perf_counter() > deadline or self.process.poll() is not None:
                raise TimeoutError(f"{what} did not happen: {self.seen[-2000:]!r}")
            self.read(0.02)

    def rest_until_keys(self, keys: int, most_s: float) -> None:
        """Read until so many keys had their effect, but no longer than so many seconds: some have none."""
        end = time.perf_counter() + most_s
        while time.perf_counter() < end and not (self.marks and self.marks[-1].keys >= keys):
            self.read(0.02)

    def rest(self, seconds: float) -> None:
        """Read for a while."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.read(0.02)

    def press(self, keys: str) -> Mark:
        """Type a key and read until a map shows its effect."""
        self.type(keys)
        wanted = self.keys
        self.until(lambda: self.marks and self.marks[-1].keys >= wanted, f"the map after {keys!r}")
        return next(mark for mark in self.marks if mark.keys >= wanted)


def probe(*flags: str) -> list[str]:
    """Return the command of the watched app."""
    return [sys.executable, "-m", "tests.bench.map_probe", *flags]
