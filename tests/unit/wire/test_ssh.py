"""A host by ssh: logging in, forwarding, and leaving nothing behind, with a stand-in for ssh."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer
from tests.unit.wire.ssh_stand_in import StandIn, is_running
from tsym_agent.wire.children import environment
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.openers import UnixOpener
from tsym_agent.wire.ssh import SshError, SshLink, SshTrouble, make_folder


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn(tmp_path)
    stand_in.install(monkeypatch)
    return stand_in


@pytest.fixture
async def link(ssh: StandIn) -> AsyncIterator[SshLink]:  # noqa: ARG001 - it needs the stand-in on the PATH
    link = SshLink("well")
    yield link
    await link.aclose()


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - other processes come and go without telling
            await asyncio.sleep(0.01)


async def test_a_socket_there_is_reached_by_a_socket_here(link: SshLink) -> None:
    async with FakeDaemon() as daemon:
        daemon.on("status", answer("{}"))
        await link.connect()
        http = HttpClient(UnixOpener(await link.forward(daemon.path)), host_header="local-tailscaled.sock")

        response = await http.request("GET", "/localapi/v0/status")
        await http.aclose()

    assert (response.status, bytes(response.body)) == (200, b"{}")


async def test_one_login_serves_all_sockets(link: SshLink, ssh: StandIn) -> None:
    await asyncio.gather(link.connect(), link.connect())
    paths = {await link.forward("/run/a"), await link.forward("/run/b"), await link.forward("/run/a")}

    assert len(paths) == 2
    assert len(ssh.masters) == 1


async def test_a_command_runs_there_with_what_it_is_given(link: SshLink) -> None:
    await link.connect()

    assert await link.run("cat; exit 3", b"words") == (3, b"words")


async def test_a_command_without_a_connection_connects_nowhere(ssh: StandIn) -> None:
    with pytest.raises(SshError, match="closed"):
        await SshLink("well").run("true")

    assert ssh.notes == []


async def test_closing_ends_ssh_and_removes_its_folder(link: SshLink, ssh: StandIn) -> None:
    await link.connect()
    folder = Path(await link.forward("/run/a")).parent

    await link.aclose()

    assert not folder.exists()
    assert not is_running(ssh.masters[0])


async def test_its_folder_is_nobody_elses(link: SshLink) -> None:
    await link.connect()
    folder = Path(await link.forward("/run/a")).parent

    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_connection_that_broke_is_made_again(link: SshLink, ssh: StandIn) -> None:
    await link.connect()
    os.kill(ssh.masters[0], signal.SIGKILL)
    await wait_until(lambda: not link.is_up)

    await link.connect()
    await link.forward("/run/a")

    assert link.is_up
    assert len(ssh.masters) == 2


WORDS = {
    "Host key verification failed.": SshTrouble.HOST_KEY_UNKNOWN,
    "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.": SshTrouble.HOST_KEY_CHANGED,
    "ssh: Could not resolve hostname web: Name or service not known": SshTrouble.NAME,
    "me@web: Permission denied (publickey,password).": SshTrouble.LOGIN,
    "ssh: connect to host web port 22: Connection refused": SshTrouble.UNREACHABLE,
    "ssh: connect to host web port 22: Connection timed out": SshTrouble.TIMEOUT,
    "/home/me/.ssh/config: line 1: Bad configuration option: x": SshTrouble.CONFIG,
    "something nobody has seen": SshTrouble.OTHER,
}


@pytest.mark.parametrize(("words", "trouble"), WORDS.items(), ids=[str(trouble) for trouble in WORDS.values()])
async def test_what_ssh_says_is_understood(words: str, trouble: SshTrouble, ssh: StandIn) -> None:
    link = SshLink(f"says:{words}")

    with pytest.raises(SshError) as caught:
        await link.connect()

    assert caught.value.trouble is trouble
    assert caught.value.words in words
    assert not is_running(ssh.masters[0])


async def test_what_must_hold_is_said_to_ssh_and_a_host_is_never_an_option(tmp_path: Path) -> None:
    words = tmp_path / "words"
    program = ("/bin/sh", "-c", f"printf '%s\\n' \"$@\" >'{words}'; exit 1", "ssh")

    with pytest.raises(SshError):
        await SshLink("-oProxyCommand=x", program=program).connect()

    said = words.read_text().splitlines()
    assert said[-2:] == ["--", "-oProxyCommand=x"]
    assert {"BatchMode=yes", "PermitLocalCommand=no", "ClearAllForwardings=yes", "ControlPersist=no"} <= {*said}


async def test_an_ssh_that_gets_nowhere_is_ended(ssh: StandIn) -> None:
    link = SshLink("hangs", login_s=0.5)

    with pytest.raises(SshError) as caught:
        await link.connect()

    assert caught.value.trouble is SshTrouble.TIMEOUT
    assert not any(is_running(pid) for pid in ssh.masters)


async def test_a_login_that_is_given_up_in_haste_ends_ssh(ssh: StandIn) -> None:
    link = SshLink("hangs")
    connecting = asyncio.create_task(link.connect())
    await wait_until(lambda: bool(ssh.masters) and link._master is not None)
    guard, master = link._guard, link._master

    connecting.cancel()
    await asyncio.sleep(0)
    connecting.cancel()
    await asyncio.wait([connecting])

    assert guard is not None
    assert master is not None
    try:
        await asyncio.wait_for(asyncio.gather(guard.wait(), master.wait()), 10)
    finally:
        with suppress(ProcessLookupError):
            os.kill(ssh.masters[0], signal.SIGKILL)


async def test_a_login_that_is_given_up_leaves_nothing(ssh: StandIn) -> None:
    link = SshLink("hangs")
    connecting = asyncio.create_task(link.connect())
    await wait_until(lambda: bool(ssh.masters))

    connecting.cancel()
    await asyncio.wait([connecting])

    assert not is_running(ssh.masters[0])
    assert not link.is_up


async def test_a_machine_without_ssh_says_so() -> None:
    with pytest.raises(SshError) as caught:
        await SshLink("well", program=("/nowhere/ssh",)).connect()

    assert caught.value.trouble is SshTrouble.MISSING


def batch_modes(ssh: StandIn) -> list[str]:
    return [words[2] for words in ssh.notes if words[0] == "master"]


async def test_nobody_is_asked_unless_that_is_allowed(ssh: StandIn) -> None:
    with pytest.raises(SshError, match="Permission denied"):
        await SshLink("asks").connect()

    assert batch_modes(ssh) == ["BatchMode=yes"]


async def test_a_person_is_asked_only_after_ssh_could_not_do_without(ssh: StandIn) -> None:
    link = SshLink("asks", asking=asyncio.Lock())

    await link.connect()
    await link.aclose()

    assert batch_modes(ssh) == ["BatchMode=yes", "BatchMode=no"]


async def test_a_wrong_name_is_nothing_to_ask_a_person_about(ssh: StandIn) -> None:
    with pytest.raises(SshError):
        await SshLink("says:Could not resolve hostname x", asking=asyncio.Lock()).connect()

    assert batch_modes(ssh) == ["BatchMode=yes"]


CONNECT_AND_WAIT = """
import asyncio, sys
from tsym_agent.wire.ssh import SshLink

async def main():
    link = SshLink("well")
    await link.connect()
    print(await link.forward("/run/a"), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_killed_process_leaves_no_ssh_and_no_folder(ssh: StandIn) -> None:
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", CONNECT_AND_WAIT, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    folder = Path((await owner.stdout.readline()).decode().strip()).parent
    await wait_until(folder.exists)

    owner.kill()
    await owner.wait()

    await wait_until(lambda: not folder.exists())
    await wait_until(lambda: not is_running(ssh.masters[0]))


def test_a_folder_with_a_long_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 60)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr(tempfile, "tempdir", str(deep))

    folder = make_folder()
    folder.rmdir()

    assert len(str(folder)) < 60


def test_our_keys_are_not_handed_on() -> None:
    assert environment({"HOME": "/root", "TS_AUTHKEY": "k", "TSYM_HOST": "x"}) == {"HOME": "/root"}
