"""Where output goes wrong: closed, full, and folders of somebody else. Each is a sentence, never a bug of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Daemon, Tsym

ROOT = Path(__file__).parents[3]


def run_in_shell(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run `command` in a shell in which `tsym` is ours."""
    tsym = f'tsym() {{ {sys.executable} -m tsym_tui "$@"; }}; '
    return subprocess.run(
        ["bash", "-c", tsym + command],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False, cwd="/",
    )  # fmt: skip


def test_a_closed_output_is_said(tmp_path: Path) -> None:
    finished = run_in_shell("tsym locate >&-", tmp_path)

    assert finished.returncode == 2
    assert finished.stderr == "tsym: standard output is closed: there is nowhere to print\n"


def test_closed_errors_do_no_harm(tmp_path: Path) -> None:
    finished = run_in_shell("tsym hosts --host unix:/nowhere.sock 2>&-", tmp_path)

    assert finished.returncode == 3
    assert "there is no such socket" in finished.stdout


def test_a_closed_input_is_no_terminal(tmp_path: Path) -> None:
    finished = run_in_shell("tsym <&-", tmp_path)

    assert finished.returncode == 2
    assert "the app needs a terminal" in finished.stderr


@pytest.mark.parametrize("command", ["locate", "map --host {} --format svg --settle 0", "map --host {} --settle 0"])
def test_a_full_disk_is_said(tmp_path: Path, daemon: Daemon, command: str) -> None:
    finished = run_in_shell(f"tsym {command.format(daemon.spec)} > /dev/full", tmp_path)

    assert finished.returncode == 2
    assert finished.stderr == "tsym: cannot write to standard output: No space left on device\n"


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    finished = run_in_shell("tsym config | head -1; echo ${PIPESTATUS[0]}", tmp_path)

    assert finished.stdout.splitlines()[-1] == "0"
    assert finished.stderr == ""


def test_a_reader_that_leaves_a_picture_is_no_error(tmp_path: Path, daemon: Daemon) -> None:
    finished = run_in_shell(
        f"tsym map --host {daemon.spec} --format svg --settle 0 | true; echo ${{PIPESTATUS[0]}}", tmp_path
    )

    assert (finished.stdout, finished.stderr) == ("0\n", "")


def test_a_settings_folder_that_may_not_be_seen_holds_no_settings(tsym: Tsym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/" + "x" * 300)  # a name no system call takes, refused like a closed folder

    result = tsym("hosts", "--host", "unix:/nowhere.sock")

    assert result.code == 3
    assert "there is no such socket" in result.out
