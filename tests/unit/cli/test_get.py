"""`tsym get`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Daemon, Tsym, peer
from tests.unit.fake_daemon import answer, hang_up
from tsym_tui.cli.get import has_names
from tsym_tui.fleet.questions import PING


def test_alone_it_lists_what_there_is_to_ask_by_whose_question_it_is(tsym: Tsym) -> None:
    result = tsym("get")
    words = [line.split("  ")[0] for line in result.out.splitlines()]

    assert result.code == 0
    assert words.index("prefs") < words.index("for root, the operator, or an agent that runs privileged")
    assert words.index("goroutines") > words.index("for root, the operator, or an agent that runs privileged")
    assert not {"restun", "rebind", "logs"} & set(words)


def test_one_question_is_asked_of_every_host(tsym: Tsym, household: str) -> None:
    result = tsym("get", "status", "--host", household)

    assert result.code == 0
    assert [line.split()[:2] for line in result.out.splitlines()[1:]] == [
        ["laptop", "Running"], ["nas", "Running"], ["pi-kitchen", "Running"], ["vps-fra", "Running"],
    ]  # fmt: skip


def test_a_selector_narrows_the_hosts(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("get", "prefs", "--host", household, "--on", "tag:server,nas", "--json").out)

    assert [host["host"] for host in document["hosts"]] == ["nas", "vps-fra"]


def test_a_selector_that_means_nobody_names_who_there_is(tsym: Tsym, household: str) -> None:
    result = tsym("get", "prefs", "--host", household, "--on", "nobody")

    assert result.code == 2
    assert "there are laptop, nas, pi-kitchen, vps-fra" in result.err


def test_hosts_that_say_the_same_share_a_row(tsym: Tsym, household: str) -> None:
    rows = tsym("get", "derp-map", "--host", household).out.splitlines()[1:]

    assert {row.split("  ")[0] for row in rows} == {"laptop, nas +2"}


def test_as_json_an_answer_stands_as_it_came(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("dns-config", answer('{"Domains": ["x"], "New": {"Thing": 18446744073709551615}}'))
    document = json.loads(tsym("get", "dns-config", "--host", daemon.spec, "--json").out)

    assert (document["schema"], document["command"]) == ("tsym/answers/1", "dns-config")
    assert document["hosts"][0]["answer"] == {"Domains": ["x"], "New": {"Thing": 18446744073709551615}}


def test_as_lines_each_answer_is_an_object(tsym: Tsym, household: str) -> None:
    lines = tsym("get", "prefs", "--host", household, "--ndjson").out.splitlines()

    assert sorted(json.loads(line)["host"] for line in lines) == ["laptop", "nas", "pi-kitchen", "vps-fra"]


def test_only_what_differs_is_printed(tsym: Tsym, household: str) -> None:
    found = json.loads(tsym("get", "prefs", "--host", household, "--diff", "--json").out)["differences"]
    routes = next(entry for entry in found if entry["path"] == "AdvertiseRoutes")

    assert {"hosts": ["nas"], "is_there": True, "value": ["192.168.1.0/24"]} in routes["values"]
    assert "ControlURL" not in {entry["path"] for entry in found}


def test_one_answer_differs_from_nothing(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("dns-config", answer("{}"))
    result = tsym("get", "dns-config", "--host", daemon.spec, "--diff")

    assert (result.code, result.out) == (0, "")
    assert "two answers are needed to tell them apart" in result.err


def test_bytes_are_not_compared(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("get", "pprof", "heap", "--host", daemon.spec, "--diff", "--json")

    assert (result.code, result.out) == (2, "")
    assert "bytes for another program" in result.err


def test_where_nothing_differs_it_says_so(tsym: Tsym, household: str) -> None:
    assert "no difference between 4 hosts" in tsym("get", "derp-map", "--host", household, "--diff").out


@pytest.mark.parametrize(
    ("values", "expected"),
    [({"ip": "nas"}, True), ({"ip": "100.64.0.1", "count": "2"}, False), ({"type": "TSMP"}, False), ({}, False)],
)
def test_hosts_are_waited_for_only_where_a_name_is_to_be_looked_up(values: dict[str, str], expected: bool) -> None:
    assert has_names(PING, values) is expected


def test_a_name_is_looked_up_where_an_address_is_wanted(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("whois", answer(json.dumps({"Node": {"Name": "nas.example."}})))
    result = tsym("get", "whois", "nas", "--host", daemon.spec)

    assert result.code == 0
    assert daemon.asked("whois") == [{"addr": "100.64.0.4"}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("statsu",), "did you mean status"),
        (("restun",), "acts on the daemon"),
        (("logs",), "`tsym logs`"),
        (("ipn-bus",), "`tsym events`"),
        (("prefs", "x=1"), "prefs takes nothing"),
        (("lock-log", "limit=0"), "a number from 1 to 1000"),
        (("whois",), "whois needs addr"),
        (("pprof", "name=heap"), "add --output FILE"),
        (("lock-verify-link",), "needs --body"),
        (("prefs", "--on", "path:derp"), "nothing is probed"),
        (("prefs", "--diff", "--raw"), "choose one of"),
    ],
)
def test_what_cannot_be_asked_says_what_to_write(
    tsym: Tsym, daemon: Daemon, arguments: tuple[str, ...], words: str
) -> None:
    result = tsym("get", *arguments, "--host", daemon.spec)

    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_a_command_beyond_our_rights_says_what_would_help_and_is_no_raw_403(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("get", "goroutines", "--host", daemon.spec)

    assert (result.code, daemon.asked("goroutines")) == (4, [])
    assert "sudo tailscale set --operator=$USER" in result.err
    assert "403" not in result.err


def test_when_some_refuse_the_rest_is_printed(tsym: Tsym, daemon: Daemon, household: str) -> None:
    daemon.on("prefs", answer("prefs access denied\n", 403))
    result = tsym("get", "prefs", "--host", daemon.spec, "--host", f"{household}#nas")

    assert result.code == 5
    assert "nas" in result.out
    assert "prefs access denied" in result.err


def test_when_nobody_is_reached_the_code_says_so(tsym: Tsym) -> None:
    result = tsym("get", "prefs", "--host", "unix:/nowhere.sock")

    assert (result.code, result.out) == (3, "")
    assert "there is no such socket" in result.err


def test_a_daemon_that_hangs_up_on_one_question_is_no_bug(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("dns-config", hang_up)

    assert tsym("get", "dns-config", "--host", daemon.spec).code == 3


def test_nonsense_is_no_answer(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("dns-config", answer("<html>"))
    result = tsym("get", "dns-config", "--host", daemon.spec)

    assert (result.code, result.out) == (3, "")
    assert "not JSON" in result.err


def test_bytes_go_to_a_file_each(tsym: Tsym, daemon: Daemon, tmp_path: Path) -> None:
    daemon.on("profiles/current", answer("{}"))
    daemon.on("pprof", answer(b"\x1f\x8b\x00profile"))
    result = tsym("get", "pprof", "heap", "--host", daemon.spec, "--output", str(tmp_path / "{host}.pprof"))

    assert (result.code, result.out) == (0, "")
    assert (tmp_path / "me.pprof").read_bytes() == b"\x1f\x8b\x00profile"


def test_a_hosts_name_cannot_lead_a_file_elsewhere(tsym: Tsym, daemon: Daemon, tmp_path: Path) -> None:
    daemon.say_status(Self={"ID": "n-me", "HostName": "../../x", "DNSName": "", "TailscaleIPs": ["100.64.0.1"]})
    tsym("get", "prefs", "--host", daemon.spec, "--output", str(tmp_path / "{host}.json"))

    assert [path.name for path in tmp_path.glob("*.json")] == ["x.json"]


def test_raw_is_the_one_answer_as_it_came(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("dns-config", answer('{ "Domains":null}\n'))

    assert tsym("get", "dns-config", "--raw", "--host", daemon.spec).out == '{ "Domains":null}\n'


def test_raw_and_files_have_no_secrets(tsym: Tsym, daemon: Daemon, tmp_path: Path) -> None:
    daemon.on("prefs", answer('{"Config":{"PrivateNodeKey":"privkey:00"}}'))
    tsym("get", "prefs", "--host", daemon.spec, "--output", str(tmp_path / "{host}.json"))

    assert tsym("get", "prefs", "--raw", "--host", daemon.spec).out == '{"Config":null}'
    assert (tmp_path / "me.json").read_text(encoding="utf-8") == '{"Config":null}'


@pytest.mark.parametrize("words", [["--raw", "--ndjson"], ["--raw", "--json"], ["--output", "x", "--json"]])
def test_answers_are_printed_in_one_way(tsym: Tsym, daemon: Daemon, words: list[str]) -> None:
    result = tsym("get", "prefs", "--host", daemon.spec, *words)

    assert (result.code, result.out) == (2, "")
    assert "leave --json and --ndjson out" in result.err


def test_the_home_of_nobody_is_no_bug_of_ours(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("get", "prefs", "--host", daemon.spec, "--output", "~nobody-here/x")

    assert result.code == 2
    assert "cannot write ~nobody-here/x" in result.err


def test_a_value_is_given_once(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("get", "ping", "ip=nas", "ip=me", "--host", daemon.spec)

    assert result.code == 2
    assert "ip is given twice" in result.err


def test_pings_of_several_peers_are_compared_by_peer(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("get", "ping", "--host", household, "--timeout", "0.5", "--diff", "--json").out)
    places = {entry["path"] for entry in document["differences"]}

    assert {"[tv].latency_ms", "[nas]"} <= places


def test_raw_of_several_hosts_is_refused(tsym: Tsym, household: str) -> None:
    result = tsym("get", "prefs", "--raw", "--host", household)

    assert (result.code, result.out) == (2, "")
    assert "name one with --on" in result.err


def test_answers_never_act_on_the_terminal(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas"))
    daemon.on("dns-config", answer(json.dumps({"Domains": ["\x1b[31mred", "\x9b2J\u202e"], "\x1b]0;x\x07": 1})))
    result = tsym("get", "dns-config", "--host", daemon.spec)

    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(result.out)


def test_pings_go_from_every_host_to_all_its_peers(tsym: Tsym, household: str) -> None:
    result = tsym("get", "ping", "--host", household, "--json", "--timeout", "0.5")
    by_host = {
        host["host"]: {ping["peer"]: ping["path"] for ping in host["answer"]}
        for host in json.loads(result.out)["hosts"]
    }

    assert result.code == 0
    assert set(by_host) == {"laptop", "nas", "pi-kitchen", "vps-fra"}
    assert by_host["laptop"].keys() == {"nas", "pi-kitchen", "vps-fra", "tv", "work-mbp", "old-mac"}
    assert by_host["laptop"]["nas"] == "direct"


def test_a_dead_peer_is_an_answer(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("ping", answer(json.dumps({"Err": "peer's node key has expired"})))
    result = tsym("get", "ping", "--host", daemon.spec)

    assert result.code == 0
    assert "peer's node key has expired" in result.out


def test_pings_to_a_named_node_come_one_by_one(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("get", "ping", "nas", "count=3", "delay=0", "--host", daemon.spec, "--ndjson")
    pings = [json.loads(line) for line in result.out.splitlines()]

    assert [(ping["peer"], ping["number"], ping["path"], ping["latency_ms"]) for ping in pings] == [
        ("nas", 1, "direct", 5.0), ("nas", 2, "direct", 5.0), ("nas", 3, "direct", 5.0),
    ]  # fmt: skip
