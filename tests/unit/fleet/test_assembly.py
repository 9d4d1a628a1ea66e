"""Where nodes stand, while the evidence comes and goes."""

from __future__ import annotations

from tests.unit.fleet.fakes import HOME, ref
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.status import BackendState
from tsym_tui.fleet.assembly import Assembly
from tsym_tui.fleet.sites import Sighting
from tsym_tui.fleet.views import Sight, View

HOUSE, OFFICE = "198.51.100.7", "203.0.113.9"
IDLE: tuple[Sighting, ...] = ()


def laptop(*addresses: str) -> list[View]:
    """Return what a host says that has these public addresses."""
    own, peer = (Sight(StableNodeID(f"n-{name}"), name=f"{name}.example") for name in "ab")
    endpoints = tuple(f"{address}:41641" for address in addresses)
    peers = {peer.stable_id: peer}
    return [View(backend=BackendState.RUNNING, tailnet=HOME, own=own, peers=peers, own_endpoints=endpoints)]


def path(*addresses: str) -> tuple[Sighting, ...]:
    """Return where the laptop reaches the node b."""
    return tuple((ref("a"), ref("b"), f"{address}:41641") for address in addresses)


def site_after(name: str, *looks: tuple[list[View], tuple[Sighting, ...]]) -> str | None:
    """Return where a node stands after these looks."""
    assembly = Assembly()
    assembly.touch([ref("a"), ref("b")])
    for views, sightings in looks:
        assembly.note_sites(views, sightings)
    assembly.renew(laptop(HOUSE), assembly.waiting())
    node = assembly.node(ref(name))
    assert node is not None
    return node.site


def test_a_host_that_comes_home_stands_at_home() -> None:
    assert site_after("a", (laptop(HOUSE), IDLE), (laptop(OFFICE), IDLE), (laptop(HOUSE), IDLE)) == HOUSE


def test_a_peer_that_comes_home_stands_at_home() -> None:
    looks = [(laptop(HOUSE), path(address)) for address in (HOUSE, OFFICE, HOUSE)]

    assert site_after("b", *looks) == HOUSE


def test_a_path_that_is_idle_takes_no_place_away() -> None:
    assert site_after("b", (laptop(HOUSE), path(OFFICE)), (laptop(HOUSE), IDLE), (laptop(OFFICE), IDLE)) == OFFICE


def test_a_look_that_shows_less_is_no_news() -> None:
    assembly = Assembly()
    assembly.note_sites(laptop(HOUSE), path(OFFICE))

    assert not assembly.note_sites(laptop(HOUSE), IDLE)
    assert not assembly.note_sites([], IDLE)


def test_a_peer_seen_at_two_addresses_stands_at_the_one_that_remains() -> None:
    looks = [(laptop(HOUSE), path(HOUSE)), (laptop(HOUSE), path(HOUSE, OFFICE)), (laptop(HOUSE), path(OFFICE))]

    assert site_after("b", *looks) == OFFICE


def test_nodes_that_were_not_asked_for_go_on_waiting() -> None:
    assembly = Assembly()
    assembly.touch([ref("a"), ref("b")])
    assembly.renew(laptop(HOUSE), assembly.waiting([ref("a"), ref("c")]))

    assert assembly.waiting() == [ref("b")]
    assert [node.ref for node in assembly.everyone()] == [ref("a")]


def test_no_more_nodes_wait_than_are_wanted() -> None:
    assembly = Assembly()
    assembly.touch([ref("a"), ref("b")])

    assert assembly.waiting(most=1) == [ref("a")]
