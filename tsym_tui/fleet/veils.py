"""Hosts that are asked by real names and answer with pseudonyms: for screens and commands that hide names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hello import Hello
from tsym_agent.model.paths import PingKind
from tsym_agent.model.payload import Body
from tsym_tui.fleet.pseudoanswers import hidden_body
from tsym_tui.fleet.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from tsym_agent.model.logs import Event, LogLine
    from tsym_agent.model.pings import PingResult
    from tsym_agent.model.status import SweepStatus
    from tsym_tui.fleet.fanout import Askable
    from tsym_tui.fleet.fleet import Asked
    from tsym_tui.fleet.members import HostClient
    from tsym_tui.fleet.pinging import Pinging
    from tsym_tui.fleet.streaming import EventSource, Streaming

Value = TypeVar("Value", bound=msgspec.Struct)


def veiled(asked: Asked, names: Pseudonyms) -> Asked:
    """Return a host, its node and who asks it with pseudonyms."""
    client = None if asked.client is None else cast("HostClient", VeiledClient(asked.client, names))
    return asked._replace(
        host=names.host(asked.host),
        node=None if asked.node is None else names.node(asked.node),
        client=client,
        tags=tuple(names.words(tag) for tag in asked.tags),
    )


def hidden_trouble(trouble: LocalAPIError, names: Pseudonyms) -> LocalAPIError:
    """Hide names in what went wrong; the kind of trouble stays, since callers ask for it."""
    trouble.where, trouble.message, trouble.hint = (
        names.words(text) for text in (trouble.where, trouble.message, trouble.hint)
    )
    trouble.args = tuple(names.words(one) if isinstance(one, str) else one for one in trouble.args)
    return trouble


class VeiledClient:
    """Asks a host by real names and answers with pseudonyms: what screens use of a client, and no more of it."""

    def __init__(self, client: HostClient, pseudonyms: Pseudonyms) -> None:
        self._client = client
        self._names = pseudonyms

    @cached_property
    def agent(self) -> object:
        """What an agent said of itself; None for a daemon that is asked itself."""
        hello = getattr(self._client, "agent", None)
        if not isinstance(hello, Hello):
            return hello
        reasons = {reason: self._names.words(reason) for reason in {word.reason for word in hello.commands}}
        words = tuple(msgspec.structs.replace(word, reason=reasons[word.reason]) for word in hello.commands)
        return msgspec.structs.replace(hello, commands=words)

    async def ask(
        self,
        name: str,
        params: Mapping[str, str] = {},
        *,
        method: str = "GET",
        body: bytes = b"",
        timeout_s: float | None = None,
    ) -> Body:
        """Ask one endpoint; an answer that is no text is dropped, since nobody can say whose names are in it."""
        real = {key: self._names.real(value) for key, value in params.items()}
        client = cast("Askable", self._client)
        try:
            answer = bytes(await client.ask(name, real, method=method, body=body, timeout_s=timeout_s))
        except LocalAPIError as trouble:
            raise hidden_trouble(trouble, self._names) from None  # the cause would tell the names
        return hidden_body(self._names, answer) if _is_text(answer) else b""

    async def ping(
        self, ip: str, kind: PingKind = PingKind.DISCO, *, size: int = 0, timeout_s: float = 5.0
    ) -> PingResult:
        """Ping once."""
        client = cast("Pinging", self._client)
        try:
            result = await client.ping(self._names.real(ip), kind, size=size, timeout_s=timeout_s)
        except LocalAPIError as trouble:
            raise hidden_trouble(trouble, self._names) from None
        return self._hidden(result)

    async def sweep_status(self) -> SweepStatus:
        """Read who is there."""
        try:
            return self._hidden(await cast("Pinging", self._client).sweep_status())
        except LocalAPIError as trouble:
            raise hidden_trouble(trouble, self._names) from None

    def log_lines(self, level: int = 0) -> AsyncGenerator[LogLine, None]:
        """Follow the daemon's log."""
        return self._followed(cast("Streaming", self._client).log_lines(level))

    def events(self, source: EventSource = "ipn") -> AsyncGenerator[Event, None]:
        """Follow what happens."""
        return self._followed(cast("Streaming", self._client).events(source))

    async def _followed(self, items: AsyncGenerator[Value, None]) -> AsyncGenerator[Value, None]:
        async with aclosing(items):
            try:
                async for item in items:
                    yield self._hidden(item)
            except LocalAPIError as trouble:
                raise hidden_trouble(trouble, self._names) from None

    def _hidden(self, value: Value) -> Value:
        kind = type(value)
        return msgspec.json.decode(hidden_body(self._names, msgspec.json.encode(value)), type=kind)


def _is_text(body: bytes) -> bool:
    if b"\0" in body:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
