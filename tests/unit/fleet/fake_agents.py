"""Agents that answer from memory: hosts that say who they are and tell of changes by themselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

import msgspec

from tests.unit.fleet.fakes import MOMENT, FakeHost
from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hello import AgentMode, AgentWord, Caller, DaemonWord, Hello, May
from tsym_agent.model.hosts import Rights
from tsym_agent.model.watch import Alive, Delta, Line, Samples, Snapshot, Trouble, WatchSample

NOW = MOMENT.isoformat()
CUT = None
"""The end of a stream."""


class FakeAgent(FakeHost):
    """An agent beside a fake daemon."""

    def __init__(self, name: str, *peers: str | dict[str, object], features: tuple[str, ...] = ("watch",)) -> None:
        super().__init__(name, *peers)
        self.features = features
        self.refusal: LocalAPIError | None = None
        """What it says instead of a stream."""
        self.greeting: LocalAPIError | None = None
        """What it says instead of a hello."""
        self.lives_s: float | None = None
        """How long each stream lasts; None = until it is cut."""
        self.is_mute = False
        """Whether its streams say nothing at all."""
        self.streams: list[asyncio.Queue[Line | LocalAPIError | None]] = []
        self.hellos = 0

    async def hello(self) -> Hello:
        self.hellos += 1
        if self.hangs:
            await self.status_bytes()
        if self.greeting or self.trouble:
            raise self.greeting or self.trouble  # type: ignore[misc]  # one of them is there
        return Hello(
            agent=AgentWord(version="0.4.0", mode=AgentMode.ATTACH, started_at=NOW),
            daemon=DaemonWord(rights=Rights.READ),
            you=Caller(id="n-me", name="me"),
            may=May(commands=("*",)),
            features=self.features,
        )

    def has(self, feature: str) -> bool:
        return feature in self.features

    async def watch(self, *, with_samples: bool = True) -> AsyncGenerator[Line, None]:
        del with_samples
        if self.refusal:
            raise self.refusal
        queue: asyncio.Queue[Line | LocalAPIError | None] = asyncio.Queue()
        self.streams.append(queue)
        if self.is_mute:
            await asyncio.sleep(10_000)
        yield await self.snapshot_line()
        ends_s = asyncio.get_running_loop().time() + (self.lives_s or 1e9)
        while True:
            try:
                async with asyncio.timeout_at(ends_s):
                    line = await queue.get()
            except TimeoutError:
                return
            if line is CUT:
                return
            if isinstance(line, LocalAPIError):
                raise line
            yield line

    async def snapshot_line(self, number: int = 0) -> Snapshot:
        body = await FakeHost.status_bytes(self)
        self.reads -= 1
        return Snapshot(seq=number, at=NOW, status=msgspec.Raw(body), rights=Rights.WRITE, control_url=self.control)

    def say(self, line: Line | LocalAPIError | None) -> None:
        """Send a line over the newest stream."""
        self.streams[-1].put_nowait(line)

    def tell(self, number: int, *peers: dict[str, object], gone: tuple[str, ...] = (), **top: object) -> None:
        """Send a delta."""
        self.say(
            Delta(
                seq=number,
                at=NOW,
                top={name: msgspec.Raw(json.dumps(value).encode()) for name, value in top.items()},
                peers={f"nodekey:{one['ID']}": msgspec.Raw(json.dumps(one).encode()) for one in peers},
                gone=tuple(f"nodekey:n-{name}" for name in gone),
            )
        )

    def live(self, number: int) -> None:
        self.say(Alive(seq=number, at=NOW))

    def complain(self, number: int, code: str = "daemon-unreachable") -> None:
        self.say(Trouble(seq=number, at=NOW, code=code, detail="tailscaled does not answer"))

    def pinged_by_others(self, number: int, *samples: WatchSample) -> None:
        self.say(Samples(seq=number, samples=samples))
