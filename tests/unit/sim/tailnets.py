"""Small tailnets for the tests: one machine a site, each site behind the router that its kind names."""

from __future__ import annotations

from tsym_agent.model.paths import PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.sim.loading import parse_scenario
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.world import World

HEAD = """
[tailnet]
name = "t.ts.net"
jitter = 0
default_latency_ms = 20
[[user]]
name = "kim"
[[user]]
name = "friend"
[[region]]
id = 1
code = "one"
latency_ms = { a = 5, b = 30, c = 60 }
[[region]]
id = 2
code = "two"
latency_ms = { a = 40, b = 7, c = 80 }
[[site]]
name = "c"
subnet = "192.0.2.0/24"
nat = "none"
"""

ROUTERS = {
    "none": 'nat = "none"',
    "easy": 'nat = "easy"',
    "hard": 'nat = "hard"',
    "blocked": 'nat = "easy"\nudp = "blocked"',
}
"""Kinds of router, by the word the tests use."""


def site(name: str, router: str, *, number: int) -> str:
    """Write a site."""
    subnet = f"203.0.113.{number * 16}/28" if router == "none" else f"192.168.{number}.0/24"
    return f"""
[[site]]
name = "{name}"
public_address = "198.51.100.{number}"
subnet = "{subnet}"
{ROUTERS[router]}
"""


def node(name: str, site: str, *lines: str) -> str:
    """Write a node."""
    return "\n".join(["[[node]]", f'name = "{name}"', f'site = "{site}"', 'owner = "kim"', *lines, ""])


def tailnet(*more: str, a: str = "easy", b: str = "easy") -> Scenario:
    """Make a tailnet of `here` (a host) at site a and `there` (a host too) at site b, and whatever more is written."""
    text = HEAD + site("a", a, number=1) + site("b", b, number=2)
    text += node("here", "a", "vantage = true") + node("there", "b", "vantage = true")
    return parse_scenario(text + "\n".join(more))


def relay(*lines: str) -> str:
    """Write a public node that serves as a peer relay."""
    return node("relay", "c", "relay_server = true", *lines)


def address(world: World, name: str) -> str:
    """Return a node's IPv4 address."""
    return world.population[name].identity.ipv4


def ping(
    world: World, target: str = "there", *, source: str = "here", at_s: float = 0.0, kind: PingKind = PingKind.DISCO
) -> PingResult | None:
    """Ping by name; None = silence."""
    answer = world.ping(source, address(world, target), kind, at_s)
    return answer.result if answer else None


def settled(world: World, target: str = "there", *, source: str = "here", at_s: float = 0.0) -> PingResult | None:
    """Ping until the path must have settled, and return the last answer."""
    for _ in range(4):
        last = ping(world, target, source=source, at_s=at_s)
    return last
