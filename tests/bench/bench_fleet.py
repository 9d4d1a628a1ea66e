"""Two hundred agents of a thousand peers each, a delta a second from every one: what the fleet takes of a core.

The agents run in another process and speak the true wire format. Beside the fleet stands what the same answers cost
when they are only read and decoded, by bare streams: the rest is making one picture of them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.harness import Figure, compare

AGENTS, PEERS, EVERY_S = 200, 1000, 1.0


def measure() -> Iterator[Figure]:
    """Follow them all, then poll them all."""
    with agents() as ports:
        bare, ours = probe("bare-streams", ports), probe("streams", ports)
    yield compare("fleet-streams-200x1000", ours, "%", ("of a core; the lines read and decoded", bare), "<= 10 %")
    with agents("--polled") as ports:
        bare, ours = probe("bare-polls", ports), probe("polls", ports)
    yield compare("fleet-polls-200x1000", ours, "%", ("of a core; the bodies read and decoded", bare), "<= 25 %")


@contextmanager
def agents(*flags: str) -> Iterator[list[str]]:
    """Run the agents and hand over their ports."""
    command = [sys.executable, "-m", "tests.bench.fleet_agents", str(AGENTS), str(PEERS), str(EVERY_S), *flags]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield process.stdout.readline().split()
        finally:
            process.stdin.close()


def probe(way: str, ports: list[str]) -> float:
    """Measure one way of reading, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.fleet_probe", way, str(PEERS), *ports]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
