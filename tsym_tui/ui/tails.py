"""The tail of a merged stream as the app shows it: a bounded buffer, what is filtered, where one looks. Pure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from tsym_agent.model.hosts import Host
from tsym_tui.fleet.merging import Entry, Sieve, parse_pattern

MOST_KEPT = 5_000
"""Entries to look back at; the oldest go first, and are counted."""


@dataclass
class Tail:
    """What was said of late."""

    hosts: tuple[Host, ...] = ()
    kept: deque[Entry] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    came: int = 0
    """All entries so far."""
    lost: int = 0
    """Entries that never came here: somebody did not read fast enough."""
    text: str = ""
    """What is searched for."""
    level: int = 0
    is_wrapped: bool = False
    """Whether long lines are shown whole."""
    back: int = 0
    """Rows looked back from the end; 0 = it follows."""
    _held: tuple[Entry, ...] | None = None

    def take(self, entries: Sequence[Entry]) -> None:
        """Take in what came. Who looks back keeps what they look at in sight."""
        sieve = self.sieve
        for entry in entries:
            self.kept.append(entry)
            self.came += 1
            self.lost += entry.lost
            if self.back and self._held is None and sieve.passes(entry):
                self.back += 1

    @property
    def forgotten(self) -> int:
        """How many entries came, and are not kept any more."""
        return self.came - len(self.kept)

    @property
    def sieve(self) -> Sieve:
        """What is let through."""
        return Sieve(pattern=self.pattern, level=self.level)

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """What is searched for; None = nothing."""
        return parse_pattern(self.text)

    def hold(self, *, is_held: bool) -> None:
        """Keep showing what is shown, or go on."""
        if is_held and self._held is None:
            self._held = tuple(self.kept)
        elif not is_held:
            self._held = None

    def shown(self) -> list[Entry]:
        """Return all that passes, the oldest first."""
        sieve = self.sieve
        return [entry for entry in self._looked_at if sieve.passes(entry)]

    @property
    def _looked_at(self) -> Sequence[Entry]:
        return self.kept if self._held is None else self._held

    def window(self, rows: int) -> list[Entry]:
        """Return what fits a screen."""
        if self.back == 0:  # all that a storm of lines may cost
            sieve = self.sieve
            newest = (entry for entry in reversed(self._looked_at) if sieve.passes(entry))
            return list(islice(newest, rows))[::-1]
        shown = self.shown()
        self.back = min(self.back, max(0, len(shown) - rows))
        end = len(shown) - self.back
        return shown[max(0, end - rows) : end]

    def scroll(self, rows: int) -> None:
        """Look further back (negative) or forward."""
        self.back = max(0, self.back - rows)

    @property
    def follows(self) -> bool:
        """Whether the newest entry is in sight."""
        return self.back == 0 and self._held is None
