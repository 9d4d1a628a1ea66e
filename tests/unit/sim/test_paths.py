"""Which path a pair gets: the table that real routers showed."""

from __future__ import annotations

import pytest

from tests.unit.sim.tailnets import node, ping, relay, settled, site, tailnet
from tsym_agent.model.paths import PathKind
from tsym_agent.sim.world import World

DIRECT, DERP, RELAY = PathKind.DIRECT, PathKind.DERP, PathKind.PEER_RELAY
KINDS = ("none", "easy", "hard", "blocked")
TABLE = {
    ("none", "none"): DIRECT,
    ("none", "easy"): DIRECT,
    ("none", "hard"): DIRECT,
    ("none", "blocked"): DERP,
    ("easy", "easy"): DIRECT,
    ("easy", "hard"): DERP,
    ("easy", "blocked"): DERP,
    ("hard", "hard"): DERP,
    ("hard", "blocked"): DERP,
    ("blocked", "blocked"): DERP,
}
"""As measured; the other way round is the same."""


def expected(a: str, b: str) -> PathKind:
    return TABLE.get((a, b)) or TABLE[b, a]


@pytest.mark.parametrize("b", KINDS)
@pytest.mark.parametrize("a", KINDS)
def test_the_routers_decide_the_path(a: str, b: str) -> None:
    pong = settled(World(tailnet(a=a, b=b)))

    assert pong is not None
    assert pong.path is expected(a, b)


@pytest.mark.parametrize("b", KINDS)
@pytest.mark.parametrize("a", KINDS)
def test_a_peer_relay_helps_where_both_sides_have_udp(a: str, b: str) -> None:
    pong = settled(World(tailnet(relay(), a=a, b=b)))

    without = expected(a, b)
    assert pong is not None
    assert pong.path is (RELAY if without is DERP and "blocked" not in {a, b} else without)


@pytest.mark.parametrize("kind", KINDS)
def test_machines_of_one_lan_meet_there_whatever_the_router(kind: str) -> None:
    pong = settled(World(tailnet(node("beside", "a"), a=kind)), "beside")

    assert pong is not None
    assert pong.path is DIRECT
    assert pong.endpoint.startswith("203.0.113." if kind == "none" else "192.168.1.")


def test_machines_at_a_carrier_do_not_share_a_lan() -> None:
    carrier = site("m", "hard", number=3) + "lan = false\n"
    scenario = tailnet(carrier, node("one", "m", "vantage = true"), node("two", "m"))

    pong = settled(World(scenario), "two", source="one")

    assert pong is not None
    assert pong.path is DERP


def test_a_relay_within_reach_of_the_lan_serves_a_site_without_udp() -> None:
    inside = node("inside", "a", "relay_server = true", 'nat = "none"', 'udp = "open"')

    pong = settled(World(tailnet(inside, a="blocked", b="hard")))

    assert pong is not None
    assert pong.path is RELAY


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("up = false", id="switched off"),
        pytest.param('daemon = "stopped"', id="daemon stopped"),
        pytest.param('standing = "expired"', id="key expired"),
        pytest.param('state = "Stopped"', id="down by wish"),
    ],
)
def test_a_relay_that_does_not_run_relays_nothing(broken: str) -> None:
    pong = settled(World(tailnet(relay(broken), a="hard", b="hard")))

    assert pong is not None
    assert pong.path is DERP


def test_daemons_before_1_86_know_no_peer_relays() -> None:
    old = node("old", "b", 'version = "1.84.2"')

    pong = settled(World(tailnet(relay(), old, a="hard", b="hard")), "old")

    assert pong is not None
    assert pong.path is DERP


def test_the_nearest_relay_is_taken() -> None:
    far = node("far", "c", "relay_server = true", "delay_ms = 50")
    scenario = tailnet(far, relay(), a="hard", b="hard")
    world = World(scenario)

    pong = settled(world)

    assert pong is not None
    assert pong.peer_relay.startswith(f"{world.population['relay'].identity.public_address}:40000:vni:")


def test_derp_is_the_pinged_nodes_home_region() -> None:
    world = World(tailnet(a="hard", b="hard"))

    there, back = settled(world), settled(world, "here", source="there")

    assert there is not None
    assert back is not None
    assert (there.derp_region_id, there.derp_region_code) == (2, "two")
    assert (back.derp_region_id, back.derp_region_code) == (1, "one")


def test_derp_takes_the_way_by_the_region() -> None:
    pong = settled(World(tailnet(a="hard", b="hard")))

    assert pong is not None
    assert pong.latency_ms == pytest.approx(40 + 7)


def test_a_relay_takes_the_way_by_the_relay() -> None:
    pong = settled(World(tailnet(relay("delay_ms = 1"), a="hard", b="hard")))

    assert pong is not None
    assert pong.latency_ms == pytest.approx(21 + 21)


def test_a_direct_path_takes_the_way_between_the_sites_and_the_delays() -> None:
    scenario = tailnet(node("slow", "b", "delay_ms = 100"))

    pong = settled(World(scenario), "slow")

    assert pong is not None
    assert pong.latency_ms == pytest.approx(120)


def test_an_endpoint_behind_easy_nat_is_the_router_with_the_nodes_port() -> None:
    pong = settled(World(tailnet()))

    assert pong is not None
    assert pong.endpoint == "198.51.100.2:41641"


def test_a_hard_nat_shows_every_peer_another_port() -> None:
    world = World(tailnet(node("public", "c", "vantage = true"), node("other", "c", "vantage = true"), b="hard"))

    endpoints = {pong.endpoint for source in ("public", "other") if (pong := settled(world, source=source))}

    assert len(endpoints) == 2
    assert all(endpoint.startswith("198.51.100.2:") for endpoint in endpoints)


@pytest.mark.parametrize(("a", "b"), [("easy", "none"), ("hard", "none"), ("none", "none")])
def test_a_public_peer_is_direct_at_once(a: str, b: str) -> None:
    pong = ping(World(tailnet(a=a, b=b)))

    assert pong is not None
    assert pong.path is DIRECT


@pytest.mark.parametrize("seed", range(6))
def test_the_first_two_or_three_pongs_between_nats_come_by_derp(seed: int) -> None:
    world = World(tailnet(), seed)

    paths = [pong.path for _ in range(5) if (pong := ping(world))]

    assert paths[:2] == [DERP, DERP]
    assert paths[3:] == [DIRECT, DIRECT]


def test_three_seconds_find_the_path_too() -> None:
    world = World(tailnet())

    first, later = ping(world), ping(world, at_s=3.1)

    assert first is not None
    assert later is not None
    assert (first.path, later.path) == (DERP, DIRECT)


def test_a_path_is_found_anew_after_a_long_silence() -> None:
    world = World(tailnet())
    settled(world)

    pong = ping(world, at_s=400)

    assert pong is not None
    assert pong.path is DERP


def test_a_link_without_a_direct_path_is_relayed() -> None:
    scenario = tailnet('[[link]]\nbetween = ["here", "there"]\nrelayed = true')

    pong = settled(World(scenario))

    assert pong is not None
    assert pong.path is DERP


def test_a_link_blocked_one_way_lets_the_other_side_ping() -> None:
    world = World(tailnet('[[link]]\nfrom = "here"\nto = "there"\nblocked = true'))

    assert settled(world) is None
    assert settled(world, "here", source="there") is not None
