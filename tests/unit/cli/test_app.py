"""The app, started as a person starts it: in a terminal of its own."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tsym
from tsym_agent.sim.loading import shipped_names
from tsym_tui.cli.demo import SHIPPED

PATIENCE_S = 30.0


class Terminal:
    """A command in a pseudo-terminal."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._main, other = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tsym_tui", *arguments],
            stdin=other, stdout=other, stderr=other, start_new_session=True,
            env={"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        )  # fmt: skip
        os.close(other)
        self.seen = b""

    def wait_for(self, word: bytes) -> None:
        """Read until the screen has shown a word."""
        deadline = time.monotonic() + PATIENCE_S
        while word not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", self.seen):
            assert time.monotonic() < deadline, self.seen[-2000:]
            if select.select([self._main], [], [], 0.1)[0]:
                self.seen += os.read(self._main, 65536)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._main, keys)

    def children(self) -> list[int]:
        """Return the process IDs of its children."""
        pid = self._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def signal(self, number: signal.Signals) -> None:
        """Send the app a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Read on until the app has ended, and return its exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._process.poll() is None:
            assert time.monotonic() < deadline
            if select.select([self._main], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self._main, 65536)
                except OSError:
                    break
        return self._process.wait(PATIENCE_S)

    def close(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._main)


def test_the_demo_shows_its_household_and_ends_with_its_simulator(home: Path) -> None:
    terminal = Terminal(home, "demo")
    try:
        terminal.wait_for(b"pi-kitchen")
        simulators = terminal.children()
        terminal.type(b"q")

        assert terminal.end() == 0
        assert len(simulators) == 1
        assert not any(Path(f"/proc/{pid}").exists() for pid in simulators)
    finally:
        terminal.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_the_demo_with_its_simulator(home: Path, number: signal.Signals, code: int) -> None:
    terminal = Terminal(home, "demo")
    try:
        terminal.wait_for(b"pi-kitchen")
        simulators = terminal.children()
        terminal.signal(number)

        assert terminal.end() == code
        assert not any(Path(f"/proc/{pid}").exists() for pid in simulators)
    finally:
        terminal.close()


def test_the_app_shows_the_hosts_asked_for(home: Path, household: str) -> None:
    terminal = Terminal(home, "--host", f"{household}#nas")
    try:
        terminal.wait_for(b"old-mac")
        terminal.type(b"q")

        assert terminal.end() == 0
    finally:
        terminal.close()


def test_scenarios_named_here_are_those_that_are_shipped() -> None:
    assert sorted(SHIPPED) == sorted(shipped_names())


def test_a_mistake_is_told_before_the_terminal_is_taken_over(tsym: Tsym) -> None:
    result = tsym("demo", "--scenario", "moon")

    assert result.code == 2
    assert "home, company, broken, large" in result.err
