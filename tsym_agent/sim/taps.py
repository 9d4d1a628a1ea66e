"""The log and the inner events of every simulated host, as endless streams.

A daemon is never quite silent: it says what happens to its peers when it happens, and a few things now and then. Each
reader has a short queue, and what does not fit is dropped without a word, as a real daemon does.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from tsym_agent.sim.bodies.peers import JSON
from tsym_agent.sim.chance import digest, share, whole
from tsym_agent.sim.clock import Clock
from tsym_agent.sim.facts import Facts, Update
from tsym_agent.sim.world import World

QUEUE_LENGTH = 16
CHATTER_S = (1.0, 6.0)
"""A daemon says something of its own this often, by virtual time."""

_Said = Callable[[World, str, int], JSON]


@dataclass(eq=False, slots=True)
class _Reader:
    host: str
    tell: Callable[[World, Update], JSON]
    queue: asyncio.Queue[JSON] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))


class Taps:
    """Says what happens to whoever reads a host's log or its inner events."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._readers: set[_Reader] = set()
        world.listeners.append(self.publish)

    @property
    def readers(self) -> int:
        """How many read now."""
        return len(self._readers)

    async def log(self, host: str) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a host's log, from now on."""
        yield msgspec.json.encode({"text": "[logtap connected]\n"}) + b"\n"
        async for line in self._follow(_Reader(host, _log_of_update), _chatter):
            yield msgspec.json.encode(line) + b"\n"

    async def inner_events(self, host: str) -> AsyncGenerator[bytes, None]:
        """Yield the events inside a host's daemon: objects without anything between them, after the first."""
        yield msgspec.json.encode({"Event": "[event listener connected]\n"}) + b"\n"
        number = itertools.count(1)
        async for event in self._follow(_Reader(host, _event_of_update), _idle_event):
            yield msgspec.json.encode({"Count": next(number), **event})

    def publish(self, updates: Sequence[Update]) -> None:
        """Tell every reader of the nodes that changed, if its host can see them."""
        for reader in self._readers:
            for update in _seen_by(self._world, reader.host, updates):
                if not reader.queue.full():
                    reader.queue.put_nowait(reader.tell(self._world, update))

    async def _follow(self, reader: _Reader, idle: _Said) -> AsyncGenerator[JSON, None]:
        self._readers.add(reader)
        try:
            for number in itertools.count(1):
                rest_s = CHATTER_S[0] + (CHATTER_S[1] - CHATTER_S[0]) * share("chatter", reader.host, number)
                try:
                    yield await asyncio.wait_for(reader.queue.get(), rest_s / self._clock.speed)
                except TimeoutError:
                    self._world.advance(self._clock.now_s())
                    yield idle(self._world, reader.host, number)
        finally:
            self._readers.discard(reader)


def _seen_by(world: World, host: str, updates: Iterable[Update]) -> Iterable[Update]:
    shown = {facts.node.name for facts in world.population.shown_to(host)}
    return (update for update in updates if update.after.node.name in shown)


def _line(world: World, text: str, level: int = 0) -> JSON:
    line: JSON = {"logtail": {"client_time": world.date(world.now_s)}, "text": f"{text}\n"}
    return line | ({"v": level} if level else {})


def _log_of_update(world: World, update: Update) -> JSON:
    facts = update.after
    key = facts.identity.node_key.removeprefix("nodekey:")[:5]
    if update.before.is_online != facts.is_online:
        turned = "online" if facts.is_online else "offline"
        return _line(world, f"control: netmap: peer [{key}] {facts.label or facts.host_name} is now {turned}")
    return _line(world, f"magicsock: disco: node [{key}] endpoints or home changed, path is looked for again")


def _chatter(world: World, host: str, number: int) -> JSON:
    facts = world.population[host]
    match whole(0, 4, "log", host, number):
        case 0:
            return _line(world, _netcheck(world, host), 1)
        case 1:
            return _line(world, "control: mapRoutine: netmap received: state:synchronized", 1)
        case 2:
            live = len(world.live_sessions(host))
            known = len(world.population.shown_to(host))
            return _line(
                world, f"wgengine: Reconfig: configuring userspace WireGuard config (with {live}/{known} peers)"
            )
        case 3 if facts.health:
            return _line(world, f"health: {facts.health[0]}")
        case _:
            return _line(world, _disco(world, host, number))


def _netcheck(world: World, host: str) -> str:
    facts = world.population[host]
    network = world.population.network
    seen = network.public_endpoint(host) if facts.has_udp else ""
    varies = str(facts.nat == "hard").lower() if facts.has_udp else ""
    nearest_ms = network.region_latency_ms(facts.node.site, facts.region)
    return (
        f"netcheck: report: udp={str(facts.has_udp).lower()} v6=false v6os=true mapvarydest={varies} portmap= "
        f"v4a={seen} derp={facts.region.id} derpdist={facts.region.id}v4:{nearest_ms:.0f}ms"
    )


def _disco(world: World, host: str, number: int) -> str:
    live: list[Facts] = [facts for facts, _ in world.live_sessions(host)]
    if not live:
        return f"magicsock: [v2] derp-{world.population[host].region.id}: keepalive"
    facts = live[whole(0, len(live) - 1, "disco", host, number)]
    route = world.path_in_use(host, facts.node.name)
    where = (route.endpoint or route.peer_relay) if route else ""
    key = facts.identity.node_key.removeprefix("nodekey:")[:5]
    way = where or f"derp-{facts.region.id}"
    return f"magicsock: disco: node [{key}] d:{digest('disco', key, size=8).hex()} now using {way}"


def _event_of_update(world: World, update: Update) -> JSON:
    facts = update.after
    change = {"NodeID": facts.identity.node_id, "Online": facts.is_online, "At": world.date(world.now_s)}
    return {
        "Type": "controlclient.PeerChange",
        "From": "controlclient.Auto",
        "To": ["ipnlocal.LocalBackend", "magicsock.Conn"],
        "Event": change,
    }


def _idle_event(world: World, host: str, number: int) -> JSON:
    facts = world.population[host]
    if number % 2:
        event: JSON = {"Type": "health.Change", "From": "health.Tracker", "To": ["ipnlocal.LocalBackend"]}
        return event | {"Event": {"Warnings": len(facts.health), "At": world.date(world.now_s)}}
    event = {"Type": "netmon.ChangeDelta", "From": "netmon", "To": ["ipnlocal.LocalBackend", "magicsock.Conn"]}
    return event | {"Event": {"Major": False, "TimeJumped": False, "At": world.date(world.now_s)}}
