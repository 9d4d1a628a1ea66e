"""The network under the lab, without any tailscale on it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import claim, mirror
from .netns import Nat, Network, Traffic
from .programs import Program, wait_until

SERVERS = ("10.99.0.1", "10.99.0.2")
MIRROR = [sys.executable, str(Path(mirror.__file__))]


@pytest.fixture
def network() -> Iterator[Network]:
    """Make an internet with two servers that tell their clients' addresses."""
    held = claim.make()
    try:
        made = Network(held.name, SERVERS)
        serve = made.internet.wrap([*MIRROR, "serve", *SERVERS])
        server = Program(serve, held.folder / "mirror.log")
        wait_until(lambda: "serving" in server.log.read_text(), "the mirrors", 10, server)
        yield made
        server.stop()
    finally:
        held.release()


def seen_from(network: Network, host: str, protocol: str) -> list[str]:
    """Return the address of one socket of a host as each server sees it, `-` where nothing came back."""
    return network.hosts[host].namespace.run(*MIRROR, "ask", protocol, *SERVERS).split()


def test_a_public_host_is_seen_as_it_is(network: Network) -> None:
    host = network.add_host("p", None)

    first, second = seen_from(network, "p", "udp")
    assert first == second
    assert first.startswith(f"{host.address}:")


def test_an_easy_nat_shows_one_port_to_all(network: Network) -> None:
    network.add_router("r", Nat.EASY)
    network.add_host("a", "r")

    first, second = seen_from(network, "a", "udp")
    assert first == second
    assert first.startswith("10.99.0.11:")


def test_a_hard_nat_shows_each_another_port(network: Network) -> None:
    network.add_router("r", Nat.HARD)
    network.add_host("a", "r")

    first, second = seen_from(network, "a", "udp")
    assert first != second
    assert "-" not in {first, second}


def test_a_blocking_router_lets_only_tcp_out(network: Network) -> None:
    network.add_router("r", Nat.UDP_BLOCKED)
    network.add_host("a", "r")

    assert seen_from(network, "a", "udp") == ["-", "-"]
    assert "-" not in seen_from(network, "a", "tcp")


def test_a_router_changes_its_kind_for_new_flows(network: Network) -> None:
    network.add_router("r", Nat.EASY)
    network.add_host("a", "r")
    network.set_nat("r", Nat.UDP_BLOCKED)

    assert seen_from(network, "a", "udp") == ["-", "-"]


def test_who_is_behind_a_router_is_reached_from_inside_only(network: Network, tmp_path: Path) -> None:
    network.add_router("r", Nat.EASY)
    inside = network.add_host("a", "r")
    network.internet.ip(f"route add {inside.address}/32 via 10.99.0.11")
    server = Program(inside.namespace.wrap([*MIRROR, "serve", inside.address]), tmp_path / "inside.log")
    wait_until(lambda: network.routers["r"].namespace.accepts(inside.address, mirror.PORT), "the mirror", 10, server)

    assert not network.internet.accepts(inside.address, mirror.PORT)
    server.stop()


@pytest.mark.parametrize("router", ["r", None], ids=["behind a router", "public"])
def test_a_cut_host_reaches_nothing_until_it_is_mended(network: Network, router: str | None) -> None:
    network.add_router("r", Nat.EASY)
    network.add_host("a", router)

    with network.cut("a", Traffic.ALL):
        assert seen_from(network, "a", "tcp") == ["-", "-"]
    wait_until(lambda: "-" not in seen_from(network, "a", "tcp"), "the mended cable", 10)


def test_a_host_cut_off_from_udp_keeps_tcp(network: Network) -> None:
    network.add_host("p", None)

    with network.cut("p", Traffic.UDP):
        assert seen_from(network, "p", "udp") == ["-", "-"]
        assert "-" not in seen_from(network, "p", "tcp")


def test_a_new_host_does_not_move_the_hardware_address_of_the_servers(network: Network) -> None:
    address = Path("/sys/class/net/br0/address")
    before = network.internet.run("cat", str(address))
    network.add_host("p", None)

    assert network.internet.run("cat", str(address)) == before
