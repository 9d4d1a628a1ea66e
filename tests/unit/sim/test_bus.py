"""The IPN bus of a simulated host: what a watcher hears first, and of what happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from tests.unit.sim.serving import HandClock, Served, question, served, until
from tests.unit.sim.tailnets import node, tailnet
from tests.unit.sim.test_events import ON_THERE, event
from tsym_agent.model.notify import TOPOLOGY_MASK, Notify, parse_notify
from tsym_agent.model.status import BackendState
from tsym_agent.sim.bus import QUEUE_LENGTH, Bus
from tsym_agent.sim.world import World

STATE, PREFS, NETMAP, HEALTH, CHANGES, NO_NETMAP, STATUS, PATCHES = 2, 4, 8, 128, 4096, 8192, 16384, 32768
OLD = node("old", "a", "vantage = true", 'version = "1.98.1"')


@asynccontextmanager
async def watching(world: World, mask: int, host: str = "here") -> AsyncGenerator[AsyncGenerator[bytes, None], None]:
    """Watch without a socket, registered before the block begins."""
    bus = Bus(world, HandClock())
    async with asyncio.timeout(10), aclosing(bus.watch(host, mask | STATE)) as stream:
        parse_notify(await anext(stream))
        yield stream
    assert bus.watchers == 0


async def heard(stream: AsyncGenerator[bytes, None]) -> Notify:
    return parse_notify(await asyncio.wait_for(anext(stream), 5))


async def first(world: World, mask: int, host: str = "here") -> Notify:
    async with aclosing(Bus(world, HandClock()).watch(host, mask)) as stream:
        return await heard(stream)


async def test_state_and_session_come_first() -> None:
    said = await first(World(tailnet()), STATE)

    assert said.state is BackendState.RUNNING
    assert said.session_id


async def test_prefs_and_health_come_when_asked_for() -> None:
    world = World(tailnet(node("ill", "a", "vantage = true", 'health = ["a fever"]')))

    said = await first(world, PREFS | HEALTH, "ill")

    assert said.prefs is not None
    assert said.state is None
    assert said.health is not None
    assert [warning.text for warning in (said.health.warnings or {}).values()] == ["a fever"]


async def test_a_new_daemon_gives_its_status_first() -> None:
    said = await first(World(tailnet()), STATUS)

    assert said.initial_status is not None
    assert len(said.initial_status.peers) == 1


@pytest.mark.parametrize("mask", [0, HEALTH, CHANGES | PATCHES], ids=["nothing", "health alone", "changes"])
async def test_without_an_initial_bit_nothing_comes_first(mask: int) -> None:
    async with aclosing(Bus(World(tailnet()), HandClock()).watch("here", mask)) as stream:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.02)


async def test_every_notice_has_the_keys_that_are_always_there() -> None:
    async with aclosing(Bus(World(tailnet()), HandClock()).watch("here", STATE)) as stream:
        keys = json.loads(await anext(stream)).keys()

    always = {"Version", "ErrMessage", "LoginFinished", "State", "Prefs", "NetMap", "Engine", "BrowseToURL"}
    assert keys >= always | {"DriveShares"}


async def test_a_logged_out_host_says_where_to_log_in() -> None:
    world = World(tailnet(node("out", "a", "vantage = true", 'state = "NeedsLogin"')))
    async with aclosing(Bus(world, HandClock()).watch("out", STATE)) as stream:
        said = json.loads(await anext(stream))

    assert said["BrowseToURL"].startswith("https://controlplane.tailscale.com/a/")


async def test_a_peer_that_goes_offline_is_a_patch() -> None:
    world = World(tailnet(event("node-offline", ON_THERE)))
    async with watching(world, PATCHES) as stream:
        world.advance(11)
        (patch,) = (await heard(stream)).peer_changed_patch or ()

    assert patch.online is False
    assert patch.last_seen == world.date(10)


async def test_without_patches_it_is_a_whole_node() -> None:
    world = World(tailnet(event("node-offline", ON_THERE)))
    async with watching(world, CHANGES) as stream:
        world.advance(11)
        (changed,) = (await heard(stream)).peers_changed or ()

    assert changed.online is False


async def test_peers_come_and_go() -> None:
    world = World(tailnet(event("node-removed", ON_THERE)))
    async with watching(world, PATCHES) as stream:
        world.advance(21)
        gone, back = await heard(stream), await heard(stream)

    number = world.population["there"].identity.node_id
    assert gone.peers_removed == (number,)
    assert [peer.id for peer in back.peers_changed or ()] == [number]
    assert back.user_profiles


async def test_an_expired_peer_is_a_change() -> None:
    world = World(tailnet(event("key-expired", ON_THERE, lasts=None)))
    async with watching(world, PATCHES) as stream:
        world.advance(11)
        (changed,) = (await heard(stream)).peers_changed or ()

    assert changed.expired


async def test_an_own_expired_key_is_a_state_and_a_self_change() -> None:
    world = World(tailnet(event("key-expired", 'on = "here"', lasts=None)))
    async with watching(world, PATCHES) as stream:
        world.advance(11)
        state, change = await heard(stream), await heard(stream)

    assert state.state is BackendState.NEEDS_LOGIN
    assert change.self_change is not None


async def test_a_warning_comes_and_goes() -> None:
    world = World(tailnet(event("health", 'on = "here"', 'text = "a cold"')))
    async with watching(world, 0) as stream:
        world.advance(21)
        ill, well = await heard(stream), await heard(stream)

    assert ill.health is not None
    assert ill.health.warnings
    assert well.health is not None
    assert not well.health.warnings


async def test_a_moved_home_region_makes_no_notice() -> None:
    world = World(tailnet(event("home-region", ON_THERE, 'region = "one"'), event("node-offline", ON_THERE, at=12)))
    async with watching(world, PATCHES) as stream:
        world.advance(13)

        assert (await heard(stream)).peer_changed_patch


async def test_old_daemons_send_the_whole_netmap() -> None:
    world = World(tailnet(OLD, event("node-offline", ON_THERE)))
    async with watching(world, 0, "old") as stream:
        world.advance(11)
        said = json.loads(await anext(stream))

    assert [peer["Name"] for peer in said["NetMap"]["Peers"]] == ["here.t.ts.net.", "there.t.ts.net."]


async def test_new_daemons_without_a_peer_bit_say_nothing_of_peers() -> None:
    world = World(tailnet(event("node-offline", ON_THERE)))
    async with watching(world, 0) as stream:
        world.advance(11)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.02)


async def test_engine_counters_reach_every_watcher_of_the_host() -> None:
    world = World(tailnet('[[link]]\nbetween = ["here", "there"]\ntraffic_kbps = 8'))
    bus = Bus(world, HandClock(speed=1000))
    async with aclosing(bus.watch("here", 1)) as asking, aclosing(bus.watch("here", STATE)) as other:
        await anext(other)
        told = json.loads(await asyncio.wait_for(anext(asking), 5))
        overheard = json.loads(await asyncio.wait_for(anext(other), 5))

    assert told["Engine"]["NumLive"] == 1
    assert overheard["Engine"] == told["Engine"]


async def test_engine_counters_grow_though_nobody_asks_for_a_status() -> None:
    clock = HandClock(speed=1000)
    world = World(tailnet('[[link]]\nbetween = ["here", "there"]\ntraffic_kbps = 8'))
    async with aclosing(Bus(world, clock).watch("here", 1)) as stream:
        early = json.loads(await asyncio.wait_for(anext(stream), 5))
        clock.at_s = 500
        late = json.loads(await asyncio.wait_for(anext(stream), 5))

    assert late["Engine"]["WBytes"] - early["Engine"]["WBytes"] == 500 * 1000
    assert late["Engine"]["NumLive"] == 1


async def test_the_first_notice_knows_what_has_happened_by_now() -> None:
    clock = HandClock()
    world = World(tailnet(event("key-expired", 'on = "here"', lasts=None)))
    clock.at_s = 11
    async with aclosing(Bus(world, clock).watch("here", STATE)) as stream:
        said = await heard(stream)

    assert said.state is BackendState.NEEDS_LOGIN


def flood(version: str) -> World:
    flap = '[[event]]\nkind = "node-offline"\nat = 1\nfor = 1\nevery = 2\non = "there"'
    return World(tailnet(node("host", "a", "vantage = true", f'version = "{version}"'), flap))


async def test_a_watcher_that_falls_behind_is_told_and_cut_off() -> None:
    world = flood("1.102.3")
    async with watching(world, PATCHES, "host") as stream:
        world.advance(QUEUE_LENGTH + 100)
        said = [parse_notify(line) async for line in stream]

    assert len(said) == QUEUE_LENGTH + 1
    assert said[-1].err_message == "IPN bus consumer fell behind; closing watch"


async def test_before_1_102_it_only_misses_notices() -> None:
    world = flood("1.100.0")
    async with watching(world, PATCHES, "host") as stream:
        world.advance(QUEUE_LENGTH + 100)
        for _ in range(QUEUE_LENGTH):
            await heard(stream)
        world.advance(QUEUE_LENGTH + 101)

        assert (await heard(stream)).peer_changed_patch


async def listen(host: Served, notices: list[Notify]) -> None:
    async with aclosing(host.client.watch_ipn_bus(TOPOLOGY_MASK)) as stream:
        async for said in stream:
            notices.append(said)  # noqa: PERF401 - each is wanted when it comes


async def test_our_client_hears_what_happens(tmp_path: Path) -> None:
    notices: list[Notify] = []
    async with served(World(tailnet(event("node-offline", ON_THERE))), tmp_path) as host:
        listener = asyncio.create_task(listen(host, notices))
        await until(lambda: len(notices) == 1)
        host.turn(11)
        await until(lambda: len(notices) == 2)
        listener.cancel()
        await asyncio.wait([listener])
        await until(lambda: host.bus.watchers == 0)

    assert notices[0].state is BackendState.RUNNING
    assert notices[1].touches_topology


async def test_a_watch_ends_with_its_daemon(tmp_path: Path) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        reader, writer = await asyncio.open_unix_connection(host.path)
        writer.write(question("/localapi/v0/watch-ipn-bus?mask=2"))
        await reader.readuntil(b"SessionID")
        await host.server.close()
        await asyncio.wait_for(reader.read(), 5)
        writer.close()

        assert host.bus.watchers == 0
