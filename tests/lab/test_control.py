"""A real headscale behind `tsym control` and `tsym invite`, and what an invitation brings into a real tailnet."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from . import tools
from .agents import BIN, tsym_on
from .control import AGENT_TAG, SERVER_URL, VIEWER_TAG
from .netns import Host
from .node import ENVIRONMENT
from .programs import Program, clean_environment, last_lines, wait_until
from .tailnet import Lab

INVITER = "a"
INVITED = "guest"
EVENT_DEADLINE_S = 90.0
IDLE_DEADLINE_S = 20.0
NO_TAILSCALED = "this host's tailscaled: cannot connect: no tailscaled found"
"""What an agent says of the bare machine: only somebody it has let in hears that."""


@pytest.fixture(scope="module")
def env(lab: Lab) -> dict[str, str]:
    """Credentials as a person has them."""
    return {"HEADSCALE_API_KEY": lab.headscale.api_key(), "HEADSCALE_URL": SERVER_URL}


@pytest.fixture(scope="module")
def bare_host(lab: Lab) -> Iterator[Host]:
    """Add a machine that has Tailscale's programs and runs none of them."""
    host = lab.network.add_host(INVITED, "r2")
    try:
        yield host
    finally:
        for node in (INVITED, "own-app"):
            for known in lab.headscale.nodes_named(node):
                lab.headscale.delete(known)
        lab.network.remove_host(INVITED)


def bare_environment(lab: Lab) -> dict[str, str]:
    """Return what a shell on the bare machine has; its folders are the lab's, since the file system is everybody's."""
    programs = tools.ensure(tools.TAILSCALE)
    folder = lab.folder / INVITED
    folder.mkdir(exist_ok=True)
    found = {"TSYM_TAILSCALED": f"{programs}/tailscaled", "TSYM_TAILSCALE": f"{programs}/tailscale"}
    places = {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "TSYM_AGENT_STATE_DIR": f"{folder}/agent"}
    return ENVIRONMENT | found | places | {"PATH": f"{BIN}:{os.environ['PATH']}"}


class Inviting:
    """A `tsym invite` that runs on a host and tells its events as lines."""

    def __init__(self, lab: Lab, env: dict[str, str], *options: str) -> None:
        node = lab.nodes[INVITER]
        self.errors = lab.folder / "invite.log"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                node.host.namespace.wrap([str(BIN / "tsym"), "invite", "--ndjson", *options]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                bufsize=0,  # what was read ahead would not make it readable
                stderr=errors,
                env=clean_environment() | env | {"HOME": str(lab.folder), "TS_SOCKET": str(node.socket)},
                start_new_session=True,
            )

    def event(self) -> dict[str, Any]:
        """Wait for the next event."""
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], EVENT_DEADLINE_S)
        assert readable, f"no event within {EVENT_DEADLINE_S:g} s: {last_lines(self.errors)}"
        line = self.process.stdout.readline()
        assert line, last_lines(self.errors)
        event = json.loads(line)
        assert isinstance(event, dict)
        return event


@contextmanager
def inviting(lab: Lab, env: dict[str, str], *options: str) -> Iterator[Inviting]:
    running = Inviting(lab, env, *options)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()


def auth_keys(lab: Lab) -> dict[str, dict[str, Any]]:
    """Return headscale's own list of keys."""
    listed = json.loads(lab.headscale.command("preauthkeys", "list", "-o", "json")) or []
    return {str(key["id"]): key for key in listed}


def holders_of(secret: str, part: str) -> list[str]:
    """Return the processes that have a text in their command line or environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if secret.encode() in (place / part).read_bytes():
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it has just ended
            continue
    return found


def test_devices_are_those_of_the_tailnet(lab: Lab, env: dict[str, str]) -> None:
    answer = tsym_on(lab, INVITER, "control", "devices", "--json", env=env)

    devices = {device["id"]: device for device in answer.json()["devices"]}
    for node in lab.nodes.values():
        assert node.address in devices[node.stable_id]["addresses"]
        assert devices[node.stable_id]["online"] is True


def test_what_headscale_does_not_offer_is_no_failure(lab: Lab, env: dict[str, str]) -> None:
    answer = tsym_on(lab, INVITER, "control", env=env)

    assert answer.code == 0, answer.err + answer.out
    assert "not offered" in answer.out


def test_the_policy_is_the_file_of_the_server(lab: Lab, env: dict[str, str]) -> None:
    answer = tsym_on(lab, INVITER, "control", "policy", env=env)

    assert AGENT_TAG in json.loads(answer.out)["tagOwners"]


def test_a_wrong_key_is_refused_in_words(lab: Lab) -> None:
    wrong = {"HEADSCALE_API_KEY": "hskey-api-aaaaaaaaaaaa-bbbb", "HEADSCALE_URL": SERVER_URL}
    answer = tsym_on(lab, INVITER, "control", "devices", env=wrong)

    assert answer.code == 4
    assert "headscale apikeys create" in answer.err


def test_an_interrupted_invitation_leaves_no_key_that_works(lab: Lab, env: dict[str, str]) -> None:
    with inviting(lab, env) as invitation:
        key = invitation.event()["key"]["id"]
        invitation.process.send_signal(signal.SIGINT)
        code = invitation.process.wait(20)

    listed = json.loads(tsym_on(lab, INVITER, "control", "keys", "--json", env=env).out)["keys"]
    assert code == 130
    assert key in auth_keys(lab)
    assert key not in {one["id"] for one in listed}


def test_the_printed_command_brings_up_an_agent_and_the_app_reaches_it_from_a_node_of_its_own(
    lab: Lab, env: dict[str, str], bare_host: Host
) -> None:
    with inviting(lab, env, "--hostname", INVITED, "--expires", "10m") as invitation:
        minted = invitation.event()
        log = lab.folder / f"{INVITED}-agent.log"
        agent = Program(bare_host.namespace.wrap(["sh", "-c", minted["command"]]), log, bare_environment(lab))
        try:
            joined, answered = invitation.event(), invitation.event()
            code = invitation.process.wait(20)
            secret = minted["environment"]["TS_AUTHKEY"]
            with_key_in_argv = [line for line in holders_of(secret, "cmdline") if not line.startswith("sh -c")]
            used = auth_keys(lab)[minted["key"]["id"]]["used"]
            address = joined["node"]["addresses"][0]
            by_local = tsym_on(lab, INVITER, "hosts", "--host", f"agent:{address}", "--json")
            own_app = [sys.executable, "-m", "tests.lab.own_app", "local", f"agent:{address}"]
            by_own_node = subprocess.run(
                bare_host.namespace.wrap(own_app), capture_output=True, text=True, check=False, timeout=120,
                env=clean_environment() | bare_environment(lab) | env,
            )  # fmt: skip
        finally:
            os.killpg(agent.pid, signal.SIGINT)  # as ctrl-c does, to the shell and to what it runs
            wait_until(bare_host.namespace.is_idle, "the agent and its tailscaled to end", IDLE_DEADLINE_S)
            agent.stop()

    assert code == 0, last_lines(invitation.errors)
    assert joined["node"]["name"].startswith(INVITED)
    assert (answered["event"], answered["agent"]["mode"]) == ("answered", "own")
    assert used is True
    assert with_key_in_argv == []
    assert secret not in log.read_text()
    (host,) = json.loads(by_local.out)["hosts"]
    assert NO_TAILSCALED in host["error"]
    assert by_own_node.returncode == 0, by_own_node.stderr
    seen = json.loads(by_own_node.stdout)
    assert seen["mode"] == "0o700"
    (_, local, _), (_, _, error) = seen["hosts"]
    assert (local, NO_TAILSCALED in error) == ("ok", True), seen


def test_a_key_of_the_app_is_gone_once_it_was_used(lab: Lab, env: dict[str, str], bare_host: Host) -> None:
    before = set(auth_keys(lab))
    subprocess.run(
        bare_host.namespace.wrap([sys.executable, "-m", "tests.lab.own_app", "local"]), check=True, timeout=120,
        capture_output=True, env=clean_environment() | bare_environment(lab) | env,
    )  # fmt: skip

    made = [key for number, key in auth_keys(lab).items() if number not in before]
    listed = json.loads(tsym_on(lab, INVITER, "control", "keys", "--json", env=env).out)["keys"]
    assert [key["acl_tags"] for key in made] == [[VIEWER_TAG]]
    assert str(made[0]["id"]) not in {one["id"] for one in listed}
