"""The agent as one file and as one folder: it runs without anything installed, and keeps nothing where others write."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tsym_agent import __version__
from tsym_agent.places import packing
from tsym_agent.places.packing import PackingError, write_folder, write_zipapp

DEADLINE_S = 60
BARE = ("-I", "-S")
"""No site-packages, no environment: what is not in the file is not there."""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "tsym-agent.pyz"
    write_zipapp(path)
    return path


def run(place: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, *BARE, str(place), *words]
    return subprocess.run(argv, env=env or {}, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def test_the_file_runs_with_nothing_installed(packed: Path, tmp_path: Path) -> None:
    done = run(packed, "--version", env={"HOME": str(tmp_path)})

    assert (done.stdout, done.stderr, done.returncode) == (f"tsym-agent {__version__}\n", "", 0)


def test_the_file_can_be_run_by_its_name(packed: Path, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run([packed, "--version"], env=env, capture_output=True, text=True, timeout=60, check=False)

    assert done.stdout == f"tsym-agent {__version__}\n"


def test_the_whole_server_is_in_the_file(packed: Path, tmp_path: Path) -> None:
    done = run(packed, "--check", "--json", "--socket", "/nonexistent/s", env={"HOME": str(tmp_path)})

    assert '"schema": "tsym/agent-check/1"' in done.stdout
    with zipfile.ZipFile(packed) as archive:
        names = archive.namelist()
    ours = {path.stem for path in (packing.PACKAGE / "server").glob("*.py")}
    assert ours == {Path(name).stem for name in names if name.startswith("tsym_agent/server/")}
    assert not any("/sim/" in name or "__pycache__" in name for name in names)


def test_licences_travel_with_the_libraries(packed: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        licences = [name for name in archive.namelist() if ".dist-info/" in name]

    assert {name.partition("-")[0] for name in licences} == {"h11", "msgspec"}


def test_it_is_unpacked_once(packed: Path, tmp_path: Path) -> None:
    for _ in range(2):
        run(packed, "--version", env={"HOME": str(tmp_path)})

    (kept,) = (tmp_path / ".cache" / "tsym" / "agent").iterdir()
    assert kept.stat().st_mode & 0o077 == 0


def test_where_nothing_can_be_kept_it_runs_and_leaves_nothing(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    places = {"XDG_CACHE_HOME": f"{tmp_path}/file", "CACHE_DIRECTORY": f"{tmp_path}/file/x", "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, *BARE, "-c", NOT_ROOT, str(packed)],
        env=places, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip

    assert done.stdout == f"tsym-agent {__version__}\n", done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_cache_that_others_may_write_is_not_trusted(packed: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)

    done = run(packed, "--version", env={"CACHE_DIRECTORY": str(cache), "HOME": str(tmp_path / "home")})

    assert done.returncode == 0
    assert not list(cache.iterdir())


def test_a_cache_in_a_folder_that_others_may_write_is_not_trusted(packed: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "cache").mkdir(parents=True, mode=0o700)
    shared.chmod(0o777)

    done = run(packed, "--version", env={"CACHE_DIRECTORY": str(shared / "cache"), "HOME": str(tmp_path / "home")})

    assert done.returncode == 0
    assert not list((shared / "cache").iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root may give a folder to somebody else")
def test_root_keeps_nothing_in_the_folder_of_a_user(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "user" / "cache").mkdir(parents=True, mode=0o700)
    os.chown(tmp_path / "user", 65534, 65534)
    env = {"CACHE_DIRECTORY": str(tmp_path / "user" / "cache"), "XDG_CACHE_HOME": str(tmp_path / "own")}

    done = run(packed, "--version", env=env)

    assert done.returncode == 0
    assert not list((tmp_path / "user" / "cache").iterdir())


def test_another_python_is_told_which_one_it_takes(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "runs-on").write_text("cpython-399 linux-z80")

    done = run(tmp_path)

    assert done.returncode == 2
    assert "packed for cpython-399 linux-z80" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_folder_runs_too(tmp_path: Path) -> None:
    write_folder(tmp_path / "agent")

    assert run(tmp_path / "agent", "--version").stdout == f"tsym-agent {__version__}\n"


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()

    with pytest.raises(PackingError, match="already"):
        write_folder(tmp_path)
    assert os.listdir(tmp_path) == ["mine"]  # noqa: PTH208 - names are enough


def test_the_same_versions_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_zipapp(tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packing, "LIBRARIES", ("no-such-library",))

    with pytest.raises(PackingError, match="no-such-library"):
        write_zipapp(tmp_path / "x.pyz")


NOT_ROOT = """
import os, runpy, sys
os.geteuid = lambda: 65534
sys.argv = [sys.argv[1], "--version"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs the file as somebody who may not write to the system's own cache."""
