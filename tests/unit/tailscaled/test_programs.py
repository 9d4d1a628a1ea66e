"""Which binaries are run, and the environment they are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tsym_agent.tailscaled.errors import ProgramNotFoundError
from tsym_agent.tailscaled.programs import child_environment, find_programs


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    for name in ("tailscaled", "tailscale"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_programs_are_found_on_the_path(bin_folder: Path) -> None:
    found = find_programs({"PATH": str(bin_folder)})

    assert (found.tailscaled, found.tailscale) == (bin_folder / "tailscaled", bin_folder / "tailscale")


def test_a_named_program_goes_before_the_path(bin_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)

    found = find_programs({"PATH": str(bin_folder), "TSYM_TAILSCALED": str(other)})

    assert (found.tailscaled, found.tailscale) == (other, bin_folder / "tailscale")


def test_a_named_program_that_cannot_run_is_named_in_the_error(bin_folder: Path) -> None:
    with pytest.raises(ProgramNotFoundError, match=r"/nonexistent.*TSYM_TAILSCALE"):
        find_programs({"PATH": str(bin_folder), "TSYM_TAILSCALE": "/nonexistent"})


def test_a_missing_program_says_what_would_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsym_agent.tailscaled.programs.USUAL_PLACES", ())

    with pytest.raises(ProgramNotFoundError, match=r"tailscaled.*TSYM_TAILSCALED"):
        find_programs({"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    "name",
    [
        "TS_AUTHKEY", "TS_AUTH_KEY", "TS_OAUTH_CLIENT_SECRET", "TS_API_KEY", "HEADSCALE_API_KEY", "TSYM_AGENT_X",
        "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "LD_PRELOAD", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET",
    ],
)  # fmt: skip
def test_what_a_daemon_does_not_need_it_does_not_get(name: str) -> None:
    assert name not in child_environment({name: "x"}, Path("/s"))


@pytest.mark.parametrize("name", ["HOME", "SSL_CERT_FILE", "HTTPS_PROXY", "no_proxy", "TS_DEBUG_DISCO"])
def test_what_it_needs_of_its_surroundings_it_gets(name: str) -> None:
    assert child_environment({name: "x"}, Path("/s"))[name] == "x"


def test_its_logs_stay_here_unless_wanted_elsewhere() -> None:
    assert child_environment({}, Path("/s"))["TS_NO_LOGS_NO_SUPPORT"] == "1"
    assert "TS_NO_LOGS_NO_SUPPORT" not in child_environment({}, Path("/s"), uploads_logs=True)
