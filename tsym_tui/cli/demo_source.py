"""A fleet on a simulated tailnet of its own."""

from __future__ import annotations

from tsym_agent.sim.process import SimProcess
from tsym_tui.fleet.fleet import Fleet, FleetOptions
from tsym_tui.fleet.specs import parse_spec


class DemoFleet(Fleet):
    """A fleet that ends its simulator when it is closed."""

    def __init__(self, sim: SimProcess, options: FleetOptions) -> None:
        super().__init__([parse_spec(sim.spec)], options=options)
        self._sim = sim

    async def aclose(self) -> None:
        """End all tasks, close all connections, and end the simulator."""
        try:
            await super().aclose()
        finally:
            await self._sim.aclose()


async def simulate(scenario: str, seed: int, *, everything: bool) -> DemoFleet:
    """Start a simulator and return a fleet on all its hosts; raises `SimError` when it cannot start."""
    sim = SimProcess(scenario, seed=seed)
    await sim.__aenter__()
    return DemoFleet(sim, FleetOptions(everything=everything))
