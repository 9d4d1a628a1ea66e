"""The lab itself: it comes up as the topology says, and its paths are the predicted ones by tailscale's own word."""

import re
from functools import partial
from itertools import permutations

import pytest

from .node import Node
from .tailnet import Lab, in_parallel
from .topology import DERP, DIRECT, HOSTS, PEER_RELAY, expected_paths


def settled_paths(lab: Lab) -> dict[tuple[str, str], str]:
    """Ask tailscale's own ping for the path of every ordered pair, all at once."""
    pairs = list(permutations((spec.name for spec in HOSTS), 2))
    addresses = {name: node.address for name, node in lab.nodes.items()}
    asked = [partial(settled_path, lab.nodes[one], addresses[other]) for one, other in pairs]
    return dict(zip(pairs, in_parallel(asked), strict=True))


def settled_path(node: Node, address: str) -> str:
    """Ping until the path is direct, at most ten times, and return how the last pong came; empty for no pong."""
    vias = re.findall(r"^pong from .* via (DERP|peer-relay|\d)", node.ping(address, count=10), re.MULTILINE)
    return {"DERP": DERP, "peer-relay": PEER_RELAY}.get(vias[-1], DIRECT) if vias else ""


def test_every_node_is_online_for_every_other(lab: Lab) -> None:
    names = {spec.name for spec in HOSTS}

    assert all(lab.nodes[name].sees_online(names - {name}) for name in names)


def test_nodes_say_the_version_they_were_stamped_with(lab: Lab) -> None:
    assert lab.nodes["a"].cli("version").splitlines()[0] == "1.102.3"


def test_the_domain_of_the_tailnet_is_the_labs_own(lab: Lab) -> None:
    assert lab.nodes["a"].status()["Self"]["DNSName"] == "a.lab.internal."


@pytest.mark.parametrize(("host", "is_hard"), [("a", "false"), ("d", "true")])
def test_a_node_behind_a_hard_nat_sees_its_mapping_vary(lab: Lab, host: str, is_hard: str) -> None:
    assert f"MappingVariesByDestIP: {is_hard}" in lab.nodes[host].netcheck()


def test_a_node_behind_the_blocking_router_has_no_udp(lab: Lab) -> None:
    assert "UDP: false" in lab.nodes["u"].netcheck()


def test_tailscale_itself_finds_the_predicted_paths(lab: Lab) -> None:
    assert settled_paths(lab) == expected_paths(with_relay=False)


def test_tailscale_itself_finds_the_predicted_paths_with_a_peer_relay(relay_lab: Lab) -> None:
    assert settled_paths(relay_lab) == expected_paths(with_relay=True)
