"""Hiding names on every screen: all that comes from the source passes here, and so does all that goes back to it.

While names are hidden, pictures, hosts, answers and log lines carry pseudonyms and no screen knows others; what a
screen asks for by a pseudonym is asked for by its real name. So a new screen hides names without knowing of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PingKind
from tsym_agent.model.payload import Body
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.fleet.pseudoanswers import hidden_body
from tsym_tui.fleet.pseudonyms import Pseudonyms, read_salt
from tsym_tui.ui.source import PairKey, Sample, SnapshotSource

if TYPE_CHECKING:
    from tsym_agent.model.logs import Event, LogLine
    from tsym_agent.model.pings import PingResult
    from tsym_agent.model.status import SweepStatus
    from tsym_tui.fleet.calls import CallLog
    from tsym_tui.fleet.fanout import Askable
    from tsym_tui.fleet.fleet import Asked
    from tsym_tui.fleet.members import HostClient
    from tsym_tui.fleet.pinging import Pinging
    from tsym_tui.fleet.streaming import EventSource, Streaming

REMEMBERED = 4
"""Pictures of which both faces are known: the one on screen, and those on their way there."""

Value = TypeVar("Value", bound=msgspec.Struct)


class Veil:
    """Whether names are hidden, and what stands for them. Everything passes unchanged while they are not."""

    def __init__(self, folder: Path | None, *, is_on: bool = False) -> None:
        self.is_on = is_on
        self._folder = folder
        self._pseudonyms: Pseudonyms | None = None
        self._faces: deque[tuple[Snapshot, Snapshot]] = deque(maxlen=REMEMBERED)

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms of this person, by the salt in their state folder."""
        if self._pseudonyms is None:
            self._pseudonyms = Pseudonyms(read_salt(self._folder))
        return self._pseudonyms

    # pictures

    def snapshot(self, real: Snapshot) -> Snapshot:
        """Return a picture as it is to be shown; the same object for the same picture."""
        if not self.is_on:
            return real
        for known, hidden in self._faces:
            if known is real:
                return hidden
        self._faces.append((real, self.pseudonyms.hide(real)))
        return self._faces[-1][1]

    def hides(self, snapshot: Snapshot) -> bool:
        """Whether a picture carries pseudonyms."""
        return any(hidden is snapshot for _, hidden in self._faces)

    def fits(self, snapshot: Snapshot) -> bool:
        """Whether a picture, or a part of one, may be shown now: a drawing may come late."""
        return all((self.real_ref(ref) != ref) is self.is_on for ref in list(snapshot.nodes)[:1])

    def real_snapshot(self, shown: Snapshot) -> Snapshot:
        """Return the picture behind one that is shown."""
        return next((real for real, hidden in self._faces if hidden is shown), shown)

    def ref(self, ref: NodeRef) -> NodeRef:
        """Return a node's key as it is to be shown, whichever of its two it is."""
        real = self.real_ref(ref)
        return self.pseudonyms.ref(real) if self.is_on else real

    def real_ref(self, ref: NodeRef) -> NodeRef:
        """Return a node's own key, whichever of its two it is."""
        return ref if self._pseudonyms is None else self._pseudonyms.real_ref(ref)

    # hosts

    def real_host(self, host: Host) -> Host:
        """Return a host's own face, whichever of its two it is."""
        return host if self._pseudonyms is None else self._pseudonyms.real_host(host)

    def asked(self, asked: Asked) -> Asked:
        """Return a host and who asks it as they are to be shown."""
        if not self.is_on:
            return asked
        names = self.pseudonyms
        client = None if asked.client is None else cast("HostClient", VeiledClient(asked.client, names))
        tags = tuple(names.words(tag) for tag in asked.tags)
        return asked._replace(host=names.host(asked.host), client=client, tags=tags)

    # texts

    def words(self, text: str) -> str:
        """Return a text of ours as it is to be shown; pseudonyms in it stay."""
        return self.pseudonyms.words(text, keeps_own=True) if self.is_on and text else text

    def shown(self, text: str) -> str:
        """Return a text that somebody typed, or that stood on screen before, as it is to be shown now."""
        if self.is_on:
            return self.words(text)
        return text if self._pseudonyms is None else self._pseudonyms.real(text)


class VeiledSource:
    """A source behind a veil: screens see this, and never what is behind it."""

    def __init__(self, source: SnapshotSource, veil: Veil) -> None:
        self.real = source
        self._veil = veil

    async def start(self) -> None:
        """Begin to look."""
        await self.real.start()

    def snapshot(self) -> Snapshot:
        """Return the newest picture as it is to be shown."""
        return self._veil.snapshot(self.real.snapshot())

    def changes(self) -> AsyncIterator[int]:
        """Yield a revision number after each change."""
        return self.real.changes()

    def look_at(self, pairs: Iterable[PairKey]) -> None:
        """Probe these pairs more often."""
        self.real.look_at(tuple(self._real_pair(pair) for pair in pairs))

    def probe_now(self, pairs: Iterable[PairKey] | None = None) -> None:
        """Probe these pairs at once; None = a full sweep."""
        self.real.probe_now(None if pairs is None else tuple(self._real_pair(pair) for pair in pairs))

    def history(self, key: PairKey) -> tuple[Sample, ...]:
        """Return the remembered probes of a pair."""
        return self.real.history(self._real_pair(key))

    def asked(self) -> tuple[Asked, ...]:
        """Return every host, with who asks it, as they are to be shown."""
        return tuple(self._veil.asked(one) for one in self.real.asked())

    @property
    def calls(self) -> CallLog:
        """What hosts were asked; whoever shows it hides names in it."""
        return self.real.calls

    async def aclose(self) -> None:
        """Stop looking."""
        await self.real.aclose()

    def _real_pair(self, pair: PairKey) -> PairKey:
        return self._veil.real_ref(pair[0]), self._veil.real_ref(pair[1])


class VeiledClient:
    """Asks a host by real names and answers with pseudonyms: what screens use of a client, and no more of it."""

    def __init__(self, client: HostClient, pseudonyms: Pseudonyms) -> None:
        self._client = client
        self._names = pseudonyms

    @property
    def agent(self) -> object:
        """What an agent said of itself; None for a daemon that is asked itself."""
        return getattr(self._client, "agent", None)

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
            raise self._hidden_trouble(trouble) from None  # the cause would tell the names
        return hidden_body(self._names, answer) if _is_text(answer) else b""

    async def ping(
        self, ip: str, kind: PingKind = PingKind.DISCO, *, size: int = 0, timeout_s: float = 5.0
    ) -> PingResult:
        """Ping once."""
        client = cast("Pinging", self._client)
        try:
            result = await client.ping(self._names.real(ip), kind, size=size, timeout_s=timeout_s)
        except LocalAPIError as trouble:
            raise self._hidden_trouble(trouble) from None
        return self._hidden(result)

    async def sweep_status(self) -> SweepStatus:
        """Read who is there."""
        try:
            return self._hidden(await cast("Pinging", self._client).sweep_status())
        except LocalAPIError as trouble:
            raise self._hidden_trouble(trouble) from None

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
                raise self._hidden_trouble(trouble) from None

    def _hidden(self, value: Value) -> Value:
        kind = type(value)
        return msgspec.json.decode(hidden_body(self._names, msgspec.json.encode(value)), type=kind)

    def _hidden_trouble(self, trouble: LocalAPIError) -> LocalAPIError:
        """Hide names in what went wrong; the kind of trouble stays, since callers ask for it."""
        trouble.where, trouble.message, trouble.hint = (
            self._names.words(text) for text in (trouble.where, trouble.message, trouble.hint)
        )
        trouble.args = tuple(self._names.words(one) if isinstance(one, str) else one for one in trouble.args)
        return trouble


def _is_text(body: bytes) -> bool:
    if b"\0" in body:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
