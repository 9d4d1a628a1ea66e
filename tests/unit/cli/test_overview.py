"""`tsym overview`, and names hidden in everything that is printed of a tailnet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Daemon, Tsym, peer
from tests.unit.cli.test_streams import entry, streamed
from tests.unit.fake_daemon import answer

FAST = ("--settle", "3")


def test_a_well_tailnet_is_said_to_be_well(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("overview", "--host", daemon.spec)

    assert result.code == 0
    assert "all is well: 1 pair answers" in result.out
    assert "nothing to look at" in result.out


def test_the_worst_things_come_in_order(tsym: Tsym, household: str) -> None:
    result = tsym("overview", "--host", household, "--settle", "8")
    lines = [line for line in result.out.splitlines() if line.strip()[:1].isdigit() and " hosts" in line]

    assert "old-mac is dead from 4 of 4 hosts" in lines[0]
    assert "opens" not in result.out


def test_json_has_numbers_and_problems(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Err="peer's node key has expired", Endpoint="")
    document = json.loads(tsym("overview", "--host", daemon.spec, "--json", *FAST).out)

    assert document["schema"] == "tsym/overview/1"
    assert (document["is_well"], document["pairs"]["probed"], document["pairs"]["failed"]) == (False, 1, 1)
    assert [(one["kind"], one["subject"], one["nodes"]) for one in document["problems"]] == [
        ("dead", ["nas"], ["n-nas"])
    ]
    assert document["latency_ms"] == {"p50": None, "p95": None}


def test_fail_on_dead_is_one(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Err="peer's node key has expired", Endpoint="")

    assert tsym("overview", "--host", daemon.spec, "--fail-on", "dead", *FAST).code == 1
    assert tsym("overview", "--host", daemon.spec, *FAST).code == 0


def test_no_host_is_three(tsym: Tsym, tmp_path: Path) -> None:
    result = tsym("overview", "--host", f"unix:{tmp_path}/nobody.sock", *FAST)

    assert result.code == 3
    assert result.out == ""


SECRETS = ("zebrafish", "quokka", "100.71.72.73", "marisol", "203.0.113.177", "narwhal")


@pytest.fixture
def planted(daemon: Daemon) -> Daemon:
    """Let a daemon speak of secrets only."""
    secret = peer(
        "zebrafish",
        DNSName="zebrafish.quokka.ts.net.",
        TailscaleIPs=["100.71.72.73"],
        Tags=["tag:narwhal"],
        UserID=7,
        CurAddr="203.0.113.177:41641",
    )
    own = {"ID": "n-q", "HostName": "quokka", "DNSName": "quokka.quokka.ts.net.", "TailscaleIPs": ["100.64.0.1"]}
    health = ["zebrafish cannot reach marisol@quokka.example at 203.0.113.177"]
    users = {"7": {"ID": 7, "LoginName": "marisol@quokka.example", "DisplayName": "Marisol"}}
    daemon.say_status(
        secret, Self=own | {"Online": True}, Health=health, User=users, CurrentTailnet={"Name": "quokka.ts.net"}
    )
    daemon.say_pong(Endpoint="203.0.113.177:41641")
    daemon.on("prefs", answer(json.dumps({"Hostname": "quokka", "AdvertiseTags": ["tag:narwhal"]})))
    daemon.on("whois", answer(json.dumps({"Node": {"Name": "zebrafish.quokka.ts.net."}})))
    daemon.on("profiles/current", answer("{}"))
    daemon.on("logtap", streamed(entry("magicsock: zebrafish of marisol@quokka.example is at 203.0.113.177:41641")))
    return daemon


COMMANDS = [
    ("hosts",),
    ("nodes",),
    ("nodes", "--json"),
    ("hosts", "--json"),
    ("matrix", *FAST),
    ("matrix", "--json", *FAST),
    ("matrix", "--ndjson", *FAST),
    ("overview", *FAST),
    ("overview", "--json", *FAST),
    ("map", *FAST),
    ("map", "--format", "json", *FAST),
    ("map", "--format", "svg", *FAST),
    ("map", "--format", "dot", *FAST),
    ("map", "--format", "graphml", *FAST),
    ("ping",),
    ("ping", "--ndjson"),
    ("ping", "--json"),
    ("ping", "--peerapi", "zebrafish"),
    ("pair", "quokka", "zebrafish"),
    ("pair", "quokka", "zebrafish", "--json"),
    ("nodes", "--detail", "zebrafish"),
    ("nodes", "--detail", "quokka", "--json"),
    ("get", "status"),
    ("get", "status", "--json"),
    ("get", "status", "--raw"),
    ("get", "whois", "addr=zebrafish", "--json"),
    ("get", "prefs", "--ndjson", "--on", "quokka"),
    ("get", "ping", "ip=100.71.72.73", "--json"),
    ("logs", "--lines", "1"),
    ("logs", "--lines", "1", "--ndjson"),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_secret_is_printed_where_names_are_hidden(tsym: Tsym, planted: Daemon, arguments: tuple[str, ...]) -> None:
    result = tsym(*arguments, "--host", planted.spec, "--hide-names")

    assert result.out
    assert [secret for secret in SECRETS if secret in (result.out + result.err).casefold()] == []


def test_without_hiding_the_same_commands_print_secrets(tsym: Tsym, planted: Daemon) -> None:
    assert "zebrafish" in tsym("nodes", "--host", planted.spec).out


def test_a_node_can_be_named_either_way_and_is_asked_by_its_address(tsym: Tsym, planted: Daemon) -> None:
    by_name = tsym("ping", "zebrafish", "--host", planted.spec, "--hide-names", "-c", "1")
    pseudonym = by_name.out.partition("pong from ")[2].partition(" ")[0]
    by_pseudonym = tsym("ping", pseudonym, "--host", planted.spec, "--hide-names", "-c", "1")

    assert (by_name.code, by_pseudonym.code) == (0, 0)
    assert planted.pinged() == ["100.71.72.73"] * 2


def test_names_are_the_same_the_next_time(tsym: Tsym, planted: Daemon) -> None:
    first, again = (tsym("nodes", "--host", planted.spec, "--hide-names").out for _ in range(2))

    assert first == again


@pytest.mark.parametrize("command", [("nodes", "--json"), ("map", "--format", "json", *FAST)], ids=" ".join)
@pytest.mark.parametrize("wanted", ["tag:narwhal", "zebra", "zebra*", "!zebrafish"])
def test_a_filter_may_say_the_real_name_or_a_part_of_it(
    tsym: Tsym, planted: Daemon, command: tuple[str, ...], wanted: str
) -> None:
    shown, hidden = (
        json.loads(tsym(*command, "--host", planted.spec, "--filter", wanted, *hiding).out)["nodes"]
        for hiding in ((), ("--hide-names",))
    )

    assert len(hidden) == len(shown) > 0


def test_a_filter_may_say_a_pseudonym(tsym: Tsym, planted: Daemon) -> None:
    arguments = ("nodes", "--host", planted.spec, "--hide-names", "--json")
    name = json.loads(tsym(*arguments).out)["nodes"][1]["name"]
    found = json.loads(tsym(*arguments, "--filter", name).out)["nodes"]

    assert [node["name"] for node in found] == [name]


@pytest.mark.parametrize("selector", ["quokka", "quok*"])
def test_a_host_is_chosen_by_its_real_name_or_its_pseudonym(tsym: Tsym, planted: Daemon, selector: str) -> None:
    arguments = ("get", "prefs", "--host", planted.spec, "--hide-names", "--json", "--on")
    (by_name,) = json.loads(tsym(*arguments, selector).out)["hosts"]
    (by_pseudonym,) = json.loads(tsym(*arguments, by_name["host"]).out)["hosts"]

    assert by_pseudonym["host"] == by_name["host"] != "quokka"


def test_a_question_about_a_hidden_name_is_asked_by_its_address(tsym: Tsym, planted: Daemon) -> None:
    tsym("get", "whois", "addr=zebrafish", "--host", planted.spec, "--hide-names")

    assert planted.asked("whois") == [{"addr": "100.71.72.73"}]


def test_bytes_are_not_asked_for_where_names_are_to_be_hidden(tsym: Tsym, planted: Daemon) -> None:
    result = tsym("get", "pprof", "name=heap", "--output", "x", "--host", planted.spec, "--hide-names")

    assert result.code == 2
    assert "no name can be hidden" in result.err


def test_troubles_on_stderr_are_hidden_too(tsym: Tsym, planted: Daemon) -> None:
    planted.on("status", answer("marisol@quokka.example may not\n", 403))
    result = tsym("matrix", "--host", planted.spec, "--hide-names", *FAST)

    assert "may not" in result.err
    assert [secret for secret in SECRETS if secret in result.err.casefold()] == []
