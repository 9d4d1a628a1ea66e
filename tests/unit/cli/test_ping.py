"""`tsym ping`: pongs from every host."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Daemon, Tsym, peer
from tests.unit.fake_daemon import answer, hang

PONG = "me: pong from nas (100.64.0.4) via 192.0.2.7:41641 in 5.0ms\n"


@pytest.mark.parametrize("target", ["nas", "NAS", "nas.example", "nas.example.", "100.64.0.4", "n-nas"])
def test_a_target_is_a_name_an_fqdn_an_address_or_an_id(tsym: Tsym, daemon: Daemon, target: str) -> None:
    assert tsym("ping", "--host", daemon.spec, target) == (0, PONG, "")


def test_every_host_pings_and_says_so(tsym: Tsym, household: str) -> None:
    result = tsym("ping", "--host", household, "tv")

    assert result.code == 0
    assert {line.partition(":")[0] for line in result.out.splitlines()} == {"laptop", "nas", "pi-kitchen", "vps-fra"}


def test_pinging_stops_at_the_first_direct_pong(tsym: Tsym, daemon: Daemon) -> None:
    derp = answer(json.dumps({"LatencySeconds": 0.03, "DERPRegionID": 4, "DERPRegionCode": "fra"}))
    direct = answer(json.dumps({"LatencySeconds": 0.005, "Endpoint": "192.0.2.7:41641"}))
    daemon.on("ping", derp, direct)
    result = tsym("ping", "--host", daemon.spec, "nas")

    assert [line.partition(" via ")[2] for line in result.out.splitlines()] == [
        "DERP(fra) in 30ms",
        "192.0.2.7:41641 in 5.0ms",
    ]


def test_a_relayed_target_answers_and_is_said_to_be_relayed(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Endpoint="", PeerRelay="192.0.2.1:7777:vni:12")
    result = tsym("ping", "--host", daemon.spec, "nas", "-c", "1")

    assert result.code == 0
    assert "via peer-relay(192.0.2.1:7777:vni:12)" in result.out
    assert "direct connection not established" in result.err


def test_count_without_until_direct(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("ping", "--host", daemon.spec, "nas", "-c", "2", "--no-until-direct")

    assert result.out == PONG * 2


@pytest.mark.parametrize(("flag", "kind"), [("--tsmp", "TSMP"), ("--icmp", "ICMP"), ("--peerapi", "peerapi")])
def test_pings_inside_the_tunnel_name_no_path(tsym: Tsym, daemon: Daemon, flag: str, kind: str) -> None:
    result = tsym("ping", "--host", daemon.spec, "nas", flag)

    assert (result.code, result.out) == (0, f"me: pong from nas (100.64.0.4) via {kind} in 5.0ms\n")


def test_no_pong_is_exit_code_one(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("ping", hang)
    result = tsym("ping", "--host", daemon.spec, "nas", "-c", "1", "--timeout", "100ms")

    assert (result.code, result.out) == (1, "me: ping nas (100.64.0.4) timed out\n")


def test_watching_ends_when_a_pair_that_answered_is_dead(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("ping", answer(json.dumps({"LatencySeconds": 0.005, "Endpoint": "192.0.2.7:41641"})), hang)
    watch = ("-c", "1", "--timeout", "100ms", "--watch", "--every", "0.1", "--fail-on", "dead")
    result = tsym("ping", "--host", daemon.spec, *watch)

    assert (result.code, result.out) == (1, f"{PONG}me: ping nas (100.64.0.4) timed out\n")


def test_an_error_is_told_in_its_words(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Err="peer's node key has expired")
    result = tsym("ping", "--host", daemon.spec, "nas", "-c", "1")

    assert (result.code, result.out) == (1, "me: ping nas (100.64.0.4) failed: peer's node key has expired\n")


def test_without_a_target_all_peers_are_pinged_and_silence_is_an_answer(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas"), peer("tv", 3), peer("phone", 4, OS="iOS"))
    result = tsym("ping", "--host", daemon.spec)

    assert result.code == 0
    assert sorted(line.split()[3] for line in result.out.splitlines()) == ["nas", "tv"]


def test_a_named_phone_is_pinged(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("phone", 4, OS="iOS"))

    assert tsym("ping", "--host", daemon.spec, "phone").code == 0


def test_a_named_hidden_node_is_pinged_and_described(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("exit", 4, DNSName="exit.mullvad.ts.net."))
    document = json.loads(tsym("ping", "--host", daemon.spec, "exit", "--json").out)

    assert [pair["state"] for pair in document["pairs"]] == ["fresh"]
    assert {node["id"] for node in document["nodes"]} == {"n-me", "n-exit"}


def test_an_address_behind_a_route_means_its_router(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas", PrimaryRoutes=["192.168.1.0/24"]), peer("gw", 3, PrimaryRoutes=["192.168.0.0/16"]))

    assert "pong from nas" in tsym("ping", "--host", daemon.spec, "192.168.1.9").out


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("cafe", "100.64.0.4"),
        ("100.64.0.4", "100.64.0.4"),
        ("fd7a::1", "fd7a::1"),
        ("[fd7a:0::1]", "fd7a::1"),
        ("192.168.1.9", "192.168.1.9"),
    ],
)
def test_an_address_is_pinged_as_written_and_a_name_at_the_first_one(
    tsym: Tsym, daemon: Daemon, target: str, address: str
) -> None:
    own, behind = ["100.64.0.4", "fd7a::1"], ["192.168.1.0/24"]
    daemon.say_status(peer("cafe", DNSName="cafe-1.example.", TailscaleIPs=own, PrimaryRoutes=behind))
    tsym("ping", "--host", daemon.spec, target, "-c", "1")

    assert daemon.pinged() == [address]


def test_an_ambiguous_name_lists_its_candidates(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(peer("nas"), peer("nas", 3, ID="n-other"))
    result = tsym("ping", "--host", daemon.spec, "nas")

    assert result.code == 2
    assert "n-nas" in result.err
    assert "n-other" in result.err


def test_a_misspelt_name_gets_a_suggestion(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("ping", "--host", daemon.spec, "nsa")

    assert result.code == 2
    assert "did you mean nas" in result.err


def test_the_only_host_cannot_ping_itself(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("ping", "--host", daemon.spec, "me")

    assert result.code == 2
    assert "only host" in result.err


@pytest.mark.parametrize(
    "arguments", [("--tsmp", "--icmp"), ("--icmp", "--size", "900"), ("--timeout", "0"), ("-c", "0")]
)
def test_nonsense_is_refused(tsym: Tsym, daemon: Daemon, arguments: tuple[str, ...]) -> None:
    assert tsym("ping", "--host", daemon.spec, "nas", *arguments).code == 2


def test_json_describes_the_pinged_pairs_alone(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("ping", "--host", household, "tv", "--json", "-c", "1").out)

    assert (document["schema"], len(document["pairs"]), len(document["nodes"])) == ("tsym/pairs/1", 4, 5)


def test_lines_are_one_pong_each(tsym: Tsym, daemon: Daemon) -> None:
    (line,) = tsym("ping", "--host", daemon.spec, "nas", "--ndjson").out.splitlines()
    pong = json.loads(line)

    assert (pong["schema"], pong["from"], pong["to"], pong["path"], pong["latency_ms"]) == (
        "tsym/pongs/1", "n-me", "n-nas", "direct", 5.0,
    )  # fmt: skip


def test_without_a_usable_host_nothing_is_looked_up(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(BackendState="Stopped")
    result = tsym("ping", "--host", daemon.spec, "whoever")

    assert result.code == 3
    assert "stopped" in result.err


def test_a_large_ping_that_the_daemon_refuses_says_the_limit(tsym: Tsym, daemon: Daemon) -> None:
    daemon.on("ping", answer("maximum value for 'size' is 1900\n", 400))
    result = tsym("ping", "--host", daemon.spec, "nas", "--size", "9000", "-c", "1")

    assert result.code == 1
    assert "maximum value for 'size' is 1900" in result.out
