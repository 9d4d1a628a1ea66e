"""The files for service managers: what they promise, by the service manager's own judgement where it is here."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from tsym_agent.places import FILES, read_place
from tsym_agent.places.__main__ import main

MOST_EXPOSURE = 2.0
"""On systemd's scale from 0 to 10; it calls a service with 2 or less OK, and most services are over 9."""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 0
    assert capsys.readouterr().out == read_place(name)


def test_what_there_is_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(FILES)


@pytest.mark.parametrize("arguments", [["zipapp"], ["root.conf", "x"]], ids=["no-target", "target"])
def test_half_a_wish_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "wanted" in capsys.readouterr().err


@pytest.fixture(params=[(), ("root.conf",), ("own-node.conf",), ("root.conf", "own-node.conf")], ids="+".join)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Install the unit with drop-ins, and a program that is there in the place of the agent."""
    path = tmp_path / "tsym-agent.service"
    path.write_text(read_place("tsym-agent.service").replace("/usr/local/bin/tsym-agent", "/bin/true"))
    for name in request.param:
        dropins = tmp_path / "tsym-agent.service.d"
        dropins.mkdir(exist_ok=True)
        (dropins / name).write_text(read_place(name))
    return path


def systemd_analyze(*words: str) -> subprocess.CompletedProcess[str]:
    argv = ["systemd-analyze", *words]
    env = os.environ | {"SYSTEMD_COLORS": "0"}
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env=env)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    verified = systemd_analyze("verify", "--man=no", "--recursive-errors=no", str(unit))

    assert (verified.returncode, verified.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_the_unit_little_exposed(unit: Path) -> None:
    judged = systemd_analyze("security", "--offline=yes", "--no-pager", str(unit))

    found = re.search(r"exposure level for \S+: (\d+\.\d)", judged.stdout)
    assert found, judged.stdout
    assert float(found[1]) <= MOST_EXPOSURE


def test_the_unit_speaks_with_the_tailnet_and_this_machine_alone() -> None:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    parser.read_string(read_place("tsym-agent.service"))

    assert parser["Service"]["IPAddressDeny"] == "any"
    assert parser["Service"]["IPAddressAllow"].split() == ["localhost", "100.64.0.0/10", "fd7a:115c:a1e0::/48"]


def test_the_launchd_job_is_one() -> None:
    job = plistlib.loads(read_place("dev.tsym.agent.plist").encode())

    assert (job["Label"], job["ProgramArguments"]) == ("dev.tsym.agent", ["/usr/local/bin/tsym-agent"])
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    assert job["Umask"] == 0o077


def test_no_file_holds_a_key_on_a_command_line() -> None:
    assert not any(re.search(r"TS_AUTHKEY=\S", read_place(name)) for name in FILES)
