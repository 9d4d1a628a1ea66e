"""What one ping brings back: kinds, refusals, silence, chance."""

from __future__ import annotations

import pytest

from tests.unit.sim.tailnets import address, node, ping, settled, tailnet
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.sim.loading import load_scenario
from tsym_agent.sim.world import World


def test_a_disco_pong_has_the_bare_name() -> None:
    pong = ping(World(tailnet()))

    assert pong is not None
    assert pong.node_name == "there"


@pytest.mark.parametrize("kind", [PingKind.TSMP, PingKind.ICMP, PingKind.PEERAPI])
def test_other_pongs_claim_no_path(kind: PingKind) -> None:
    pong = ping(World(tailnet()), kind=kind)

    assert pong is not None
    assert pong.path is PathKind.UNKNOWN
    assert (pong.endpoint, pong.peer_relay, pong.derp_region_id) == ("", "", 0)


def test_a_tsmp_pong_has_the_peerapi_port() -> None:
    world = World(tailnet())

    pong = ping(world, kind=PingKind.TSMP)

    assert pong is not None
    assert pong.peer_api_port == world.population["there"].identity.peer_api_port


def test_a_peerapi_pong_has_the_url_and_the_full_name() -> None:
    world = World(tailnet())

    pong = ping(world, kind=PingKind.PEERAPI)

    assert pong is not None
    assert pong.peer_api_url.startswith(f"http://{address(world, 'there')}:")
    assert pong.node_name == "there.t.ts.net."


def test_ipv6_addresses_mean_the_same_node() -> None:
    world = World(tailnet())

    answer = world.ping("here", world.population["there"].identity.ipv6, PingKind.DISCO, 0)

    assert answer is not None
    assert answer.result.node_name == "there"


def test_a_routed_address_is_answered_by_its_router() -> None:
    wide = node("wide", "b", 'routes = ["10.0.0.0/8"]')
    near = node("near", "b", 'routes = ["10.5.0.0/16"]')
    world = World(tailnet(wide, near))

    answer = world.ping("here", "10.5.1.9", PingKind.DISCO, 0)

    assert answer is not None
    assert (answer.result.node_name, answer.result.node_ip) == ("near", address(world, "near"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param('standing = "expired"', "peer's node key has expired", id="expired"),
        pytest.param("key_expires_days = -1", "peer's node key has expired", id="expired by date"),
        pytest.param('standing = "locked-out"', "no matching peer", id="locked out"),
    ],
)
def test_some_peers_are_refused_at_once(line: str, words: str) -> None:
    pong = ping(World(tailnet(node("odd", "b", line))), "odd")

    assert pong is not None
    assert pong.err == words


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("up = false", id="off"),
        pytest.param('daemon = "stopped"', id="daemon stopped"),
        pytest.param('state = "NeedsLogin"', id="logged out"),
        pytest.param('standing = "not-approved"', id="not approved"),
        pytest.param("mullvad = true", id="plain WireGuard"),
        pytest.param('answers = ["ICMP"]', id="answers other kinds only"),
        pytest.param("loss = 1", id="all lost"),
    ],
)
def test_some_peers_are_silent(line: str) -> None:
    assert ping(World(tailnet(node("odd", "b", line))), "odd") is None


def test_peerapi_never_stays_silent() -> None:
    world = World(tailnet(node("dead", "b", "up = false")))

    answer = world.ping("here", address(world, "dead"), PingKind.PEERAPI, 0)

    assert answer is not None
    assert "deadline exceeded" in answer.result.err
    assert answer.after_s == 10


def test_pinging_oneself_says_so() -> None:
    pong = ping(World(tailnet()), "here")

    assert pong is not None
    assert pong.is_local_ip
    assert "is local Tailscale IP" in pong.err


@pytest.mark.parametrize(
    ("state", "words"),
    [("Stopped", "local tailscaled stopped"), ("NeedsLogin", "no matching peer"), ("Starting", "no matching peer")],
)
def test_a_host_that_does_not_run_refuses(state: str, words: str) -> None:
    world = World(tailnet(node("down", "a", "vantage = true", f'state = "{state}"')))

    pong = ping(world, source="down")

    assert pong is not None
    assert pong.err == words


def test_an_address_of_nobody_has_no_peer() -> None:
    answer = World(tailnet()).ping("here", "100.127.255.1", PingKind.DISCO, 0)

    assert answer is not None
    assert answer.result.err == "no matching peer"


def test_loss_takes_about_its_share() -> None:
    world = World(tailnet(node("lossy", "c", "loss = 0.3")))

    lost = sum(ping(world, "lossy") is None for _ in range(1000))

    assert 240 < lost < 360


def test_an_answer_comes_after_its_latency() -> None:
    world = World(tailnet())

    answer = world.ping("here", address(world, "there"), PingKind.DISCO, 0)

    assert answer is not None
    assert answer.after_s == answer.result.latency_seconds > 0


def walk(seed: int) -> list[object]:
    """Ping around the household for a while and note everything."""
    world = World(load_scenario("home"), seed)
    found: list[object] = []
    for at_s in range(0, 200, 5):
        found += [ping(world, name, source=host, at_s=at_s) for host in ("nas", "vps-fra") for name in ("phone", "tv")]
        found.append(world.status_body("nas"))
    return found


def test_one_seed_gives_one_history() -> None:
    assert walk(7) == walk(7)


def test_another_seed_gives_another_history() -> None:
    assert walk(7) != walk(8)


def test_hosts_do_not_disturb_each_others_chance() -> None:
    quiet, busy = World(load_scenario("home")), World(load_scenario("home"))
    for _ in range(10):
        ping(busy, "tv", source="nas")

    assert settled(quiet, "tv", source="laptop") == settled(busy, "tv", source="laptop")
