"""A client that answers from memory, for the screens that run commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.logs import Event, LogLine


class FakeClient:
    """One daemon. What is asked waits for `gate`, which is open unless a test closes it."""

    def __init__(self, answer: bytes | LocalAPIError = b"{}", *, lines: tuple[LogLine | Event, ...] = ()) -> None:
        self.answer = answer
        self.lines = lines
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.followers = 0
        self.more: asyncio.Queue[LogLine | Event] = asyncio.Queue()

    async def ask(
        self,
        name: str,
        params: Mapping[str, str] = {},
        *,
        method: str = "GET",  # noqa: ARG002 - as clients have it
        body: bytes = b"",  # noqa: ARG002 - as clients have it
        timeout_s: float | None = None,  # noqa: ARG002 - as clients have it
    ) -> bytes:
        self.asked.append((name, dict(params)))
        await self.gate.wait()
        if isinstance(self.answer, LocalAPIError):
            raise self.answer
        return self.answer

    async def log_lines(self, level: int = 0) -> AsyncGenerator[LogLine | Event, None]:  # noqa: ARG002 - all are said
        self.followers += 1
        try:
            for line in self.lines:
                yield line
            while True:
                yield await self.more.get()
        finally:
            self.followers -= 1

    def events(self, source: str = "ipn") -> AsyncGenerator[LogLine | Event, None]:  # noqa: ARG002 - all are said
        return self.log_lines()
