"""The butterfly of a pair: five layers down the middle, what each direction found of them in a wing at each side.

One look compares the directions and says which layer still works: a bar is a round trip, a cross is silence, and what
nobody has asked is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_tui.fleet.inquiry import Inquiry
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, Role, format_ms, number_of
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit, fit_text, width_of
from tsym_tui.ui.source import Sample

NAME_CELLS, KIND_CELLS = 9, 8
SPINE_CELLS = NAME_CELLS + 1 + KIND_CELLS
GAP = 2
MOST_WING = 58
NUMBER_CELLS = 5

LAYERS: tuple[tuple[str, str, PingKind | None], ...] = (
    ("service", "peerapi", PingKind.PEERAPI),
    ("OS stack", "ICMP", PingKind.ICMP),
    ("WireGuard", "TSMP", PingKind.TSMP),
    ("path", "disco", PingKind.DISCO),
    ("UDP", "direct", None),
)
"""What each layer is called, how it is asked, and with which ping; the last one is read from the disco pongs."""


class Evidence(msgspec.Struct, frozen=True):
    """What one direction found of one layer."""

    latency_ms: float | None = None
    is_so: bool | None = None
    """Whether it works; None = nobody knows."""
    words: str = ""
    """Instead of a round trip."""
    is_silence: bool = True
    """Of what does not work: whether nobody answered, or somebody did by another way."""

    @property
    def role(self) -> Role:
        """The colour of its words: that of the dead is for silence alone."""
        if self.is_so is False:
            return Role.DEAD if self.is_silence else Role.WARN
        return Role.DIM


class Wing(msgspec.Struct, frozen=True):
    """One direction."""

    source: NodeRef
    target: NodeRef
    pair: Pair | None
    """None = no host at the source."""
    samples: Sequence[Sample] = ()


def evidence(wing: Wing, kind: PingKind | None, inquiry: Inquiry) -> Evidence:
    """Say what a direction found of a layer."""
    if wing.pair is None:
        return Evidence(words="no host there to ask")
    if kind is None:
        return _direct(wing.pair, wing.samples)
    if kind is PingKind.DISCO:
        return _disco(wing.pair, wing.samples)
    return _tunnel(wing, kind, inquiry)


def _tunnel(wing: Wing, kind: PingKind, inquiry: Inquiry) -> Evidence:
    """Read the one ping that was sent inside the tunnel."""
    pong = inquiry.pongs.get((wing.source, wing.target, kind))
    if pong is not None:
        return Evidence(pong.latency_ms, is_so=pong.error is None, words=pong.error or "")
    what = f"{kind.value} ping"
    trouble = next((one for one in inquiry.troubles if (one.host, one.what) == (wing.source, what)), None)
    if trouble is not None:
        return Evidence(words=trouble.words)
    return Evidence(words="asking" if inquiry.waiting else "not asked")


def _disco(pair: Pair, samples: Sequence[Sample]) -> Evidence:
    match pair.state:
        case SampleState.FRESH if pair.ping is not None:
            return Evidence(number_of(pair), is_so=True)
        case SampleState.FRESH:
            return Evidence(is_so=None, words="status shows a path, no probe")
        case SampleState.FAILED:
            lost = sum(sample.latency_ms is None for sample in samples)
            return Evidence(is_so=False, words=f"no reply to {lost} of {len(samples)}" if samples else "no reply")
        case SampleState.STALE:
            return Evidence(words="last answer is too old")
        case SampleState.NEVER:
            return Evidence(words="not probed")


def _direct(pair: Pair, samples: Sequence[Sample]) -> Evidence:
    """Read from pongs whether UDP goes straight: a relayed pong shows that it did not, silence shows nothing."""
    if pair.state is SampleState.FRESH and pair.path is PathKind.DIRECT:
        return Evidence(number_of(pair), is_so=True)
    told = [sample for sample in samples if sample.latency_ms is not None and sample.path is not PathKind.UNKNOWN]
    if pair.state is SampleState.FRESH and told:
        direct = sum(sample.path is PathKind.DIRECT for sample in told)
        words = f"not now, {direct} of {len(told)} were" if direct else f"no direct pong in {len(told)}"
        return Evidence(is_so=False, words=words, is_silence=False)
    return Evidence(words="nothing known now")


def butterfly(
    pen: Pen, names: tuple[str, str], wings: tuple[Wing, Wing], inquiry: Inquiry, cells: int, *, is_airy: bool = False
) -> list[Row]:
    """Write the layers of both directions."""
    room = min(MOST_WING, (cells - SPINE_CELLS - 2 * GAP) // 2)
    found = [_findings(wing, inquiry) for wing in wings]
    longest = max((one.latency_ms for side in found for one in side if one.latency_ms is not None), default=0.0)
    rows: list[Row] = [_heading(pen, names, room)]
    for place, (name, kind, _) in enumerate(LAYERS):
        spine = [pen.strong(name.rjust(NAME_CELLS)), *blank(1), pen(kind.ljust(KIND_CELLS), Role.CHROME)]
        left = _wing(pen, found[0][place], room, longest, is_left=True)
        right = _wing(pen, found[1][place], room, longest, is_left=False)
        if is_airy:
            rows.append(
                [*blank(room + GAP + NAME_CELLS - 1), pen("|" if pen.is_ascii else "│", Role.RULE)] if place else []
            )
        rows.append([*left, *blank(GAP), *spine, *blank(GAP), *right])
    return rows


def _findings(wing: Wing, inquiry: Inquiry) -> list[Evidence]:
    """Look at every layer; that there is nobody to ask is said once."""
    found = [evidence(wing, kind, inquiry) for _, _, kind in LAYERS]
    return [found[0], *(Evidence() for _ in found[1:])] if wing.pair is None else found


def _heading(pen: Pen, names: tuple[str, str], room: int) -> Row:
    left = clip([pen.accent(names[0]), pen.accent(f" {pen.signs.right}")], room, pen.signs.ellipsis)
    right = clip([pen.accent(f"{pen.signs.left} "), pen.accent(names[1])], room, pen.signs.ellipsis)
    middle = [pen.dim("layers".rjust(NAME_CELLS)), *blank(1 + KIND_CELLS)]
    return [*blank(room - width_of(left)), *left, *blank(GAP), *middle, *blank(GAP), *right]


def _wing(pen: Pen, found: Evidence, room: int, longest_ms: float, *, is_left: bool) -> Row:
    """Write one direction of one layer, from the middle outwards: a tick, a bar, its number."""
    mark = _mark(pen, found)
    if found.latency_ms is None:
        words = clip([pen(found.words, found.role)], room - 1 - len(pen.signs.check), pen.signs.ellipsis)
        return fit_side([*words, *blank(1), mark] if is_left else [mark, *blank(1), *words], room, is_left=is_left)
    number = format_ms(found.latency_ms)
    most = max(1, room - NUMBER_CELLS - 4)
    length = max(1, round(most * found.latency_ms / longest_ms)) if longest_ms else 1
    bar = pen.latency(("-" if pen.is_ascii else "━") * length, found.latency_ms)
    figure = pen.latency(number, found.latency_ms, bold=True)
    inner = [figure, *blank(1), bar, *blank(1), mark] if is_left else [mark, *blank(1), bar, *blank(1), figure]
    return fit_side(inner, room, is_left=is_left)


def _mark(pen: Pen, found: Evidence) -> Run:
    if found.is_so is None:
        return pen(fit_text("?", len(pen.signs.check)), Role.CHROME)
    if found.is_so:
        return pen(pen.signs.check, Role.OK)
    sign = pen.glyph(LOOKS[SampleState.FAILED, PathKind.UNKNOWN].glyph)
    return pen(fit_text(sign, len(pen.signs.check)), found.role)


def fit_side(row: Row, cells: int, *, is_left: bool) -> Row:
    """Fill a wing up on its outer side."""
    return [*blank(cells - width_of(row)), *row] if is_left else fit(row, cells)
