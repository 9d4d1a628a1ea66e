"""Status read whole and read for a sweep."""

from __future__ import annotations

import json

import pytest

from tsym_agent.model.paths import PathKind
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import (
    BackendState,
    PeerStatus,
    Status,
    SweepPeer,
    UserProfile,
    parse_status,
    parse_sweep_status,
    read_cap_map,
)


def body(**peer: object) -> bytes:
    return json.dumps({"BackendState": "Running", "Peer": {"nodekey:1": peer}}).encode()


@pytest.mark.parametrize(
    ("peer", "path"),
    [
        ({"Active": True, "CurAddr": "192.0.2.7:41641", "Relay": "fra"}, PathKind.DIRECT),
        ({"Active": True, "CurAddr": "", "PeerRelay": "192.0.2.7:7777:vni:12", "Relay": "fra"}, PathKind.PEER_RELAY),
        ({"Active": True, "CurAddr": "", "Relay": "fra"}, PathKind.UNKNOWN),
        ({"Active": False, "CurAddr": "192.0.2.7:41641"}, PathKind.UNKNOWN),
        ({"Active": False, "Relay": "fra"}, PathKind.UNKNOWN),
        ({}, PathKind.UNKNOWN),
    ],
    ids=["direct", "peer-relay", "home-region-is-no-path", "idle-direct", "idle", "bare"],
)
def test_status_proves_only_a_live_udp_path(peer: dict[str, object], path: PathKind) -> None:
    assert parse_status(body(**peer)).peers[0].passive_path is path
    assert parse_sweep_status(body(**peer)).peers[0].passive_path is path


@pytest.mark.parametrize("word", [state.value for state in BackendState if state is not BackendState.UNKNOWN])
def test_each_known_state_is_itself(word: str) -> None:
    assert Status(backend_state=word).state.value == word


@pytest.mark.parametrize("word", ["Hibernating", "", "running"])
def test_a_state_of_a_later_release_is_unknown_and_its_word_kept(word: str) -> None:
    status = parse_sweep_status(json.dumps({"BackendState": word}).encode())

    assert (status.state, status.backend_state) == (BackendState.UNKNOWN, word)


@pytest.mark.parametrize("parse", [parse_status, parse_sweep_status], ids=["whole", "sweep"])
@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b'{"TailscaleIPs":null,"Self":null,"Health":null,"CurrentTailnet":null,"CertDomains":null,"Peer":null,"User":null}',
        b'{"Self":{"TailscaleIPs":null,"Addrs":null,"Tags":null,"PeerAPIURL":null,"CapMap":null,"Capabilities":null}}',
        b'{"Peer":{"nodekey:1":{"TailscaleIPs":null,"AllowedIPs":null,"Location":null,"New":{"Deep":[1]}}},"New":[]}',
    ],
    ids=["missing", "null", "null-in-self", "null-and-unknown-in-peer"],
)
def test_missing_null_and_unknown_fields_are_fine(parse: object, answer: bytes) -> None:
    assert callable(parse)
    assert parse(answer).state is BackendState.UNKNOWN


def test_numbers_of_64_bits_stay_exact() -> None:
    status = parse_status(body(NodeID=9223372036854775807, RxBytes=9007199254740993, UserID=3458764513820540929))

    peer = status.peers[0]
    assert (peer.node_id, peer.rx_bytes, peer.user_id) == (9223372036854775807, 9007199254740993, 3458764513820540929)


def test_a_number_written_as_a_float_is_refused_not_rounded() -> None:
    with pytest.raises(PayloadError, match="NodeID"):
        parse_status(b'{"Self":{"NodeID":9.007199254740993e15}}')


def test_times_stay_text() -> None:
    assert parse_status(body(LastHandshake="0001-01-01T00:00:00Z")).peers[0].last_handshake == "0001-01-01T00:00:00Z"


def test_a_sweep_reads_fourteen_fields_of_a_peer_at_most() -> None:
    assert len(SweepPeer.__struct_fields__) <= 14


def test_a_sweep_reads_what_the_whole_value_says() -> None:
    answer = body(ID="n1", HostName="h", DNSName="h.x.ts.net.", OS="linux", Online=True, ShareeNode=True, Expired=True)
    whole, sweep = parse_status(answer).peers[0], parse_sweep_status(answer).peers[0]

    assert all(getattr(whole, name) == getattr(sweep, name) for name in SweepPeer.__struct_fields__)


def test_capabilities_are_read_only_when_asked_for() -> None:
    peer = parse_status(body(CapMap={"funnel": None, "ssh": [], "ports": [{"a": 1}]})).peers[0]

    caps = read_cap_map(peer)

    assert (caps["funnel"], caps["ssh"]) == (None, ())
    assert [bytes(value) for value in caps["ports"] or ()] == [b'{"a": 1}']


def test_a_node_without_capabilities_has_none() -> None:
    assert read_cap_map(PeerStatus()) == {}


@pytest.mark.parametrize(
    ("peer", "owner"),
    [
        (PeerStatus(user_id=7), "amelie@example.com"),
        (PeerStatus(user_id=7, tags=("tag:db",)), None),
        (PeerStatus(user_id=8), None),
        (PeerStatus(user_id=9), None),
    ],
    ids=["person", "tagged", "unknown", "nameless"],
)
def test_an_owner_is_a_person_or_nobody(peer: PeerStatus, owner: str | None) -> None:
    status = Status(user={"7": UserProfile(7, "amelie@example.com"), "9": UserProfile(9)})

    assert status.owner_of(peer) == owner


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b'{"Peer":{"nodekey:1":{"ID":"n',
        b'{"Self":{"HostName":"\xff"}}',
        b'{"TUN":"yes"}',
        b"{} {}",
        b'{"New":' + b"[" * 100_000,
    ],
    ids=["empty", "null", "list", "html", "cut", "not-utf8", "wrong-type", "two", "bottomless"],
)
def test_what_is_no_status_is_refused(answer: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_status(answer)


def test_a_refusal_names_the_field() -> None:
    with pytest.raises(PayloadError, match=r"\$\.Peer\[\.\.\.\]\.Active"):
        parse_sweep_status(body(Active="yes"))
