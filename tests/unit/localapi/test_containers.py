"""Sockets of other containers: made-up process tables, and a real process with a root of its own."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.descriptors import open_files
from tests.unit.fake_daemon import FakeDaemon, answer
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.containers import ContainerOpener, discover_all, open_inside
from tsym_agent.localapi.errors import DaemonNotFoundError
from tsym_agent.wire.streams import Opener


class Table:
    """A made-up /proc."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        self.proc.mkdir()
        self._sockets = ExitStack()

    def add(self, pid: int, *argv: str, parent: int = 0, **env: str) -> Path:
        """Add a process and return its root."""
        folder = self.proc / str(pid)
        (folder / "root").mkdir(parents=True)
        (folder / "cwd").symlink_to(folder / "root")
        (folder / "stat").write_text(f"{pid} (a) b) S {parent} 1 1")
        (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in argv))
        (folder / "environ").write_bytes(b"".join(f"{key}={value}\0".encode() for key, value in env.items()))
        return folder / "root"

    def listen(self, pid: int, path: str) -> None:
        """Put a socket at `path` in the root of a process."""
        place = self.proc / str(pid) / "root" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        listener = self._sockets.enter_context(socket.socket(socket.AF_UNIX))
        folder = os.open(place.parent, os.O_PATH)
        try:
            listener.bind(f"/proc/self/fd/{folder}/{place.name}")  # the whole path is too long for a socket
        finally:
            os.close(folder)

    async def found(self, own_pid: int = 99) -> list[tuple[int, str]]:
        """Return what is discovered when everything counts as a tailscaled."""

        async def confirm(_opener: Opener) -> bool:
            return True

        return [(each.pid, each.path) for each in await discover_all(self.proc, own_pid=own_pid, confirm=confirm)]

    def close(self) -> None:
        self._sockets.close()


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    table = Table(tmp_path)
    yield table
    table.close()


async def test_processes_are_looked_at_by_number(table: Table) -> None:
    for pid in (10, 2):
        table.add(pid)
        table.listen(pid, "/tmp/tailscaled.sock")

    assert await table.found() == [(2, "/tmp/tailscaled.sock"), (10, "/tmp/tailscaled.sock")]


@pytest.mark.parametrize("argv", [("--socket=/x/s",), ("--socket", "/x/s"), ("-socket=/x/s",), ("-socket", "/x/s")])
async def test_a_daemons_own_command_line_says_where(table: Table, argv: tuple[str, ...]) -> None:
    table.add(7, "/usr/local/bin/tailscaled", "--state=mem:", *argv)
    table.listen(7, "/x/s")

    assert await table.found() == [(7, "/x/s")]


async def test_another_programs_socket_is_none_of_ours(table: Table) -> None:
    table.add(7, "mysqld", "--socket=/x/s")
    table.listen(7, "/x/s")

    with pytest.raises(DaemonNotFoundError):
        await table.found()


async def test_the_environment_says_where(table: Table) -> None:
    table.add(7, "sh", TS_SOCKET="/x/s", OTHER="y")
    table.listen(7, "/x/s")

    assert await table.found() == [(7, "/x/s")]


async def test_a_relative_socket_lies_in_the_processs_folder(table: Table) -> None:
    table.add(7, "tailscaled", "--socket=s")
    table.listen(7, "/s")

    assert await table.found() == [(7, "s")]


@pytest.mark.parametrize("path", ["/tmp/tailscaled.sock", "/var/run/tailscale/tailscaled.sock"])
async def test_the_usual_places_are_looked_at(table: Table, path: str) -> None:
    table.add(7)
    table.listen(7, path)

    assert await table.found() == [(7, path)]


async def test_a_link_means_the_other_root(table: Table) -> None:
    root = table.add(7)
    table.listen(7, "/data/real.sock")
    (root / "var").mkdir()
    (root / "var/run").symlink_to("/run")
    (root / "run/tailscale").mkdir(parents=True)
    (root / "run/tailscale/tailscaled.sock").symlink_to("/data/real.sock")

    assert await table.found() == [(7, "/var/run/tailscale/tailscaled.sock")]


@pytest.mark.parametrize("way", ["named", "link", "absolute-link"])
async def test_no_path_leads_out_of_the_other_root(table: Table, tmp_path: Path, way: str) -> None:
    up_and_out = f"{'../' * 40}{tmp_path}/outside"
    root = table.add(7, "tailscaled", f"--socket=/{up_and_out}" if way == "named" else "--socket=/x/s")
    (root / "tmp").mkdir()
    if way != "named":
        (root / "tmp/tailscaled.sock").symlink_to(up_and_out if way == "link" else tmp_path / "outside")
    with socket.socket(socket.AF_UNIX) as outside:
        outside.bind(str(tmp_path / "outside"))

        with pytest.raises(DaemonNotFoundError):
            await table.found()


async def test_links_in_a_circle_are_passed_over(table: Table) -> None:
    root = table.add(7)
    (root / "tmp").symlink_to("/tmp")

    with pytest.raises(DaemonNotFoundError):
        await table.found()


async def test_a_file_of_that_name_is_no_socket(table: Table) -> None:
    root = table.add(7)
    (root / "tmp").mkdir()
    (root / "tmp/tailscaled.sock").touch()

    with pytest.raises(DaemonNotFoundError, match="in the roots of 1 other"):
        await table.found()


async def test_our_own_and_our_childrens_sockets_are_not_meant(table: Table) -> None:
    table.add(1)
    table.add(5, parent=1)
    table.add(6, "tailscaled", parent=5)
    table.add(7, parent=6)
    for pid in (5, 6, 7):
        table.listen(pid, "/tmp/tailscaled.sock")

    with pytest.raises(DaemonNotFoundError):
        await table.found(own_pid=5)


async def test_processes_of_one_container_are_one_find(table: Table) -> None:
    root = table.add(7)
    table.listen(7, "/tmp/tailscaled.sock")
    table.add(8).rmdir()
    (table.proc / "8/root").symlink_to(root)

    assert await table.found() == [(7, "/tmp/tailscaled.sock")]


async def test_a_process_that_ends_meanwhile_is_passed_over(table: Table) -> None:
    (table.proc / "3").mkdir()
    table.add(7)
    table.listen(7, "/tmp/tailscaled.sock")

    assert await table.found() == [(7, "/tmp/tailscaled.sock")]


async def test_a_pod_that_hides_its_processes_is_told_how_to_show_them(table: Table) -> None:
    table.add(99)

    with pytest.raises(DaemonNotFoundError, match="shareProcessNamespace"):
        await table.found()


async def test_processes_that_may_not_be_looked_into_are_told(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    table.add(7)
    table.add(8)
    monkeypatch.setattr(os, "open", refuse)  # root, as whom this may run, is refused nothing

    with pytest.raises(DaemonNotFoundError, match=r"2 of 2 other processes .*CAP_SYS_PTRACE"):
        await table.found()


async def test_a_process_that_names_many_places_is_not_believed(table: Table) -> None:
    table.add(7, "tailscaled", *(f"--socket=/s{number}" for number in range(20)))
    table.listen(7, "/s19")

    with pytest.raises(DaemonNotFoundError):
        await table.found()


async def test_a_socket_nobody_listens_on_is_named(table: Table) -> None:
    table.add(7)
    table.listen(7, "/tmp/tailscaled.sock")

    with pytest.raises(DaemonNotFoundError, match=r"answers at pid 7: /tmp/tailscaled\.sock"):
        await discover_all(table.proc, own_pid=99)


async def test_no_descriptor_is_left_open(table: Table) -> None:
    table.add(7, "tailscaled", "--socket=/a/b/../c")
    table.listen(7, "/a/c")
    (table.proc / "7/root/a/b").mkdir()
    before = open_files()

    for _ in range(5):
        os.close(open_inside(table.proc / "7", "/a/b/../c"))
        with pytest.raises(FileNotFoundError):
            open_inside(table.proc / "7", "/a/b/none/x")

    assert open_files() == before


async def test_what_answers_is_connected_to_through_the_other_root(table: Table) -> None:
    async with FakeDaemon() as daemon:
        daemon.on("status", answer('{"BackendState": "Running"}'))
        root = table.add(7)
        root.rmdir()
        (table.proc / "7/root").symlink_to(Path(daemon.path).parent)
        (table.proc / "7/environ").write_bytes(b"TS_SOCKET=/s\0")

        client = LocalClient((await discover_all(table.proc, own_pid=99))[0])
        status = await client.status()
        await client.aclose()

    assert status.backend_state == "Running"
    assert client.where == "pid 7: /s"


async def test_a_container_that_is_gone_refuses(table: Table) -> None:
    with pytest.raises(FileNotFoundError):
        await ContainerOpener(7, "/s", table.proc).open()


IN_A_ROOT_OF_ITS_OWN = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
os.chroot(sys.argv[1])
os.chdir("/")
os.makedirs("/run/real")
os.makedirs("/var/run/tailscale")
listener.bind("/run/real/s")
os.symlink("/run/real/s", "/var/run/tailscale/tailscaled.sock")
listener.listen()
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    client.recv(4096)
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
    client.close()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: only root may give a process a root folder of its own")
async def test_a_real_process_with_its_own_root_is_found(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IN_A_ROOT_OF_ITS_OWN, str(tmp_path), stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 10) == b"ready\n"

        # Our own number is not given: the process would count as one of ours, and be passed over.
        found = await discover_all(own_pid=2**22 + 1)
    finally:
        process.kill()
        await process.wait()

    place = "/var/run/tailscale/tailscaled.sock"
    assert ContainerOpener(process.pid, place) in found
