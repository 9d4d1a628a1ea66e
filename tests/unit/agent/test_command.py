"""`tsym-agent`: help, and the look at the tailscaled beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Daemon
from tests.unit.fake_daemon import answer
from tsym_agent.__main__ import main

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_answer(flag: str, capsys: Captured) -> None:
    assert main([flag]) == 0
    assert "tsym-agent" in capsys.readouterr().out


def test_usage_errors_are_two(capsys: Captured) -> None:
    assert main(["--bogus"]) == 2
    assert "--bogus" in capsys.readouterr().err


def check(target: Daemon, *arguments: str) -> int:
    return main(["--check", "--socket", target.spec.removeprefix("unix:"), *arguments])


def test_a_well_daemon_is_described(daemon: Daemon, capsys: Captured) -> None:  # the fixture
    code = check(daemon)
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())

    assert code == 0
    assert (lines["state"], lines["node"], lines["rights"], lines["version"]) == (
        "Running", "me.example", "read only", "1.102.3",
    )  # fmt: skip


def test_the_same_as_json(daemon: Daemon, capsys: Captured) -> None:  # the fixture
    check(daemon, "--json")
    document = json.loads(capsys.readouterr().out)

    assert (document["schema"], document["state"], document["rights"], document["wrong"]) == (
        "tsym/agent-check/1", "Running", "r", [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "words"),
    [("Stopped", "tailscale up"), ("NeedsLogin", "log in"), ("NeedsMachineAuth", "approval"), ("Dreaming", "Dreaming")],
)
def test_a_daemon_that_is_not_running_says_what_to_do(
    daemon: Daemon, capsys: Captured, state: str, words: str  # the fixture
) -> None:  # fmt: skip
    daemon.say_status(BackendState=state)

    assert check(daemon) == 1
    assert words in capsys.readouterr().err


def test_an_expired_key_is_told_from_a_logout(daemon: Daemon, capsys: Captured) -> None:  # the fixture
    daemon.say_status(BackendState="NeedsLogin", Self={"ID": "n1", "Expired": True})

    assert check(daemon) == 1
    assert "--force-reauth" in capsys.readouterr().err


def test_a_refusing_daemon_is_denied(daemon: Daemon, capsys: Captured) -> None:  # the fixture
    daemon.on("status", answer("status access denied\n", 403))

    assert check(daemon) == 4
    assert "use sudo" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_no_daemon_is_not_reached(home: Path, capsys: Captured, arguments: tuple[str, ...]) -> None:  # the fixture
    assert main(["--check", *arguments]) == 3
    assert f"{home}/no-tailscaled.sock" in "".join(capsys.readouterr())


AGENT = f"{sys.executable} -m tsym_agent"


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (f"{AGENT} --version >&-", 2, "nowhere to print"),
        (f"{AGENT} --version >/dev/full", 2, "No space left on device"),
        (f"{AGENT} --version 2>&-", 0, ""),
        (f"{AGENT} --version | head -c0; exit ${{PIPESTATUS[0]}}", 0, ""),
    ],
)
def test_output_that_cannot_be_written_is_no_bug(command: str, code: int, words: str) -> None:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert done.returncode == code
    assert words in done.stderr
    assert "bug" not in done.stderr


def test_names_never_act_on_the_terminal(daemon: Daemon, capsys: Captured) -> None:  # the fixture
    daemon.say_status(Health=["bad\x1b[31m"], CurrentTailnet={"Name": "\x9b2J"}, BackendState="\x1b]0;x\x07")
    check(daemon)

    assert not {"\x1b", "\x07", "\x9b"} & set("".join(capsys.readouterr()))


def test_the_command_line_is_light() -> None:
    script = "import tsym_agent.__main__ as m, sys; m.main(['--help']); sys.stderr.write(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stderr.split()

    assert not {"asyncio", "msgspec", "h11", "click", "textual"} & set(loaded)


def test_serving_takes_no_tls_in_and_leaves_it_to_whoever_asks() -> None:
    script = (
        "import sys, tsym_agent.__main__ as m; m._import_asyncio_without_tls();"
        "import tsym_agent.server.agent, tsym_agent.server.service;"
        "print('ssl' in sys.modules, '_ssl' in sys.modules); import ssl; print(ssl.OPENSSL_VERSION)"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert said.startswith("False False\nOpenSSL")
