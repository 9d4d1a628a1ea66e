"""How commands begin and end: help, codes, interrupts, closed pipes, bugs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

import tsym_agent
import tsym_tui
from tests.unit.cli.conftest import Daemon, Tsym
from tsym_tui.cli import options, root
from tsym_tui.cli.exits import Exit, worst
from tsym_tui.cli.options import GLYPH_NAMES, THEME_NAMES
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THEME_ALIASES, THEMES, THRESHOLDS_MS

TSYM = (sys.executable, "-m", "tsym_tui")
PATIENCE_S = 30


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_answer(tsym: Tsym, flag: str) -> None:
    result = tsym(flag)

    assert result.code == 0
    assert "tsym" in result.out


@pytest.mark.parametrize("name", root.COMMANDS)
def test_every_command_is_there_and_explains_itself_as_the_root_does(tsym: Tsym, name: str) -> None:
    command = root.load_command(name)

    assert command is not None
    assert command.short_help == root.COMMANDS[name].help
    assert tsym(name, "--help").code == 0


def test_every_option_is_documented() -> None:
    commands = [root.tsym, *(root.load_command(name) for name in root.COMMANDS)]
    options = [
        option for command in commands if command for option in command.params if isinstance(option, click.Option)
    ]

    assert [option.name for option in options if not option.help] == []


def test_names_in_options_are_those_of_the_drawing() -> None:
    assert ("auto", *THEMES, *THEME_ALIASES) == THEME_NAMES
    assert ("auto", *(level.value for level in Level)) == GLYPH_NAMES
    assert options.THRESHOLDS_MS == THRESHOLDS_MS


@pytest.mark.parametrize("arguments", [("bogus",), ("matrix", "--bogus"), ("hosts", "surplus"), ("--theme", "pink")])
def test_usage_errors_are_two(tsym: Tsym, arguments: tuple[str, ...]) -> None:
    result = tsym(*arguments)

    assert result.code == 2
    assert result.err


def test_the_app_needs_a_terminal(tsym: Tsym) -> None:
    result = tsym()

    assert result.code == 2
    assert "needs a terminal" in result.err


def test_of_several_codes_the_worst_counts() -> None:
    assert worst(Exit.NO, Exit.PARTIAL, Exit.OK) is Exit.PARTIAL
    assert worst(Exit.DENIED, Exit.UNREACHABLE) is Exit.UNREACHABLE
    assert worst(Exit.BUG, Exit.USAGE, Exit.INTERRUPTED) is Exit.BUG
    assert worst() is Exit.OK


def test_a_bug_is_one_line_and_a_log(tsym: Tsym, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def broken() -> None:
        raise ExceptionGroup("tasks", [ZeroDivisionError("by\x1b[31m zero")])

    monkeypatch.setattr(root, "tsym", broken)
    result = tsym()
    log = home / ".local" / "state" / "tsym" / "crash.log"

    assert result.code == 70
    assert result.err == f"tsym: a bug of ours: ZeroDivisionError: by\ufffd[31m zero (details in {log})\n"
    assert "ZeroDivisionError" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONUTF8": "1"}


def test_an_interrupt_is_130_and_quiet(daemon: Daemon, home: Path) -> None:
    command = [*TSYM, "nodes", "--watch", "--every", "0.1", "--host", daemon.spec]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, err.strip()) == (130, b"")


def test_a_closed_pipe_is_quiet(daemon: Daemon, home: Path) -> None:
    command = [*TSYM, "nodes", "--watch", "--every", "0.1", "--host", daemon.spec]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        process.wait(PATIENCE_S)

    assert (process.returncode, err) == (0, b"")


def test_names_beyond_the_encoding_do_not_stop_the_answer(daemon: Daemon, home: Path) -> None:
    daemon.say_status({"ID": "n-x", "HostName": "кухня", "TailscaleIPs": ["100.64.0.9"]})
    plain = environment(home) | {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    finished = subprocess.run([*TSYM, "nodes", "--host", daemon.spec], capture_output=True, env=plain, check=False)

    assert finished.returncode == 0
    assert b"?????" in finished.stdout


def test_python_m_is_the_same_command(home: Path) -> None:
    finished = subprocess.run([*TSYM, "--version"], capture_output=True, env=environment(home), check=True)

    assert finished.stdout.startswith(b"tsym ")


def imported_by(code: str) -> set[str]:
    """Run code in a fresh interpreter and return the names of all loaded modules."""
    script = f"{code}\nimport sys; sys.stderr.write('\\n'.join(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(finished.stderr.splitlines())


def test_help_imports_nothing_of_weight() -> None:
    loaded = imported_by("from tsym_tui.cli.main import main; main(['--help'])")

    assert not {"textual", "networkx", "numpy", "rich", "asyncio", "msgspec", "tomllib", "importlib.metadata"} & loaded


def test_text_commands_draw_without_networkx() -> None:
    loaded = imported_by("import tsym_tui.cli.matrix, tsym_tui.cli.ping, tsym_tui.cli.nodes, tsym_tui.cli.hosts")

    assert not {"textual", "networkx", "numpy"} & loaded


def test_the_app_is_opened_without_the_fleet() -> None:
    loaded = imported_by("import tsym_tui.cli.app, tsym_tui.cli.demo")

    assert not {"tsym_tui.fleet.fleet", "tsym_agent.localapi.client", "tsym_agent.sim.process", "networkx"} & loaded


def modules_outside_ui() -> list[str]:
    found = []
    for package in (tsym_agent, tsym_tui):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py")):
            parts = [package.__name__, *path.relative_to(folder).with_suffix("").parts]
            if parts[1] != "ui" and parts[-1] != "__main__":
                found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def test_no_module_outside_ui_loads_textual_nor_scipy() -> None:
    names = modules_outside_ui()
    script = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    assert not {'textual', 'scipy', 'PIL'} & set(sys.modules), name\n"
    )

    assert len(names) > 100
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stderr == ""


def test_the_demo_without_a_terminal_prints_the_matrix_and_leaves_nothing_behind(tsym: Tsym) -> None:
    result = tsym("demo", "--headless", "--json")
    document = json.loads(result.out)

    assert (result.code, len(document["pairs"])) == (0, 28)
    assert not any(Path(host["via"]).parent.exists() for host in document["hosts"])


@pytest.mark.parametrize("name", ["moon", "m" * 300])
def test_an_unknown_scenario_lists_the_known_ones(tsym: Tsym, name: str) -> None:
    result = tsym("demo", "--headless", "--scenario", name)

    assert result.code == 2
    assert "home" in result.err


def test_a_simulation_runs_until_it_is_told_to_end(home: Path) -> None:
    folder = home / "s"
    command = [*TSYM, "sim", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home)) as process:
        assert process.stdout is not None
        ready = process.stdout.readline().decode().strip()
        asked = subprocess.run(
            [*TSYM, "hosts", "--host", ready], capture_output=True, env=environment(home), check=False
        )
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)

    assert (ready, asked.returncode, process.returncode) == (f"sim:{folder}", 0, 0)
    assert not folder.exists() or not any(folder.iterdir())


def test_a_simulation_of_a_scenario_whose_name_is_no_files_lists_the_known_ones(tsym: Tsym, tmp_path: Path) -> None:
    result = tsym("sim", "--dir", str(tmp_path / "s"), "--scenario", "m" * 300)

    assert (result.code, "expected broken" in result.err) == (2, True)
