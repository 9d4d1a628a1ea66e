"""Agents on a real tailnet: found by their tag, asked by those who may, and by nobody else."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest

from tests.ui.tmux import Tmux
from tsym_agent.probe.limits import DISCO_TIMEOUT_S

from . import tools
from .agents import BIN, PORT, Agent, agent, ask, started_tsym_on, tsym_on, url_of, user_environment
from .control import AGENT_TAG, BASE_DOMAIN, SERVER_URL, VIEWER_TAG
from .node import ENVIRONMENT
from .programs import wait_until
from .tailnet import Lab
from .topology import expected_paths

AGENT_HOSTS = ("a", "c", "d", "p")
VIEWER = "b"
STRANGER = "e"
"""A node of bob's, as `u` is."""
CAPABILITY = "tsym.dev/cap/agent"


@pytest.fixture(scope="module")
def agent_lab(new_lab: Callable[[], Lab]) -> Iterator[Lab]:
    """Make a lab with agents on four hosts, and one host that may ask them."""
    with new_lab() as own, ExitStack() as agents:
        own.tag(AGENT_TAG, hosts=AGENT_HOSTS)
        own.tag(VIEWER_TAG, hosts=VIEWER)
        for host in AGENT_HOSTS:
            agents.enter_context(agent(own, host))
        yield own


def test_agents_are_found_by_their_tag_without_a_flag(agent_lab: Lab) -> None:
    document = tsym_on(agent_lab, VIEWER, "hosts", "--json").json()

    found = {host["spec"]: host["state"] for host in document["hosts"]}
    assert found == {"local": "ok"} | {f"agent:{host}.{BASE_DOMAIN}": "ok" for host in AGENT_HOSTS}


def test_the_matrix_has_a_row_for_every_agent(agent_lab: Lab) -> None:
    document = tsym_on(agent_lab, VIEWER, "matrix", "--json").json()

    names = {node["id"]: node["name"].partition(".")[0] for node in document["nodes"]}
    paths = {(names[pair["from"]], names[pair["to"]]): pair["path"] for pair in document["pairs"]}
    rows = {VIEWER, *AGENT_HOSTS}
    assert paths == {pair: path for pair, path in expected_paths(with_relay=False).items() if pair[0] in rows}


def test_the_app_shows_every_agent_and_what_each_pair_is(agent_lab: Lab) -> None:
    viewer = agent_lab.nodes[VIEWER]
    command = viewer.host.namespace.wrap([str(BIN / "tsym")])
    with Tmux(command, size=(160, 48), env=user_environment(agent_lab, viewer)) as tmux:
        tmux.wait_for("Map", "hosts 5/5", "live")
        tmux.press("3")
        matrix = tmux.wait_for("Matrix", "DERP", *AGENT_HOSTS)
        tmux.press("1")
        tmux.wait_for("Overview", "5 of 5")
        tmux.press("q")

        assert tmux.exit_code() == 0
    assert "silent" not in matrix


def test_the_viewer_is_told_who_it_is_and_that_it_may_read_everything(agent_lab: Lab) -> None:
    hello = ask(agent_lab, VIEWER, url_of(agent_lab, "c", "/v1/hello")).json()

    assert (hello["you"]["name"].partition(".")[0], hello["you"]["via"]) == (VIEWER, "tag")
    assert hello["may"] == {"commands": ["*"], "write": False}
    assert hello["agent"]["mode"] == "attach"


def test_a_caller_without_the_tag_is_refused_and_told_what_would_help(agent_lab: Lab) -> None:
    refused = ask(agent_lab, STRANGER, url_of(agent_lab, "c", "/localapi/v0/status"))

    assert refused.status == 403
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["code"] == "not-allowed"
    assert VIEWER_TAG in problem["detail"] + problem["hint"]


def test_health_is_open_to_all_and_metrics_are_not(agent_lab: Lab) -> None:
    assert ask(agent_lab, STRANGER, url_of(agent_lab, "c", "/healthz")).body.strip() == "ok"
    assert ask(agent_lab, STRANGER, url_of(agent_lab, "c", "/metrics")).status == 403
    assert "tsym_" in ask(agent_lab, VIEWER, url_of(agent_lab, "c", "/metrics")).body


def test_a_browser_that_was_lured_here_is_refused(agent_lab: Lab) -> None:
    url = url_of(agent_lab, "c", "/v1/hello")

    assert ask(agent_lab, VIEWER, url, headers=["Host:evil.example"]).json()["code"] == "bad-host"
    assert ask(agent_lab, VIEWER, url, headers=["Origin:http://evil.example"]).json()["code"] == "bad-host"


def test_nobody_listens_beyond_the_tailnet(agent_lab: Lab) -> None:
    node = agent_lab.nodes["c"]

    assert not node.host.namespace.accepts("127.0.0.1", 3621)
    assert not node.host.namespace.accepts(node.host.address, 3621)


def test_ping_on_all_waits_for_none_before_it_sends_the_next(agent_lab: Lab) -> None:
    with agent_lab.stopped(STRANGER):
        answer = tsym_on(agent_lab, VIEWER, "get", "ping", "--on", AGENT_TAG, "--ndjson")

    assert answer.code == 0, answer.err
    pings = [json.loads(line) for line in answer.out.splitlines()]
    assert len(pings) == len(AGENT_HOSTS) * (len(agent_lab.nodes) - 1)
    assert {ping["host"] for ping in pings if ping["peer"] == STRANGER and ping["error"]} == set(AGENT_HOSTS)
    sent = [datetime.fromisoformat(ping["at"]) for ping in pings]
    assert max(sent) - min(sent) < timedelta(seconds=DISCO_TIMEOUT_S)  # so all of it takes one timeout, not four


def test_logs_of_all_hosts_come_as_one_stream(agent_lab: Lab) -> None:
    answer = tsym_on(agent_lab, VIEWER, "logs", "--on", AGENT_TAG, "--for", "3", "--ndjson")

    assert answer.code == 0, answer.err
    assert {json.loads(line)["host"] for line in answer.out.splitlines()} == set(AGENT_HOSTS)


def test_a_host_that_goes_is_an_event_on_all_others(agent_lab: Lab) -> None:
    with started_tsym_on(agent_lab, VIEWER, "events", "--on", AGENT_TAG, "--ndjson") as lines:
        events = (json.loads(line) for line in lines)
        all_hosts_in(event["host"] for event in events if event["notice"])
        with agent_lab.stopped(STRANGER):
            all_hosts_in(event["host"] for event in events if event.get("words") == f"{STRANGER} is offline")


def all_hosts_in(hosts: Iterator[str]) -> None:
    """Return once each host with an agent has been named."""
    left = set(AGENT_HOSTS)
    while left:
        left.discard(next(hosts))


def test_a_grant_lets_a_stranger_in_as_far_as_it_says(agent_lab: Lab) -> None:
    capability = {CAPABILITY: [{"commands": ["status"]}]}
    agent_lab.headscale.grant({"src": ["bob@"], "dst": [AGENT_TAG], "app": capability})
    url = url_of(agent_lab, "c", "/localapi/v0/")

    end = time.monotonic() + 20.0
    while (status := ask(agent_lab, STRANGER, url + "status")).status == 403 and time.monotonic() < end:
        pass

    assert status.status == 200
    refused = ask(agent_lab, STRANGER, url + "prefs")
    assert (refused.status, refused.json()["code"]) == (403, "not-granted")


def test_an_agent_answers_again_when_its_tailscaled_was_restarted(agent_lab: Lab) -> None:
    with agent_lab.stopped("d"):
        pass

    end = time.monotonic() + 30.0
    while (document := tsym_on(agent_lab, VIEWER, "hosts", "--json").json()) and time.monotonic() < end:
        if all(host["state"] == "ok" for host in document["hosts"]):
            break
    assert {host["state"] for host in document["hosts"]} == {"ok"}


def test_an_own_node_answers_while_the_hosts_tailscaled_is_away_and_says_so(agent_lab: Lab) -> None:
    programs = tools.ensure(tools.TAILSCALE)
    key = agent_lab.headscale.auth_key(None, "--ephemeral", tag=AGENT_TAG)
    env = ENVIRONMENT | {
        "TS_AUTHKEY": key, "TSYM_TAILSCALED": f"{programs}/tailscaled", "TSYM_TAILSCALE": f"{programs}/tailscale",
    }  # fmt: skip
    place = agent_lab.folder / "own"
    options = ("--mode=own", "--hostname=own", f"--state-dir={place}", f"--control-url={SERVER_URL}")
    own = Agent(agent_lab.nodes[STRANGER], agent_lab.folder, *options, env=env)
    try:
        address = wait_until(
            lambda: agent_lab.nodes[VIEWER].addresses_of("own"), "the own node to appear", 60.0, own.program
        )[0]
        url = f"http://{address}:{PORT}/v1/hello"
        assert ask(agent_lab, VIEWER, url).json()["daemon"]["state"] == "Running"
        with agent_lab.stopped(STRANGER):
            notices = lambda: ask(agent_lab, VIEWER, url).json()["daemon"]["error"]  # noqa: E731  # used once
            wait_until(notices, "the agent to notice", 10.0, own.program)
            hello = ask(agent_lab, VIEWER, url).json()
            status = ask(agent_lab, VIEWER, f"http://{address}:{PORT}/localapi/v0/status")
    finally:
        own.program.stop()

    assert hello["agent"]["mode"] == "own"
    assert hello["daemon"]["state"] is None
    assert "tailscaled" in hello["daemon"]["error"]
    assert (status.status, status.json()["code"]) == (503, "daemon-unreachable")
    assert key not in own.said()
