"""`tsym nodes` with its filter, order and groups; `tsym nodes --detail` and `tsym pair`."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Daemon, Tsym, peer
from tsym_tui.fleet.filters import language_lines


def listed(out: str) -> list[str]:
    """Return the short names in the order of the table."""
    rows = [line.split() for line in out.splitlines()[1:]]
    return [row[1].partition(".")[0] for row in rows if len(row) > 2 and ".ts.net" in row[1]]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("tag:server", ["vps-fra"]),
        ("host", ["laptop", "nas", "pi-kitchen", "vps-fra"]),
        ("offline, tag:server", ["vps-fra", "old-mac"]),
    ],
)
def test_a_filter_narrows_the_list(tsym: Tsym, household: str, wanted: str, names: list[str]) -> None:
    result = tsym("nodes", "--host", household, "--filter", wanted)

    assert result.code == 0
    assert listed(result.out) == names


def test_json_is_filtered_and_sorted_too(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("nodes", "--host", household, "--filter", "os:linux", "--sort", "name", "--json").out)
    names = [node["name"] for node in document["nodes"]]

    assert names == sorted(names)
    assert {node["os"] for node in document["nodes"]} == {"linux"}


@pytest.mark.parametrize("wanted", ["path:derp", "colour:red"])
def test_a_filter_that_cannot_be_asked_says_why(tsym: Tsym, household: str, wanted: str) -> None:
    result = tsym("nodes", "--host", household, "--filter", wanted)

    assert result.code == 2
    assert wanted.partition(":")[0] in result.err


def test_a_filter_that_lets_nobody_pass_says_so(tsym: Tsym, household: str) -> None:
    result = tsym("nodes", "--host", household, "--filter", "nobody-is-called-so")

    assert (result.code, result.out) == (0, "")
    assert "no node matches the filter" in result.err


def test_numbers_in_names_sort_by_value_and_can_be_turned(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(*(peer(f"web-{number}", number) for number in (10, 9, 1)))
    up = tsym("nodes", "--host", daemon.spec, "--sort", "name").out.splitlines()[1:]
    down = tsym("nodes", "--host", daemon.spec, "--sort", "name", "--reverse").out.splitlines()[1:]

    assert [line.split()[1] for line in up] == ["me.example", "web-1.example", "web-9.example", "web-10.example"]
    assert down == up[::-1]


def test_nodes_of_which_it_is_unknown_come_last_either_way(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("a", 2, OS=""), peer("b", 3, OS="linux"), peer("c", 4, OS="windows"), OS="")
    for turned in ([], ["--reverse"]):
        lines = tsym("nodes", "--host", daemon.spec, "--sort", "os", *turned).out.splitlines()[1:]

        assert {line.split()[1] for line in lines[2:]} == {"a.example", "me.example"}


def test_groups_have_titles_with_their_counts(tsym: Tsym, household: str) -> None:
    out = tsym("nodes", "--host", household, "--group", "os").out

    assert "linux  " in out
    assert len(listed(out)) == 8


def test_the_help_holds_the_whole_language(tsym: Tsym) -> None:
    text = tsym("nodes", "--help").out

    assert [example for example, _ in language_lines() if example not in text] == []


def test_hidden_names_leave_none_behind(tsym: Tsym, household: str) -> None:
    out = tsym("nodes", "--host", household, "--hide-names", "--json").out

    assert [word for word in ("laptop", "nas.", "pi-kitchen", "kim@", "tag:server") if word in out] == []


def test_a_node_in_detail(tsym: Tsym, household: str) -> None:
    result = tsym("nodes", "--host", household, "--detail", "nas")

    assert result.code == 0
    assert "advertised approved   primary" in result.out
    assert "endpoints" in result.out
    assert "reachable" in result.out


def test_a_node_without_a_host_is_told_of_by_others(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("nodes", "--host", household, "--detail", "tv", "--json").out)

    assert [node["host_name"] for node in document["nodes"]] == ["tv"]
    assert document["said"]["status"][0]["entry"]["HostName"] == "tv"


def test_a_pair_layer_by_layer(tsym: Tsym, household: str) -> None:
    result = tsym("pair", "laptop", "nas", "--host", household, "-c", "2")
    lines = result.out.splitlines()

    assert result.code == 0
    assert "direct" in lines[0]
    assert [kind for kind in ("peerapi", "ICMP", "TSMP", "disco") if not any(kind in line for line in lines)] == []
    assert "candidate endpoints of nas" in result.out
    assert "route used" in result.out


def test_a_pair_as_json_has_both_directions_and_what_hosts_said(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("pair", "laptop", "nas", "--host", household, "-c", "1", "--json").out)

    assert document["schema"] == "tsym/pairs/1"
    assert len(document["pairs"]) == len(document["nodes"]) == 2
    assert {(one["ping"]) for one in document["said"]["pings"]} == {"peerapi", "icmp", "tsmp"}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("laptop", "laptop"), "the same node"),
        (("tv", "phone"), "neither tv nor phone can be asked"),
        (("laptop", "nowhere"), "no node is called 'nowhere'"),
    ],
)
def test_a_pair_that_cannot_be_looked_at_says_why(
    tsym: Tsym, household: str, names: tuple[str, str], words: str
) -> None:
    result = tsym("pair", *names, "--host", household)

    assert result.code == 2
    assert words in result.err
