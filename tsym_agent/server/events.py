"""`GET /v1/events`: what happens in and around the daemon, heard once for all who listen."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

import msgspec

from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.logs import Event
from tsym_agent.server.redact import redacted
from tsym_agent.server.shared import MOST_WAITING, SILENCE_S, Shared

Source = Literal["ipn", "bus"]

SECRETS = COMMANDS["bus-events"].secrets
"""Members that are blanked in the events of either bus."""

_STANDING_KINDS = {"listening": "stream", "broken": "stream", "state": "state"}
"""Events that still hold when somebody comes later, until another one about the same."""

_ENCODER = msgspec.json.Encoder()


class Teller(Protocol):
    """What is needed of a client; `LocalClient` is one."""

    def events(self, source: Source = ...) -> AsyncGenerator[Event, None]:
        """Yield what happens; the first event says that the stream stands."""


class Events:
    """What happens on one host."""

    def __init__(self, client: Teller, *, most_waiting: int = MOST_WAITING, silence_s: float = SILENCE_S) -> None:
        def share(source: Source) -> Shared[Event]:
            return Shared(
                lambda: client.events(source),
                f"{source} events",
                keep=lambda event: _STANDING_KINDS.get(event.kind, ""),
                most_waiting=most_waiting,
                silence_s=silence_s,
            )

        self._shared: dict[Source, Shared[Event]] = {"ipn": share("ipn"), "bus": share("bus")}

    @property
    def readers(self) -> int:
        """How many listen now."""
        return sum(shared.readers for shared in self._shared.values())

    async def follow(self, source: Source = "ipn") -> AsyncGenerator[bytes, None]:
        """Return the lines of `/v1/events`; raises `LocalAPIError` when the source does not stand."""
        return await self._shared[source].follow(_write)

    async def aclose(self) -> None:
        """End it for everybody."""
        for shared in self._shared.values():
            await shared.aclose()


def _write(event: Event, lost: int) -> bytes:
    if lost:
        event = msgspec.structs.replace(event, lost=event.lost + lost)
    return redacted(_ENCODER.encode(event), SECRETS) + b"\n"
