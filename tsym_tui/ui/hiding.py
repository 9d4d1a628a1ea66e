"""Hiding names on every screen: all that comes from the source passes here, and so does all that goes back to it.

While names are hidden, pictures, hosts, answers and log lines carry pseudonyms and no screen knows others; what a
screen asks for by a pseudonym is asked for by its real name. So a new screen hides names without knowing of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.fleet.pseudonyms import Pseudonyms, read_salt
from tsym_tui.fleet.veils import veiled
from tsym_tui.ui.source import PairKey, Sample, SnapshotSource

if TYPE_CHECKING:
    from tsym_tui.fleet.calls import CallLog
    from tsym_tui.fleet.fleet import Asked

REMEMBERED = 4
"""Pictures of which both faces are known: the one on screen, and those on their way there."""


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
        return veiled(asked, self.pseudonyms) if self.is_on else asked

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
