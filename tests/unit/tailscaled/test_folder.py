"""The private folder of an own node: whose it is, who holds it, and what is never left in it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tsym_agent.control.secrets import Secret
from tsym_agent.tailscaled.errors import FolderError, FolderInUseError
from tsym_agent.tailscaled.folder import Folder, default_state_dir, is_hostname

KEY = Secret("tskey-auth-x")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = Folder.take(tmp_path / "a" / "b")

    assert mode_of(folder.path) == 0o700
    folder.release()


def test_one_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    folder = Folder.take(tmp_path)

    assert mode_of(tmp_path) == 0o700
    folder.release()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root may give a folder to somebody else")
def test_one_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)

    with pytest.raises(FolderError, match="another user"):
        Folder.take(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_link_is_followed_to_the_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    folder = Folder.take(tmp_path / "link")

    assert folder.path == tmp_path / "real"
    folder.release()


def test_what_is_no_folder_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FolderError, match="--state-dir"):
        Folder.take(tmp_path / "file")


def test_a_name_too_long_for_a_socket_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="too long"):
        Folder.take(tmp_path / ("x" * 100))
    assert not list(tmp_path.iterdir())


def test_another_process_that_holds_it_is_respected(tmp_path: Path) -> None:
    holding = (
        "import sys\nfrom pathlib import Path\nfrom tsym_agent.tailscaled.folder import Folder\n"
        "folder = Folder.take(Path(sys.argv[1]))\nprint('held', flush=True)\nsys.stdin.read()"
    )
    argv = [sys.executable, "-c", holding, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FolderInUseError, match="another program"):
            Folder.take(tmp_path)
        holder.communicate()

    Folder.take(tmp_path).release()


def test_releasing_twice_does_no_harm(tmp_path: Path) -> None:
    folder = Folder.take(tmp_path)
    folder.release()
    folder.release()


def test_the_key_is_there_only_meanwhile_and_only_for_us(tmp_path: Path) -> None:
    folder = Folder.take(tmp_path)
    with folder.key_file(KEY) as path:
        assert (path.read_text(), mode_of(path)) == (KEY.reveal(), 0o600)

    assert not path.exists()
    folder.release()


def test_the_key_is_gone_when_what_it_was_for_failed(tmp_path: Path) -> None:
    folder = Folder.take(tmp_path)
    with pytest.raises(RuntimeError), folder.key_file(KEY) as path:
        raise RuntimeError

    assert not path.exists()
    folder.release()


def test_a_key_that_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "auth-key").write_text("tskey-left")

    Folder.take(tmp_path).release()

    assert not (tmp_path / "auth-key").exists()


def test_a_key_is_never_written_through_a_link(tmp_path: Path) -> None:
    folder = Folder.take(tmp_path / "folder")
    folder.key_path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FolderError, match="File exists"), folder.key_file(KEY):
        pass
    assert not (tmp_path / "elsewhere").exists()
    folder.release()


def test_a_folder_whose_key_cannot_be_removed_is_refused_in_words_and_not_held(tmp_path: Path) -> None:
    (tmp_path / "auth-key").mkdir()
    with pytest.raises(FolderError, match="Is a directory"):
        Folder.take(tmp_path)

    (tmp_path / "auth-key").rmdir()
    Folder.take(tmp_path).release()


def test_a_name_that_cannot_be_kept_is_refused_in_words(tmp_path: Path) -> None:
    folder = Folder.take(tmp_path)
    (tmp_path / "hostname").mkdir()

    with pytest.raises(FolderError, match="Is a directory"):
        folder.hostname("probe")
    folder.release()


def test_a_remembered_name_that_is_no_text_is_made_anew(tmp_path: Path) -> None:
    folder = Folder.take(tmp_path)
    (tmp_path / "hostname").write_bytes(b"probe-\xff\n")

    assert is_hostname(folder.hostname("probe"))
    folder.release()


@pytest.mark.parametrize(
    ("env", "is_root", "expected"),
    [
        ({"STATE_DIRECTORY": "/var/lib/x:/var/lib/y", "HOME": "/h"}, True, "/var/lib/x"),
        ({"HOME": "/root"}, True, "/var/lib/tsym-agent"),
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, False, "/s/tsym/agent"),
        ({"HOME": "/h"}, False, "/h/.local/state/tsym/agent"),
    ],
    ids=["service", "root", "xdg", "home"],
)
def test_where_an_agent_keeps_its_node(env: dict[str, str], is_root: bool, expected: str) -> None:
    assert default_state_dir(env, is_root=is_root) == Path(expected)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("nas", True), ("a-1", True), ("", False), ("-a", False), ("a-", False), ("a.b", False), ("x" * 64, False)],
)
def test_what_can_be_a_nodes_name(name: str, is_one: bool) -> None:
    assert is_hostname(name) == is_one
