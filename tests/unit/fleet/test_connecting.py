"""From a host's spec to a client that asks it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from tests.unit.fake_daemon import FakeDaemon, answer
from tests.unit.model.test_agent_values import HELLO
from tests.unit.wire.ssh_stand_in import StandIn, is_running
from tsym_agent.localapi.agent import AgentClient
from tsym_agent.localapi.errors import AccessDeniedError, DaemonNotFoundError, DaemonUnreachableError
from tsym_agent.model.status import BackendState
from tsym_agent.wire.exchange import Reply, Request, Response
from tsym_agent.wire.openers import TcpOpener
from tsym_agent.wire.server import serve_tcp
from tsym_tui.fleet.connecting import Connector
from tsym_tui.fleet.specs import parse_spec

NO_DAEMON = {"TS_SOCKET": "/nowhere/x.sock"}


@asynccontextmanager
async def an_agent() -> AsyncIterator[tuple[int, list[Request]]]:
    requests: list[Request] = []

    async def handle(request: Request) -> Reply:
        requests.append(request)
        return Response(200, msgspec.json.encode(HELLO))

    server = await serve_tcp("127.0.0.1", 0, handle)
    try:
        yield server.port, requests
    finally:
        await server.close()


async def test_an_agent_is_asked_by_its_address() -> None:
    async with an_agent() as (port, requests):
        client = await Connector(NO_DAEMON)(parse_spec(f"agent:127.0.0.1:{port}"))
        assert isinstance(client, AgentClient)
        assert await client.hello() == HELLO
        await client.aclose()

    assert requests[0].host == f"127.0.0.1:{port}"


async def test_an_agents_name_is_looked_up_at_the_local_daemon() -> None:
    nas = '{"DNSName": "nas.t.net.", "TailscaleIPs": ["127.0.0.1"]}'
    status = f'{{"CurrentTailnet": {{"MagicDNSSuffix": "t.net"}}, "Peer": {{"k": {nas}}}}}'
    async with FakeDaemon() as daemon, an_agent() as (port, requests):
        daemon.on("status", answer(status))
        client = await Connector({"TS_SOCKET": daemon.path})(parse_spec(f"agent:nas:{port}"))
        assert isinstance(client, AgentClient)
        await client.hello()
        await client.aclose()

    assert requests[0].host == f"nas:{port}"


async def test_a_node_of_our_own_carries_agents_by_their_names() -> None:
    asked: list[tuple[str, int]] = []

    async with an_agent() as (port, _):

        def route(host: str, port_there: int) -> TcpOpener:
            asked.append((host, port_there))
            return TcpOpener("127.0.0.1", port)

        client = await Connector(NO_DAEMON, route=route)(parse_spec("agent:nas"))
        assert isinstance(client, AgentClient)
        await client.hello()
        await client.aclose()

    assert asked == [("nas", 3621)]


async def test_where_the_tailnet_has_no_device_its_daemon_dials(tmp_path: Path) -> None:
    dialled: list[str] = []

    async def userspace_daemon(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                if " /localapi/v0/dial " in head:
                    dialled.extend(line for line in head.split("\r\n") if line.startswith("Dial-"))
                    writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
                elif "/v1/hello" in head:
                    writer.write(answer(msgspec.json.encode(HELLO)))
                    break
                else:
                    writer.write(answer('{"TUN": false, "Peer": {"k": {"TailscaleIPs": ["100.64.0.2"]}}}'))
        writer.close()

    async with await asyncio.start_unix_server(userspace_daemon, tmp_path / "s"):
        client = await Connector({"TS_SOCKET": str(tmp_path / "s")})(parse_spec("agent:100.64.0.2"))
        assert isinstance(client, AgentClient)
        await client.hello()
        await client.aclose()

    assert dialled == ["Dial-Network: tcp", "Dial-Host: 100.64.0.2", "Dial-Port: 3621"]


async def test_an_address_in_brackets_is_opened_without_them() -> None:
    client = await Connector(NO_DAEMON)(parse_spec("agent:[::1]:1"))
    assert isinstance(client, AgentClient)

    with pytest.raises(DaemonUnreachableError, match=r"\[::1\]:1"):
        await client.hello()


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    stand_in = StandIn(tmp_path)
    stand_in.install(monkeypatch)
    yield stand_in
    assert not any(is_running(pid) for pid in stand_in.masters)


async def test_a_daemon_behind_ssh_is_asked_like_ours(ssh: StandIn) -> None:
    async with FakeDaemon() as daemon:
        daemon.on("status", answer('{"BackendState": "Running"}'))
        client = await Connector({})(parse_spec(f"ssh:well:{daemon.path}"))
        status = await client.status()
        await client.aclose()

    assert status.state is BackendState.RUNNING
    assert client.where == f"ssh:well:{daemon.path}"
    assert len(ssh.masters) == 1


@pytest.mark.usefixtures("ssh")
async def test_what_a_daemon_behind_ssh_denies_is_mended_there() -> None:
    async with FakeDaemon() as daemon:
        daemon.on("status", answer("{}"))
        daemon.on("prefs", answer("prefs access denied\n", 403))
        client = await Connector({})(parse_spec(f"ssh:well:{daemon.path}"))
        with pytest.raises(AccessDeniedError, match=r"ssh -t well 'sudo tailscale set --operator=\$USER'"):
            await client.prefs()
        await client.aclose()


@pytest.mark.usefixtures("ssh")
async def test_a_missing_socket_behind_ssh_is_told_from_a_silent_one(tmp_path: Path) -> None:
    with pytest.raises(DaemonNotFoundError, match="no tailscaled socket there"):
        await Connector({})(parse_spec(f"ssh:well:{tmp_path}/none"))

    async with FakeDaemon() as daemon:
        await daemon.stop()
        with pytest.raises(DaemonUnreachableError, match="nobody listens behind"):
            await Connector({})(parse_spec(f"ssh:well:{daemon.path}"))


async def test_a_host_that_ssh_may_not_ask_about_says_what_to_run(ssh: StandIn) -> None:
    with pytest.raises(AccessDeniedError, match="run `ssh asks` once"):
        await Connector({})(parse_spec("ssh:asks"))

    assert len(ssh.masters) == 1


async def test_a_person_is_asked_once_about_a_host(ssh: StandIn, tmp_path: Path) -> None:
    connector = Connector({}, may_ask=True)
    for _ in range(2):
        with pytest.raises((AccessDeniedError, DaemonNotFoundError)):
            await connector(parse_spec(f"ssh:asks:{tmp_path}/none"))

    assert [words[2] for words in ssh.notes if words[0] == "master"] == [
        "BatchMode=yes",
        "BatchMode=no",
        "BatchMode=yes",
    ]


async def test_a_connection_by_ssh_that_breaks_is_made_again(ssh: StandIn) -> None:
    async with FakeDaemon() as daemon:
        daemon.on("status", answer("{}"))
        client = await Connector({})(parse_spec(f"ssh:well:{daemon.path}"))
        await asyncio.to_thread(subprocess.run, ["kill", "-9", str(ssh.masters[0])], check=True)
        daemon.drop_connections()
        async with asyncio.timeout(10):
            while True:
                try:
                    await client.status()
                    break
                except DaemonUnreachableError:
                    await asyncio.sleep(0.02)
        await client.aclose()

    assert len(ssh.masters) == 2


async def test_a_pod_is_asked_by_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl = tmp_path / "kubectl"
    says = "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
    kubectl.write_text(f'#!/bin/sh\necho "$@" >"$0.asked"\nprintf \'{says}\'\n')
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    client = await Connector({})(parse_spec("kube:prod/web-0/ts"))
    await client.status()
    await client.aclose()

    asked = (tmp_path / "kubectl.asked").read_text()
    assert asked.startswith("exec --namespace=prod web-0 --container=ts -- ")
    assert client.where == "kube:prod/web-0/ts"
