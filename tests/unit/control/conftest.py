"""A control plane to ask, and pauses that take no time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.unit.control.fake_tailscale import FakeTailscale


@pytest.fixture
async def tailscale() -> AsyncIterator[FakeTailscale]:
    """Run our stand-in for Tailscale's API."""
    async with FakeTailscale() as fake:
        yield fake


@dataclass
class Pauses:
    """Sleeps that only count."""

    taken_s: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken_s.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()
