"""The installed app in a real terminal: a question runs through the launch screen, and a long one is cancelled."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ui.terminal import Terminal

TSYM = [sys.executable, "-m", "tsym_tui"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder with a short path, as sockets want it."""
    with tempfile.TemporaryDirectory(prefix="tsym-l-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    """Open the app on a simulated household, with the launch screen in front."""
    env = {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(Path.cwd())}
    with Terminal([*TSYM, "demo", "--theme", "dark"], env=env, size=(120, 40)) as running:
        running.until_shown("pi-kitchen")
        running.type("9")
        running.until_shown("questions")
        yield running


def processes_in(folder: Path) -> list[int]:
    """Return the processes that were told of a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"{folder}/sim".encode() in words:
                found.append(int(entry.name))
    return found


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def open_tool(terminal: Terminal, name: str) -> None:
    """Move to a tool in the list, and open its form."""
    terminal.type("g")
    for _ in range(40):
        terminal.until(lambda: any("▎" in line for line in terminal.screen.display), "the cursor")
        line = next(line for line in terminal.screen.display if "▎" in line)
        if line.split("▎")[1].split()[0] == name:
            break
        terminal.type("j")
        before = line
        terminal.until(lambda before=before: before not in terminal.screen.display, "a move")  # type: ignore[misc]  # bound now
    terminal.type("\r")
    terminal.until_shown(f"Launch › {name}")


def start_sim(terminal: Terminal, folder: Path) -> None:
    open_tool(terminal, "sim")
    terminal.type(f"{folder}/sim")
    terminal.until_shown(f"sim --dir {folder}/sim")
    terminal.type("\r")
    terminal.until_shown("ask it with --host")


def test_a_question_shows_its_answer_and_its_exit_code(terminal: Terminal) -> None:
    open_tool(terminal, "hosts")
    terminal.until_shown("--host sim:/tmp/")
    terminal.type("\r")

    terminal.until_shown("exit 0: done")
    assert "vps-fra" in terminal.text
    terminal.type("q")
    assert terminal.ends() == 0


def test_a_long_command_is_cancelled_and_leaves_nothing(terminal: Terminal, folder: Path) -> None:
    start_sim(terminal, folder)
    until(lambda: bool(processes_in(folder)))
    terminal.type("C")

    terminal.until_shown("exit 0: done")
    assert processes_in(folder) == []


@pytest.mark.parametrize("way", ["q", "TERM", "hang up"])
def test_leaving_the_app_leaves_no_process(terminal: Terminal, folder: Path, way: str) -> None:
    start_sim(terminal, folder)
    until(lambda: bool(processes_in(folder)))
    if way == "q":
        terminal.type("q")
    elif way == "TERM":
        os.kill(terminal.process.pid, signal.SIGTERM)
    else:
        terminal.hang_up()
    terminal.ends()

    until(lambda: not processes_in(folder))
