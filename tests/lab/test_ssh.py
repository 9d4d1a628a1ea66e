"""Hosts by ssh: a real OpenSSH on both sides, real daemons behind it."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tsym_agent.localapi import reads
from tsym_agent.localapi.errors import AccessDeniedError, DaemonNotFoundError, DaemonUnreachableError
from tsym_agent.localapi.remote import SshClient, SshOpener
from tsym_agent.model.hosts import Rights
from tsym_agent.model.status import BackendState
from tsym_agent.wire.ssh import SshLink

from . import requirements
from .agents import BIN, tsym_on
from .programs import clean_environment, wait_until
from .sshd import Sshd, User, make_key, sshd
from .tailnet import Lab

FAR, JUMP, HERE = "a", "p", "b"
"""Whose daemon is asked; a host on the way to it; where the person sits."""
GONE_DEADLINE_S = 20.0


@pytest.fixture(scope="module", autouse=True)
def _has_ssh() -> None:
    if lacking := requirements.lacks_ssh():
        if requirements.is_required():
            pytest.fail(lacking)
        pytest.skip(lacking)


@pytest.fixture(scope="module")
def far(lab: Lab) -> Iterator[Sshd]:
    with sshd(lab.nodes[FAR], lab.folder / "far", at_usual_place=True) as server:
        yield server


@pytest.fixture(scope="module")
def user(lab: Lab, far: Sshd) -> User:
    user = User(lab.folder / "user")
    user.may_log_in(far)
    user.learn("far", far)
    user.learn("nobody-there", far, login="nobody")
    user.learn("unknown", far, more="HostKeyAlias unknown", knows_key=False)
    user.learn("changed", far, more="HostKeyAlias changed", knows_key=False)
    user.remember("changed", make_key(lab.folder / "other"))
    return user


def opener(lab: Lab, user: User, host: str, socket: str = "") -> SshOpener:
    """Return the way to a host from where the person sits."""
    program = lab.nodes[HERE].host.namespace.wrap([str(user.bin / "ssh")])
    wrapper = user.bin / "ssh-from-here"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(program)} "$@"\n')
    wrapper.chmod(0o755)
    return SshOpener(SshLink(host, program=(str(wrapper),)), socket)


@asynccontextmanager
async def asking(lab: Lab, user: User, host: str, socket: str = "") -> AsyncIterator[SshClient]:
    client = SshClient(opener(lab, user, host, socket))
    try:
        await client.connect()
        yield client
    finally:
        await client.aclose()


async def test_the_usual_place_is_found_and_root_may_write(lab: Lab, user: User) -> None:
    async with asking(lab, user, "far") as client:
        status = await client.status()
        rights = await client.rights()

    assert status.self_node is not None
    assert status.self_node.id == lab.nodes[FAR].stable_id
    assert rights is Rights.WRITE


async def test_a_user_without_a_shell_may_read_and_is_told_how_to_get_more(lab: Lab, user: User) -> None:
    async with asking(lab, user, "nobody-there") as client:
        assert await client.rights() is Rights.READ
        with pytest.raises(AccessDeniedError, match=r"ssh -t nobody-there 'sudo tailscale set --operator=\$USER'"):
            await reads.read_bytes(client, "goroutines")


async def test_what_the_hint_says_helps(lab: Lab, user: User) -> None:
    lab.nodes[FAR].cli("set", "--operator=nobody")
    try:
        async with asking(lab, user, "nobody-there") as client:
            assert await client.rights() is Rights.WRITE
            assert await reads.read_bytes(client, "goroutines")
    finally:
        lab.nodes[FAR].cli("set", "--operator=")


async def test_a_daemon_that_restarts_is_asked_again_over_the_same_login(lab: Lab, far: Sshd, user: User) -> None:
    logins = far.log.count("Accepted publickey")
    async with asking(lab, user, "far", str(lab.nodes[FAR].socket)) as client:
        with lab.stopped(FAR), pytest.raises(DaemonUnreachableError):
            await client.status()
        assert (await client.status()).state is BackendState.RUNNING

    assert far.log.count("Accepted publickey") == logins + 1


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("unknown", r"host key is not known here.*run `ssh unknown` once"),
        ("changed", r"not the one known here.*ssh-keygen -R"),
    ],
)
async def test_a_host_that_is_not_the_known_one_is_not_spoken_to(lab: Lab, user: User, host: str, words: str) -> None:
    with pytest.raises(AccessDeniedError, match=words):
        async with asking(lab, user, host):
            pass


async def test_a_login_without_a_key_says_what_to_run(lab: Lab, far: Sshd) -> None:
    stranger = User(lab.folder / "stranger")
    stranger.learn("far", far)

    with pytest.raises(AccessDeniedError, match=r"Permission denied.*run `ssh far` once"):
        async with asking(lab, stranger, "far"):
            pass


async def test_a_missing_socket_is_named(lab: Lab, user: User) -> None:
    with pytest.raises(DaemonNotFoundError, match="no tailscaled socket there; looked at /nowhere/s"):
        async with asking(lab, user, "far", "/nowhere/s"):
            pass


async def test_a_server_that_forwards_no_sockets_says_so(lab: Lab, user: User) -> None:
    with sshd(lab.nodes[JUMP], lab.folder / "closed", "AllowStreamLocalForwarding no") as server:
        user.may_log_in(server)
        user.learn("closed", server)

        with pytest.raises(AccessDeniedError, match="AllowStreamLocalForwarding yes"):
            async with asking(lab, user, "closed", str(lab.nodes[JUMP].socket)):
                pass


async def test_the_users_jump_hosts_hold(lab: Lab, far: Sshd, user: User) -> None:
    with sshd(lab.nodes[HERE], lab.folder / "jump") as server:
        user.may_log_in(server)
        user.learn("jump", server)
        user.learn("behind", far, more="ProxyJump jump")

        async with asking(lab, user, "behind") as client:
            status = await client.status()
        log = server.log

    assert status.self_node is not None
    assert status.self_node.id == lab.nodes[FAR].stable_id
    assert "Accepted publickey" in log


def environment(user: User) -> dict[str, str]:
    return {"PATH": f"{user.bin}:{os.environ['PATH']}"}


@pytest.mark.parametrize(("host", "rights"), [("far", "w"), ("nobody-there", "r")])
def test_a_command_asks_a_host_by_ssh_and_shows_its_rights(lab: Lab, user: User, host: str, rights: str) -> None:
    answer = tsym_on(lab, HERE, "hosts", "--host", f"ssh:{host}", "--json", env=environment(user))

    assert answer.code == 0, answer.err
    (shown,) = answer.json()["hosts"]
    assert (shown["state"], shown["rights"], shown["via"]) == ("ok", rights, f"ssh:{host}")


def test_a_host_that_would_ask_is_denied_with_what_to_run(lab: Lab, user: User) -> None:
    answer = tsym_on(lab, HERE, "hosts", "--host", "ssh:unknown", "--json", env=environment(user))

    (host,) = answer.json()["hosts"]
    assert host["state"] == "denied"
    assert "run `ssh unknown` once" in host["error"]


def test_a_killed_app_leaves_no_ssh_behind(lab: Lab, user: User) -> None:
    folder = lab.folder / "t"
    folder.mkdir()
    namespace = lab.nodes[HERE].host.namespace
    before = set(namespace.processes())
    argv = namespace.wrap([str(BIN / "tsym"), "matrix", "--watch", "--host", "ssh:far"])
    env = clean_environment() | environment(user) | {"TMPDIR": str(folder)}
    env.pop("XDG_RUNTIME_DIR", None)
    watching = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
    )
    try:
        wait_until(lambda: list(folder.glob("*/control")), "tsym to log in", GONE_DEADLINE_S)
    finally:
        watching.send_signal(signal.SIGKILL)
        watching.wait()

    wait_until(lambda: set(namespace.processes()) <= before, "ssh to end", GONE_DEADLINE_S)
    wait_until(lambda: not list(folder.iterdir()), "its folder to go", GONE_DEADLINE_S)


def test_a_person_at_a_terminal_is_asked_for_a_passphrase(lab: Lab, far: Sshd) -> None:
    careful = User(lab.folder / "careful", "open sesame")
    careful.may_log_in(far)
    careful.learn("far", far)
    command = f"{BIN}/tsym hosts --host ssh:far --json"
    argv = lab.nodes[HERE].host.namespace.wrap(["script", "--quiet", "--return", "--command", command, "/dev/null"])
    env = clean_environment() | environment(careful) | {"SSH_AUTH_SOCK": ""}

    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as terminal:
        assert terminal.stdin is not None
        assert terminal.stdout is not None
        shown = b""
        while b"passphrase" not in shown and (more := os.read(terminal.stdout.fileno(), 4096)):
            shown += more
        terminal.stdin.write(b"open sesame\n")
        terminal.stdin.flush()
        shown += terminal.stdout.read()

    assert b"Enter passphrase for key" in shown
    assert b'"state":"ok"' in shown.replace(b'": "', b'":"')
    assert terminal.returncode == 0


async def test_many_questions_at_once_share_one_connection(lab: Lab, far: Sshd, user: User) -> None:
    logins = far.log.count("Accepted publickey")
    async with asking(lab, user, "far") as client:
        await asyncio.gather(*(client.status_bytes() for _ in range(40)))

    assert far.log.count("Accepted publickey") == logins + 1
