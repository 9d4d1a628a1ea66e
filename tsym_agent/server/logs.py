"""`GET /v1/logs`: the daemon's log, tapped once for all who read it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

import msgspec

from tsym_agent.localapi.logtap import EVERY_LEVEL, is_about_tap
from tsym_agent.model.logs import LogLine
from tsym_agent.server.problems import Code, ProblemError, problem
from tsym_agent.server.redact import scrub
from tsym_agent.server.shared import MOST_WAITING, SILENCE_S, Shared

HIGHEST_LEVEL = 9
"""Daemons use 0 to 2; asking for more is asking for all."""

_ENCODER = msgspec.json.Encoder()


class Tap(Protocol):
    """What is needed of a client; `LocalClient` is one."""

    def log_lines(self, level: int = ...) -> AsyncGenerator[LogLine, None]:
        """Yield the daemon's log; the first line says that the tap stands."""


class Logs:
    """One daemon's log."""

    def __init__(self, client: Tap, *, most_waiting: int = MOST_WAITING, silence_s: float = SILENCE_S) -> None:
        self._shared: Shared[LogLine] = Shared(
            lambda: client.log_lines(EVERY_LEVEL),
            "log",
            keep=lambda line: "tap" if is_about_tap(line) else "",
            most_waiting=most_waiting,
            silence_s=silence_s,
        )

    @property
    def readers(self) -> int:
        """How many read now."""
        return self._shared.readers

    async def follow(self, level: int = 0) -> AsyncGenerator[bytes, None]:
        """Return the lines of `/v1/logs` up to a verbosity; raises `LocalAPIError` when the log cannot be tapped."""
        return await self._shared.follow(_write, _up_to(level))

    async def aclose(self) -> None:
        """End it for everybody."""
        await self._shared.aclose()


def read_level(text: str) -> int:
    """Read the `level` of a question; raise `ProblemError`."""
    if not (text.isascii() and text.isdecimal() and len(text) == 1):
        raise ProblemError(problem(Code.BAD_PARAMETER, f"level={text[:20]!r}: wanted 0 to {HIGHEST_LEVEL}"))
    return int(text)


def _up_to(level: int) -> Callable[[LogLine], bool]:
    return lambda line: line.level <= level


def _write(line: LogLine, lost: int) -> bytes:
    if lost:
        line = msgspec.structs.replace(line, lost=line.lost + lost)
    return scrub(_ENCODER.encode(line)) + b"\n"
