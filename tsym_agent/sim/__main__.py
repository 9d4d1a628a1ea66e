"""`python -m tsym_agent.sim`: a simulated tailnet as a process of its own, ready when it prints `sim:DIR`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tsym_agent.sim.clock import RunningClock
from tsym_agent.sim.errors import SimError
from tsym_agent.sim.folder import Folder
from tsym_agent.sim.lifetime import end_on_signals, end_with_parent
from tsym_agent.sim.loading import load_scenario, shipped_names
from tsym_agent.sim.runtime import Runtime
from tsym_agent.sim.world import World


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator and return its exit code: 0 when it was ended, 2 when it could not start."""
    options = _parser().parse_args(arguments)
    try:
        scenario = load_scenario(options.scenario)
        world = World(scenario, options.seed, epoch=options.epoch or datetime.now(UTC).replace(microsecond=0))
        asyncio.run(_serve(world, options))
    except SimError as error:
        print(f"tsym sim: {error}", file=sys.stderr)  # noqa: T201 - a command line speaks on stderr
        return 2
    return 0


async def _serve(world: World, options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    end_on_signals(ended.set)
    if options.with_parent:
        end_with_parent(ended.set)
    folder = Folder(options.dir, world.scenario.vantages, is_ours=options.remove_dir)
    runtime = Runtime(world, folder, RunningClock(options.speed), has_agents=options.agents)
    await runtime.run(ended, announce=lambda: print(f"sim:{runtime.folder.directory}", flush=True))  # noqa: T201 - data


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tsym_agent.sim", description="Simulate a tailnet: LocalAPI on one unix socket a host."
    )
    parser.add_argument(
        "--scenario", default="home", help=f"{', '.join(shipped_names())} or a .toml file (default: %(default)s)"
    )
    parser.add_argument("--dir", type=Path, required=True, help="folder for the sockets and sim.json")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other jitter and losses")
    parser.add_argument("--speed", type=_speed, default=1.0, help="virtual seconds in a real one (default: 1)")
    parser.add_argument("--epoch", type=_date, help="date of the start, RFC 3339 (default: now)")
    parser.add_argument(
        "--agents", action="store_true", help="also serve an agent a host on a loopback port, listed in sim.json"
    )
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes or the parent ends")
    parser.add_argument(
        "--remove-dir", action="store_true", help="remove the folder in the end, if nothing else is in it"
    )
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.001 <= speed <= 100_000:
        raise argparse.ArgumentTypeError("expected a number from 0.001 to 100000")
    return speed


def _date(text: str) -> datetime:
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("expected a date like 2026-01-01T12:00:00Z") from error
    return date if date.tzinfo else date.replace(tzinfo=UTC)


if __name__ == "__main__":
    raise SystemExit(run())
