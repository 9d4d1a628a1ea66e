"""One question to one simulated daemon: what an endpoint is given, and how it answers or refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from tsym_agent.sim.bus import Bus
from tsym_agent.sim.clock import Clock
from tsym_agent.sim.eras import Era, capability_version, era_of, long_version
from tsym_agent.sim.facts import Facts
from tsym_agent.sim.taps import Taps
from tsym_agent.sim.world import World
from tsym_agent.wire.exchange import Header, Reply, Request, Response

_BROWSER_HEADERS: tuple[Header, ...] = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; script-src 'none'"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
)


class RefusedError(Exception):
    """A request the daemon refuses, in plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one endpoint of one host."""

    world: World
    host: str
    clock: Clock
    bus: Bus
    taps: Taps
    request: Request
    parameters: dict[str, str]
    """Of the query and, winning, of a form."""
    rest: str = ""
    """What follows the prefix of an endpoint that ends in `/`."""

    @property
    def facts(self) -> Facts:
        """What holds of the host now."""
        return self.world.population[self.host]

    @property
    def era(self) -> Era:
        """How old the host's daemon is."""
        return era_of(self.facts.version)

    def json(self, value: object, status: int = 200, headers: tuple[Header, ...] = ()) -> Response:
        """Answer with JSON."""
        return self.encoded(msgspec.json.encode(value) + b"\n", status, headers)

    def encoded(self, body: bytes, status: int = 200, headers: tuple[Header, ...] = ()) -> Response:
        """Answer with JSON that is encoded already."""
        return Response(
            status, body, (("Content-Type", "application/json"), *headers, *daemon_headers(self.facts.version))
        )

    def text(self, text: str, kind: str = "text/plain") -> Response:
        """Answer with text."""
        return Response(200, text.encode(), (("Content-Type", kind), *daemon_headers(self.facts.version)))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How one endpoint is guarded and answered."""

    answer: Callable[[Call], Reply | Awaitable[Reply]]
    right: Literal["read", "write", ""] = "read"
    """What the caller needs; empty = nothing."""
    methods: tuple[str, ...] = ()
    """Empty = any."""
    wrong_method: tuple[int, str] = (405, "unsupported method")
    since: Era = (1, 34)
    until: Era = (9, 0)


def daemon_headers(version: str) -> tuple[Header, ...]:
    """Return the headers of every answer but the guard's."""
    era = era_of(version)
    return (
        ("Tailscale-Version", long_version(version)),
        ("Tailscale-Cap", str(capability_version(era))),
        *_BROWSER_HEADERS,
    )
