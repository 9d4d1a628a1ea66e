"""What the app asks of the fleet, and no more: the narrow end of it, so that a test can stand in with a few lines.

`snapshot`, `look_at` and `probe_now` do not raise: a host that does not answer is a value in the picture. `changes`
raises what broke the source itself, a bug. `start` may raise when nothing could be opened; the app shows the words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind
from tsym_agent.model.snapshot import Snapshot

if TYPE_CHECKING:
    from tsym_tui.fleet.calls import CallLog
    from tsym_tui.fleet.fleet import Asked

PairKey: TypeAlias = tuple[NodeRef, NodeRef]


class Sample(Protocol):
    """One probe of a pair, as the window remembers it."""

    @property
    def at_s(self) -> float:
        """When it was sent, on a monotonic clock that all samples share."""

    @property
    def latency_ms(self) -> float | None:
        """Round trip; None = not answered."""

    @property
    def path(self) -> PathKind:
        """The class its pong named."""

    @property
    def endpoint(self) -> str | None:
        """Where the pong came from, if directly."""

    @property
    def derp_region(self) -> str | None:
        """Code of the region it came through, if any."""

    @property
    def peer_relay(self) -> str | None:
        """`ip:port:vni:N` of the peer relay it came through, if any."""


class SnapshotSource(Protocol):
    """Where pictures of the tailnet come from."""

    async def start(self) -> None:
        """Begin to look; returns before the first answer."""

    def snapshot(self) -> Snapshot:
        """Return the newest picture: a copy that never changes."""

    def changes(self) -> AsyncIterator[int]:
        """Yield a revision number after each change, several changes at once as one."""

    def look_at(self, pairs: Iterable[PairKey]) -> None:
        """Probe these pairs more often from now on, instead of those named before."""

    def probe_now(self, pairs: Iterable[PairKey] | None = None) -> None:
        """Probe these pairs at once; None = a full sweep."""

    def history(self, key: PairKey) -> tuple[Sample, ...]:
        """Return the remembered probes of a pair, oldest first."""

    def asked(self) -> tuple[Asked, ...]:
        """Return every host in its order, with who asks it: for running commands."""

    @property
    def calls(self) -> CallLog:
        """What hosts were asked, and what that cost."""

    async def aclose(self) -> None:
        """Stop looking; leaves no task, socket or child behind."""
