"""A tmux of our own with a program in it: what people really sit in front of, over SSH."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

DEADLINE_S = 40.0


class Tmux:
    """Runs one program in a tmux server that nobody else uses, and ends that server with the block."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (120, 40),
        term: str = "tmux-256color",
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start a server with one window; `term` is what the program is told that its terminal is."""
        self._name = f"tsym-{os.getpid()}-{time.monotonic_ns()}"
        base = {"PATH": os.environ["PATH"], "HOME": "/dev/null", "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        self._env = base | dict(env or {})
        line = ["env", f"TERM={term}", *command]
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), *line,
            ";", "set-option", "-g", "remain-on-exit", "on",
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server", check=False)

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        """Make the window another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def text(self) -> str:
        """Return what is on screen."""
        return self._tmux("capture-pane", "-p")

    def wait_for(self, *words: str) -> str:
        """Return the screen once all words are on it."""
        deadline = time.monotonic() + DEADLINE_S
        while not all(word in (shown := self.text()) for word in words):
            assert time.monotonic() < deadline, f"{words} never came:\n{shown}"
            time.sleep(0.05)
        return shown

    def exit_code(self) -> int:
        """Wait for the program to end, and return its code."""
        deadline = time.monotonic() + DEADLINE_S
        while (said := self._tmux("display-message", "-p", "#{pane_dead}:#{pane_dead_status}").strip()) in {"0:", ":"}:
            assert time.monotonic() < deadline, f"it runs on:\n{self.text()}"
            time.sleep(0.05)
        return int(said.partition(":")[2] or "0")

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._name, *arguments], env=self._env, check=check, capture_output=True, text=True
        )
        return done.stdout
