"""A pod's daemon by the real `tailscale debug localapi`; only kubectl and the pod around it are stood in for."""

from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

from tsym_agent.localapi import errors, kube, reads
from tsym_agent.localapi.kube import Pod, PodClient, run_here
from tsym_agent.model.hosts import Rights
from tsym_agent.model.notify import BusMask
from tsym_agent.model.status import BackendState

from . import tools
from .node import Node
from .tailnet import Lab

HOST = "c"


class Inside:
    """Runs here what kubectl would run in the pod, with a socket where the pod has its own."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def __call__(self, argv: Sequence[str]) -> Process:
        words = list(argv[argv.index("--") + 1 :])
        at = words.index("tailscale")
        words[at : at + 1] = [str(tools.ensure(tools.TAILSCALE) / "tailscale"), f"--socket={self._node.socket}"]
        return await run_here(words)


@pytest.fixture
async def pod(lab: Lab) -> AsyncIterator[PodClient]:
    client = PodClient(Pod("prod", "web-0"), run=Inside(lab.nodes[HOST]))
    yield client
    await client.aclose()


async def test_a_status_comes_whole_and_with_its_version(lab: Lab, pod: PodClient) -> None:
    status = await pod.status()

    assert status.state is BackendState.RUNNING
    assert status.self_node is not None
    assert status.self_node.id == lab.nodes[HOST].stable_id
    assert (pod.daemon_version or "").startswith("1.102.3")


async def test_root_in_a_container_may_write(pod: PodClient) -> None:
    assert await pod.rights() is Rights.WRITE


async def test_a_pong_comes_back(lab: Lab, pod: PodClient) -> None:
    assert (await pod.ping(lab.nodes["p"].address)).err == ""


async def test_a_refusal_keeps_its_words(pod: PodClient) -> None:
    with pytest.raises(errors.NotSupportedError, match="has no no-such-thing"):
        await pod.ask("no-such-thing")
    with pytest.raises(errors.NoSuchObjectError):
        await pod.who_is("192.0.2.1")


async def test_a_question_with_a_body_is_put(pod: PodClient) -> None:
    with pytest.raises(errors.RequestRefusedError):
        await reads.read_bytes(pod, "lock-verify-link", body=b"not JSON")
    answer = await reads.read_bytes(pod, "lock-verify-link", body=b'{"URL":"nothing of use"}')

    assert b'"IsValid": false' in answer


async def test_the_bus_streams(pod: PodClient) -> None:
    async with aclosing(pod.watch_ipn_bus(BusMask.INITIAL_STATE)) as notices:
        notice = await anext(notices)

    assert notice.state is BackendState.RUNNING


async def test_a_silent_ping_is_loss(pod: PodClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube, "START_S", 0.5)
    with pytest.raises(errors.AnswerTimeoutError):
        await pod.ask("ping", {"ip": "100.64.0.1", "type": "nothing-answers-this"}, method="POST", timeout_s=1.0)


async def test_a_daemon_that_is_stopped_is_told_from_a_pod_that_is_gone(lab: Lab, pod: PodClient) -> None:
    with lab.stopped(HOST), pytest.raises(errors.DaemonUnreachableError, match="no tailscaled answers in"):
        await pod.status()
