"""`tsym hosts` and `tsym nodes`."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Daemon, Tsym, peer
from tests.unit.fake_daemon import answer, hang_up


def test_hosts_lists_every_host_with_its_state(tsym: Tsym, household: str) -> None:
    result = tsym("hosts", "--host", household)

    assert result.code == 0
    assert [line.split()[:2] for line in result.out.splitlines()[1:]] == [
        ["laptop", "ok"], ["nas", "ok"], ["pi-kitchen", "ok"], ["vps-fra", "ok"],
    ]  # fmt: skip


def test_hosts_as_json_keep_their_documented_keys(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("hosts", "--host", f"{household}#nas", "--json").out)

    assert document["schema"] == "tsym/hosts/1"
    assert set(document["hosts"][0]) == {
        "spec", "id", "name", "state", "via", "version", "rights", "age_s", "error", "health",
        "agent", "mode", "followed",
    }  # fmt: skip


def test_hosts_as_lines_are_one_object_each(tsym: Tsym, household: str) -> None:
    lines = tsym("hosts", "--host", household, "--ndjson").out.splitlines()

    assert [json.loads(line)["name"] for line in lines] == ["laptop", "nas", "pi-kitchen", "vps-fra"]


@pytest.mark.parametrize(
    ("state", "own", "words"),
    [
        ("Stopped", {}, "stopped"),
        ("Starting", {}, "starting"),
        ("NeedsLogin", {}, "logged out"),
        ("NeedsMachineAuth", {}, "approval"),
    ],
)
def test_a_daemon_that_is_not_running_is_an_answer(
    tsym: Tsym, daemon: Daemon, state: str, own: dict[str, object], words: str
) -> None:
    daemon.say_status(BackendState=state, **own)
    result = tsym("hosts", "--host", daemon.spec)

    assert result.code == 0
    assert words in result.out


def test_nodes_lists_who_is_there_hosts_first(tsym: Tsym, household: str) -> None:
    result = tsym("nodes", "--host", f"{household}#nas")
    names = [line.split()[1].partition(".")[0] for line in result.out.splitlines()[1:]]

    assert result.code == 0
    assert names == ["nas", "laptop", "old-mac", "phone", "pi-kitchen", "tv", "vps-fra", "work-mbp"]


def test_nodes_as_json_keep_their_documented_keys(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("nodes", "--host", household, "--json").out)

    assert (document["schema"], document["hidden"], len(document["nodes"])) == ("tsym/nodes/1", 0, 8)
    assert {"id", "name", "host_name", "addresses", "tags", "owner", "os", "version", "online"} < set(
        document["nodes"][0]
    )


def test_nodes_sends_no_ping(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("ping", answer("", 500))
    result = tsym("nodes", "--host", daemon.spec)

    assert result.code == 0


def test_hidden_nodes_are_counted_and_shown_with_all(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas"), peer("x", 3, DNSName="de.mullvad.ts.net."))

    assert "+1 hidden" in tsym("nodes", "--host", daemon.spec).out
    assert "unused exit node" in tsym("nodes", "--host", daemon.spec, "--all").out


def test_five_thousand_peers_are_listed(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(*(peer(f"p{number}", number) for number in range(5_000)))
    result = tsym("nodes", "--host", daemon.spec)

    assert (result.code, len(result.out.splitlines())) == (0, 5_002)


def test_two_nodes_of_one_name_stay_two(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas"), peer("nas", 3, ID="n-other"))

    assert tsym("nodes", "--host", daemon.spec).out.count("nas.example") == 2


def test_names_never_act_on_the_terminal(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas", HostName="\x1b[31mred", DNSName="\x1b]0;gone\x07.example.", OS="\x9b2J"))
    result = tsym("nodes", "--host", daemon.spec)

    assert not {"\x1b", "\x07", "\x9b"} & set(result.out)


@pytest.mark.parametrize(
    "body",
    [b'{"Version": "1.102.3", "BackendSt', b"<html>hello</html>", b"[]", b"", b'{"Peer": 7}'],
    ids=["truncated", "not JSON", "another shape", "empty", "wrong type"],
)
def test_a_nonsensical_status_is_a_state_with_words(tsym: Tsym, daemon: Daemon, body: bytes) -> None:
    daemon.on("status", answer(body))
    result = tsym("nodes", "--host", daemon.spec)

    assert (result.code, result.out) == (3, "")
    assert "silent: status: " in result.err


def test_a_daemon_that_hangs_up_is_unreachable(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("status", hang_up)

    assert tsym("nodes", "--host", daemon.spec).code == 3


def test_a_socket_nobody_listens_on_says_how_to_start_the_daemon(tsym: Tsym, daemon: Daemon) -> None:
    daemon.stop()
    result = tsym("nodes", "--host", daemon.spec)

    assert result.code == 3
    assert "nobody listens: start it: sudo systemctl start tailscaled" in result.err


def test_without_a_daemon_the_message_says_where_was_looked(tsym: Tsym) -> None:
    result = tsym("nodes")

    assert result.code == 3
    assert "no-tailscaled.sock: there is no such socket" in result.err


def test_a_refusing_daemon_is_denied(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("status", answer("status access denied\n", 403))
    result = tsym("nodes", "--host", daemon.spec)

    assert result.code == 4
    assert "refuses us: status: status access denied: use sudo" in result.err


def test_some_refusing_hosts_leave_the_rest_printed(tsym: Tsym, daemon: Daemon, household: str) -> None:
    daemon.on("status", answer("status access denied\n", 403))
    result = tsym("nodes", "--host", daemon.spec, "--host", f"{household}#nas")

    assert result.code == 5
    assert "nas.home.ts.net" in result.out


def test_a_refusing_and_a_silent_host_are_unreachable(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("status", answer("status access denied\n", 403))

    assert tsym("nodes", "--host", daemon.spec, "--host", "unix:/nowhere.sock").code == 3


def test_two_tailnets_say_which_is_which(tsym: Tsym, daemon: Daemon, household: str) -> None:
    document = json.loads(tsym("nodes", "--host", daemon.spec, "--host", f"{household}#nas", "--json").out)

    assert {node["tailnet"].partition("@")[0] for node in document["nodes"]} == {"example", "home.ts.net"}


def test_every_fault_has_a_state_of_its_own(tsym: Tsym, faults: str) -> None:
    result = tsym("hosts", "--host", faults, "--json")
    states = {host["spec"].partition("#")[2]: host["state"] for host in json.loads(result.out)["hosts"]}

    assert result.code == 5
    assert {
        "anchor": "ok", "crashed": "failed", "denied": "denied", "expired-host": "needs-login",
        "logged-out": "needs-login", "unapproved": "needs-login", "stopped": "stopped", "starting": "connecting",
    }.items() <= states.items()  # fmt: skip


@pytest.mark.parametrize(
    ("node", "words"),
    [("expired", "key expired"), ("locked-out", "locked out"), ("not-approved", "not approved")],
)
def test_nodes_that_may_not_take_part_say_so(tsym: Tsym, faults: str, node: str, words: str) -> None:
    lines = tsym("nodes", "--host", f"{faults}#anchor").out.splitlines()

    assert [words in line for line in lines if f" {node}." in line] == [True]
