"""One node out of what many hosts say, and where it stands."""

from __future__ import annotations

import pytest

from tests.unit.fleet.fakes import HOME, ref
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.nodes import Hidden, Node, Standing
from tsym_agent.model.paths import PathKind
from tsym_agent.model.status import BackendState
from tsym_tui.fleet.merge import merge_node
from tsym_tui.fleet.sites import find_sites, sightings_of
from tsym_tui.fleet.views import Extras, Route, Sight, View


def sight(label: str, **fields: object) -> Sight:
    return Sight(StableNodeID(f"n-{label}"), **({"name": f"{label}.example"} | fields))  # type: ignore[arg-type]  # brevity


def view(own: Sight | None, *peers: Sight, **fields: object) -> View:
    return View(
        backend=BackendState.RUNNING, tailnet=HOME, own=own, peers={peer.stable_id: peer for peer in peers}, **fields  # type: ignore[arg-type]  # test brevity
    )  # fmt: skip


def merged(*views: View) -> Node:
    node = merge_node(ref("b"), views)
    assert node is not None
    return node


UP = sight("a", is_online=True)
CUT_OFF = sight("a", is_online=False)


def test_a_nodes_own_word_wins() -> None:
    node = merged(view(UP, sight("b", os="linux")), view(sight("b", os="macOS"), version="1.102.3"))

    assert (node.os, node.version) == ("macOS", "1.102.3")


def test_others_fill_what_the_node_itself_does_not_say() -> None:
    told = Extras(owner="me@example.com", routes=("10.0.0.0/8",))
    node = merged(view(UP, sight("b", extras=told)), view(sight("b")))

    assert (node.owner, node.routes) == ("me@example.com", ("10.0.0.0/8",))


def test_a_peer_has_no_version() -> None:
    assert merged(view(UP, sight("b"), version="1.102.3")).version is None


@pytest.mark.parametrize(
    ("views", "online"),
    [
        ([view(UP, sight("b", is_online=True)), view(UP, sight("b"))], True),
        ([view(UP, sight("b")), view(UP, sight("b"))], False),
        ([view(CUT_OFF, sight("b", is_online=True))], None),
        ([view(CUT_OFF, sight("b", is_online=True)), view(UP, sight("b"))], False),
    ],
    ids=["one says so", "all deny it", "only old news", "old news against new"],
)
def test_online(views: list[View], online: bool | None) -> None:
    assert merged(*views).online is online


def test_the_newest_handshake_counts_whatever_its_zone() -> None:
    early = Extras(last_handshake="2026-11-01T12:00:00+02:00")
    late = Extras(last_handshake="2026-11-01T11:00:00.123456789Z")

    assert merged(view(UP, sight("b", extras=late)), view(CUT_OFF, sight("b", extras=early))).last_handshake == (
        "2026-11-01T11:00:00.123456789Z"
    )


@pytest.mark.parametrize(
    ("fields", "standing"),
    [
        ({}, Standing.OK),
        ({"is_expired": True}, Standing.EXPIRED),
        ({"is_unapproved": True}, Standing.NOT_APPROVED),
        ({"is_locked_out": True, "is_expired": True}, Standing.LOCKED_OUT),
    ],
)
def test_standing(fields: dict[str, object], standing: Standing) -> None:
    assert merged(view(UP, sight("b", **fields)), view(sight("b"))).standing is standing


def test_a_host_that_waits_for_approval_is_not_approved() -> None:
    waiting = View(backend=BackendState.NEEDS_MACHINE_AUTH, tailnet=HOME, own=sight("b"))

    assert merged(waiting).standing is Standing.NOT_APPROVED


@pytest.mark.parametrize(
    ("fields", "hidden"),
    [
        ({"name": "de.mullvad.ts.net"}, Hidden.UNUSED_EXIT),
        ({"name": "de.mullvad.ts.net", "is_exit_node_in_use": True}, Hidden.NO),
        ({"is_sharee": True}, Hidden.SHARED_IN),
        ({}, Hidden.NO),
    ],
    ids=["unused exit", "exit in use", "shared in", "plain"],
)
def test_hidden(fields: dict[str, object], hidden: Hidden) -> None:
    assert merged(view(UP, sight("b", **fields))).hidden is hidden


def test_a_node_without_any_name_is_called_by_its_id() -> None:
    assert merged(view(UP, sight("b", name=""))).name == "n-b"


def sited(endpoints: tuple[str, ...], seen_at: str) -> dict[str, str]:
    routes = {StableNodeID("n-b"): Route(PathKind.DIRECT, endpoint=seen_at)}
    views = [view(UP, sight("b"), own_endpoints=endpoints, routes=routes)]
    found = find_sites(views, sightings_of(views))
    return {str(node.stable_id): site for node, site in found.items()}


def test_nodes_that_meet_on_a_lan_share_its_public_address() -> None:
    found = sited(("203.0.113.7:41641", "192.168.1.2:41641"), "192.168.1.3:41641")

    assert found == {"n-a": "203.0.113.7", "n-b": "203.0.113.7"}


def test_a_lan_without_a_known_public_address_is_named_by_its_prefix() -> None:
    assert sited(("10.0.5.2:41641",), "10.0.5.3:41641") == {"n-a": "10.0.5.0/24", "n-b": "10.0.5.0/24"}


def test_a_peer_seen_at_a_public_address_stands_there() -> None:
    assert sited(("203.0.113.7:41641",), "198.51.100.9:1234") == {"n-a": "203.0.113.7", "n-b": "198.51.100.9"}


def test_the_same_private_prefix_elsewhere_joins_nobody() -> None:
    assert "n-b" not in sited(("203.0.113.7:41641", "192.168.7.2:41641"), "192.168.1.3:41641")


@pytest.mark.parametrize("seen_at", ["100.64.0.9:41641", "[fe80::1%eth0]:41641", "nonsense", ""])
def test_addresses_that_mean_no_place_are_left_out(seen_at: str) -> None:
    assert "n-b" not in sited(("203.0.113.7:41641",), seen_at)
