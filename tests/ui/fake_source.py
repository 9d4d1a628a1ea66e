"""A source that a test holds in its hand: it shows the pictures it is given, and writes down what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.fleet.calls import CallLog
from tsym_tui.fleet.fleet import Asked
from tsym_tui.ui.source import PairKey


@dataclass(frozen=True)
class FakeSample:
    """One remembered probe."""

    at_s: float
    latency_ms: float | None
    path: PathKind = PathKind.DIRECT
    endpoint: str | None = None
    derp_region: str | None = None
    peer_relay: str | None = None


class FakeSource:
    """Implements `SnapshotSource`."""

    def __init__(self, first: Snapshot, *, start_error: Exception | None = None) -> None:
        self._snapshot = first
        self._start_error = start_error
        self._changed = asyncio.Event()
        self._closed = False
        self.looked_at: list[tuple[PairKey, ...]] = []
        self.probed: list[tuple[PairKey, ...] | None] = []
        self.samples: dict[PairKey, tuple[FakeSample, ...]] = {}
        self.failure: Exception | None = None
        self.clients: dict[str, object] = {}
        """Who asks which host, by its name."""
        self.calls = CallLog(clock=lambda: 0.0)

    @property
    def is_closed(self) -> bool:
        return self._closed

    async def start(self) -> None:
        if self._start_error is not None:
            raise self._start_error

    def snapshot(self) -> Snapshot:
        return self._snapshot

    def show(self, snapshot: Snapshot) -> None:
        """Change the picture."""
        self._snapshot = snapshot
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Break the stream of changes, as a bug of ours would."""
        self.failure = error
        self._changed.set()

    async def changes(self) -> AsyncIterator[int]:
        while not self._closed:
            await self._changed.wait()
            self._changed.clear()
            if self.failure is not None:
                raise self.failure
            yield self._snapshot.revision

    def look_at(self, pairs: Iterable[PairKey]) -> None:
        self.looked_at.append(tuple(pairs))

    def probe_now(self, pairs: Iterable[PairKey] | None = None) -> None:
        self.probed.append(None if pairs is None else tuple(pairs))

    def history(self, key: tuple[NodeRef, NodeRef]) -> tuple[FakeSample, ...]:
        return self.samples.get(key, ())

    def asked(self) -> tuple[Asked, ...]:
        nodes = self._snapshot.nodes
        return tuple(
            Asked(host, nodes.get(host.ref) if host.ref else None, self.clients.get(host.name))  # type: ignore[arg-type]  # fakes
            for host in self._snapshot.hosts
        )

    async def aclose(self) -> None:
        self._closed = True
        self._changed.set()
