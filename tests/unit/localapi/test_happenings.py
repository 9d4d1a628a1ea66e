"""What the two buses tell, as events: only differences, and nothing lost over a gap but times."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
import pytest

from tests.unit.fake_daemon import FakeDaemon, answer
from tests.unit.localapi.streaming import NOON_TEXT, at_noon, no_wait, stream, take
from tsym_agent.localapi.bus import BusWatch
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import AccessDeniedError, DaemonNotFoundError, NotSupportedError
from tsym_agent.localapi.following import Following
from tsym_agent.localapi.happenings import (
    MAX_DATA_BYTES,
    Happenings,
    follow_bus_events,
    follow_ipn,
    parse_inner_event,
    parse_known_status,
)
from tsym_agent.model.logs import Event
from tsym_agent.model.notify import parse_notify
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.openers import UnixOpener

Told = tuple[str, str]


def status(*peers: dict[str, object], expiry: str = "") -> bytes:
    own = {"ID": "nHERE"} | ({"KeyExpiry": expiry} if expiry else {})
    return msgspec.json.encode({"Self": own, "Peer": {f"nodekey:{number}": peer for number, peer in enumerate(peers)}})


def nas(*, online: bool = True, **more: object) -> dict[str, object]:
    return {"ID": "nNAS", "NodeID": 7, "DNSName": "nas.tail.example.", "Online": online, **more}


@pytest.fixture
def happenings() -> Happenings:
    happenings = Happenings(at_noon)
    assert happenings.saw(parse_known_status(status(nas()))) == []
    return happenings


def hear(happenings: Happenings, **members: object) -> list[Told]:
    return [(event.kind, event.words) for event in happenings.heard(parse_notify(msgspec.json.encode(members)))]


def see(happenings: Happenings, body: bytes) -> list[Told]:
    return [(event.kind, event.words) for event in happenings.saw(parse_known_status(body))]


def test_changes_of_peers_as_one_release_tells_them_want_a_status(happenings: Happenings) -> None:
    assert hear(happenings, PeerChanges=[{"NodeID": 7, "Online": False}]) == []
    assert happenings.wants_status


def test_a_state_says_what_it_was_before(happenings: Happenings) -> None:
    assert hear(happenings, State=5) == [("state", "Starting")]
    assert hear(happenings, State=6) == [("state", "Running (was Starting)")]


def test_a_state_told_again_is_no_news(happenings: Happenings) -> None:
    hear(happenings, State=6)

    assert hear(happenings, State=6) == []


def test_a_warning_is_told_when_it_begins_and_when_it_ends(happenings: Happenings) -> None:
    warning = {"no-derp-home": {"WarnableCode": "no-derp-home", "Title": "No home relay", "Text": "no relay answers"}}

    assert hear(happenings, Health={"Warnings": warning}) == [("health", "No home relay: no relay answers")]
    assert hear(happenings, Health={"Warnings": warning}) == []
    assert hear(happenings, Health={"Warnings": None}) == [("health-over", "No home relay")]


def test_a_warning_whose_text_repeats_its_title_is_told_once(happenings: Happenings) -> None:
    warning = {"x": {"WarnableCode": "x", "Title": "Tailscale off", "Text": "Tailscale off, and stays so"}}

    assert hear(happenings, Health={"Warnings": warning}) == [("health", "Tailscale off, and stays so")]


def test_a_patch_turns_a_peer_off_by_its_number(happenings: Happenings) -> None:
    [event] = happenings.heard(parse_notify(b'{"PeerChangedPatch":[{"NodeID":7,"Online":false}]}'))

    assert event == Event(at=NOON_TEXT, kind="peer-offline", words="nas is offline", node="nNAS")


def test_a_patch_of_something_else_is_no_news(happenings: Happenings) -> None:
    assert hear(happenings, PeerChangedPatch=[{"NodeID": 7, "DERPRegion": 4}]) == []


def test_a_patch_of_an_unknown_peer_asks_for_a_status(happenings: Happenings) -> None:
    hear(happenings, PeerChangedPatch=[{"NodeID": 99, "Online": True}])

    assert happenings.wants_status


def test_a_new_node_is_told_once(happenings: Happenings) -> None:
    node = {"ID": 8, "StableID": "nTV", "Name": "tv.tail.example.", "Online": True}

    assert hear(happenings, PeersChanged=[node]) == [("peer-added", "tv is new")]
    assert hear(happenings, PeersChanged=[node]) == []


def test_a_node_told_again_whole_is_compared(happenings: Happenings) -> None:
    node = {"ID": 7, "StableID": "nNAS", "Name": "nas.tail.example.", "Online": False}

    assert hear(happenings, PeersChanged=[node]) == [("peer-offline", "nas is offline")]


def test_a_removed_peer_is_named(happenings: Happenings) -> None:
    assert hear(happenings, PeersRemoved=[7]) == [("peer-removed", "nas is gone")]


def test_a_netmap_of_an_older_daemon_is_compared(happenings: Happenings) -> None:
    netmap = {"Peers": [{"ID": 8, "StableID": "nTV", "Name": "tv.tail.example."}]}

    assert hear(happenings, NetMap=netmap) == [("peer-added", "tv is new"), ("peer-removed", "nas is gone")]


def test_a_full_netmap_in_pieces_asks_for_a_status(happenings: Happenings) -> None:
    hear(happenings, SelfChange={"ID": 1, "StableID": "nHERE"})

    assert happenings.wants_status
    assert see(happenings, status()) == [("peer-removed", "nas is gone")]
    assert not happenings.wants_status


def test_a_key_that_expires_at_another_time_is_told(happenings: Happenings) -> None:
    late = {"NodeID": 7, "KeyExpiry": "2026-08-01T00:00:00Z"}

    assert hear(happenings, PeerChangedPatch=[late]) == [
        ("key-expiry", "the key of nas expires at 2026-08-01T00:00:00.000Z")
    ]


def test_ones_own_key_is_watched_as_well(happenings: Happenings) -> None:
    assert see(happenings, status(nas(), expiry="2026-08-01T00:00:00Z")) == [
        ("key-expiry", "the key of this node expires at 2026-08-01T00:00:00.000Z")
    ]


def test_wishes_are_told_as_what_changed(happenings: Happenings) -> None:
    hear(happenings, Prefs={"WantRunning": True, "ExitNodeID": ""})

    assert hear(happenings, Prefs={"WantRunning": False, "ExitNodeID": "nNAS"}) == [
        ("prefs", 'ExitNodeID: "" → "nNAS", WantRunning: true → false')
    ]


def test_the_first_wishes_are_no_news(happenings: Happenings) -> None:
    assert hear(happenings, Prefs={"WantRunning": True}) == []


def test_a_name_from_a_stranger_is_made_printable(happenings: Happenings) -> None:
    node = {"ID": 8, "StableID": "nTV", "Name": "\x1b]0;x.tail.example."}

    assert hear(happenings, PeersChanged=[node]) == [("peer-added", "\ufffd]0;x is new")]


def follow(client: LocalClient) -> AsyncGenerator[Event, None]:
    return follow_ipn(BusWatch(client._calls, sleep=no_wait), client.status_bytes, now=at_noon)


async def test_the_stream_begins_with_that_it_stands_and_with_the_state(
    daemon: FakeDaemon, client: LocalClient
) -> None:
    daemon.on("status", answer(status(nas())))
    daemon.on("watch-ipn-bus", stream(b'{"SessionID":"1","State":6}\n'))

    assert [event.kind for event in await take(follow(client), 2)] == ["listening", "state"]


async def test_what_happened_in_a_gap_is_told_after_it(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("status", answer(status(nas())), answer(status(nas(online=False))))
    daemon.on("watch-ipn-bus", stream(ends=True), stream())

    assert [event.kind for event in await take(follow(client), 4)] == [
        "listening",
        "broken",
        "listening",
        "peer-offline",
    ]


async def test_a_status_that_fails_does_not_end_the_events(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("status", answer("busy\n", 500))
    daemon.on("watch-ipn-bus", stream(b'{"State":6}\n'))

    assert (await take(follow(client), 2))[1].kind == "state"


async def test_a_daemon_that_is_not_there_is_no_endless_wait() -> None:
    client = LocalClient(UnixOpener("/nowhere/at/all.sock"))

    with pytest.raises(DaemonNotFoundError):
        await take(client.events(), 1)


CONNECTED = b'{"Event":"[event listener connected]\\n"}\n'
INNER = b'{"Count":1,"Type":"magicsock.Rebind","From":"netmon","To":["magicsock","health"],"Event":{"a":"}"}}'


async def test_inner_events_follow_each_other_without_a_mark(daemon: FakeDaemon) -> None:
    daemon.on("debug-bus-events", stream(CONNECTED + INNER, INNER[:30], INNER[30:]))
    http = HttpClient(UnixOpener(daemon.path), host_header="local-tailscaled.sock")

    events = await take(follow_bus_events(Following(http, sleep=no_wait), now=at_noon), 3)

    assert events[0].kind == "listening"
    assert events[1] == events[2]
    assert (events[1].kind, events[1].words) == ("magicsock.Rebind", "netmon → magicsock, health")
    assert bytes(events[1].data) == b'{"a":"}"}'


async def test_an_older_daemon_has_no_inner_events(client: LocalClient) -> None:
    with pytest.raises(NotSupportedError):
        await take(client.events("bus"), 1)


async def test_inner_events_want_the_right_to_write(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("debug-bus-events", answer("event bus access denied\n", 403))

    with pytest.raises(AccessDeniedError):
        await take(client.events("bus"), 1)


def test_a_huge_inner_event_is_told_without_its_data() -> None:
    body = msgspec.json.encode({"Type": "NetMap", "From": "control", "Event": "x" * MAX_DATA_BYTES})

    event = parse_inner_event(body, NOON_TEXT)

    assert event is not None
    assert (bytes(event.data), event.words) == (b"null", f"control ({MAX_DATA_BYTES + 2} bytes, left out)")


async def test_a_raw_stream_yields_its_bytes_and_ends_with_its_answer(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("logtap", stream(b"one", b"two", ends=True))

    assert b"".join([piece async for piece in client.stream("logtap")]) == b"onetwo"
