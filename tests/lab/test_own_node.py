"""A node of our own beside a machine's Tailscale, on a real tailnet: who answers, what it leaves, how it ends."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest

from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.dial import DialOpener
from tsym_agent.wire.openers import UnixOpener

from . import tools
from .agents import ask
from .control import SERVER_URL
from .node import ENVIRONMENT, Node
from .programs import Program, last_lines, wait_until
from .tailnet import Lab

HOST = "a"
"""Whose machine the own node stands on; its Tailscale is a TUN-mode node of alice's."""
OTHER_HOST = "b"
"""Where agents are that do not last."""
CALLER = "c"
PORT = 3621
START_DEADLINE_S = 60.0
END_DEADLINE_S = 20.0


class Told(msgspec.Struct):
    """What an agent says of itself."""

    addresses: list[str]
    daemon: int


class OwnAgent:
    """`own_agent` in the namespace of a host that has a tailscaled of its own."""

    def __init__(self, lab: Lab, host: str, key: str) -> None:
        self.name = f"{host}-agent"
        self.key = key
        self.state_dir = lab.folder / self.name
        self.log = lab.folder / f"{self.name}.log"
        programs = tools.ensure(tools.TAILSCALE)
        env = ENVIRONMENT | {
            "TS_AUTHKEY": key, "TSYM_TAILSCALED": f"{programs}/tailscaled", "TSYM_TAILSCALE": f"{programs}/tailscale",
        }  # fmt: skip
        argv = [sys.executable, "-m", "tests.lab.own_agent", str(self.state_dir), self.name, SERVER_URL]
        self._lines_before = len(self._lines())
        self.program = Program(lab.network.hosts[host].namespace.wrap(argv), self.log, env)

    def wait_ready(self) -> None:
        wait_until(self._first_line, "the own node to be in the tailnet", START_DEADLINE_S, self.program)

    @property
    def address(self) -> str:
        return self._told().addresses[0]

    @property
    def daemon(self) -> int:
        """Process id of the tailscaled it started first."""
        return self._told().daemon

    def daemon_now(self) -> int | None:
        """Process id of the tailscaled that runs with its folder now."""
        wanted = f"--statedir={self.state_dir}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (folder / "cmdline").read_bytes().split(b"\0"):
                    return int(folder.name)
            except OSError:  # it has just ended
                continue
        return None

    def _told(self) -> Told:
        line = self._first_line()
        assert line is not None
        return msgspec.json.decode(line, type=Told)

    def _first_line(self) -> str | None:
        return next((line for line in self._lines()[self._lines_before :] if line.startswith('{"addresses"')), None)

    def _lines(self) -> list[str]:
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []


@contextmanager
def own_agent(lab: Lab, host: str) -> Iterator[OwnAgent]:
    running = OwnAgent(lab, host, lab.headscale.auth_key("alice", "--ephemeral"))
    try:
        running.wait_ready()
        wait_reachable(lab, running)
        yield running
    finally:
        running.program.stop()


def wait_reachable(lab: Lab, own: OwnAgent) -> None:
    """Return once the caller knows the node and gets through to it."""
    accepts = lambda: lab.nodes[CALLER].host.namespace.accepts(own.address, PORT)  # noqa: E731  # used once
    wait_until(accepts, "the own node to be reachable", START_DEADLINE_S, own.program)


@pytest.fixture(scope="module")
def own(lab: Lab) -> Iterator[OwnAgent]:
    with own_agent(lab, HOST) as running:
        yield running


def caller_seen(lab: Lab, own: OwnAgent) -> str:
    return ask(lab, CALLER, f"http://{own.address}:{PORT}/").body.strip()


def test_it_answers_beside_the_hosts_tailscale_and_knows_who_calls(lab: Lab, own: OwnAgent) -> None:
    assert own.address != lab.nodes[HOST].address
    assert caller_seen(lab, own) == f"{CALLER}.lab.internal."


def test_it_answers_while_the_hosts_tailscale_is_stopped(lab: Lab, own: OwnAgent) -> None:
    with lab.stopped(HOST):
        assert caller_seen(lab, own) == f"{CALLER}.lab.internal."


def test_the_hosts_tailscale_does_not_notice_it(lab: Lab, own: OwnAgent) -> None:
    assert lab.nodes[HOST].is_member
    assert "userspace-networking" in Path(f"/proc/{own.daemon}/cmdline").read_text()


def test_it_carries_the_name_it_asked_for(lab: Lab, own: OwnAgent) -> None:
    assert len(lab.headscale.nodes_named(own.name)) == 1


def test_its_folder_is_its_owners_alone_and_the_key_file_is_gone(own: OwnAgent) -> None:
    assert own.state_dir.stat().st_mode & 0o777 == 0o700
    assert not (own.state_dir / "auth-key").exists()
    assert (own.state_dir / "tailscaled.sock").exists()


def test_its_daemon_was_told_no_secret(own: OwnAgent) -> None:
    environment = Path(f"/proc/{own.daemon}/environ").read_text()
    argv = Path(f"/proc/{own.daemon}/cmdline").read_text()

    assert "TS_AUTHKEY" not in environment
    assert own.key not in environment + argv
    assert own.key not in own.log.read_text()


def test_a_policy_that_opens_every_port_of_the_machine_is_told_of(own: OwnAgent) -> None:
    assert f"besides {PORT}: all" in own.log.read_text()


def test_out_it_goes_by_its_daemons_dial(lab: Lab, own: OwnAgent, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("hello from afar")
    target = lab.nodes[CALLER]
    serve = ["-m", "http.server", "8000", "--bind", target.address, "--directory", str(tmp_path)]
    served = Program(target.host.namespace.wrap([sys.executable, *serve]), lab.folder / "served.log")
    try:
        wait_until(partial(target.host.namespace.accepts, target.address, 8000), "a web server", 10, served)
        answer = ask(lab, CALLER, f"http://{own.address}:{PORT}/dial/{target.address}/8000")
    finally:
        served.stop()

    assert answer.body.strip() == "hello from afar"


async def test_every_release_dials(daemon: Node, own: OwnAgent) -> None:
    wait_until(partial(daemon.host.namespace.accepts, own.address, PORT), "the own node to be reachable", 30.0)
    client = HttpClient(DialOpener(UnixOpener(str(daemon.socket)), own.address, PORT), host_header="x")
    try:
        answer = await client.request("GET", "/", timeout_s=30.0)
    finally:
        await client.aclose()

    assert bytes(answer.body).strip() == b"x.lab.internal."


def test_what_it_cannot_reach_is_said_in_words(lab: Lab, own: OwnAgent) -> None:
    refused = ask(lab, CALLER, f"http://{own.address}:{PORT}/dial/{lab.nodes[CALLER].address}/9").body
    off = ask(lab, CALLER, f"http://{own.address}:{PORT}/dial/10.99.0.1/8080").body

    assert "refused" in refused
    assert "not on the tailnet" in off


def test_a_daemon_that_is_killed_is_back_with_its_address(lab: Lab, own: OwnAgent) -> None:
    before = own.daemon_now()
    assert before is not None
    os.kill(before, signal.SIGKILL)

    is_another = lambda: own.daemon_now() not in {None, before}  # noqa: E731  # used once
    wait_until(is_another, "another tailscaled", END_DEADLINE_S)
    wait_reachable(lab, own)
    assert caller_seen(lab, own) == f"{CALLER}.lab.internal."


def test_a_killed_agent_leaves_no_daemon_and_the_next_one_takes_over_its_folder(lab: Lab) -> None:
    with own_agent(lab, OTHER_HOST) as first:
        daemon, address = first.daemon, first.address
        first.program.kill()
        wait_until(lambda: not Path(f"/proc/{daemon}").exists(), "its tailscaled to end", END_DEADLINE_S)

        with own_agent(lab, OTHER_HOST) as second:
            assert second.address == address


def test_ending_logs_out_and_an_ephemeral_node_is_gone(lab: Lab) -> None:
    with own_agent(lab, OTHER_HOST) as running:
        assert lab.headscale.nodes_named(running.name)
        daemon = running.daemon

    assert not Path(f"/proc/{daemon}").exists()
    assert not lab.headscale.nodes_named(running.name)


def test_a_wrong_key_is_said_in_words(lab: Lab) -> None:
    refused = OwnAgent(lab, OTHER_HOST, "hskey-auth-0123456789ab-" + "0" * 64)
    try:
        wait_until(lambda: not refused.program.is_running, "the agent to give up", START_DEADLINE_S)
    finally:
        refused.program.stop()

    words = last_lines(refused.log, 3)
    assert "is the key right" in words
    assert "Traceback" not in words
