"""Agents followed over their streams, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from tests.unit.fleet.fake_agents import FakeAgent
from tests.unit.fleet.fakes import FakeHost, address, fleet_of, peer, play, ref
from tests.unit.fleet.test_fleet import QUIET, pair, until
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    AnswerTimeoutError,
    DaemonUnreachableError,
    LocalAPIError,
    NotSupportedError,
)
from tsym_agent.model.hosts import Host, HostState, Rights
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.pings import PingResult
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.model.watch import WatchSample
from tsym_tui.fleet.fleet import Fleet, FleetOptions

T = TypeVar("T")

STALE_S = 100.0


def following(script: Callable[[Fleet], Awaitable[T]], *hosts: FakeHost, options: FleetOptions = QUIET) -> T:
    """Run a script on a fleet that has tried all its hosts."""

    async def whole() -> T:
        async with fleet_of(*hosts, options=options) as fleet:
            await fleet.ready()
            return await script(fleet)

    return play(whole())


async def host_of(fleet: Fleet) -> Host:
    return fleet.snapshot().hosts[0]


async def settle(seconds: float = 1.0) -> None:
    """Let a moment pass: time is virtual here."""
    await asyncio.sleep(seconds)


def test_an_agent_is_followed_and_says_so() -> None:
    host = following(host_of, FakeAgent("a", "b"))

    assert (host.state, host.is_followed, host.agent, host.mode) == (HostState.OK, True, "0.4.0", "attach")


def test_a_followed_host_is_read_once_however_long_it_is_followed() -> None:
    agent = FakeAgent("a", "b")

    async def script(_fleet: Fleet) -> int:
        await settle(120)
        return agent.reads

    assert following(script, agent) == 1


def test_a_delta_shows_at_once() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[bool | None, float]:
        agent.tell(1, peer("b", Online=False))
        began_s = asyncio.get_running_loop().time()
        await until(fleet, lambda snapshot: snapshot.nodes[ref("b")].online is False)
        return fleet.snapshot().nodes[ref("b")].online, asyncio.get_running_loop().time() - began_s

    online, took_s = following(script, agent)

    assert online is False
    assert took_s < 0.5


def test_peers_come_and_go_by_deltas() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[list[str], int]:
        agent.tell(1, peer("c"), gone=("b",))
        await settle()
        snapshot = fleet.snapshot()
        return [node.host_name for node in snapshot.nodes.values()], len(snapshot.pairs)

    assert following(script, agent) == (["a", "c"], 1)


def test_a_path_in_a_delta_shows_without_a_ping() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[PathKind, SampleState]:
        agent.tell(1, peer("b", Active=True, CurAddr="192.0.2.7:41641"))
        await settle()
        made = pair(fleet.snapshot(), "a", "b")
        return made.path, made.state

    assert following(script, agent) == (PathKind.DIRECT, SampleState.FRESH)


def test_a_path_that_goes_on_stays_fresh_while_nothing_is_said_but_that_the_stream_stands() -> None:
    agent = FakeAgent("a", peer("b", Active=True, CurAddr="192.0.2.7:41641"))

    async def script(fleet: Fleet) -> SampleState:
        for number in range(1, 21):
            await settle(15)
            agent.live(number)
        await settle()
        return pair(fleet.snapshot(), "a", "b").state

    assert following(script, agent) is SampleState.FRESH


def test_the_daemons_own_state_changes_by_a_delta() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> HostState:
        agent.tell(1, BackendState="Stopped")
        await settle()
        return fleet.snapshot().hosts[0].state

    assert following(script, agent) is HostState.STOPPED


def test_a_daemon_that_stopped_answering_its_agent_fails_and_comes_back() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> list[tuple[HostState, str | None]]:
        seen = []
        agent.complain(1)
        await settle()
        seen.append((fleet.snapshot().hosts[0].state, fleet.snapshot().hosts[0].error))
        agent.say(await agent.snapshot_line(2))
        await settle()
        seen.append((fleet.snapshot().hosts[0].state, fleet.snapshot().hosts[0].error))
        return seen

    assert following(script, agent) == [
        (HostState.FAILED, "tailscaled does not answer"),
        (HostState.OK, None),
    ]


def test_a_daemon_that_refuses_its_agent_is_denied() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> HostState:
        agent.complain(1, "daemon-denied")
        await settle()
        return fleet.snapshot().hosts[0].state

    assert following(script, agent) is HostState.DENIED


def test_a_gap_in_the_numbers_starts_the_stream_anew() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[int, bool]:
        agent.peers.append(peer("c"))
        agent.tell(7, peer("d"))
        await settle(5)
        return len(agent.streams), ref("d") in fleet.snapshot().nodes

    assert following(script, agent) == (2, False)


def test_a_snapshot_in_the_middle_is_no_gap() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[int, bool]:
        agent.peers.append(peer("c"))
        agent.say(await agent.snapshot_line(40))
        agent.tell(41, peer("d"))
        await settle(5)
        return len(agent.streams), {ref("c"), ref("d")} <= fleet.snapshot().nodes.keys()

    assert following(script, agent) == (1, True)


def test_a_stream_cut_every_second_neither_spins_nor_flaps() -> None:
    agent = FakeAgent("a", "b")
    agent.lives_s = 1.0

    async def script(fleet: Fleet) -> tuple[int, int, set[HostState], float]:
        states = set()
        oldest_s = 0.0
        for _ in range(240):
            await settle(0.5)
            host = fleet.snapshot().hosts[0]
            states.add(host.state)
            oldest_s = max(oldest_s, host.age_s or 0.0)
        return len(agent.streams), agent.reads, states, oldest_s

    streams, reads, states, oldest_s = following(script, agent)

    assert states == {HostState.OK}
    assert streams <= 10
    assert reads <= 30
    assert oldest_s < 10


def test_an_agent_killed_in_mid_stream_is_noticed_within_seconds() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[float, str | None]:
        await settle(60)
        agent.trouble = DaemonUnreachableError("100.64.0.1:3621", "nobody listens")
        agent.refusal = agent.trouble
        agent.say(DaemonUnreachableError("100.64.0.1:3621", "the stream broke"))
        began_s = asyncio.get_running_loop().time()
        await until(fleet, lambda snapshot: snapshot.hosts[0].state is HostState.FAILED)
        return asyncio.get_running_loop().time() - began_s, fleet.snapshot().hosts[0].error

    took_s, error = following(script, agent)

    assert took_s < 5
    assert error is not None
    assert "nobody listens" in error


def test_a_killed_agent_that_comes_back_is_followed_again() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> bool:
        agent.trouble = agent.refusal = DaemonUnreachableError("x", "nobody listens")
        agent.say(None)
        await until(fleet, lambda snapshot: snapshot.hosts[0].state is HostState.FAILED)
        await settle(60)
        agent.trouble = agent.refusal = None
        await until(fleet, lambda snapshot: snapshot.hosts[0].is_followed)
        return fleet.snapshot().hosts[0].state is HostState.OK

    assert following(script, agent)


@pytest.mark.parametrize(
    "refusal",
    [
        AccessDeniedError("x", "your grant does not name it"),
        NotSupportedError("x", "no such page"),
    ],
    ids=["not granted", "an older agent"],
)
def test_where_a_stream_is_refused_the_host_is_polled(refusal: LocalAPIError) -> None:
    agent = FakeAgent("a", "b")
    agent.refusal = refusal

    async def script(fleet: Fleet) -> tuple[HostState, bool, bool]:
        agent.peers.append(peer("c"))
        await settle(11)
        host = fleet.snapshot().hosts[0]
        return host.state, host.is_followed, ref("c") in fleet.snapshot().nodes

    assert following(script, agent) == (HostState.OK, False, True)


def test_an_agent_without_streams_is_polled() -> None:
    agent = FakeAgent("a", "b", features=())

    async def script(fleet: Fleet) -> tuple[bool, int]:
        agent.peers.append(peer("c"))
        await settle(11)
        return ref("c") in fleet.snapshot().nodes, len(agent.streams)

    assert following(script, agent) == (True, 0)


class TaggingAgent(FakeAgent):
    """An agent without streams whose status has a tag."""

    def __init__(self, *peers: str) -> None:
        super().__init__("a", *peers, features=("etag",))
        self.unchanged = 0
        self.changed = 0

    async def status_unless(self, etag: str) -> tuple[bytes, str] | None:
        tag = f'W/"{len(self.peers)}"'
        if etag == tag:
            self.unchanged += 1
            return None
        self.changed += 1
        return await self.status_bytes(), tag


def test_a_poll_of_what_has_not_changed_carries_nothing() -> None:
    agent = TaggingAgent("b")

    async def script(fleet: Fleet) -> tuple[int, int, float]:
        await settle(52)
        return agent.changed, agent.unchanged, fleet.snapshot().hosts[0].age_s or 0.0

    changed, unchanged, age_s = following(script, agent)

    assert changed == 1
    assert unchanged >= 8
    assert age_s < 6


def test_an_agent_that_refuses_us_is_denied_with_its_words() -> None:
    agent = FakeAgent("a", "b")
    agent.greeting = AccessDeniedError("x", "your node has no tag of those allowed", "ask its owner")
    host = following(host_of, agent)

    assert host.state is HostState.DENIED
    assert host.error == "your node has no tag of those allowed: ask its owner"


def test_another_agent_is_listed_and_no_error() -> None:
    stranger = FakeAgent("a")
    stranger.greeting = stranger.trouble = NotSupportedError("x", "what listens there is no tsym-agent")
    host = following(host_of, stranger)

    assert (host.state, host.mode, host.error) == (HostState.OK, "another agent", None)


def test_an_agent_that_opens_a_stream_and_says_nothing_fails_and_delays_nobody() -> None:
    mute = [FakeAgent(f"m{number}") for number in range(40)]
    for agent in mute:
        agent.is_mute = True

    async def script() -> tuple[float, HostState]:
        async with fleet_of(*mute, FakeAgent("a", "b"), options=QUIET) as fleet:
            began_s = asyncio.get_running_loop().time()
            await until(fleet, lambda snapshot: ref("b") in snapshot.nodes)
            took_s = asyncio.get_running_loop().time() - began_s
            await until(fleet, lambda snapshot: snapshot.hosts[0].state is HostState.FAILED)
            return took_s, fleet.snapshot().hosts[0].state

    assert play(script())[0] < 3.0


def test_a_host_that_accepts_and_never_answers_stays_visible_with_its_reason() -> None:
    hanging = FakeAgent("a")
    hanging.hangs = True
    host = following(host_of, hanging)

    assert (host.state, host.error) == (HostState.FAILED, "no answer in 5 s")


def test_rights_are_those_the_snapshot_names() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> Rights | None:
        return fleet.snapshot().hosts[0].rights

    assert following(script, agent) is not None


def pong(ip: str, *, at: str = "2026-11-01T12:00:00Z", ms: float = 12.0) -> WatchSample:
    return WatchSample(ip=ip, type="disco", at=at, result=PingResult(latency_seconds=ms / 1000, endpoint="192.0.2.7:1"))


def test_pings_that_others_send_are_as_good_as_ours() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[PathKind, float | None]:
        agent.pinged_by_others(1, pong(address("b")))
        await settle(3)
        made = pair(fleet.snapshot(), "a", "b")
        return made.path, made.latency_ms

    assert following(script, agent) == (PathKind.DIRECT, 12.0)


@pytest.mark.parametrize(
    "at", ["2026-11-01T11:00:00Z", "2026-11-01T13:00:00Z"], ids=["an hour behind", "an hour ahead"]
)
def test_a_clock_that_is_an_hour_off_makes_no_sample_old(at: str) -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[SampleState, float]:
        agent.pinged_by_others(1, pong(address("b"), at=at))
        await settle(3)
        made = pair(fleet.snapshot(), "a", "b")
        return made.state, made.age_s or 0.0

    state, age_s = following(script, agent)

    assert state is SampleState.FRESH
    assert 0.0 <= age_s < 5


def test_a_ping_of_ours_that_the_stream_tells_of_counts_once() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> int:
        await fleet.settle()
        before = pair(fleet.snapshot(), "a", "b").samples
        agent.pinged_by_others(1, pong(address("b")))
        await settle(3)
        return pair(fleet.snapshot(), "a", "b").samples - before

    assert following(script, agent, options=FleetOptions()) == 0


def test_a_lost_ping_of_others_is_a_loss() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[int, float | None]:
        lost = WatchSample(ip=address("b"), type="disco", at="2026-11-01T12:00:00Z", error="no pong")
        agent.pinged_by_others(1, pong(address("b")), lost)
        await settle(3)
        made = pair(fleet.snapshot(), "a", "b")
        return made.samples, made.loss

    assert following(script, agent) == (2, 0.5)


def test_a_host_named_by_socket_and_by_agent_is_listed_once_and_followed() -> None:
    plain, agent = FakeHost("a", "b"), FakeAgent("a", "b")
    agent.where = "/fake/agent"

    async def script(fleet: Fleet) -> list[bool]:
        return [host.is_followed for host in fleet.snapshot().hosts]

    assert following(script, plain, agent) == [True]


def test_a_hosts_other_way_serves_when_the_better_one_fails() -> None:
    plain, agent = FakeHost("a", "b"), FakeAgent("a", "b")
    agent.where = "/fake/agent"

    async def script(fleet: Fleet) -> tuple[list[HostState], str]:
        agent.trouble = agent.refusal = DaemonUnreachableError("x", "nobody listens")
        agent.say(None)
        await until(fleet, lambda snapshot: not snapshot.hosts[0].is_followed)
        await settle(10)
        snapshot: Snapshot = fleet.snapshot()
        return [host.state for host in snapshot.hosts], snapshot.hosts[0].via

    assert following(script, plain, agent) == ([HostState.OK], "/fake/a")


def test_what_a_stream_leaves_out_is_asked_for_beside_it() -> None:
    shaken = "2026-11-01T11:59:00Z"
    agent = FakeAgent("a", peer("b", LastHandshake=shaken))

    async def script(fleet: Fleet) -> list[str | None]:
        seen = [fleet.snapshot().nodes[ref("b")].last_handshake]
        agent.tell(1, peer("b", Relay="nyc"))
        await settle()
        return [*seen, fleet.snapshot().nodes[ref("b")].last_handshake]

    assert following(script, agent) == [shaken, shaken]


def test_a_stream_that_breaks_in_its_words_is_tried_again() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[int, HostState]:
        agent.tell(1, Peer=3, BackendState=7)
        await settle(5)
        return len(agent.streams), fleet.snapshot().hosts[0].state

    assert following(script, agent) == (2, HostState.OK)


def test_silence_of_a_stream_is_a_cut_and_no_verdict() -> None:
    agent = FakeAgent("a", "b")

    async def script(fleet: Fleet) -> tuple[int, HostState]:
        agent.say(AnswerTimeoutError("x", "not a word for 45 s"))
        await settle(5)
        return len(agent.streams), fleet.snapshot().hosts[0].state

    assert following(script, agent) == (2, HostState.OK)


class CrowdedHost(FakeHost):
    """A host that counts how many of its kind are being read whole at once."""

    reading = 0
    most = 0

    async def status_bytes(self, *, peers: bool = True) -> bytes:
        if not peers:
            return await super().status_bytes(peers=False)
        CrowdedHost.reading += 1
        CrowdedHost.most = max(CrowdedHost.most, CrowdedHost.reading)
        try:
            return await super().status_bytes()
        finally:
            CrowdedHost.reading -= 1


def test_no_more_than_sixteen_large_answers_are_on_their_way_at_once() -> None:
    hosts = [CrowdedHost(f"h{number}", "a") for number in range(100)]
    for host in hosts:
        host.takes_s = 0.5

    async def script(fleet: Fleet) -> int:
        await settle(30)
        return len(fleet.snapshot().hosts)

    assert following(script, *hosts) == 100
    assert CrowdedHost.most == 16
