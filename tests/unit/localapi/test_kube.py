"""A pod's tailscaled by kubectl, with stand-ins for kubectl, for the pod and for its tailscale program."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from tests.unit.descriptors import open_files
from tests.unit.fake_daemon import VERSION, FakeDaemon, answer, hang
from tests.unit.localapi.streaming import stream
from tsym_agent.localapi import kube
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    AnswerTimeoutError,
    DaemonNotFoundError,
    DaemonUnreachableError,
    LocalAPIError,
    NotSupportedError,
)
from tsym_agent.localapi.kube import Pod, PodClient, explain, run_here
from tsym_agent.model.hosts import Rights
from tsym_agent.model.status import BackendState

TAILSCALE = """
import socket, sys
method, target, *body = sys.argv[sys.argv.index("-v") + 1:]
print(f"# doing request {method} {target}", file=sys.stderr)
daemon = socket.socket(socket.AF_UNIX)
daemon.connect(sys.argv[1])
given = (body or [""])[0]
daemon.sendall(f"{method} {target} HTTP/1.1\\r\\nHost: local-tailscaled.sock\\r\\nConnection: close\\r\\n"
               f"Content-Length: {len(given)}\\r\\n\\r\\n{given}".encode())
while data := daemon.recv(65536):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
"""


class FakeCluster:
    """Runs what kubectl would run in a pod here, and says what else it was told to."""

    def __init__(self, socket: str) -> None:
        self.asked: list[Sequence[str]] = []
        self.processes: list[Process] = []
        self.says = ""
        self.has_timeout = True
        self._socket = socket

    async def run(self, argv: Sequence[str]) -> Process:
        self.asked.append(argv)
        inside = list(argv[argv.index("--") + 1 :])
        if self.says or (not self.has_timeout and inside[0] == "timeout"):
            words = self.says or 'exec: "timeout": executable file not found in $PATH'
            process = await run_here(["/bin/sh", "-c", 'echo "$1" >&2; exit 1', "kubectl", words])
        else:
            program = inside[inside.index("tailscale") :]
            process = await run_here([sys.executable, "-S", "-E", "-c", TAILSCALE, self._socket, *program[1:]])
        self.processes.append(process)
        return process


@pytest.fixture
def cluster(daemon: FakeDaemon) -> FakeCluster:
    return FakeCluster(daemon.path)


@pytest.fixture
async def pod(cluster: FakeCluster) -> AsyncIterator[PodClient]:
    client = PodClient(Pod("prod", "web-0"), run=cluster.run)
    yield client
    await client.aclose()
    assert all(process.returncode is not None for process in cluster.processes)


async def test_a_status_comes_out_of_the_pod(daemon: FakeDaemon, pod: PodClient) -> None:
    daemon.on("status", answer('{"BackendState": "Running"}'))

    status = await pod.status()

    assert status.state is BackendState.RUNNING
    assert pod.daemon_version == VERSION


def test_the_command_line_names_the_pod_and_bounds_its_program() -> None:
    command = Pod("prod", "web-0", "ts").command("GET", "/localapi/v0/status", "", 4.2)

    assert command == [
        "kubectl", "exec", "--namespace=prod", "web-0", "--container=ts", "--",
        "timeout", "5", "tailscale", "debug", "localapi", "-v", "GET", "/localapi/v0/status",
    ]  # fmt: skip


async def test_the_program_in_the_pod_ends_soon_after_we_gave_up(
    daemon: FakeDaemon, cluster: FakeCluster, pod: PodClient
) -> None:
    daemon.on("status", answer("{}"))

    await pod.ask("status", timeout_s=2.0)

    words = list(cluster.asked[0])
    assert words[words.index("timeout") + 1] == "8"  # two for the daemon, three for the way there, three more


async def test_a_question_may_have_a_body(daemon: FakeDaemon, pod: PodClient) -> None:
    daemon.on("tka/affected-sigs", answer("[]"))

    await pod.ask("tka/affected-sigs", method="POST", body=b"tlpub:aa")

    assert (daemon.requests[0].method, daemon.requests[0].body) == ("POST", b"tlpub:aa")


async def test_a_refusal_of_the_daemon_keeps_its_meaning(daemon: FakeDaemon, pod: PodClient) -> None:
    daemon.on("prefs", answer("prefs access denied\n", 403))
    daemon.on("profiles/current", answer("profiles access denied\n", 403))

    with pytest.raises(AccessDeniedError, match="kube:prod/web-0: prefs: prefs access denied"):
        await pod.prefs()
    assert await pod.rights() is Rights.READ


async def test_a_pod_without_a_timeout_is_asked_without_one(
    daemon: FakeDaemon, cluster: FakeCluster, pod: PodClient
) -> None:
    daemon.on("status", answer("{}"))
    cluster.has_timeout = False

    await asyncio.gather(pod.status_bytes(), pod.status_bytes())
    await pod.status_bytes()

    assert "timeout" in cluster.asked[0]
    assert "timeout" not in cluster.asked[-1]


async def test_a_ping_nobody_answers_ends_its_process(
    daemon: FakeDaemon, cluster: FakeCluster, pod: PodClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube, "START_S", 0.2)
    daemon.on("ping", hang)

    with pytest.raises(AnswerTimeoutError):
        await pod.ping("100.64.0.9", timeout_s=0.1)

    assert cluster.processes[0].returncode is not None


async def test_no_more_processes_run_than_are_allowed(daemon: FakeDaemon, cluster: FakeCluster, pod: PodClient) -> None:
    daemon.on("ping", hang)
    pings = [asyncio.create_task(pod.ping("100.64.0.9")) for _ in range(9)]
    await daemon.wait_until(lambda: len(daemon.requests) == kube.MAX_PROCESSES)

    assert len(cluster.processes) == kube.MAX_PROCESSES

    for ping in pings:
        ping.cancel()
    await asyncio.wait(pings)


async def test_the_bus_comes_line_by_line(daemon: FakeDaemon, cluster: FakeCluster, pod: PodClient) -> None:
    daemon.on("watch-ipn-bus", stream(b'{"State": 6}\n', b'{"State": 4}\n'))

    async with aclosing(pod.watch_ipn_bus()) as notices:
        states = [(await anext(notices)).state, (await anext(notices)).state]

    assert states == [BackendState.RUNNING, BackendState.STOPPED]
    assert cluster.processes[0].returncode == -signal.SIGTERM


async def test_a_large_answer_comes_whole(daemon: FakeDaemon, pod: PodClient) -> None:
    daemon.on("status", answer(b"{}" + b" " * 3_000_000))

    assert len(await pod.status_bytes()) == 3_000_002


async def test_closing_ends_what_is_under_way(daemon: FakeDaemon, cluster: FakeCluster) -> None:
    daemon.on("ping", hang)
    client = PodClient(Pod("prod", "web-0"), run=cluster.run)
    ping = asyncio.create_task(client.ping("100.64.0.9"))
    await daemon.wait_until(lambda: bool(daemon.requests))

    await client.aclose()

    with pytest.raises(LocalAPIError):
        await ping


async def test_closing_ends_all_though_a_helper_of_kubectl_holds_the_output(tmp_path: Path) -> None:
    processes: list[Process] = []

    async def run(_argv: Sequence[str]) -> Process:
        processes.append(
            await run_here(["/bin/sh", "-c", 'sleep 60 & echo $! >>"$0"; wait', str(tmp_path / "helpers")])
        )
        return processes[-1]

    client = PodClient(Pod("prod", "web-0"), run=run)
    asked = [asyncio.create_task(client.status()) for _ in range(2)]
    while not (tmp_path / "helpers").exists() or len(helpers(tmp_path)) < 2:  # noqa: ASYNC110 - a file that grows
        await asyncio.sleep(0.01)

    try:
        await client.aclose()
    finally:
        for pid in helpers(tmp_path):
            os.kill(pid, signal.SIGKILL)
        await asyncio.wait(asked)

    assert all(process.returncode is not None for process in processes)
    assert all(isinstance(each.exception(), LocalAPIError) for each in asked)


def helpers(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "helpers").read_text().split()]


WORDS = {
    'Error from server (NotFound): pods "web-0" not found': (DaemonNotFoundError, "no such pod"),
    'Error from server (Forbidden): pods "web-0" is forbidden: User "me" cannot create resource "pods/exec"': (
        AccessDeniedError,
        "create",
    ),
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "tailscale": '
    "executable file not found in $PATH: unknown": (DaemonNotFoundError, "NAMESPACE/POD/CONTAINER"),
    "Error from server (BadRequest): container ts is not valid for pod web-0": (
        DaemonNotFoundError,
        "no such container",
    ),
    "Unable to connect to the server: dial tcp: lookup kube.example: no such host": (
        DaemonUnreachableError,
        "cluster-info",
    ),
    "The connection to the server localhost:8080 was refused - did you specify the right host or port?": (
        DaemonUnreachableError,
        "cluster-info",
    ),
    "error: You must be logged in to the server (Unauthorized)": (AccessDeniedError, "log in"),
    'tailscale debug: unknown subcommand: "localapi"': (NotSupportedError, "newer image"),
    'Get "http://local-tailscaled.sock/localapi/v0/status": dial unix /run/s: connect: no such file or directory\n'
    "command terminated with exit code 1": (DaemonUnreachableError, "no tailscaled answers"),
    "": (DaemonUnreachableError, "by hand"),
}


@pytest.mark.parametrize(("words", "meaning"), WORDS.items())
def test_what_kubectl_says_is_understood(words: str, meaning: tuple[type[LocalAPIError], str]) -> None:
    error = explain("kube:prod/web-0", words)

    assert type(error) is meaning[0]
    assert meaning[1] in str(error)


async def test_last_words_become_the_error(cluster: FakeCluster, pod: PodClient) -> None:
    cluster.says = 'Error from server (NotFound): pods "web-0" not found'

    with pytest.raises(DaemonNotFoundError, match="kube:prod/web-0: there is no such pod"):
        await pod.status()


async def test_words_cannot_act_on_the_terminal(cluster: FakeCluster, pod: PodClient) -> None:
    cluster.says = "\x1b[31mred"

    with pytest.raises(DaemonUnreachableError) as caught:
        await pod.status()

    assert "\x1b" not in str(caught.value)


async def test_a_machine_without_kubectl_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    client = PodClient(Pod("prod", "web-0"))

    with pytest.raises(DaemonUnreachableError, match="install kubectl"):
        await client.status()


async def test_descriptors_are_given_back(daemon: FakeDaemon, pod: PodClient) -> None:
    daemon.on("status", answer("{}"))
    await pod.status_bytes()
    before = open_files()

    for _ in range(3):
        await pod.status_bytes()

    assert open_files() == before
