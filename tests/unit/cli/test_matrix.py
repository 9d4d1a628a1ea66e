"""`tsym matrix`: the grid, its JSON, its verdicts."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Daemon, Tsym, peer
from tests.unit.fake_daemon import answer, hang

FAST = ("--settle", "3")


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_the_grid_shows_class_and_latency_of_every_pair(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("matrix", "--host", daemon.spec)

    assert result.code == 0
    assert rows(result.out)[:2] == [["me", "nas"], ["me", "╲", "●", "5.0"]]


def test_json_has_nodes_pairs_and_hosts(tsym: Tsym, daemon: Daemon) -> None:
    document = json.loads(tsym("matrix", "--host", daemon.spec, "--json").out)
    (pair,) = document["pairs"]

    assert document["schema"] == "tsym/pairs/1"
    assert (pair["from"], pair["to"], pair["path"], pair["state"], pair["ping"]) == (
        "n-me", "n-nas", "direct", "fresh", "disco",
    )  # fmt: skip
    assert (pair["latency_ms"], pair["loss"], pair["samples"], pair["endpoint"]) == (5.0, 0.0, 3, "192.0.2.7:41641")
    assert [host["state"] for host in document["hosts"]] == ["ok"]


def test_lines_are_one_pair_each(tsym: Tsym, daemon: Daemon) -> None:
    (line,) = tsym("matrix", "--host", daemon.spec, "--ndjson").out.splitlines()

    assert json.loads(line)["path"] == "direct"


def test_lines_come_as_pairs_settle_and_each_comes_once(tsym: Tsym, household: str) -> None:
    lines = tsym("matrix", "--host", f"{household}#nas", "--ndjson", "--settle", "8").out.splitlines()
    entries = [json.loads(line) for line in lines]

    assert len({entry["to"] for entry in entries}) == len(entries) == 7
    assert [entry["path"] for entry in entries[:3]] == ["direct"] * 3


def test_a_dead_pair_is_an_answer(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Err="peer's node key has expired", Endpoint="")
    result = tsym("matrix", "--host", daemon.spec)

    assert result.code == 0
    assert "nas is dead: peer's node key has expired" in result.out


def test_an_error_is_never_direct(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Err="no matching peer")
    (pair,) = json.loads(tsym("matrix", "--host", daemon.spec, "--json").out)["pairs"]

    assert (pair["path"], pair["state"], pair["error"]) == ("unknown", "failed", "no matching peer")


def test_unknown_numbers_are_null(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Err="no matching peer")
    (pair,) = json.loads(tsym("matrix", "--host", daemon.spec, "--json").out)["pairs"]

    assert (pair["latency_ms"], pair["p50_ms"], pair["age_s"], pair["endpoint"]) == (None, None, None, None)


@pytest.mark.parametrize(
    ("verdict", "pong", "code"),
    [
        ("dead", {"Err": "no matching peer"}, 1),
        ("dead", {}, 0),
        ("relayed", {"Endpoint": "", "DERPRegionID": 4, "DERPRegionCode": "fra"}, 1),
        ("relayed", {}, 0),
        ("stale", {}, 0),
    ],
)
def test_fail_on(tsym: Tsym, daemon: Daemon, verdict: str, pong: dict[str, object], code: int) -> None:
    daemon.say_pong(**pong)

    assert tsym("matrix", "--host", daemon.spec, "--fail-on", verdict, *FAST).code == code


def test_settling_ends_at_its_limit(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("ping", hang)
    result = tsym("matrix", "--host", daemon.spec, "--settle", "0.5")

    assert result.code == 0
    assert "1 not probed" in result.out


def test_without_settling_only_status_speaks(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas", Active=True, CurAddr="192.0.2.9:41641"))
    (pair,) = json.loads(tsym("matrix", "--host", daemon.spec, "--settle", "0", "--json").out)["pairs"]

    assert (pair["path"], pair["state"], pair["ping"], pair["samples"]) == ("direct", "fresh", None, 0)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("Stopped", "stopped"),
        ("Starting", "starting"),
        ("NeedsLogin", "logged out"),
        ("NeedsMachineAuth", "waiting for approval"),
    ],
)
def test_a_daemon_that_is_not_running_cannot_probe(tsym: Tsym, daemon: Daemon, state: str, words: str) -> None:
    daemon.say_status(BackendState=state)
    result = tsym("matrix", "--host", daemon.spec, *FAST)

    assert result.code == 3
    assert words in result.err


def test_a_stopped_host_leaves_the_rest_printed(tsym: Tsym, daemon: Daemon, household: str) -> None:
    daemon.say_status(BackendState="Stopped")
    result = tsym("matrix", "--host", daemon.spec, "--host", f"{household}#nas", *FAST)

    assert result.code == 5
    assert any(line.startswith("nas ") and "●" in line for line in result.out.splitlines())


def test_a_daemon_that_refuses_pings_makes_no_claims(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("ping", answer("ping access denied\n", 403))
    (pair,) = json.loads(tsym("matrix", "--host", daemon.spec, "--json", *FAST).out)["pairs"]

    assert (pair["state"], pair["samples"]) == ("never", 0)


def test_the_real_thing_finds_every_class(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("matrix", "--host", household, "--json", "--settle", "9").out)
    names = {node["id"]: node["name"].partition(".")[0] for node in document["nodes"]}
    found = {(names[pair["from"]], names[pair["to"]]): (pair["state"], pair["path"]) for pair in document["pairs"]}

    assert len(found) == 28
    assert found["nas", "tv"] == ("fresh", "direct")
    assert found["nas", "work-mbp"] == ("fresh", "derp")
    assert found["nas", "old-mac"] == ("failed", "unknown")


def test_a_terminal_of_twenty_columns_gets_all_columns_in_blocks(
    tsym: Tsym, household: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    result = tsym("matrix", "--host", f"{household}#nas", "--settle", "2")
    grid = result.out.partition("pairs:")[0].splitlines()[:-1]

    assert result.code == 0
    assert max(len(line) for line in grid) <= 20
    assert {"laptop", "pi-kitchen", "vps-fra", "work-mbp"} <= set(result.out.split())


def test_plain_letters_where_the_encoding_has_no_more(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("matrix", "--host", daemon.spec, "--glyphs", "ascii")

    assert result.out.isascii()
    assert rows(result.out)[1] == ["me", "\\", "D", "5.0"]


def test_colours_only_on_request_where_nobody_watches(tsym: Tsym, daemon: Daemon) -> None:
    plain = tsym("matrix", "--host", daemon.spec).out
    coloured = tsym("matrix", "--host", daemon.spec, "--color", "always", "--theme", "dark").out

    assert "\x1b" not in plain
    assert "\x1b[38;5;" in coloured


def test_two_nodes_of_one_name_have_columns_of_their_own(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas"), peer("nas", 3, ID="n-other"))
    result = tsym("matrix", "--host", daemon.spec)

    assert {"nas#n-nas", "nas#n-other"} <= set(result.out.split())


def test_watching_ends_with_the_first_verdict(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Err="no matching peer")
    result = tsym("matrix", "--host", daemon.spec, "--watch", "--fail-on", "dead", *FAST)

    assert result.code == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [(answer("ping access denied\n", 403), "ping access denied"), (answer("<html>"), "not JSON")],
    ids=["refused", "nonsense"],
)
def test_a_host_that_cannot_ping_says_so(tsym: Tsym, daemon: Daemon, script: bytes, words: str) -> None:
    daemon.say_status(peer("nas"))
    daemon.on("ping", script)

    result = tsym("matrix", "--host", daemon.spec, "--settle", "2")

    assert result.code == 4
    assert "cannot ping" in result.err
    assert words in result.err


def test_a_metric_is_the_number_beside_each_mark(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("matrix", "--host", daemon.spec, "--metric", "loss", *FAST)

    assert rows(result.out)[1] == ["me", "╲", "●", "0%"]
    assert "the share of probes without an answer" in result.out


def test_groups_are_columns_with_the_commonest_and_the_worst(tsym: Tsym, household: str) -> None:
    result = tsym("matrix", "--host", household, "--group", "owner", "--settle", "6")
    head = result.out.splitlines()[0]

    assert result.code == 0
    assert "+" in head
    assert "✕1" in result.out
    assert "behind each mark how many of the group are so" in result.out


def test_the_worst_can_come_first(tsym: Tsym, household: str) -> None:
    result = tsym("matrix", "--host", household, "--sort", "worst", "--settle", "6")

    assert result.out.split()[0] == "old-mac"


def test_orders_and_groups_leave_the_document_alone(tsym: Tsym, daemon: Daemon) -> None:
    plain = json.loads(tsym("matrix", "--host", daemon.spec, "--json", *FAST).out)
    asked = json.loads(
        tsym(
            "matrix", "--host", daemon.spec, "--json", "--sort", "worst", "--group", "tag", "--metric", "p95", *FAST
        ).out
    )

    assert [pair["to"] for pair in plain["pairs"]] == [pair["to"] for pair in asked["pairs"]]


@pytest.mark.parametrize("option", ["--metric", "--sort", "--group"])
def test_a_choice_that_there_is_not_is_told_with_those_there_are(tsym: Tsym, daemon: Daemon, option: str) -> None:
    result = tsym("matrix", "--host", daemon.spec, option, "nonsense")

    assert result.code == 2
    assert "nonsense" in result.err
