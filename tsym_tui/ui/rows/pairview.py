"""A pair over the whole screen: the sentence, the butterfly of layers, the last minutes, then everything else known.

What is asked only now, when the screen opens, comes in an `Inquiry`; what has not come is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.times import parse_time
from tsym_tui.fleet.inquiry import Inquiry
from tsym_tui.graph.looks import Direction, Line, Role, combine, format_age, format_loss, format_ms
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.candidates import candidate_rows, candidates, carrying_route
from tsym_tui.ui.rows.facts import claims, standing_lines
from tsym_tui.ui.rows.histogram import histogram
from tsym_tui.ui.rows.history import now_of
from tsym_tui.ui.rows.layers import Wing, butterfly
from tsym_tui.ui.rows.pathstrips import CHART_ROWS, TALL_CHART_ROWS, Strips, arrowed, common_span, heading, strip_rows
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit, fit_text, width_of, wrap
from tsym_tui.ui.source import Sample

LEAST_CELLS = 66
"""Below it both wings have no room; a list of facts says the same."""

TWO_COLUMNS = 104
AIRY_HEIGHT = 44
"""From this height on the layers stand apart."""

MOST_CHANGES = 4


class PairFacts(msgspec.Struct, frozen=True):
    """What there is to show of a pair."""

    digest: Digest
    ends: tuple[NodeRef, NodeRef]
    forth: Sequence[Sample]
    """Remembered probes from the first end to the second, oldest first."""
    back: Sequence[Sample]
    inquiry: Inquiry
    now: datetime
    """The moment of the picture, in the person's time zone."""

    @property
    def pairs(self) -> tuple[Pair | None, Pair | None]:
        """Both directions; None = no host at that end."""
        return self.digest.pair(*self.ends), self.digest.pair(*self.ends[::-1])

    @property
    def sides(self) -> tuple[tuple[Sequence[Sample], float], tuple[Sequence[Sample], float]]:
        """The probes of both directions, each with what its clock says now."""
        there, here = self.pairs
        return (self.forth, now_of(self.forth, there)), (self.back, now_of(self.back, here))

    @property
    def names(self) -> tuple[str, str]:
        """How both ends are called."""
        return self.digest.name_of(self.ends[0]), self.digest.name_of(self.ends[1])


def pair_view(pen: Pen, facts: PairFacts, cells: int, height: int = 0) -> list[Row]:
    """Write the view for that many cells; where the height is known, the layers use what is free."""
    there, here = facts.pairs
    wings = (
        Wing(facts.ends[0], facts.ends[1], there, facts.forth),
        Wing(facts.ends[1], facts.ends[0], here, facts.back),
    )
    rows: list[Row] = [*sentence(pen, facts, cells), []]
    rows += butterfly(pen, facts.names, wings, facts.inquiry, cells, is_airy=height >= AIRY_HEIGHT)
    rows += _section(_minutes(pen, facts, cells, height))
    columns = (_numbers(pen, facts, _column(cells)), _ways_in(pen, facts, _column(cells)))
    rows += _section(_beside(pen, columns, cells))
    columns = (_route(pen, facts, _column(cells)), _ends(pen, facts, _column(cells)))
    rows += _section(_beside(pen, columns, cells))
    return rows + _section(_troubles(pen, facts, cells))


def _column(cells: int) -> int:
    return (cells - 6) // 2 if cells >= TWO_COLUMNS else cells


def _beside(pen: Pen, columns: tuple[list[Row], list[Row]], cells: int) -> list[Row]:
    """Put two blocks beside each other, or below where that is too narrow."""
    left, right = ([clip(row, _column(cells), pen.signs.ellipsis) for row in column] for column in columns)
    if cells < TWO_COLUMNS:
        return [*left, *_section(right)]
    offset = _column(cells) + 6
    rows: list[Row] = []
    for y in range(max(len(left), len(right))):
        first = left[y] if y < len(left) else []
        rows.append([*first, *blank(offset - width_of(first)), *(right[y] if y < len(right) else [])])
    return rows


def _section(rows: Sequence[Row]) -> list[Row]:
    return [[], *rows] if rows else []


# the sentence


def sentence(pen: Pen, facts: PairFacts, cells: int) -> list[Row]:
    """Say what carries the pair, how long a round trip is, what it was before, and what stands in the way."""
    line = combine(*facts.pairs)
    mark = pen.line(f"{pen.glyph(line.look.glyph)} ", line)
    verdict, rest = _verdict(facts, line), _rest(facts, line)
    rows: list[Row] = []
    for place, text in enumerate(wrap(f"{verdict} {' '.join(rest)}".strip(), cells - 2)):
        lead = mark if place == 0 else pen("  ")
        head = text[: len(verdict)] if place == 0 else ""
        rows.append([lead, pen(head, Role.STRONG), pen(text[len(head) :])])
    for ref in facts.ends:
        node = facts.digest.snapshot.nodes.get(ref)
        lines = [] if node is None else standing_lines(pen, node, cells - 4)
        rows += [[pen("! ", Role.WARN), pen(f"{facts.digest.name_of(ref)}: "), *row] for row in lines]
    return rows


def _verdict(facts: PairFacts, line: Line) -> str:
    if line.state is not SampleState.FRESH:
        age = f" for {format_age(line.age_s)}" if line.age_s is not None else ""
        head, _, was = line.look.words.partition(", ")
        return f"{head}{age}{', ' if was else ''}{was}."
    number = f", {format_ms(line.latency_ms)} ms" if line.latency_ms is not None else ""
    return f"{_by(facts, line)}{number}."


def _by(facts: PairFacts, line: Line) -> str:
    """Say through what the packets go."""
    carrier = line.carrier
    match line.path:
        case PathKind.DIRECT:
            return "direct"
        case PathKind.DERP:
            region = carrier.derp_region if carrier is not None else None
            return f"relayed through DERP {region}" if region else "relayed through DERP"
        case PathKind.PEER_RELAY:
            relay = facts.digest.relay_of(carrier) if carrier is not None else None
            return f"relayed by {facts.digest.name_of(relay)}" if relay is not None else "relayed by a peer relay"
        case PathKind.UNKNOWN:
            return "answers, path unknown"


def _rest(facts: PairFacts, line: Line) -> list[str]:
    """Say what else one should know at once."""
    here, there = facts.names
    words = []
    if line.direction is not Direction.EVEN:
        ends = (here, there) if line.direction is Direction.THERE else (there, here)
        words.append(f"One way only: {ends[0]} gets answers, {ends[1]} gets none.")
    elif line.sides_differ:
        words.append(f"The sides differ: {line.words(here, there)}.")
    if line.state is SampleState.FRESH and line.path in {PathKind.DERP, PathKind.PEER_RELAY}:
        words += _was_direct(facts)
    return words


def _was_direct(facts: PairFacts) -> list[str]:
    """Say what a direct path brought while there was one."""
    for samples, now_s in facts.sides:
        direct = [one for one in samples if one.path is PathKind.DIRECT and one.latency_ms is not None]
        if direct:
            typical = median(one.latency_ms for one in direct if one.latency_ms is not None)
            until = facts.now - timedelta(seconds=max(0.0, now_s - direct[-1].at_s))
            return [f"Direct it was {format_ms(typical)} ms, until {until:%H:%M}."]
    return []


# the last minutes


def _minutes(pen: Pen, facts: PairFacts, cells: int, height: int) -> list[Row]:
    span = common_span(facts.sides)
    strips = Strips(
        facts.names, (facts.forth, facts.back), span, lambda sample: _named(facts.digest, sample), facts.now
    )
    rows = strip_rows(pen, strips, cells, TALL_CHART_ROWS if height >= AIRY_HEIGHT else CHART_ROWS)
    return [heading(pen, max(strips.sides, key=len), span, cells), *rows] if rows else []


def _named(digest: Digest, sample: Sample) -> str:
    match sample.path:
        case PathKind.DERP:
            return f"DERP {sample.derp_region}" if sample.derp_region else "DERP"
        case PathKind.PEER_RELAY:
            address = (sample.peer_relay or "").partition(":vni:")[0].rpartition(":")[0].strip("[]")
            ref = digest.endpoints.get(address)
            return digest.name_of(ref) if ref is not None else "peer relay"
        case PathKind.DIRECT:
            return "direct"
        case PathKind.UNKNOWN:
            return "path unknown"


# numbers and ways in

_FIGURES = {"p50": 6, "p95": 6, "jitter": 7, "loss": 6, "n": 4, "age": 8}
"""Each with its cells."""


def _numbers(pen: Pen, facts: PairFacts, cells: int) -> list[Row]:
    """Write the figures of both directions, then how often which round trip came."""
    label_cells = min(24, max(15, cells - sum(_FIGURES.values())))
    title = fit_text("round trip, ms", label_cells)
    rows: list[Row] = [
        [pen(title, Role.DIM, bold=True), *(pen(name.rjust(size), Role.CHROME) for name, size in _FIGURES.items())]
    ]
    for pair, name in zip(facts.pairs, facts.names, strict=True):
        label = arrowed(pen, name, label_cells)
        rows.append([pen(label), *_figures(pen, pair)])
    times = [one.latency_ms for samples in (facts.forth, facts.back) for one in samples if one.latency_ms is not None]
    return [*rows, *_section(histogram(pen, times, min(cells, 84)))]


def _figures(pen: Pen, pair: Pair | None) -> Row:
    if pair is None:
        return [pen.dim("  no host there")]
    is_fresh = pair.state is SampleState.FRESH
    texts = [
        *(format_ms(ms) if ms is not None else "?" for ms in (pair.p50_ms, pair.p95_ms, pair.jitter_ms)),
        format_loss(pair.loss) if pair.loss is not None else "?",
        str(pair.samples),
        format_age(pair.age_s) if pair.age_s is not None else "never",
    ]
    row: Row = []
    for (name, size), text in zip(_FIGURES.items(), texts, strict=True):
        padded = text.rjust(size)
        if name == "loss" and pair.loss:
            row.append(pen(padded, Role.WARN))
        else:
            row.append(
                pen.strong(padded) if name == "p50" and is_fresh else pen(padded) if is_fresh else pen.dim(padded)
            )
    return row


def _ways_in(pen: Pen, facts: PairFacts, cells: int) -> list[Row]:
    """Write the candidate endpoints of both ends that we can look at."""
    rows: list[Row] = []
    for place in (1, 0):
        ends = (facts.ends[1 - place], facts.ends[place])
        pair = facts.digest.pair(*ends)
        if pair is None:
            continue
        samples, now_s = facts.sides[1 - place]
        found = candidates(facts.digest, ends, samples, now_s, facts.inquiry)
        block: list[Row] = [[pen(f"candidate endpoints of {facts.names[place]}", Role.DIM, bold=True)]]
        block += candidate_rows(pen, found, pair, facts.now, cells)
        if facts.inquiry.own(facts.ends[place]) is None:
            block.append([pen.dim("only what was seen: nobody told us its own list")])
        rows += _section(block) if rows else block
    return rows


# the route, and the ends


def _route(pen: Pen, facts: PairFacts, cells: int) -> list[Row]:
    """Say which route carries the packets of each direction, and what it carried."""
    rows: list[Row] = [[pen("route used", Role.DIM, bold=True)]]
    for place, sign in ((0, pen.signs.right), (1, pen.signs.left)):
        source, target = facts.ends[place], facts.ends[1 - place]
        if facts.digest.pair(source, target) is None:
            continue
        lead = pen.dim(f"{sign} ")
        for number, text in enumerate(_route_words(facts, source, target)):
            rows += [
                [lead if number == first == 0 else pen("  "), pen(line)]
                for first, line in enumerate(wrap(text, cells - 2))
            ]
        rows += [[*blank(2), pen.dim(text)] for text in _change_words(facts, source, target)]
    return rows


def _route_words(facts: PairFacts, source: NodeRef, target: NodeRef) -> list[str]:
    """Say what of the peer's routes is used, and what else it carries."""
    node, seen = facts.digest.snapshot.nodes.get(target), facts.inquiry.seen_by(source, target)
    address = node.addresses[0] if node is not None and node.addresses else None
    if node is None or address is None:
        return ["it has no address"]
    if seen is None:
        words = [f"{address} of {facts.digest.name_of(target)}; its routes were not read"]
        return words if not node.routes else [*words, f"it serves {', '.join(node.routes)}"]
    allowed = seen.allowed_ips or ()
    carried = carrying_route(address, allowed)
    words = [f"{carried} of {facts.digest.name_of(target)}" if carried else f"no route carries {address}: policy?"]
    others = [text for text in allowed if not any(text.startswith(f"{own}/") for own in node.addresses)]
    words += [f"it also carries {', '.join(others)}"] if others else []
    words += ["it is the exit node in use"] if seen.exit_node else []
    if seen.tx_bytes or seen.rx_bytes:
        words.append(f"sent {_bytes(seen.tx_bytes)}, received {_bytes(seen.rx_bytes)}")
    return words


def _change_words(facts: PairFacts, source: NodeRef, target: NodeRef) -> list[str]:
    """Say what the source did about the target's endpoints lately."""
    changes = facts.inquiry.changes.get((source, target), ())
    told = []
    for change in changes[-MOST_CHANGES:]:
        when = parse_time(change.when)
        clock = f"{when.astimezone(facts.now.tzinfo):%H:%M:%S}" if when is not None else "--:--:--"
        told.append(f"{clock} {change.what}")
    return told


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _ends(pen: Pen, facts: PairFacts, cells: int) -> list[Row]:
    """Write the three claims about each end."""
    rows: list[Row] = []
    for ref in facts.ends[::-1]:
        node = facts.digest.snapshot.nodes.get(ref)
        if node is None:
            continue
        block = [[pen(facts.digest.name_of(ref), Role.DIM, bold=True)]]
        block += claims(pen, node, facts.digest.sum_of(ref), facts.digest.snapshot.generated_at)
        rows += _section(block) if rows else block
    return [fit(row, cells, pen.signs.ellipsis) for row in rows]


def _troubles(pen: Pen, facts: PairFacts, cells: int) -> list[Row]:
    """Say the last failure of each direction, and what hosts could not be asked."""
    rows: list[Row] = []
    for sign, pair in zip((pen.signs.right, pen.signs.left), facts.pairs, strict=True):
        if pair is not None and pair.error:
            lines = wrap(pair.error, cells - 2)
            rows += [[pen(f"{sign} " if place == 0 else "  ", Role.DIM), pen(text)] for place, text in enumerate(lines)]
    return rows + trouble_rows(pen, facts.digest, facts.inquiry, cells)


def trouble_rows(pen: Pen, digest: Digest, inquiry: Inquiry, cells: int) -> list[Row]:
    """Say what hosts could not be asked, and why; nothing is left out in silence."""
    rows: list[Row] = []
    told: dict[tuple[NodeRef, str], list[str]] = {}
    for trouble in inquiry.troubles:
        told.setdefault((trouble.host, trouble.words), []).append(trouble.what)
    for (host, words), what in told.items():
        text = f"not read from {digest.name_of(host)} ({', '.join(what)}): {words}"
        rows += [[pen.dim(line)] for line in wrap(text, cells)]
    if inquiry.waiting:
        rows.append([pen.dim("still asking")])
    return rows
