"""Versions of tailscaled: what a simulated daemon of that age calls itself, and what it does not know yet."""

from __future__ import annotations

from tsym_agent.sim.chance import digest

Era = tuple[int, int]
"""Major and minor version: what decides which fields and endpoints there are."""

_CAPABILITY_VERSIONS: tuple[tuple[Era, int], ...] = (
    ((1, 102), 142),
    ((1, 100), 138),
    ((1, 98), 135),
    ((1, 94), 131),
    ((1, 90), 130),
    ((1, 86), 123),
    ((1, 82), 115),
    ((1, 80), 113),
    ((1, 76), 106),
    ((1, 70), 102),
    ((1, 66), 95),
    ((1, 60), 87),
    ((1, 56), 82),
    ((1, 50), 74),
)
"""Capability version of some releases; those between count as the older one. No client decides by it."""


def era_of(version: str) -> Era:
    """Return the era of a version like `1.102.3`."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def long_version(version: str) -> str:
    """Return the version as a daemon says it: with the commits it was built from."""
    commits = digest("build", version, size=9).hex()
    return f"{version}-t{commits[:9]}-g{commits[9:]}"


def capability_version(era: Era) -> int:
    """Return the number a daemon sends as `Tailscale-Cap`."""
    return next((number for since, number in _CAPABILITY_VERSIONS if era >= since), 60)
