"""What a shell completes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Tsym

HOSTS = '[[host]]\nspec = "unix:/a.sock"\nname = "attic"\ntags = ["up"]\n'


def completed(home: Path, *words: str, shell: str = "bash") -> list[str]:
    """Return what a shell would offer for the last word."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "_TSYM_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(["tsym", *words]),
        "COMP_CWORD": str(len(words)) if shell != "fish" else words[-1],
    }
    done = subprocess.run(
        [sys.executable, "-c", "from tsym_tui.cli.main import run; run()"],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.fixture
def furnished(home: Path) -> Path:
    """Give a home with a hosts file."""
    folder = home / ".config" / "tsym"
    folder.mkdir(parents=True)
    (folder / "hosts.toml").write_text(HOSTS, encoding="utf-8")
    return home


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ma",), ["matrix", "map"]),
        (("--host", "a"), ["attic", "agent:"]),
        (("matrix", "--host", "u"), ["up", "unix:"]),
        (("matrix", "--the"), ["--theme"]),
        (("map", "--theme", "da"), ["dark"]),
        (("map", "--layout", "si"), ["sites"]),
        (("get", "whoi"), ["whois"]),
        (("get", "whois", "ad"), ["addr="]),
        (("get", "ping", "type=T"), ["type=TSMP"]),
        (("completion", "z"), ["zsh"]),
    ],
)
def test_a_shell_is_offered_what_fits(furnished: Path, words: tuple[str, ...], offered: list[str]) -> None:
    assert completed(furnished, *words) == offered


@pytest.mark.parametrize("name", ["hosts.toml", "config.toml"])
def test_a_broken_file_completes_what_it_can_and_says_nothing(furnished: Path, name: str) -> None:
    (furnished / ".config" / "tsym" / name).write_text("= broken", encoding="utf-8")

    assert "local" in completed(furnished, "--host", "lo")
    assert completed(furnished, "matri") == ["matrix"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_the_program(tsym: Tsym, shell: str) -> None:
    result = tsym("completion", shell)

    assert result.code == 0
    assert f"_TSYM_COMPLETE={shell}_complete" in result.out


def test_bash_takes_the_script_and_completes_with_it(tsym: Tsym, furnished: Path, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    program = tmp_path / "tsym"
    program.write_text(f"#!{sys.executable}\nfrom tsym_tui.cli.main import run\nrun()\n", encoding="utf-8")
    program.chmod(0o755)
    script = tsym("completion", "bash").out
    asks = f'{script}\nCOMP_WORDS=(tsym matr); COMP_CWORD=1; _tsym_completion tsym; echo "${{COMPREPLY[@]}}"'
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(furnished)}
    done = subprocess.run(
        [bash, "--norc", "-c", asks], env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.stdout.strip(), done.stderr) == ("matrix", "")
