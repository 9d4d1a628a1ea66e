"""The slim form of a status: what is news, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bench.payloads import status_body
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import PeerStatus, parse_status, parse_sweep_status
from tsym_agent.server.essence import changes, etag, slim_status

KEY = f"nodekey:{1:064x}"


def body(*, peer: dict[str, Any] | None = None, top: dict[str, Any] | None = None, peers: int = 2) -> bytes:
    """Return a status whose first peer, or top, has other members than usual."""
    status = json.loads(status_body(peers))
    status["Peer"].get(KEY, {}).update(peer or {})
    return json.dumps(status | (top or {}), indent="\t").encode()


@pytest.mark.parametrize("name", ["RxBytes", "TxBytes"])
def test_counters_are_no_news(name: str) -> None:
    assert etag(slim_status(body(peer={name: 1}))) == etag(slim_status(body(peer={name: 2})))


@pytest.mark.parametrize("name", ["LastWrite", "LastHandshake", "Created"])
def test_times_of_traffic_are_no_news(name: str) -> None:
    later = slim_status(body(peer={name: "2026-03-04T05:06:07Z"}))

    assert not changes(slim_status(body()), later)


@pytest.mark.parametrize(
    "peer",
    [{"CurAddr": "198.51.100.9:1"}, {"Online": False, "LastSeen": "2026-03-04T05:06:07Z"}, {"Tags": None}],
    ids=["path", "online", "tags"],
)
def test_a_change_of_a_peer_is_news_of_that_peer(peer: dict[str, Any]) -> None:
    old, new = slim_status(body()), slim_status(body(peer=peer))

    assert set(changes(old, new).peers) == {KEY}
    assert etag(old) != etag(new)


def test_a_change_of_the_top_brings_the_whole_member() -> None:
    found = changes(slim_status(body()), slim_status(body(top={"Health": ["it hurts"]})))

    assert {name: bytes(raw) for name, raw in found.top.items()} == {"Health": b'["it hurts"]'}
    assert not found.peers


def test_a_member_back_at_its_default_is_null() -> None:
    found = changes(slim_status(body(top={"Health": ["it hurts"]})), slim_status(body()))

    assert {name: bytes(raw) for name, raw in found.top.items()} == {"Health": b"null"}


def test_a_peer_that_left_is_gone() -> None:
    found = changes(slim_status(body(peers=2)), slim_status(body(peers=1)))

    assert found.gone == (f"nodekey:{2:064x}",)
    assert not found.peers


def test_the_readers_of_status_read_the_slim_form() -> None:
    whole, slim = body(), slim_status(body()).body()

    assert parse_sweep_status(slim) == parse_sweep_status(whole)


def test_the_slim_form_keeps_all_that_is_not_left_out() -> None:
    kept = ("id", "node_id", "host_name", "allowed_ips", "tags", "cur_addr", "relay", "taildrop_target", "in_engine")
    (before, *_), (after, *_) = parse_status(body()).peers, parse_status(slim_status(body()).body()).peers

    assert [_read(after, name) for name in kept] == [_read(before, name) for name in kept]


def _read(peer: PeerStatus, name: str) -> object:
    return getattr(peer, name)


@pytest.mark.parametrize("name", ["CapMap", "PeerAPIURL", "RxBytes", "sshHostKeys", "AuthURL"])
def test_the_slim_form_leaves_out(name: str) -> None:
    whole = body(top={"AuthURL": "https://login.example/a/12345"}, peer={"sshHostKeys": ["ssh-ed25519 AAAA"]})

    assert name.encode() in whole
    assert name.encode() not in slim_status(whole).body()


def test_a_login_link_among_the_health_texts_is_scrubbed() -> None:
    slim = slim_status(body(top={"Health": ["log in at https://login.tailscale.com/a/0123abcd now"]}))

    assert b"0123abcd" not in slim.body()


def test_the_slim_form_fits_in_one_line() -> None:
    assert b"\n" not in slim_status(body()).body()


@pytest.mark.parametrize("junk", [b"", b"[]", b"404 page not found\n", b'{"Peer": 3}'])
def test_what_is_no_status_is_refused(junk: bytes) -> None:
    with pytest.raises(PayloadError):
        slim_status(junk)
