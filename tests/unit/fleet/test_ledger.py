"""What is new in a status: found without reading again what is not."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.unit.fleet.fakes import HOME, peer, ref
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.lock import LockPeer
from tsym_agent.model.paths import PathKind
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import parse_status
from tsym_tui.fleet.ledger import Ledger, LostPlaceError, News, Surroundings

AROUND = Surroundings(control_url=HOME.control_url)
B = StableNodeID("n-b")


def status(*peers: dict[str, object], **top: object) -> bytes:
    members: dict[str, object] = {
        "Version": "1.102.3",
        "BackendState": "Running",
        "Self": peer("a"),
        "CurrentTailnet": {"Name": HOME.name},
        "Peer": {f"nodekey:{one['ID']}": one for one in peers},
    }
    return json.dumps(members | top).encode()


def ledger_of(*peers: dict[str, object], **top: object) -> Ledger:
    ledger = Ledger(AROUND)
    ledger.take_status(status(*peers, **top), expects_deltas=True)
    return ledger


def raw(**members: object) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in members.items()}


def told(*peers: dict[str, object]) -> dict[str, msgspec.Raw]:
    return raw(**{f"nodekey:{one['ID']}": one for one in peers})


def test_a_first_status_is_all_news() -> None:
    assert Ledger(AROUND).take_status(status(peer("b"))).sights == {ref("a"), ref("b")}


def test_the_same_status_is_no_news() -> None:
    assert ledger_of(peer("b")).take_status(status(peer("b"))) == News()


def test_only_nodes_that_look_different_are_merged_again() -> None:
    ledger = ledger_of(peer("b"), peer("c"))

    assert ledger.take_status(status(peer("b"), peer("c", OS="macOS"))).sights == {ref("c")}


def test_byte_counters_are_no_news() -> None:
    ledger = ledger_of(peer("b", RxBytes=1))

    assert ledger.take_status(status(peer("b", RxBytes=2))) == News()


def test_a_path_that_changed_is_no_reason_to_merge() -> None:
    news = ledger_of(peer("b")).take_status(status(peer("b", Active=True, CurAddr="192.0.2.7:1")))

    assert news == News(routes=frozenset({B}))


def test_a_path_that_ended_is_gone_from_the_view() -> None:
    ledger = ledger_of(peer("b", Active=True, CurAddr="192.0.2.7:1"))
    news = ledger.take_delta({}, told(peer("b")), ())

    assert news.routes == {B}
    assert ledger.view is not None
    assert ledger.view.routes == {}


def test_a_host_that_lost_control_takes_its_word_back() -> None:
    news = ledger_of(peer("b")).take_delta(raw(Self=peer("a", Online=False)), {}, ())

    assert ref("b") in news.sights


def test_a_delta_costs_only_the_peers_it_names() -> None:
    ledger = ledger_of(*(peer(f"p{number}") for number in range(50)))
    before = dict(ledger.view.peers) if ledger.view else {}
    news = ledger.take_delta({}, told(peer("p7", Relay="nyc")), ())

    assert news.sights == {ref("p7")}
    assert ledger.view is not None
    assert all(ledger.view.peers[key] is sight for key, sight in before.items() if key != "n-p7")


def test_a_view_has_another_edition_when_its_peers_look_different() -> None:
    ledger = ledger_of(peer("b"))
    editions = [ledger.view.edition if ledger.view else -1]
    for one in (peer("b"), peer("b", Active=True, CurAddr="192.0.2.7:1"), peer("b", Relay="nyc")):
        ledger.take_delta({}, told(one), ())
        editions.append(ledger.view.edition if ledger.view else -1)

    assert editions == [0, 0, 0, 1]


def test_a_profile_switch_is_news_of_both_networks() -> None:
    ledger = ledger_of(peer("b"))
    news = ledger.take_status(status(peer("c"), CurrentTailnet={"Name": "work.example"}))

    assert {(one.tailnet.name, one.stable_id) for one in news.sights} >= {
        ("home.example", "n-a"), ("home.example", "n-b"), ("work.example", "n-a"), ("work.example", "n-c"),
    }  # fmt: skip


def test_a_new_key_of_a_node_loses_nothing() -> None:
    ledger = ledger_of(peer("b"))
    news = ledger.take_delta({}, raw(**{"nodekey:new": peer("b")}), ("nodekey:n-b",))

    assert ledger.view is not None
    assert set(ledger.view.peers) == {B}
    assert news == News()


def test_a_delta_before_any_status_has_lost_its_place() -> None:
    with pytest.raises(LostPlaceError):
        Ledger(AROUND).take_delta({}, told(peer("b")), ())


def test_a_delta_after_a_poll_has_lost_its_place() -> None:
    ledger = Ledger(AROUND)
    ledger.take_status(status(peer("b")))

    with pytest.raises(LostPlaceError):
        ledger.take_delta({}, told(peer("b")), ())


def test_a_member_set_to_null_has_its_default_again() -> None:
    ledger = ledger_of(Health=["not so well"])
    ledger.take_delta(raw(Health=None), {}, ())

    assert ledger.view is not None
    assert ledger.view.health == ()


def test_owners_come_with_the_users_of_a_delta() -> None:
    ledger = ledger_of()
    ledger.take_delta(raw(User={"7": {"ID": 7, "LoginName": "ann@example.com"}}), told(peer("b", UserID=7)), ())

    assert ledger.view is not None
    assert ledger.view.peers[B].extras.owner == "ann@example.com"


def test_an_owner_who_is_renamed_needs_a_whole_status() -> None:
    ledger = ledger_of(peer("b", UserID=7), User={"7": {"ID": 7, "LoginName": "ann@example.com"}})

    with pytest.raises(LostPlaceError):
        ledger.take_delta(raw(User={"7": {"ID": 7, "LoginName": "bob@example.com"}}), {}, ())


def test_a_whole_status_reads_renamed_owners() -> None:
    ledger = ledger_of(peer("b", UserID=7), User={"7": {"ID": 7, "LoginName": "ann@example.com"}})
    ledger.take_status(status(peer("b", UserID=7), User={"7": {"ID": 7, "LoginName": "bob@example.com"}}))

    assert ledger.view is not None
    assert ledger.view.peers[B].extras.owner == "bob@example.com"


def test_handshakes_are_kept_where_a_status_leaves_them_out() -> None:
    ledger = ledger_of(peer("b"))
    ledger.note_times(parse_status(status(peer("b", LastHandshake="2026-11-01T11:59:00Z"))))
    ledger.take_delta({}, told(peer("b", Relay="nyc")), ())

    assert ledger.view is not None
    assert ledger.view.peers[B].extras.last_handshake == "2026-11-01T11:59:00Z"


def test_a_stopped_daemon_keeps_its_tailnet_and_its_node() -> None:
    ledger = ledger_of(peer("b"))
    ledger.take_status(json.dumps({"BackendState": "Stopped"}).encode())

    assert ledger.view is not None
    assert ledger.view.ref == ref("a")


def test_another_control_server_makes_other_nodes() -> None:
    ledger = ledger_of(peer("b"))
    news = ledger.surround(Surroundings(control_url="https://other.example"))

    assert {one.tailnet.control_url for one in news.sights} == {HOME.control_url, "https://other.example"}


def test_nodes_that_lock_keeps_out_are_seen_until_it_lets_them_in() -> None:
    ledger = ledger_of(peer("b"))
    stranger = LockPeer(name="c.home.example.", stable_id=StableNodeID("n-c"))
    came = ledger.surround(Surroundings(control_url=HOME.control_url, locked_out=(stranger,)))
    left = ledger.surround(AROUND)

    assert came.sights == left.sights == {ref("c")}


def test_an_approval_is_news_of_its_node_alone() -> None:
    ledger = ledger_of(peer("b"), peer("c"))

    assert ledger.surround(Surroundings(control_url=HOME.control_url, unapproved=frozenset({B}))).sights == {ref("b")}


def owner_seen_by(ledger: Ledger) -> str | None:
    assert ledger.view is not None
    return ledger.view.peers[B].extras.owner


def test_the_same_bytes_are_whose_each_host_says_they_are() -> None:
    ours, theirs = ({"7": {"LoginName": name}} for name in ("ada@example.com", "eve@example.com"))
    first, second = (ledger_of(peer("b", UserID=7), User=users) for users in (ours, theirs))

    assert (owner_seen_by(first), owner_seen_by(second)) == ("ada@example.com", "eve@example.com")


def test_the_same_bytes_wait_for_approval_only_where_control_says_so() -> None:
    first, second = ledger_of(), Ledger(msgspec.structs.replace(AROUND, unapproved=frozenset({B})))
    for ledger in (first, second):
        ledger.take_status(status(peer("b")))

    assert first.view is not None
    assert second.view is not None
    assert (first.view.peers[B].is_unapproved, second.view.peers[B].is_unapproved) == (False, True)


def test_two_hosts_that_see_a_node_alike_share_one_value() -> None:
    one, other = ledger_of(peer("b")), ledger_of(peer("b"))

    assert one.view is not None
    assert other.view is not None
    assert one.view.peers[B] is other.view.peers[B]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"Peer": {"k": 3}}', b'{"Peer": {"k": {"ID": 3}}}'])
def test_what_is_no_status_is_refused_and_changes_nothing(body: bytes) -> None:
    ledger = ledger_of(peer("b"))
    before = ledger.view

    with pytest.raises(PayloadError):
        ledger.take_status(body)

    assert ledger.view is before
    assert ledger.take_status(status(peer("b"))) == News()


def test_a_delta_that_does_not_fit_changes_nothing() -> None:
    ledger = ledger_of(peer("b"))

    with pytest.raises(PayloadError):
        ledger.take_delta({}, told(peer("b", Online="maybe")), ())

    assert ledger.take_status(status(peer("b", CurAddr="192.0.2.7:1", Active=True))).routes == {B}


def test_a_path_by_a_peer_relay_is_told_apart() -> None:
    ledger = ledger_of(peer("b", Active=True, PeerRelay="192.0.2.9:7777:vni:12"))

    assert ledger.view is not None
    assert ledger.view.routes[B].path is PathKind.PEER_RELAY
