"""The smaller payloads: netmap nodes, whois, prefs, the DERP map, tailnet lock."""

from __future__ import annotations

import pytest

from tsym_agent.model.derp import parse_derp_map
from tsym_agent.model.lock import parse_lock_status
from tsym_agent.model.netmap import ControlNode, parse_control_node
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.prefs import parse_prefs
from tsym_agent.model.whois import parse_whois


@pytest.mark.parametrize(
    ("node", "region"),
    [
        (ControlNode(home_derp_id=4), 4),
        (ControlNode(legacy_derp="127.3.3.40:12"), 12),
        (ControlNode(legacy_derp="127.3.3.40:12", home_derp_id=4), 4),
        (ControlNode(), 0),
        (ControlNode(legacy_derp="127.3.3.40:"), 0),
        (ControlNode(legacy_derp="nonsense"), 0),
    ],
    ids=["since-1.80", "before", "both", "neither", "no-port", "nonsense"],
)
def test_a_home_region_is_read_from_either_generation(node: ControlNode, region: int) -> None:
    assert node.home_derp == region


def test_an_absent_online_is_unknown_not_offline() -> None:
    assert parse_control_node(b'{"ID":7}').online is None
    assert parse_control_node(b'{"ID":7,"Online":false}').online is False


def test_what_a_node_says_of_its_network_may_be_unknown() -> None:
    node = parse_control_node(b'{"Hostinfo":{"NetInfo":{"MappingVariesByDestIP":null,"WorkingUDP":true}}}')

    assert node.hostinfo is not None
    assert node.hostinfo.net_info is not None
    assert (node.hostinfo.net_info.mapping_varies_by_dest_ip, node.hostinfo.net_info.working_udp) == (None, True)


def test_whois_names_node_and_person() -> None:
    who = parse_whois(
        b'{"Node":{"StableID":"n1","Name":"a.x.ts.net."},"UserProfile":{"ID":3458764513820540929,"LoginName":"a@b"},'
        b'"CapMap":{"tsym.dev/cap/agent":[{"commands":["*"]}],"empty":null}}'
    )

    assert (who.node.stable_id, who.user_profile.id) == ("n1", 3458764513820540929)
    assert (who.cap_map or {})["empty"] is None


@pytest.mark.parametrize("answer", [b"{}", b'{"Node":null,"UserProfile":null}'], ids=["missing", "null"])
def test_whois_without_a_node_is_refused(answer: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_whois(answer)


def test_prefs_keep_no_keys() -> None:
    prefs = parse_prefs(b'{"ControlURL":"https://c.example","Config":{"PrivateNodeKey":"privkey:5ecret"}}')

    assert prefs.control_url == "https://c.example"
    assert "5ecret" not in repr(prefs)


@pytest.mark.parametrize(
    ("answer", "port"), [(b"{}", None), (b'{"RelayServerPort":null}', None), (b'{"RelayServerPort":0}', 0)]
)
def test_no_relay_is_told_from_a_random_port(answer: bytes, port: int | None) -> None:
    assert parse_prefs(answer).relay_server_port == port


@pytest.mark.parametrize("apply", [b"true", b"false", b"null"])
def test_the_wish_to_update_may_be_unset(apply: bytes) -> None:
    update = parse_prefs(b'{"AutoUpdate":{"Check":true,"Apply":%s}}' % apply).auto_update

    assert update is not None
    assert update.apply is {b"true": True, b"false": False, b"null": None}[apply]


def test_a_map_may_be_missing_altogether() -> None:
    assert parse_derp_map(b"null") is None


def test_a_region_is_found_by_its_number() -> None:
    derp_map = parse_derp_map(
        b'{"Regions":{"4":{"RegionID":4,"RegionCode":"fra","Nodes":null},"5":null},"omitDefaultRegions":true}'
    )

    assert derp_map is not None
    assert [derp_map.code_of(region) for region in (4, 5, 6)] == ["fra", None, None]


def test_locked_out_peers_are_listed() -> None:
    lock = parse_lock_status(
        b'{"Enabled":true,"Head":[1,2,3],"NodeKeySigned":true,"TrustedKeys":null,"VisiblePeers":null,'
        b'"FilteredPeers":[{"Name":"p","ID":7,"StableID":"n7","TailscaleIPs":["100.64.0.7"],"NodeKeySignature":{}}]}'
    )

    assert lock.enabled
    assert [peer.stable_id for peer in lock.filtered_peers or ()] == ["n7"]


def test_lock_that_is_off_filters_nobody() -> None:
    assert parse_lock_status(b'{"Enabled":false,"Head":null,"FilteredPeers":null}').filtered_peers is None
