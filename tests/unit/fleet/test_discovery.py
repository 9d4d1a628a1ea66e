"""Hosts that nobody named: found by tag, by the control plane, by knocking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec
import pytest

from tests.unit.fleet.fake_agents import FakeAgent
from tests.unit.fleet.fakes import MOMENT, FakeHost, peer, play, ref, spec
from tests.unit.fleet.test_fleet import until
from tests.unit.probe.virtual import now
from tsym_agent.control.plane import Device
from tsym_agent.localapi.errors import AccessDeniedError, DaemonUnreachableError, NotSupportedError
from tsym_agent.model.agents import AGENT_TAG
from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import StableNodeID
from tsym_tui.fleet.discovery import KNOCK_S, devices_to_ask
from tsym_tui.fleet.fanout import hosts_as_they_come
from tsym_tui.fleet.fleet import Fleet, FleetOptions
from tsym_tui.fleet.select import Selector
from tsym_tui.fleet.specs import HostSpec

T = TypeVar("T")

FINDING = FleetOptions(is_probing=False, discovers=True, env={})
SCANNING = msgspec.structs.replace(FINDING, scans=True)


def tagged(name: str, **fields: object) -> dict[str, object]:
    return peer(name, Tags=[AGENT_TAG], **fields)


def home(*peers: dict[str, object]) -> FakeHost:
    """Return this machine's tailscaled."""
    return FakeHost("me", *peers)


def finding(
    script: Callable[[Fleet], Awaitable[T]],
    local: FakeHost,
    others: Mapping[str, FakeHost],
    options: FleetOptions = FINDING,
    *named: HostSpec,
) -> T:
    """Run a script on a fleet that was told of this machine only; `others` answer at their names."""

    async def connect(wanted: HostSpec) -> FakeHost:
        if wanted == spec("me"):
            return local
        host = wanted.address.rpartition(":")[0]
        if host not in others:
            raise DaemonUnreachableError(host, "nobody listens")
        return others[host]

    async def whole() -> T:
        specs = [spec("me"), *named]
        async with Fleet(specs, options=options, connect=connect, clock=now, now=lambda: MOMENT) as fleet:
            await fleet.ready()
            return await script(fleet)

    return play(whole())


async def listed(fleet: Fleet) -> list[tuple[str, HostState]]:
    return [(host.spec, host.state) for host in fleet.snapshot().hosts]


def test_agents_are_found_by_their_tag() -> None:
    local = home(peer("plain"), tagged("web"))
    found = finding(listed, local, {"web.home.example": FakeAgent("web", "me")})

    assert found == [("unix:/fake/me", HostState.OK), ("agent:web.home.example", HostState.OK)]


def test_a_tagged_node_that_is_off_line_is_listed_with_its_reason() -> None:
    async def script(fleet: Fleet) -> tuple[HostState, str | None]:
        host = fleet.snapshot().hosts[1]
        return host.state, host.error

    assert finding(script, home(tagged("web", Online=False)), {}) == (
        HostState.FAILED,
        "nobody listens",
    )


def test_unless_wished_for_nobody_is_looked_for() -> None:
    options = FleetOptions(is_probing=False)

    assert len(finding(listed, home(tagged("web")), {}, options)) == 1


def test_the_first_look_waits_for_agents_that_are_found_by_it() -> None:
    async def script(fleet: Fleet) -> int:
        return len(fleet.snapshot().nodes)

    others = {"web.home.example": FakeAgent("web", "me", "only-web-knows")}

    assert finding(script, home(tagged("web")), others) == 3


def test_an_agent_joins_while_the_fleet_runs_and_leaves_with_its_tag() -> None:
    local, agent = home(), FakeAgent("web", "me", "c")

    async def script(fleet: Fleet) -> list[int]:
        seen = [len(fleet.snapshot().hosts)]
        local.peers.append(tagged("web"))
        await until(fleet, lambda snapshot: ref("c") in snapshot.nodes)
        seen.append(len(fleet.snapshot().hosts))
        local.peers[:] = [peer("web")]
        await until(fleet, lambda snapshot: len(snapshot.hosts) == 1 and ref("c") not in snapshot.nodes)
        await until(fleet, lambda snapshot: not any(ref("c") in key for key in snapshot.pairs))  # rebuilt in pieces
        return [*seen, len(fleet.snapshot().pairs)]

    assert finding(script, local, {"web.home.example": agent}) == [1, 2, 1]
    assert agent.is_closed


def test_found_agents_stay_while_the_local_daemon_is_away() -> None:
    local, agent = home(tagged("web")), FakeAgent("web", "me")

    async def script(fleet: Fleet) -> list[HostState]:
        local.trouble = DaemonUnreachableError("/fake/me", "nobody listens")
        await asyncio.sleep(60)
        return [host.state for host in fleet.snapshot().hosts]

    assert finding(script, local, {"web.home.example": agent}) == [HostState.FAILED, HostState.OK]


def test_an_agent_that_was_named_is_not_found_again() -> None:
    named = HostSpec("agent:web.home.example", spec("x").kind, "web.home.example:3621")
    found = finding(listed, home(tagged("web")), {"web.home.example": FakeAgent("web", "me")}, FINDING, named)

    assert len(found) == 2


def test_order_is_that_of_names_behind_those_who_were_named() -> None:
    local = home(tagged("zoo"), tagged("ant"))
    others = {f"{name}.home.example": FakeAgent(name) for name in ("zoo", "ant")}

    assert [name for name, _ in finding(listed, local, others)] == [
        "unix:/fake/me", "agent:ant.home.example", "agent:zoo.home.example",
    ]  # fmt: skip


def test_a_scan_finds_agents_that_carry_no_tag() -> None:
    local = home(peer("desk"), peer("lamp"))

    assert ("agent:desk.home.example", HostState.OK) in finding(
        listed, local, {"desk.home.example": FakeAgent("desk")}, SCANNING
    )


def test_a_scan_knocks_at_online_peers_once() -> None:
    agent, gone = FakeAgent("desk"), FakeAgent("gone")
    agent.greeting = gone.greeting = DaemonUnreachableError("x", "nobody listens")
    local = home(peer("desk"), peer("gone", Online=False))

    async def script(_fleet: Fleet) -> tuple[int, int]:
        await asyncio.sleep(300)
        return agent.hellos, gone.hellos

    others = {"desk.home.example": agent, "gone.home.example": gone}

    assert finding(script, local, others, SCANNING) == (1, 0)


@pytest.mark.parametrize(
    ("greeting", "state"),
    [
        (NotSupportedError("x", "what listens there is no tsym-agent"), HostState.OK),
        (AccessDeniedError("x", "your node has no tag of those allowed"), HostState.DENIED),
    ],
    ids=["another agent", "an agent that refuses us"],
)
def test_what_answers_a_knock_is_listed(greeting: NotSupportedError | AccessDeniedError, state: HostState) -> None:
    other = FakeAgent("desk")
    other.greeting = other.trouble = greeting

    assert finding(listed, home(peer("desk")), {"desk.home.example": other}, SCANNING)[1:] == [
        ("agent:desk.home.example", state)
    ]


def test_peers_that_hang_hold_a_scan_up_no_longer_than_a_knock_may_take() -> None:
    hanging = {f"h{number}.home.example": FakeAgent(f"h{number}") for number in range(64)}
    for agent in hanging.values():
        agent.hangs = True
    local = home(*(peer(f"h{number}") for number in range(64)))

    async def script(_fleet: Fleet) -> float:
        return asyncio.get_running_loop().time() - 1_000.0

    assert finding(script, local, hanging, SCANNING) < 2 * KNOCK_S + 1


def test_devices_with_the_tag_are_asked_at_their_addresses() -> None:
    def device(name: str, *addresses: str, tags: tuple[str, ...] = (AGENT_TAG,)) -> Device:
        return Device(id=StableNodeID(name), name=name, host_name=name, addresses=addresses, tags=tags)

    devices = [device("web", "fd7a::1", "100.64.0.7"), device("db"), device("plain", "100.64.0.9", tags=())]

    assert [found.text for found in devices_to_ask(devices)] == ["agent:100.64.0.7", "agent:db"]


def test_a_command_is_run_on_those_that_only_knocking_finds() -> None:
    agents = {"web.home.example": FakeAgent("web", "me")}

    async def connect(wanted: HostSpec) -> FakeHost:
        if wanted == spec("me"):
            return home(peer("web"))
        await asyncio.sleep(1.0)
        return agents[wanted.address.rpartition(":")[0]]

    async def whole() -> list[str]:
        async with Fleet([spec("me")], options=SCANNING, connect=connect, clock=now, now=lambda: MOMENT) as fleet:
            return [asked.host.spec async for asked in hosts_as_they_come(fleet, Selector(), 15.0)]

    assert play(whole()) == ["unix:/fake/me", "agent:web.home.example"]
