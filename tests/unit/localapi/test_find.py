"""Finding the daemon: each place, in its order, with real sockets below a folder of the test's own."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer
from tsym_agent.localapi.errors import AccessDeniedError, DaemonNotFoundError, DaemonUnreachableError
from tsym_agent.localapi.find import MACOS_PLACES, UNIX_PLACES, find_daemon
from tsym_agent.localapi.macos import list_open_files, parse_open_files
from tsym_agent.model.status import BackendState

PROOF = "c0ffee"


async def no_files() -> str:
    return ""


@pytest.fixture
def root() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tsym-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def listen(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def leave_behind(path: Path) -> None:
    """Leave a socket file with nobody behind it, as a killed daemon does."""
    listen(path).close()


@pytest.mark.parametrize("place", UNIX_PLACES)
async def test_each_place_of_linux_is_found(root: Path, place: str) -> None:
    with listen(root / place):
        endpoint = await find_daemon({}, root=root, platform="linux")

    assert (endpoint.where, endpoint.auth) == (str(root / place), None)


@pytest.mark.parametrize("place", MACOS_PLACES)
async def test_the_open_source_daemon_of_macos_is_found(root: Path, place: str) -> None:
    with listen(root / place):
        endpoint = await find_daemon({}, root=root, platform="darwin", open_files=no_files)

    assert endpoint.where == str(root / place)


async def test_a_socket_named_by_the_environment_is_the_only_one_looked_at(root: Path) -> None:
    with listen(root / UNIX_PLACES[0]), listen(root / "own"):
        endpoint = await find_daemon({"TS_SOCKET": str(root / "own")}, root=root, platform="linux")

    assert endpoint.where == str(root / "own")


async def test_a_named_socket_that_is_missing_is_no_reason_to_look_elsewhere(root: Path) -> None:
    with listen(root / UNIX_PLACES[0]), pytest.raises(DaemonNotFoundError, match="own: there is no such socket"):
        await find_daemon({"TS_SOCKET": str(root / "own")}, root=root, platform="linux")


async def test_an_empty_name_in_the_environment_is_none(root: Path) -> None:
    with listen(root / UNIX_PLACES[0]):
        endpoint = await find_daemon({"TS_SOCKET": ""}, root=root, platform="linux")

    assert endpoint.where == str(root / UNIX_PLACES[0])


async def test_the_link_a_container_makes_is_followed(root: Path) -> None:
    (root / "var/run/tailscale").mkdir(parents=True)
    (root / UNIX_PLACES[0]).symlink_to(root / "tmp/tailscaled.sock")

    with listen(root / "tmp/tailscaled.sock"):
        endpoint = await find_daemon({}, root=root, platform="linux")

    assert endpoint.where == str(root / UNIX_PLACES[0])


async def test_a_dead_socket_ends_the_search_even_if_another_lives(root: Path) -> None:
    leave_behind(root / UNIX_PLACES[0])

    with (
        listen(root / "tmp/tailscaled.sock"),
        pytest.raises(DaemonUnreachableError, match=r"nobody listens.*systemctl start"),
    ):
        await find_daemon({}, root=root, platform="linux")


async def test_a_file_that_is_no_socket_is_passed_over(root: Path) -> None:
    plain = root / UNIX_PLACES[0]
    plain.parent.mkdir(parents=True)
    plain.touch()

    with pytest.raises(DaemonNotFoundError, match=r"tailscaled\.sock \(not a socket\)"):
        await find_daemon({}, root=root, platform="linux")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a socket away")
async def test_a_socket_of_a_stranger_in_a_folder_of_all_is_passed_over(root: Path) -> None:
    place = root / "tmp/tailscaled.sock"

    with listen(place):
        place.parent.chmod(0o1777)
        os.chown(place, 12345, 12345)
        with pytest.raises(DaemonNotFoundError, match="belongs to another user"):
            await find_daemon({}, root=root, platform="linux")


async def test_finding_nothing_lists_all_that_was_tried(root: Path) -> None:
    with pytest.raises(DaemonNotFoundError) as caught:
        await find_daemon({}, root=root, platform="linux")

    assert all(str(root / place) in str(caught.value) for place in UNIX_PLACES)
    assert "TS_SOCKET" in caught.value.hint


async def test_windows_is_told_what_to_use_instead(root: Path) -> None:
    with pytest.raises(DaemonNotFoundError, match=r"named pipe.*--host.*local-creds"):
        await find_daemon({}, root=root, platform="win32")


async def test_the_app_store_app_is_asked_with_its_token(root: Path) -> None:
    async with FakeDaemon(token=PROOF) as daemon:
        daemon.on("status", answer('{"BackendState": "Running"}'))

        async def open_files() -> str:
            return listing(daemon.port, PROOF)

        endpoint = await find_daemon({}, root=root, platform="darwin", open_files=open_files)
        client = endpoint.client()

        assert (await client.status()).state is BackendState.RUNNING
        await client.aclose()


async def test_the_standalone_app_is_asked_with_its_token(root: Path) -> None:
    async with FakeDaemon(token=PROOF) as daemon:
        daemon.on("status", answer('{"BackendState": "Running"}'))
        install_standalone(root, daemon.port, f"{PROOF}\n")

        endpoint = await find_daemon({}, root=root, platform="darwin", open_files=no_files)
        client = endpoint.client()

        assert (await client.status()).state is BackendState.RUNNING
        await client.aclose()


async def test_the_app_store_app_comes_before_the_standalone_one(root: Path) -> None:
    async with FakeDaemon(token=PROOF) as store, FakeDaemon(token=PROOF) as standalone:
        install_standalone(root, standalone.port, PROOF)

        async def open_files() -> str:
            return listing(store.port, PROOF)

        endpoint = await find_daemon({}, root=root, platform="darwin", open_files=open_files)

    assert endpoint.where == f"127.0.0.1:{store.port}"


async def test_what_an_app_left_behind_is_not_believed(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        install_standalone(root, gone.getsockname()[1], "c0ffee")

    with listen(root / MACOS_PLACES[0]):
        endpoint = await find_daemon({}, root=root, platform="darwin", open_files=no_files)

    assert endpoint.where == str(root / MACOS_PLACES[0])


async def test_an_app_that_left_is_named_when_nothing_else_is_found(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
        install_standalone(root, port, PROOF)

    with pytest.raises(DaemonNotFoundError, match=rf"standalone app at 127\.0\.0\.1:{port} \(nobody listens\)"):
        await find_daemon({}, root=root, platform="darwin", open_files=no_files)


async def test_a_token_that_may_not_be_read_is_told(root: Path) -> None:
    install_standalone(root, 4711, PROOF)
    proof = root / "Library/Tailscale/sameuserproof-4711"
    proof.unlink()
    proof.mkdir()  # unreadable for root too, where these tests may run

    with pytest.raises(AccessDeniedError, match="join the group admin"):
        await find_daemon({}, root=root, platform="darwin", open_files=no_files)


async def test_a_token_is_shown_nowhere(root: Path) -> None:
    async with FakeDaemon(token=PROOF) as daemon:
        install_standalone(root, daemon.port, PROOF)

        endpoint = await find_daemon({}, root=root, platform="darwin", open_files=no_files)

    assert PROOF not in f"{endpoint} {endpoint!r} {endpoint.where}"


def test_port_and_token_are_cut_out_of_what_lsof_lists() -> None:
    assert parse_open_files(listing(49157, "0123abcd")) == [(49157, "0123abcd")]


@pytest.mark.parametrize(
    "line",
    ["n/Users/me/other/sameuserproof-1-aa", "n/Users/me/x.tailscale.ipn.macos/sameuserproof-x-aa", ""],
    ids=["elsewhere", "no-port", "empty"],
)
def test_other_open_files_are_no_proof(line: str) -> None:
    assert parse_open_files(line) == []


async def test_a_machine_without_that_app_lists_nothing() -> None:
    assert parse_open_files(await list_open_files()) == []


async def test_a_machine_without_lsof_lists_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    assert await list_open_files() == ""


def listing(port: int, token: str) -> str:
    folder = "/Users/me/Library/Group Containers/W5364U7YZB.group.io.tailscale.ipn.macos"
    return f"p123\nfcwd\nn/\nf12\nn{folder}/sameuserproof-{port}-{token}\nf13\nn/dev/null\n"


def install_standalone(root: Path, port: int, token: str) -> None:
    folder = root / "Library/Tailscale"
    folder.mkdir(parents=True)
    (folder / "ipnport").symlink_to(str(port))
    (folder / f"sameuserproof-{port}").write_text(token)
