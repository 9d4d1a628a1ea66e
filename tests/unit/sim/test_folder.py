"""The folder of a running simulator: claimed once, swept of what a killed one left, foreign files untouched."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tsym_agent.sim.errors import FolderError
from tsym_agent.sim.folder import Folder, Index, IndexHost, read_index
from tsym_agent.wire.server import bind_unix

INDEX = Index(tailnet="t", scenario="s", hosts=(IndexHost("a", "/x/a.sock", "n1"),))


def test_a_new_folder_is_ours_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "deep" / "sim", ["a"])
    folder.claim()

    assert stat.S_IMODE(folder.directory.stat().st_mode) == 0o700
    folder.release()


def test_releasing_removes_what_was_made(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "sim", ["a"])
    folder.claim()
    bind_unix(folder.socket("a")).close()
    folder.publish(INDEX)
    folder.release()

    assert not folder.directory.exists()


def test_a_folder_that_was_there_stays_with_its_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    folder = Folder(tmp_path, ["a"])
    folder.claim()
    bind_unix(folder.socket("a")).close()
    folder.release()

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_index_is_what_was_promised(tmp_path: Path) -> None:
    folder = Folder(tmp_path, ["a"])
    folder.claim()
    folder.publish(INDEX)

    assert json.loads((tmp_path / "sim.json").read_text()) == {
        "schema": "tsym/sim/1",
        "tailnet": "t",
        "scenario": "s",
        "hosts": [{"name": "a", "socket": "/x/a.sock", "id": "n1"}],
    }
    assert read_index(tmp_path) == INDEX
    folder.release()


def test_without_an_index_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="no simulated tailnet runs here"):
        read_index(tmp_path)


def test_a_broken_index_is_named(tmp_path: Path) -> None:
    (tmp_path / "sim.json").write_text("{")

    with pytest.raises(FolderError, match=r"sim\.json: cannot be read"):
        read_index(tmp_path)


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    first = Folder(tmp_path, ["a"])
    first.claim()

    with pytest.raises(FolderError, match=rf"runs here already \(process {os.getpid()}\)"):
        Folder(tmp_path, ["a"]).claim()
    first.release()


def test_refusing_leaves_the_other_simulator_its_files(tmp_path: Path) -> None:
    first = Folder(tmp_path, ["a"])
    first.claim()
    first.publish(INDEX)
    second = Folder(tmp_path, ["a"])

    with pytest.raises(FolderError):
        second.claim()
    second.release()

    assert read_index(tmp_path) == INDEX
    first.release()


def test_what_a_killed_simulator_left_is_swept(tmp_path: Path) -> None:
    killed = Folder(tmp_path, ["gone", "a"])
    killed.claim()
    for host in ("gone", "a"):
        bind_unix(killed.socket(host)).close()
    killed.publish(INDEX)
    assert killed._lock is not None
    os.close(killed._lock)  # the system does this when a process is killed

    folder = Folder(tmp_path, ["a"])
    folder.claim()

    assert [path.name for path in tmp_path.iterdir()] == ["sim.lock"]
    folder.release()


@pytest.mark.parametrize("name", ["a.sock", "sim.json", "sim.lock"])
def test_a_foreign_file_in_the_way_is_refused_and_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")

    with pytest.raises(FolderError, match="in the way and not ours"):
        Folder(tmp_path, ["a"]).claim()

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "precious")]


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("precious")

    with pytest.raises(FolderError, match="is a file"):
        Folder(path, ["a"]).claim()


def test_paths_too_long_for_a_socket_are_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path / ("x" * 100), ["a"])

    with pytest.raises(FolderError, match=r"would take \d+ bytes, 100 is the most .* shorter --dir"):
        folder.claim()
    assert not folder.directory.exists()


def test_a_folder_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a file")

    with pytest.raises(FolderError, match="Not a directory"):
        Folder(tmp_path / "x" / "y", ["a"]).claim()
