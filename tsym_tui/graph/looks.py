"""The one table of looks: what a state and a path class look like everywhere, and how two directions become a line.

Three facts, three channels: glyph and dash say the path class, colour says the latency, brightness says the age. A
sample that is stale, failed or was never taken has no latency colour; its one-cell glyph claims the state alone, and
its longer mark adds the class that was last seen. Nothing here draws; everything that draws or prints asks here.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.nodes import Standing
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.themes import THEMES, Role, Style, Theme, freshness, latency_step
from tsym_tui.graph.words import format_age, format_loss, format_ms

__all__ = [
    "LOOKS",
    "SOLID",
    "THEMES",
    "Direction",
    "Level",
    "Line",
    "Look",
    "NodeKind",
    "NodeLook",
    "Role",
    "Signs",
    "Style",
    "Theme",
    "combine",
    "format_age",
    "format_loss",
    "format_ms",
    "freshness",
    "host_words",
    "latency_step",
    "look_of",
    "number_of",
    "signs",
    "verdict_look",
]


class Level(StrEnum):
    """What the terminal's font can show."""

    BRAILLE = "braille"
    HALF = "half"
    """No braille: lines are half blocks, two dots to a cell."""
    BLOCK = "block"
    """Plain Unicode: glyphs and box lines, no braille."""
    ASCII = "ascii"


class Glyph(msgspec.Struct, frozen=True):
    """One cell, at every level."""

    full: str
    plain: str
    ascii: str

    def at(self, level: Level) -> str:
        """Return the character for a level."""
        match level:
            case Level.BRAILLE:
                return self.full
            case Level.HALF | Level.BLOCK:
                return self.plain
            case Level.ASCII:
                return self.ascii


class Stroke(msgspec.Struct, frozen=True):
    """How a line is drawn, at every level."""

    dash: tuple[int, ...]
    """Braille dots on, off, on, … along the line; empty = solid."""
    trunk: tuple[int, ...]
    """The same for a trunk, which is wider."""
    half_dash: tuple[int, ...]
    """Half-block dots on and off: one to a column."""
    plain: str
    """One character that repeats; `─` and `-` bend with the line (`│ ╱ ╲`, `| / \\`)."""
    ascii: str
    plain_dash: tuple[int, ...]
    """Cells on and off, for the two levels that draw whole cells."""


class Look(msgspec.Struct, frozen=True):
    """How one (state, path class) is shown and said."""

    state: SampleState
    path: PathKind
    glyph: Glyph
    """One cell. Of a pair that is not fresh it claims the state alone."""
    last: Glyph | None
    """Class of the last good sample of a pair that is not fresh; None = none known."""
    stroke: Stroke | None
    """None = no line is drawn."""
    strip: Glyph
    """One moment of a strip in time."""
    role: Role
    words: str

    def mark(self, level: Level = Level.BRAILLE) -> str:
        """Return the state and the class in one or two cells: unlike the glyph alone, never shared by two meanings."""
        return self.glyph.at(level) + (self.last.at(level) if self.last else "")


SOLID = Stroke((), (), (), "─", "-", ())
_RELAY_DASH = Stroke((8, 4), (9, 5), (4, 2), "╌", "=", (2, 1))
_DERP_DASH = Stroke((3, 3), (4, 4), (2, 2), "┈", ".", (1, 1))
_UNKNOWN_DASH = Stroke((6, 3, 1, 3), (7, 4, 2, 4), (4, 2, 1, 2), "~", "~", (2, 1))
_STALE_DASH = Stroke((1, 4), (1, 4), (1, 3), "┊", ":", (1, 2))
_DEAD_DASH = Stroke((1, 5), (1, 5), (1, 5), "x", "x", (1, 3))

_PATHS: dict[PathKind, tuple[Glyph, Stroke, Glyph, str]] = {
    PathKind.DIRECT: (Glyph("●", "●", "D"), SOLID, Glyph("━", "━", "D"), "direct"),
    PathKind.PEER_RELAY: (Glyph("◆", "◆", "P"), _RELAY_DASH, Glyph("╍", "╍", "P"), "peer relay"),
    PathKind.DERP: (Glyph("▲", "▲", "R"), _DERP_DASH, Glyph("┉", "┉", "R"), "DERP"),
    PathKind.UNKNOWN: (Glyph("■", "■", "U"), _UNKNOWN_DASH, Glyph("~", "~", "U"), "path unknown"),
}
_STATES: dict[SampleState, tuple[Glyph, Stroke | None, Role, str, str]] = {
    SampleState.STALE: (Glyph("┊", ":", ":"), _STALE_DASH, Role.STALE, "stale", "was"),
    SampleState.FAILED: (Glyph("✕", "x", "x"), _DEAD_DASH, Role.DEAD, "dead", "was"),
    SampleState.NEVER: (Glyph("·", "·", "."), None, Role.CHROME, "not probed", "status says"),
}


def _make_look(state: SampleState, path: PathKind) -> Look:
    glyph, stroke, strip, words = _PATHS[path]
    if state is SampleState.FRESH:
        return Look(state, path, glyph, None, stroke, strip, Role.LATENCY, words)
    known = path is not PathKind.UNKNOWN
    mark, trace, role, name, said = _STATES[state]
    return Look(
        state, path, mark, glyph if known else None, trace, mark, role, f"{name}, {said} {words}" if known else name
    )


LOOKS: dict[tuple[SampleState, PathKind], Look] = {
    (state, path): _make_look(state, path) for state in SampleState for path in PathKind
}
"""Every combination there is."""


def look_of(pair: Pair | None) -> Look:
    """Return the look of one direction; no pair reads like a pair never probed."""
    if pair is None:
        return LOOKS[SampleState.NEVER, PathKind.UNKNOWN]
    return LOOKS[pair.state, pair.path]


def verdict_look(state: SampleState, path: PathKind) -> Look:
    """Return the look of a verdict over samples: unlike `look_of`, it names no class that was last seen."""
    return LOOKS[state, path if state is SampleState.FRESH else PathKind.UNKNOWN]


class NodeKind(StrEnum):
    """What a node is to us."""

    AGENT = "agent"
    """A host of ours that answers."""
    PEER = "peer"
    """Seen by others only."""
    SILENT = "silent"
    """A host of ours that does not answer us now."""
    DEAD = "dead"
    """Probed, and no probe of the last sweeps was answered."""


class NodeLook(msgspec.Struct, frozen=True):
    """How a node's marker is shown and said."""

    glyph: Glyph
    role: Role
    words: str


NODE_LOOKS: dict[NodeKind, NodeLook] = {
    NodeKind.AGENT: NodeLook(Glyph("●", "●", "@"), Role.STRONG, "host"),
    NodeKind.PEER: NodeLook(Glyph("○", "○", "o"), Role.TEXT, "no host"),
    NodeKind.SILENT: NodeLook(Glyph("◌", "◌", "?"), Role.STALE, "silent host"),
    NodeKind.DEAD: NodeLook(Glyph("✕", "x", "x"), Role.DEAD, "no reply"),
}

HOST_WORDS: dict[HostState, str] = {
    HostState.OK: "ok",
    HostState.CONNECTING: "connecting",
    HostState.FAILED: "silent",
    HostState.DENIED: "refuses us",
    HostState.STOPPED: "stopped",
    HostState.NEEDS_LOGIN: "needs login",
}


def host_words(host: Host) -> str:
    """Say how a host stands with us, and for how long it has been silent."""
    is_silent = host.state is HostState.FAILED and host.age_s is not None
    return HOST_WORDS[host.state] + (f" for {format_age(host.age_s)}" if is_silent else "")


STANDING_WORDS: dict[Standing, str] = {
    Standing.OK: "",
    Standing.EXPIRED: "key expired",
    Standing.NOT_APPROVED: "not approved",
    Standing.LOCKED_OUT: "locked out",
}


class Signs(msgspec.Struct, frozen=True):
    """The small signs of one level."""

    region: str
    self: str
    both_ways: str
    one_way: str
    right: str
    left: str
    up: str
    down: str
    check: str
    crumb: str
    selected_row: str
    ellipsis: str


_FULL_SIGNS = Signs("▲", "╲", "⇄", "→", "→", "←", "↑", "↓", "✓", "›", "▎", "…")
_SIGNS = {
    Level.BRAILLE: _FULL_SIGNS,
    Level.HALF: msgspec.structs.replace(_FULL_SIGNS, self="\\"),
    Level.BLOCK: msgspec.structs.replace(_FULL_SIGNS, self="\\", selected_row="│"),
    Level.ASCII: Signs("R", "\\", "<>", ">", ">", "<", "^", "v", "ok", ">", ">", "."),
}


def signs(level: Level) -> Signs:
    """Return the signs of a level."""
    return _SIGNS[level]


class Direction(StrEnum):
    """Which way answers, where both sides were asked."""

    EVEN = "even"
    """Both ways or neither, or only one side was asked: no mark."""
    THERE = "there"
    """Only the first side's probes are answered."""
    BACK = "back"
    """Only the second side's probes are answered."""


class Line(msgspec.Struct, frozen=True):
    """Both directions of a pair of nodes merged into what one line may claim."""

    there: Pair | None
    back: Pair | None
    state: SampleState = SampleState.NEVER
    path: PathKind = PathKind.UNKNOWN
    latency_ms: float | None = None
    """The slower side's p50, else its newest round trip; None unless fresh."""
    age_s: float | None = None
    """Of the newest evidence for `state`."""
    direction: Direction = Direction.EVEN

    @property
    def look(self) -> Look:
        """The look of the merged line."""
        return LOOKS[self.state, self.path]

    @property
    def speaking(self) -> tuple[Pair, ...]:
        """The sides that were probed or known at all."""
        return tuple(pair for pair in (self.there, self.back) if pair is not None and _speaks(pair))

    @property
    def sides_differ(self) -> bool:
        """Whether both sides are fresh and name different classes."""
        paths = {pair.path for pair in self.speaking if pair.state is SampleState.FRESH} - {PathKind.UNKNOWN}
        return len(paths) > 1

    @property
    def carrier(self) -> Pair | None:
        """The side whose class the line shows: where to read the region or the relay."""
        for pair in self.speaking:
            if pair.state is self.state and pair.path is self.path:
                return pair
        return None

    def mark(self, level: Level = Level.BRAILLE) -> str:
        """Return a short mark that says both directions: no two different pairs of samples share one.

        One mark when both sides agree, else both with a stroke between: `▲/●`, or `▲/·` where the other side was not
        asked.
        """
        there, back = look_of(self.there), look_of(self.back)
        if there is back:
            return there.mark(level)
        return f"{there.mark(level)}/{back.mark(level)}"

    def sign(self, level: Level = Level.BRAILLE, *, forwards: bool = True) -> str:
        """Return what a drawn line adds where its two sides tell of different paths; empty where they agree.

        The mark of each side with a sign between, that of the end which is read first before it: `●⇄▲`. One way is an
        arrow's matter. Where only one side was probed there is nothing to disagree: that nobody asks at the far end,
        its marker says.
        """
        there, back = look_of(self.there), look_of(self.back)
        if there is back or self.direction is not Direction.EVEN or len(self.speaking) < 2:
            return ""
        sides = (there, back) if forwards else (back, there)
        return signs(level).both_ways.join(side.mark(level) for side in sides)

    def words(self, first: str = "", second: str = "") -> str:
        """Say both directions; `first` and `second` name the two ends where they must be told apart."""
        there, back = look_of(self.there), look_of(self.back)
        if there is back:
            return f"{there.words} both ways" if _speaks(self.there) else there.words
        if not _speaks(self.back):
            return f"{there.words}; {f'no word from {second}' if second else 'other side unknown'}"
        if not _speaks(self.there):
            return f"{back.words}; {f'no word from {first}' if first else 'other side unknown'}"
        ends = (f"{first} → {second}", f"{second} → {first}") if first and second else ("there", "back")
        return f"{ends[0]}: {there.words}; {ends[1]}: {back.words}"


_PATH_RANK = {PathKind.UNKNOWN: 0, PathKind.DIRECT: 1, PathKind.PEER_RELAY: 2, PathKind.DERP: 3}
"""What a line shows when its sides differ: the worse class; a class before no class."""

_NOTHING = Line(None, None)


def combine(there: Pair | None, back: Pair | None) -> Line:
    """Merge both directions by rule: the worst look that the evidence honestly allows.

    - A side without agent, or never probed, says nothing: that is not an asymmetry.
    - Fresh and fresh: the worse class and the slower number.
    - Fresh and failed: one way. The line keeps the answering side's look, since that way does carry packets.
    - Fresh and stale: fresh; the old word neither confirms nor denies.
    - Failed and stale: dead; the newer evidence counts.
    """
    heard_there = there is not None and there.state is not SampleState.NEVER
    heard_back = back is not None and back.state is not SampleState.NEVER
    only = there if heard_there else back if heard_back else there or back
    if only is None:
        return _NOTHING
    if not (heard_there and heard_back):
        if there is not None and back is not None and not (heard_there or heard_back):
            known = max(there.path, back.path, key=_PATH_RANK.__getitem__)
            return Line(there, back, SampleState.NEVER, known)
        return Line(there, back, only.state, only.path, number_of(only), only.age_s)
    return _merge(there, back)


def _merge(there: Pair | None, back: Pair | None) -> Line:
    """Merge two directions that were both probed."""
    sides = [pair for pair in (there, back) if pair is not None]
    fresh = [pair for pair in sides if pair.state is SampleState.FRESH]
    if not fresh:
        failed = [pair for pair in sides if pair.state is SampleState.FAILED]
        state = SampleState.FAILED if failed else SampleState.STALE
        path, age_s, _ = _worst(failed or sides)
        return Line(there, back, state, path, None, age_s)
    path, age_s, latency_ms = _worst(fresh)
    direction = Direction.EVEN
    if len(fresh) < len(sides) and any(pair.state is SampleState.FAILED for pair in sides):
        direction = Direction.THERE if fresh[0] is there else Direction.BACK
    return Line(there, back, SampleState.FRESH, path, latency_ms, age_s, direction)


def _worst(sides: list[Pair]) -> tuple[PathKind, float | None, float | None]:
    path = max((pair.path for pair in sides), key=_PATH_RANK.__getitem__)
    ages = [pair.age_s for pair in sides if pair.age_s is not None]
    numbers = [number for pair in sides if (number := number_of(pair)) is not None]
    return path, min(ages, default=None), max(numbers, default=None)


def number_of(pair: Pair) -> float | None:
    """Return the round trip that a pair shows: p50, else the newest; None unless fresh."""
    if pair.state is not SampleState.FRESH:
        return None
    return pair.latency_ms if pair.p50_ms is None else pair.p50_ms


def _speaks(pair: Pair | None) -> bool:
    return pair is not None and pair.state is not SampleState.NEVER
