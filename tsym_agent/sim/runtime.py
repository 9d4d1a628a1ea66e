"""A world on real sockets: one LocalAPI server a host, opened and closed as the scenario says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from tsym_agent.sim.bus import Bus
from tsym_agent.sim.clock import Clock
from tsym_agent.sim.daemon import Daemon
from tsym_agent.sim.folder import Folder, Index, IndexHost
from tsym_agent.sim.taps import Taps
from tsym_agent.sim.world import World
from tsym_agent.wire.server import Server, bind_unix, serve_unix

if TYPE_CHECKING:
    from tsym_agent.sim.agents import Agents


class Runtime:
    """A simulated tailnet that can be asked."""

    def __init__(self, world: World, folder: Folder, clock: Clock, *, has_agents: bool = False) -> None:
        self.world = world
        self.folder = folder
        self.bus = Bus(world, clock)
        self.taps = Taps(world, clock)
        self._clock = clock
        self._servers: dict[str, Server] = {}
        self._agents: Agents | None = None
        self._has_agents = has_agents

    async def run(self, ended: asyncio.Event, announce: Callable[[], object]) -> None:
        """Serve until `ended`, then remove every socket and the index; `announce` is called when all is ready."""
        self.folder.claim()
        try:
            for host in self.world.scenario.vantages:
                bind_unix(self.folder.socket(host)).close()
            await self._follow_sockets()
            self.folder.publish(self._index(await self._open_agents()))
            announce()
            await self._play(ended)
        finally:
            self.folder.withdraw()
            if self._agents is not None:
                await self._agents.close()
            for server in self._servers.values():
                await server.close()
            self.folder.release()

    async def _play(self, ended: asyncio.Event) -> None:
        """Let events happen when they are due."""
        while not ended.is_set():
            due_s = self.world.next_change_s
            wait_s = None if due_s is None else max(0.0, due_s - self._clock.now_s()) / self._clock.speed
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), wait_s)
            self.world.advance(self._clock.now_s())
            await self._follow_sockets()

    async def _follow_sockets(self) -> None:
        """Open and close sockets until each is as the world says."""
        for host in self.world.scenario.vantages:
            is_open, should_be = host in self._servers, self.world.is_asked(host)
            if should_be and not is_open:
                daemon = Daemon(self.world, host, self._clock, self.bus, self.taps)
                self._servers[host] = await serve_unix(self.folder.socket(host), daemon)
            elif is_open and not should_be:
                await self._servers.pop(host).close(keep_socket_file=True)

    async def _open_agents(self) -> dict[str, str]:
        """Start the agents, if any are wished for, and return where each listens."""
        if not self._has_agents:
            return {}
        from tsym_agent.sim.agents import Agents  # the whole server: most simulators do without

        self._agents = Agents()
        return await self._agents.open((host, self.folder.socket(host)) for host in self.world.scenario.vantages)

    def _index(self, agents: dict[str, str]) -> Index:
        scenario, population = self.world.scenario, self.world.population
        hosts = (
            IndexHost(host, str(self.folder.socket(host)), population[host].identity.stable_id, agents.get(host, ""))
            for host in scenario.vantages
        )
        return Index(tailnet=scenario.tailnet.name, scenario=scenario.name, hosts=tuple(hosts))
