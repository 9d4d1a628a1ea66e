"""Many hosts as one source of snapshots, on virtual time."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.unit.fleet.fakes import FakeHost, address, fleet_of, peer, play, ref
from tests.unit.probe.fakes import derp, direct
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    AnswerTimeoutError,
    DaemonNotFoundError,
    DaemonUnreachableError,
)
from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import StableNodeID, Tailnet
from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.nodes import Standing
from tsym_agent.model.notify import Notify
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.model.pings import PingResult
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.probe.limits import LOOKED_AT_EVERY_S, PROBES_PER_SWEEP, STALE_AFTER_S, SWEEP_EVERY_S
from tsym_agent.probe.sweep import RoundTemplate
from tsym_agent.probe.window import Sample
from tsym_tui.fleet.fleet import Fleet, FleetOptions

QUIET = FleetOptions(is_probing=False)


def settled(*hosts: FakeHost, options: FleetOptions = FleetOptions()) -> Snapshot:  # noqa: B008  # immutable
    async def script() -> Snapshot:
        async with fleet_of(*hosts, options=options) as fleet:
            await fleet.settle()
            return fleet.snapshot()

    return play(script())


def read(*hosts: FakeHost, options: FleetOptions = QUIET) -> Snapshot:
    async def script() -> Snapshot:
        async with fleet_of(*hosts, options=options) as fleet:
            await fleet.ready()
            return fleet.snapshot()

    return play(script())


def pair(snapshot: Snapshot, source: str, target: str) -> Pair:
    return snapshot.pairs[ref(source), ref(target)]


async def until(fleet: Fleet, condition: object) -> None:
    """Wait until a condition on the snapshot holds."""
    assert callable(condition)
    async with asyncio.timeout(600):
        async for _ in fleet.changes():
            if condition(fleet.snapshot()):
                return


def test_one_host_shows_itself_and_its_peers() -> None:
    snapshot = read(FakeHost("a", "b", "c"))

    assert [node.name for node in snapshot.nodes.values()] == ["a.home.example", "b.home.example", "c.home.example"]


def test_every_host_has_a_pair_to_every_other_node() -> None:
    snapshot = read(FakeHost("a", "b", "c"), FakeHost("b", "a", "c"))

    assert set(snapshot.pairs) == {
        (ref("a"), ref("b")),
        (ref("a"), ref("c")),
        (ref("b"), ref("a")),
        (ref("b"), ref("c")),
    }


def test_without_probing_no_ping_is_sent() -> None:
    host = FakeHost("a", "b")
    read(host)

    assert host.pinged == []


def test_settling_measures_every_pair() -> None:
    snapshot = settled(FakeHost("a", "b"), FakeHost("b", "a"))

    assert {made.path for made in snapshot.pairs.values()} == {PathKind.DIRECT}


def test_settling_sends_a_whole_sweep() -> None:
    assert pair(settled(FakeHost("a", "b")), "a", "b").samples == PROBES_PER_SWEEP


def test_settling_waits_for_the_direct_path_behind_first_pongs_by_derp() -> None:
    host = FakeHost("a", "b")
    host.answer = lambda _ip, number: derp() if number < 5 else direct()

    assert pair(settled(host), "a", "b").path is PathKind.DIRECT


def test_settling_believes_a_relayed_pair_that_stays_relayed() -> None:
    host = FakeHost("a", "b")
    host.answer = lambda _ip, _number: derp()
    made = pair(settled(host), "a", "b")

    assert (made.path, made.derp_region, made.state) == (PathKind.DERP, "fra", SampleState.FRESH)


def test_settling_ends_in_time_although_a_pair_keeps_changing() -> None:
    host = FakeHost("a", "b")
    host.answer = lambda _ip, number: derp() if number % 2 else PingResult(latency_seconds=0.01, peer_relay="x:1:vni:2")

    async def script() -> float:
        async with fleet_of(host) as fleet:
            started_s = asyncio.get_running_loop().time()
            await fleet.settle(10.0)
            return asyncio.get_running_loop().time() - started_s

    assert play(script()) == pytest.approx(10.0, abs=0.2)


def test_a_dead_peer_is_failed_when_settling_ends() -> None:
    host = FakeHost("a", "b")
    host.answer = lambda _ip, _number: None

    assert pair(settled(host), "a", "b").state is SampleState.FAILED


def test_an_error_is_a_failure_with_words_and_no_class() -> None:
    host = FakeHost("a", "b")
    host.answer = lambda _ip, _number: PingResult(err="peer's node key has expired")
    made = pair(settled(host), "a", "b")

    assert (made.state, made.path, made.error) == (
        SampleState.FAILED,
        PathKind.UNKNOWN,
        "peer's node key has expired",
    )


def test_an_offline_peer_is_probed_once() -> None:
    host = FakeHost("a", peer("b", Online=False))
    host.answer = lambda _ip, _number: None
    settled(host)

    assert host.pinged == [address("b")]


def test_an_offline_peer_that_answers_is_reachable() -> None:
    snapshot = settled(FakeHost("a", peer("b", Online=False)))

    assert (snapshot.nodes[ref("b")].online, pair(snapshot, "a", "b").state) == (False, SampleState.FRESH)


def test_phones_are_shown_and_not_probed() -> None:
    host = FakeHost("a", peer("phone", OS="iOS"))
    snapshot = settled(host)

    assert (pair(snapshot, "a", "phone").state, host.pinged) == (SampleState.NEVER, [])


def test_a_phone_that_was_named_is_probed() -> None:
    async def script() -> Snapshot:
        async with fleet_of(FakeHost("a", peer("phone", OS="iOS"))) as fleet:
            await fleet.ready()
            fleet.probe_now([(ref("a"), ref("phone"))])
            await fleet.settle()
            return fleet.snapshot()

    assert pair(play(script()), "a", "phone").state is SampleState.FRESH


def test_hidden_nodes_are_counted_and_left_out() -> None:
    host = FakeHost("a", peer("x", DNSName="de-fra-wg-1.mullvad.ts.net."), peer("y", ShareeNode=True), "b")
    snapshot = settled(host)

    assert (snapshot.hidden, len(snapshot.nodes), host.pinged) == (2, 2, [address("b")] * 3)


def test_with_everything_hidden_nodes_and_phones_are_shown_and_probed() -> None:
    host = FakeHost("a", peer("x", DNSName="de-fra-wg-1.mullvad.ts.net."), peer("phone", OS="android"))
    snapshot = settled(host, options=FleetOptions(everything=True))

    assert (snapshot.hidden, {made.state for made in snapshot.pairs.values()}) == (0, {SampleState.FRESH})


def test_two_nodes_of_one_name_stay_two() -> None:
    snapshot = read(FakeHost("a", peer("b"), peer("b", ID="n-other")))

    assert [node.name for node in snapshot.nodes.values()].count("b.home.example") == 2


def test_tailnets_are_never_joined() -> None:
    other = FakeHost("b", "a", tailnet="work.example")
    snapshot = read(FakeHost("a", "b"), other)

    assert (len(snapshot.nodes), len(snapshot.pairs), len(snapshot.tailnets)) == (4, 2, 2)


def test_ids_of_two_control_servers_do_not_collide() -> None:
    other = FakeHost("b", "a")
    other.control = "https://headscale.example"

    assert len(read(FakeHost("a", "b"), other).nodes) == 4


def test_two_spellings_of_the_hosted_service_are_one_tailnet() -> None:
    one, other = FakeHost("a", "b"), FakeHost("b", "a")
    one.control, other.control = "", "https://login.tailscale.com"

    assert len(read(one, other).nodes) == 2


def test_a_profile_switch_starts_a_new_key_space() -> None:
    host = FakeHost("a", "b")

    async def script() -> set[Tailnet]:
        async with fleet_of(host) as fleet:
            await fleet.settle()
            host.tailnet = "work.example"
            await until(fleet, lambda snapshot: snapshot.tailnets[0].name == "work.example")
            return {key.tailnet for pair in fleet.snapshot().pairs for key in pair}

    assert {tailnet.name for tailnet in play(script())} == {"work.example"}


def test_a_command_finds_every_host_with_its_node_and_client() -> None:
    well, dead = FakeHost("a", "b"), FakeHost("c")
    dead.trouble = DaemonUnreachableError("/fake/c", "nobody listens")

    async def script() -> list[tuple[HostState, str | None, bool]]:
        async with fleet_of(well, dead, options=QUIET) as fleet:
            await fleet.ready()
            return [
                (one.host.state, one.node.name if one.node else None, one.client is not None) for one in fleet.asked()
            ]

    assert play(script()) == [(HostState.OK, "a.home.example", True), (HostState.FAILED, None, True)]


def test_a_dead_host_stays_visible_with_its_reason_and_delays_nobody() -> None:
    dead = FakeHost("b", "a")
    dead.trouble = DaemonUnreachableError("/fake/b", "nobody listens", "start it")
    snapshot = settled(FakeHost("a", "c"), dead)

    assert [(host.state, host.error) for host in snapshot.hosts] == [
        (HostState.OK, None),
        (HostState.FAILED, "nobody listens: start it"),
    ]
    assert pair(snapshot, "a", "c").state is SampleState.FRESH


def test_hanging_hosts_delay_nobody() -> None:
    hanging = [FakeHost(f"h{number}", "a") for number in range(40)]
    for host in hanging:
        host.hangs = True

    async def script() -> float:
        async with fleet_of(*hanging, FakeHost("a", "b")) as fleet:
            started_s = asyncio.get_running_loop().time()
            await until(fleet, lambda snapshot: snapshot.pairs and pair(snapshot, "a", "b").samples)
            return asyncio.get_running_loop().time() - started_s

    assert play(script()) < 3.0


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (DaemonNotFoundError("x", "there is no such socket"), HostState.FAILED),
        (AnswerTimeoutError("x", "no answer in 5 s"), HostState.FAILED),
        (AccessDeniedError("x", "this user may not open the socket"), HostState.DENIED),
    ],
    ids=["no socket", "silent", "denied"],
)
def test_troubles_are_states(trouble: Exception, state: HostState) -> None:
    host = FakeHost("a")
    host.trouble = trouble  # type: ignore[assignment]  # all are LocalAPIErrors

    assert read(host).hosts[0].state is state


@pytest.mark.parametrize(
    ("backend", "own", "state", "words"),
    [
        ("Stopped", {}, HostState.STOPPED, "stopped"),
        ("Starting", {}, HostState.CONNECTING, "starting"),
        ("NoState", {}, HostState.CONNECTING, "starting"),
        ("NeedsLogin", {}, HostState.NEEDS_LOGIN, "logged out"),
        ("NeedsLogin", {"Expired": True}, HostState.NEEDS_LOGIN, "key has expired"),
        ("NeedsMachineAuth", {}, HostState.NEEDS_LOGIN, "approval"),
        ("InUseOtherUser", {}, HostState.DENIED, "another user"),
        ("Dreaming", {}, HostState.FAILED, "Dreaming"),
    ],
)
def test_a_daemon_that_is_not_running_says_why(
    backend: str, own: dict[str, object], state: HostState, words: str
) -> None:
    host = FakeHost("a", "b")
    host.backend = backend
    host.own |= own
    shown = read(host).hosts[0]

    assert shown.state is state
    assert words in (shown.error or "")


def test_a_stopped_host_is_not_asked_to_probe() -> None:
    host = FakeHost("a", "b")
    host.backend = "Stopped"
    settled(host)

    assert host.pinged == []


def test_what_a_host_measured_turns_stale_when_it_stops() -> None:
    host = FakeHost("a", "b")

    async def script() -> SampleState:
        async with fleet_of(host) as fleet:
            await fleet.settle()
            host.backend, host.tailnet = "Stopped", None
            await until(fleet, lambda snapshot: snapshot.hosts[0].state is HostState.STOPPED)
            return pair(fleet.snapshot(), "a", "b").state

    assert play(script()) is SampleState.STALE


def test_a_host_that_stops_while_probing_is_noticed_by_its_pings() -> None:
    host = FakeHost("a", "b")

    async def script() -> HostState:
        async with fleet_of(host, options=FleetOptions(sweep_every_s=1.0)) as fleet:
            await fleet.settle()
            host.answer = lambda _ip, _number: PingResult(err="local tailscaled stopped")
            host.backend, started_s = "Stopped", asyncio.get_running_loop().time()
            await until(fleet, lambda snapshot: snapshot.hosts[0].state is HostState.STOPPED)
            assert asyncio.get_running_loop().time() - started_s < 3.0
            return fleet.snapshot().hosts[0].state

    assert play(script()) is HostState.STOPPED


def test_a_host_that_comes_back_is_asked_again() -> None:
    host = FakeHost("a", "b")
    host.trouble = DaemonUnreachableError("/fake/a", "nobody listens")

    async def script() -> HostState:
        async with fleet_of(host) as fleet:
            await fleet.ready()
            host.trouble = None
            await until(fleet, lambda snapshot: snapshot.hosts[0].state is HostState.OK)
            return fleet.snapshot().hosts[0].state

    assert play(script()) is HostState.OK


def test_a_host_that_went_silent_keeps_its_name_and_its_age_grows() -> None:
    host = FakeHost("a", "b")

    async def script() -> tuple[str, float]:
        async with fleet_of(host) as fleet:
            await fleet.ready()
            host.trouble = DaemonUnreachableError("/fake/a", "nobody listens")
            await until(fleet, lambda snapshot: snapshot.hosts[0].state is HostState.FAILED)
            await asyncio.sleep(60)
            shown = fleet.snapshot().hosts[0]
            return shown.name, shown.age_s or 0.0

    name, age_s = play(script())

    assert name == "a"
    assert age_s > 60


def test_a_new_peer_on_the_bus_is_read_within_a_second() -> None:
    host = FakeHost("a", "b")

    async def script() -> float:
        async with fleet_of(host, options=QUIET) as fleet:
            await fleet.ready()
            await asyncio.sleep(1)
            assert host.bus is not None
            host.peers.append(peer("c"))
            started_s = asyncio.get_running_loop().time()
            host.bus.put_nowait(Notify(peers_changed=()))
            await until(fleet, lambda snapshot: ref("c") in snapshot.nodes)
            return asyncio.get_running_loop().time() - started_s

    assert play(script()) < 1.0


def test_a_peer_that_control_has_not_approved_says_so() -> None:
    host = FakeHost("a", "b")
    waiting = ControlNode(stable_id=StableNodeID("n-b"), machine_authorized=False)

    async def script() -> Standing:
        async with fleet_of(host, options=QUIET) as fleet:
            await fleet.ready()
            await asyncio.sleep(1)
            assert host.bus is not None
            host.bus.put_nowait(Notify(peers_changed=(waiting,)))
            await until(fleet, lambda snapshot: snapshot.nodes[ref("b")].standing is not Standing.OK)
            return fleet.snapshot().nodes[ref("b")].standing

    assert play(script()) is Standing.NOT_APPROVED


def reads_after(host: FakeHost, notices: list[Notify], every_s: float) -> int:
    """Return how often a host is read while these notices come in."""

    async def script() -> int:
        async with fleet_of(host, options=QUIET) as fleet:
            await fleet.ready()
            await asyncio.sleep(1)
            assert host.bus is not None
            before = host.reads
            for notice in notices:
                host.bus.put_nowait(notice)
                await asyncio.sleep(every_s)
            return host.reads - before

    return play(script())


def test_a_burst_of_notices_is_one_read() -> None:
    assert reads_after(FakeHost("a", "b"), [Notify(peers_changed=())] * 100, 0.001) <= 2


def test_a_busy_host_that_answers_slowly_is_read_a_twentieth_of_the_time() -> None:
    host = FakeHost("a", "b")
    host.takes_s = 0.2

    assert reads_after(host, [Notify(peers_changed=())] * 400, 0.1) <= 40 / (0.2 / 0.05) + 1


def test_a_patch_is_answered_by_the_cheap_status() -> None:
    host = FakeHost("a", "b")
    reads_after(host, [Notify(peer_changed_patch=())] * 3, 1.0)

    assert host.whole_reads == 1


def record(name: str, approved: bool | None) -> ControlNode:
    return ControlNode(stable_id=StableNodeID(f"n-{name}"), machine_authorized=approved)


@pytest.mark.parametrize(
    ("own", "standing"),
    [(True, Standing.NOT_APPROVED), (None, Standing.OK)],
    ids=["control writes the field", "control never does"],
)
def test_a_record_without_approval_counts_where_control_writes_it(own: bool | None, standing: Standing) -> None:
    host = FakeHost("a", peer("b", NodeID=2, Online=False))
    host.own["NodeID"] = 1
    host.records = {1: record("a", own), 2: record("b", None)}

    assert read(host).nodes[ref("b")].standing is standing


def test_only_nodes_in_question_are_asked_about() -> None:
    seen = peer("c", NodeID=3, Online=False, LastHandshake="2026-11-01T11:00:00Z")
    host = FakeHost("a", peer("b", NodeID=2), seen, peer("d", NodeID=4, Online=False))
    host.own["NodeID"] = 1
    host.records = {1: record("a", True), 4: record("d", True)}
    read(host)

    assert host.asked_records == [1, 4]


def test_a_daemon_without_records_leaves_approval_unknown() -> None:
    host = FakeHost("a", peer("b", NodeID=2, Online=False))
    host.own["NodeID"] = 1
    snapshot = read(host)

    assert (snapshot.hosts[0].state, snapshot.nodes[ref("b")].standing) == (HostState.OK, Standing.OK)


def test_a_peer_that_tailnet_lock_keeps_out_is_shown_and_never_pinged() -> None:
    host = FakeHost("a", "b")
    host.locked_out = [{"Name": "c.home.example.", "StableID": "n-c", "TailscaleIPs": ["100.64.0.9"]}]
    snapshot = settled(host, options=FleetOptions(everything=True))

    assert (snapshot.nodes[ref("c")].standing, "100.64.0.9" in host.pinged) == (Standing.LOCKED_OUT, False)


def test_status_proves_a_path_of_a_phone_that_is_never_probed() -> None:
    host = FakeHost("a", peer("phone", OS="iOS", Active=True, CurAddr="192.0.2.7:41641"))
    made = pair(settled(host), "a", "phone")

    assert (made.path, made.state, made.ping, made.latency_ms, made.endpoint) == (
        PathKind.DIRECT, SampleState.FRESH, None, None, "192.0.2.7:41641",
    )  # fmt: skip


def test_the_home_region_of_a_peer_proves_no_path() -> None:
    host = FakeHost("a", peer("phone", OS="iOS", Active=True, CurAddr="", Relay="fra"))

    assert pair(settled(host), "a", "phone").state is SampleState.NEVER


def test_a_pong_from_the_lan_puts_two_nodes_at_one_site() -> None:
    host = FakeHost("a", "b")
    host.own["Addrs"] = ["203.0.113.7:41641", "192.168.1.2:41641"]
    host.answer = lambda _ip, _number: PingResult(latency_seconds=0.001, endpoint="192.168.1.3:41641")

    assert {node.site for node in settled(host).nodes.values()} == {"203.0.113.7"}


def test_control_characters_never_leave_the_fleet() -> None:
    nasty = "evil\x1b]0;title\x07"
    host = FakeHost("a", peer("b", HostName=nasty, DNSName="", OS="\x1b[2J", Tags=["tag:\x9b31m"]))
    host.own["DNSName"] = f"{nasty}.example."
    host.own["TailscaleIPs"] = ["100.64.0.1\x1b[H"]
    host.answer = lambda _ip, _number: PingResult(latency_seconds=0.1, endpoint="\x1b[31m1.2.3.4:5")
    snapshot = settled(host)
    values = [*snapshot.nodes.values(), *snapshot.pairs.values(), *snapshot.hosts]
    told = msgspec.json.encode(values).decode()

    assert "\\u001b" not in told
    assert "\\u009b" not in told
    assert "\\u0007" not in told


def test_a_pair_turns_stale_by_itself_and_readers_hear_of_it() -> None:
    async def script() -> float:
        host = FakeHost("a", "b")
        async with fleet_of(host, options=FleetOptions(sweep_every_s=10_000)) as fleet:
            await fleet.settle()
            started_s = asyncio.get_running_loop().time()
            await until(fleet, lambda snapshot: pair(snapshot, "a", "b").state is SampleState.STALE)
            return asyncio.get_running_loop().time() - started_s

    assert play(script()) == pytest.approx(STALE_AFTER_S, abs=5)


def test_a_cut_link_fails_within_one_sweep_and_heals_with_the_next_answer() -> None:
    host = FakeHost("a", "b")

    async def script() -> list[SampleState]:
        states = []
        async with fleet_of(host) as fleet:
            await fleet.settle()
            host.answer = lambda _ip, _number: None
            started_s = asyncio.get_running_loop().time()
            await until(fleet, lambda snapshot: pair(snapshot, "a", "b").state is SampleState.FAILED)
            assert asyncio.get_running_loop().time() - started_s < 60 + 15
            states.append(pair(fleet.snapshot(), "a", "b").state)
            host.answer = lambda _ip, _number: derp()
            await until(fleet, lambda snapshot: pair(snapshot, "a", "b").state is SampleState.FRESH)
            states.append(pair(fleet.snapshot(), "a", "b").state)
        return states

    assert play(script()) == [SampleState.FAILED, SampleState.FRESH]


def test_a_path_that_falls_back_to_derp_is_never_called_dead() -> None:
    host = FakeHost("a", "b")

    async def script() -> set[SampleState]:
        seen = set()
        async with fleet_of(host) as fleet:
            await fleet.settle()
            cut_s = asyncio.get_running_loop().time()
            host.answer = lambda _ip, _number: derp() if asyncio.get_running_loop().time() - cut_s > 6.5 else None
            fleet.probe_now()
            async for _ in fleet.changes():
                made = pair(fleet.snapshot(), "a", "b")
                seen.add(made.state)
                if made.path is PathKind.DERP:
                    return seen
        return seen

    assert play(script()) == {SampleState.FRESH}


def test_a_dead_pair_is_given_no_patience_again() -> None:
    host = FakeHost("a", "b")
    host.answer = lambda _ip, _number: None

    async def script() -> int:
        async with fleet_of(host) as fleet:
            await fleet.settle()
            host.pinged.clear()
            await asyncio.sleep(SWEEP_EVERY_S * 4)
            return len(host.pinged)

    assert play(script()) == 4 * PROBES_PER_SWEEP


def test_looked_at_pairs_are_probed_between_sweeps() -> None:
    host = FakeHost("a", "b", "c")

    async def script() -> dict[str, int]:
        async with fleet_of(host) as fleet:
            await fleet.settle()
            host.pinged.clear()
            fleet.look_at([(ref("a"), ref("b"))])
            await asyncio.sleep(4 * LOOKED_AT_EVERY_S + 1)
            return {name: host.pinged.count(address(name)) for name in ("b", "c")}

    assert play(script()) == {"b": 4, "c": 0}


def test_probing_now_starts_a_sweep_of_everything() -> None:
    host = FakeHost("a", "b", "c")

    async def script() -> int:
        async with fleet_of(host) as fleet:
            await fleet.settle()
            host.pinged.clear()
            fleet.probe_now()
            await asyncio.sleep(5)
            return len(host.pinged)

    assert play(script()) == 2 * PROBES_PER_SWEEP


def test_two_specs_of_one_node_probe_it_once() -> None:
    first, second = FakeHost("a", "b"), FakeHost("a", "b")
    second.where = "/fake/again"
    settled(first, second)

    assert (len(first.pinged), len(second.pinged)) == (PROBES_PER_SWEEP, 0)


def test_the_same_snapshot_comes_back_while_nothing_happens() -> None:
    async def script() -> bool:
        async with fleet_of(FakeHost("a", "b"), options=QUIET) as fleet:
            await fleet.ready()
            return fleet.snapshot() is fleet.snapshot()

    assert play(script())


def test_a_snapshot_never_changes_under_its_reader() -> None:
    host = FakeHost("a", "b")

    async def script() -> tuple[SampleState, SampleState]:
        async with fleet_of(host) as fleet:
            await fleet.settle()
            early = fleet.snapshot()
            host.answer = lambda _ip, _number: None
            fleet.probe_now()
            await until(fleet, lambda snapshot: pair(snapshot, "a", "b").state is SampleState.FAILED)
            return pair(early, "a", "b").state, pair(fleet.snapshot(), "a", "b").state

    assert play(script()) == (SampleState.FRESH, SampleState.FAILED)


def test_ages_grow_without_a_change() -> None:
    async def script() -> float:
        async with fleet_of(FakeHost("a", "b")) as fleet:
            await fleet.settle()
            before = pair(fleet.snapshot(), "a", "b").age_s or 0.0
            await asyncio.sleep(5)
            return (pair(fleet.snapshot(), "a", "b").age_s or 0.0) - before

    assert play(script()) == pytest.approx(5, abs=1.1)


def test_history_keeps_the_samples_in_order() -> None:
    async def script() -> tuple[Sample, ...]:
        async with fleet_of(FakeHost("a", "b")) as fleet:
            await fleet.settle()
            return fleet.history((ref("a"), ref("b")))

    times = [sample.at_s for sample in play(script())]

    assert len(times) == PROBES_PER_SWEEP
    assert times == sorted(times)


def test_the_cost_counts_the_probes_of_the_last_minute() -> None:
    async def script() -> list[float]:
        async with fleet_of(FakeHost("a", "b", "c")) as fleet:
            await fleet.settle()
            await asyncio.sleep(5)
            return [fleet.snapshot().cost.per_minute, fleet.snapshot().cost.sampled]

    assert play(script()) == [6.0, False]


def test_pinging_reports_each_sample_and_keeps_it() -> None:
    template = RoundTemplate(kind=PingKind.TSMP, probes=2)

    async def script() -> tuple[int, PathKind]:
        async with fleet_of(FakeHost("a", "b"), options=QUIET) as fleet:
            await fleet.ready()
            results = [result async for result in fleet.ping(template, {(ref("a"), ref("b")): ""})]
            return len(results), pair(fleet.snapshot(), "a", "b").path

    assert play(script()) == (2, PathKind.UNKNOWN)


def test_a_pair_that_falls_silent_between_two_pings_has_failed() -> None:
    host = FakeHost("a", "b")

    async def script() -> list[SampleState]:
        states = []
        async with fleet_of(host, options=QUIET) as fleet:
            await fleet.ready()
            for answered in (True, False):
                host.answer = lambda _ip, _number, answered=answered: direct() if answered else None  # type: ignore[misc]  # bound now
                async for _ in fleet.ping(RoundTemplate(probes=1), {(ref("a"), ref("b")): ""}):
                    pass
                states.append(pair(fleet.snapshot(), "a", "b").state)
        return states

    assert play(script()) == [SampleState.FRESH, SampleState.FAILED]


def test_closing_ends_every_task_and_connection() -> None:
    host = FakeHost("a", "b")
    host.answer = lambda _ip, _number: None

    async def script() -> int:
        async with fleet_of(host) as fleet:
            await asyncio.sleep(2)
            fleet.snapshot()
        return len(asyncio.all_tasks()) - 1

    assert (play(script()), host.is_closed) == (0, True)


def test_changes_end_with_the_fleet() -> None:
    async def script() -> bool:
        async with fleet_of(FakeHost("a", "b")) as fleet:
            reader = asyncio.create_task(anext_to_end(fleet))
            await asyncio.sleep(2)
        async with asyncio.timeout(5):
            await reader
        return True

    assert play(script())


async def anext_to_end(fleet: Fleet) -> None:
    async for _ in fleet.changes():
        pass


def test_a_bug_in_a_task_reaches_the_reader() -> None:
    host = FakeHost("a", "b")
    host.answer = lambda _ip, _number: ZeroDivisionError()

    async def script() -> None:
        async with fleet_of(host) as fleet:
            await until(fleet, lambda _snapshot: False)

    with pytest.raises(BaseExceptionGroup):
        play(script())
