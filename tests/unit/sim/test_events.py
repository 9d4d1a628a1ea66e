"""What happens to a tailnet: each kind of event, its end, its repetition."""

from __future__ import annotations

import pytest

from tests.unit.sim.tailnets import node, ping, settled, tailnet
from tsym_agent.model.paths import PathKind
from tsym_agent.model.status import BackendState, parse_status
from tsym_agent.sim.schema import EVENT_MEANINGS, EVENT_NEEDS
from tsym_agent.sim.world import World


def event(kind: str, *lines: str, at: float = 10, lasts: float | None = 10) -> str:
    """Write an event from 10 s to 20 s."""
    end = [] if lasts is None else [f"for = {lasts}"]
    return "\n".join(["[[event]]", f'kind = "{kind}"', f"at = {at}", *end, *lines, ""])


BETWEEN = 'between = ["here", "there"]'
ON_THERE = 'on = "there"'


def latency_at(world: World, at_s: float) -> float | None:
    pong = settled(world, at_s=at_s)
    return pong.latency_ms if pong else None


def path_at(world: World, at_s: float) -> PathKind | None:
    pong = settled(world, at_s=at_s)
    return pong.path if pong else None


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(event("link-cut", BETWEEN), id="link-cut"),
        pytest.param(event("one-way-cut", 'from = "here"', 'to = "there"'), id="one-way-cut"),
        pytest.param(event("loss", BETWEEN, "loss = 1"), id="loss between"),
        pytest.param(event("loss", ON_THERE, "loss = 1"), id="loss on"),
        pytest.param(event("node-offline", ON_THERE), id="node-offline"),
        pytest.param(event("daemon-stopped", ON_THERE), id="daemon-stopped"),
        pytest.param(event("backend-state", ON_THERE, 'state = "Stopped"'), id="backend-state"),
    ],
)
def test_an_event_silences_a_pair_while_it_lasts(written: str) -> None:
    world = World(tailnet(written))

    assert [settled(world, at_s=at_s) is not None for at_s in (9, 11, 21)] == [True, False, True]


def test_a_one_way_cut_leaves_the_way_back() -> None:
    world = World(tailnet(event("one-way-cut", 'from = "here"', 'to = "there"')))

    assert settled(world, "here", source="there", at_s=11) is not None


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(event("relay-flip", BETWEEN), id="relay-flip"),
        pytest.param(event("udp-blocked", ON_THERE), id="udp-blocked"),
        pytest.param(event("nat", ON_THERE, 'nat = "hard"'), id="nat"),
    ],
)
def test_an_event_takes_the_direct_path_while_it_lasts(written: str) -> None:
    world = World(tailnet(written))

    paths = [path_at(world, at_s) for at_s in (9, 11, 21)]

    assert paths == [PathKind.DIRECT, PathKind.DERP, PathKind.DIRECT]


def test_a_latency_change_adds_to_the_round_trip() -> None:
    world = World(tailnet(event("latency", BETWEEN, "add_ms = 100")))

    assert [latency_at(world, at_s) for at_s in (9, 11, 21)] == pytest.approx([20, 120, 20])


def test_a_latency_change_of_a_node_counts_once_a_pair() -> None:
    world = World(tailnet(event("latency", 'on = "*"', "add_ms = 100")))

    assert latency_at(world, 11) == pytest.approx(120)


def test_an_expired_key_is_refused_and_logs_the_node_out() -> None:
    world = World(tailnet(event("key-expired", ON_THERE, lasts=None)))

    pong = ping(world, at_s=11)

    assert pong is not None
    assert "expired" in pong.err
    assert parse_status(world.status_body("there")).state is BackendState.NEEDS_LOGIN


def test_a_key_expires_when_its_days_are_over() -> None:
    world = World(tailnet(node("brief", "b", "key_expires_days = 0.5")))

    expired = []
    for at_s in (12 * 3600 - 1, 12 * 3600 + 1):
        world.advance(at_s)
        (brief,) = [peer for peer in parse_status(world.status_body("here")).peers if peer.host_name == "brief"]
        expired.append(bool(brief.expired))

    assert expired == [False, True]


def test_each_key_expires_at_its_own_time() -> None:
    world = World(tailnet(event("key-expired", 'on = "here"', at=5), event("key-expired", ON_THERE, lasts=None)))
    world.advance(11)

    assert [world.population[name].key_expiry_s for name in ("here", "there")] == [5, 10]


def test_a_node_is_added() -> None:
    world = World(tailnet(node("late", "b"), event("node-added", 'on = "late"', lasts=None)))

    counts = []
    for at_s in (9, 11):
        world.advance(at_s)
        counts.append(len(parse_status(world.status_body("here")).peers))

    assert counts == [1, 2]


def test_a_node_is_removed_and_comes_back() -> None:
    world = World(tailnet(event("node-removed", ON_THERE)))

    errors = [pong.err for at_s in (9, 11, 21) if (pong := ping(world, at_s=at_s))]

    assert errors == ["", "no matching peer", ""]


def test_a_removed_host_refuses_connections() -> None:
    world = World(tailnet(event("node-removed", ON_THERE)))
    world.advance(11)

    assert not world.is_asked("there")


@pytest.mark.parametrize(("stop", "start"), [("daemon-stopped", "daemon-started"), ("socket-closed", "socket-opened")])
def test_a_host_is_stopped_and_started(stop: str, start: str) -> None:
    events = event(stop, ON_THERE, lasts=None), event(start, ON_THERE, at=15, lasts=None)
    world = World(tailnet(*events))

    asked = []
    for at_s in (9, 11, 16):
        world.advance(at_s)
        asked.append(world.is_asked("there"))

    assert asked == [True, False, True]


def test_a_closed_socket_leaves_the_node_alive() -> None:
    world = World(tailnet(event("socket-closed", ON_THERE)))

    assert settled(world, at_s=11) is not None


def test_a_machine_is_switched_on() -> None:
    world = World(tailnet(node("off", "b", "up = false"), event("node-online", 'on = "off"', lasts=None)))

    assert [settled(world, "off", at_s=at_s) is not None for at_s in (9, 11)] == [False, True]


def test_a_node_that_goes_offline_was_last_seen_then() -> None:
    world = World(tailnet(event("node-offline", ON_THERE)))
    world.advance(12)

    (peer,) = parse_status(world.status_body("here")).peers

    assert not peer.online
    assert peer.last_seen == world.date(10)


def test_a_home_region_moves() -> None:
    world = World(tailnet(event("home-region", ON_THERE, 'region = "one"')))

    relays = []
    for at_s in (9, 11, 21):
        world.advance(at_s)
        (peer,) = parse_status(world.status_body("here")).peers
        relays.append(peer.relay)

    assert relays == ["two", "one", "two"]


def test_a_daemon_shows_a_warning() -> None:
    world = World(tailnet(event("health", 'on = "here"', 'text = "all is lost"')))

    shown = []
    for at_s in (9, 11, 21):
        world.advance(at_s)
        shown.append("all is lost" in (parse_status(world.status_body("here")).health or ()))

    assert shown == [False, True, False]


def test_an_event_repeats() -> None:
    world = World(tailnet(event("link-cut", BETWEEN, "every = 30")))

    answers = [settled(world, at_s=at_s) is not None for at_s in (5, 15, 25, 45, 55, 75, 85)]

    assert answers == [True, False, True, False, True, False, True]


def test_a_leap_in_time_ends_where_small_steps_end() -> None:
    written = event("link-cut", BETWEEN, "every = 30"), event("node-offline", ON_THERE, "every = 70")
    leaping, walking = World(tailnet(*written)), World(tailnet(*written))
    for at_s in range(500):
        walking.advance(at_s)
    leaping.advance(499)

    assert leaping.status_body("here") == walking.status_body("here")


def test_the_later_of_two_events_wins() -> None:
    events = (
        event("nat", ON_THERE, 'nat = "hard"', lasts=None),
        event("nat", ON_THERE, 'nat = "none"', at=15, lasts=None),
    )
    world = World(tailnet(*events))

    assert [path_at(world, at_s) for at_s in (11, 16)] == [PathKind.DERP, PathKind.DIRECT]


def test_time_does_not_go_back() -> None:
    world = World(tailnet(event("link-cut", BETWEEN, lasts=None)))
    world.advance(15)

    assert settled(world, at_s=5) is None


def test_every_kind_of_event_is_explained() -> None:
    assert EVENT_MEANINGS.keys() == EVENT_NEEDS.keys()
