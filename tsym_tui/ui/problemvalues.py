"""What one thing that is wrong says: values only, found by `problems` and its two helpers."""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind
from tsym_tui.graph.themes import THRESHOLDS_MS

SLOW_MS = THRESHOLDS_MS[-1]
"""From here on a round trip is worth a word."""


class Kind(IntEnum):
    """What is wrong; of two problems of one weight the smaller kind comes first."""

    HOST = 0
    """A host of ours does not answer as it should."""
    BARRED = 1
    """The node may not take part: expired, not approved, locked out."""
    DEAD = 2
    ONE_WAY = 3
    RELAYED = 4
    SLOW = 5
    STALE = 6
    EXPIRING = 7
    HEALTH = 8

    @property
    def is_of_papers(self) -> bool:
        """Whether it is about what control or a daemon says, and not about paths."""
        return self in {Kind.BARRED, Kind.EXPIRING, Kind.HEALTH}


class Opens(StrEnum):
    """Where a person looks closer."""

    PAIR = "pair"
    NODE = "node"
    MATRIX = "matrix"
    """Many pairs at once: a bad row, a bad block, a group."""


class Problem(msgspec.Struct, frozen=True):
    """One thing to look at."""

    kind: Kind
    title: str
    """What it is about, for a narrow pane."""
    words: str
    """What is wrong, for a narrow pane."""
    nodes: tuple[NodeRef, ...] = ()
    """The nodes it is about: one, a group, or the ends of its pairs."""
    path: PathKind = PathKind.UNKNOWN
    latency_ms: float | None = None
    pairs: tuple[tuple[NodeRef, NodeRef], ...] = ()
    """The pairs it is about, each named once; empty = every pair of its nodes."""
    subject: tuple[str, ...] = ()
    """What a whole sentence begins with: one name, or both ends of a direction; empty = the title."""
    sentence: str = ""
    """The rest of it; empty = the words."""
    when: str = ""
    """Since when, or when it will be; empty = unknown."""
    weight: float = 0.0
    """How bad, for the order of lists: see `WEIGHTS`."""
    opens: Opens = Opens.NODE


WEIGHTS = {
    Kind.DEAD: 100.0,
    Kind.HOST: 80.0,
    Kind.BARRED: 70.0,
    Kind.ONE_WAY: 60.0,
    Kind.RELAYED: 50.0,
    Kind.SLOW: 55.0,
    Kind.STALE: 45.0,
    Kind.HEALTH: 25.0,
    Kind.EXPIRING: 20.0,
}
"""What a problem of a kind weighs when it is whole: a node dead from everywhere, a host that is gone.

A guess at what a person wants to know first. What concerns a part weighs less: one dead pair less than a silent host,
one relayed pair less than a warning. What concerns many weighs a little more, so that a bad site stands before a node.
"""

_PART = 0.6
"""One pair weighs so much of what a node or host of the same trouble weighs."""


def weight_of(kind: Kind, share: float = 1.0, count: int = 1) -> float:
    """Weigh a problem that concerns a share of the pairs it could concern, and that many nodes or pairs."""
    return WEIGHTS[kind] * (_PART + (1 - _PART) * share) + min(count, 90) / 10


def worst_first(problems: list[Problem]) -> tuple[Problem, ...]:
    """Put problems in the order a person should look at them."""
    return tuple(sorted(problems, key=lambda problem: (-problem.weight, problem.kind, problem.title)))
