"""A program called ssh that does as its host's name says, for tests of what stands on it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class StandIn:
    """Where it lies, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "ssh"
        self._notes = folder / "notes"
        self._notes.touch()
        # -S -E: nothing of this project is needed, and a start takes a third of the time.
        self.program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{HERE / "fake_ssh.py"}" "$@"\n')
        self.program.chmod(0o755)

    @property
    def notes(self) -> list[list[str]]:
        """Return each start, in words."""
        return [line.split(" ") for line in self._notes.read_text().splitlines()]

    @property
    def masters(self) -> list[int]:
        """Return the process IDs of all masters that were started."""
        return [int(words[1]) for words in self.notes if words[0] == "master"]

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let it be found as `ssh`."""
        monkeypatch.setenv("FAKE_SSH_NOTES", str(self._notes))
        monkeypatch.setenv("PATH", f"{self.program.parent}:{os.environ['PATH']}")


def is_running(pid: int) -> bool:
    """Say whether a process lives; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
