"""A pair of nodes in full: verdict, both directions in numbers, the last minutes, and the far end's three claims."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_tui.graph.looks import Direction, Line, Role, combine, format_age, format_loss, format_ms
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.facts import claims, fact, standing_lines
from tsym_tui.ui.rows.history import history_rows, now_of
from tsym_tui.ui.rows.pens import Pen, Row, blank, fit_text, spread, wrap
from tsym_tui.ui.source import Sample

_LABEL_CELLS = 8
_FIGURE_CELLS = 7
"""Two figures with their arrows and a label fill 26 cells, the narrowest pane."""


def pair_rows(
    pen: Pen, digest: Digest, ends: tuple[NodeRef, NodeRef], samples: Sequence[Sample], cells: int
) -> list[Row]:
    """Write a pair for a pane of that many cells."""
    here, there = ends
    forth, back = digest.pair(here, there), digest.pair(there, here)
    line = combine(forth, back)
    rows: list[Row] = [
        [pen.accent(digest.name_of(here)), pen.dim(f" {pen.signs.both_ways} "), pen.accent(digest.name_of(there))],
        [],
        verdict(pen, line, cells),
        *_standing(pen, digest, ends, cells),
        [],
        *_numbers(pen, forth, back),
    ]
    rows += _section(history_rows(pen, samples, now_of(samples, forth if forth is not None else back), cells))
    rows += _section([*_route(pen, digest, line, cells), *_troubles(pen, digest, ends, cells)])
    rows += _section(_claims(pen, digest, ends))
    return rows


def verdict(pen: Pen, line: Line, cells: int) -> Row:
    """Say the class and the one number of a pair, or what is wrong with it and since when."""
    look = line.look
    mark = pen.line(pen.glyph(look.glyph), line)
    if line.state is SampleState.FRESH:
        words = look.words
        carrier = line.carrier
        if line.path is PathKind.DERP and carrier is not None and carrier.derp_region:
            words = f"DERP {carrier.derp_region}"
        number = pen.latency(format_ms(line.latency_ms), line.latency_ms, line.age_s, bold=True)
        unit = pen.latency(" ms", line.latency_ms, line.age_s) if line.latency_ms is not None else pen("")
        way = [pen(" one way", Role.WARN)] if line.direction is not Direction.EVEN else []
        return spread([mark, pen(" "), pen.strong(words), *way], [number, unit], cells)
    since = [pen(format_age(line.age_s), look.role)] if line.age_s is not None else []
    head, comma, rest = look.words.partition(",")
    return spread([mark, pen(" "), pen(head, look.role, bold=True), pen.dim(comma + rest)], since, cells)


def _standing(pen: Pen, digest: Digest, ends: tuple[NodeRef, NodeRef], cells: int) -> list[Row]:
    """Say which end may not take part."""
    nodes = [digest.snapshot.nodes[ref] for ref in ends if ref in digest.snapshot.nodes]
    rows: list[Row] = []
    for node in nodes:
        lines = standing_lines(pen, node, cells)
        rows += [[pen(digest.name_of(node.ref))], *lines] if lines else []
    return rows


def _numbers(pen: Pen, forth: Pair | None, back: Pair | None) -> list[Row]:
    """Write the figures of both directions side by side."""
    if forth is None and back is None:
        return [[pen.dim("no host at either end")]]
    right, left = pen.signs.right, pen.signs.left
    rows = []
    for label, there, here in (
        ("p50", _ms(forth, "p50_ms"), _ms(back, "p50_ms")),
        ("p95", _ms(forth, "p95_ms"), _ms(back, "p95_ms")),
        ("jitter", _ms(forth, "jitter_ms"), _ms(back, "jitter_ms")),
        ("loss", _loss(forth), _loss(back)),
    ):
        rows.append(
            [
                pen.dim(fit_text(label, _LABEL_CELLS)),
                *_figure(pen, right, forth, there),
                *_figure(pen, left, back, here if label != "p50" or back is not None else "no host"),
            ]
        )
    return rows


def _figure(pen: Pen, sign: str, pair: Pair | None, text: str) -> Row:
    """Write one figure after its direction's arrow."""
    fitted = fit_text(text, _FIGURE_CELLS)
    is_known = pair is not None and pair.state is SampleState.FRESH
    return [pen.dim(f"{sign} "), pen(fitted) if is_known else pen.dim(fitted)]


def _ms(pair: Pair | None, name: str) -> str:
    if pair is None:
        return ""
    value: float | None = getattr(pair, name)
    return format_ms(value)


def _loss(pair: Pair | None) -> str:
    return "" if pair is None else format_loss(pair.loss)


def _route(pen: Pen, digest: Digest, line: Line, cells: int) -> list[Row]:
    """Say through what the packets go, and how it is known."""
    carrier = line.carrier
    if carrier is None:
        return []
    rows = []
    if carrier.path is PathKind.DIRECT and carrier.endpoint:
        rows.append(fact(pen, "via", carrier.endpoint))
    if carrier.path is PathKind.DERP and carrier.derp_region:
        rows.append(fact(pen, "via", f"DERP {carrier.derp_region}"))
    if carrier.path is PathKind.PEER_RELAY:
        relay = digest.relay_of(carrier)
        rows.append(fact(pen, "via", digest.name_of(relay) if relay is not None else "a peer relay"))
        rows += [fact(pen, "", carrier.peer_relay.partition(":vni:")[0])] if carrier.peer_relay else []
    if line.sides_differ and line.back is not None and line.there is not None:
        rows += [[pen(text, Role.WARN)] for text in wrap(line.words("there", "back"), cells)]
    rows.append(fact(pen, "known by", _evidence(carrier)))
    return rows


def _evidence(pair: Pair) -> str:
    """Say what the class rests on."""
    if pair.ping is None:
        return "status, not probed"
    if pair.ping is PingKind.DISCO:
        return f"{pair.samples} {'probe' if pair.samples == 1 else 'probes'}"
    return f"{pair.samples} {pair.ping.value} {'ping' if pair.samples == 1 else 'pings'}"


def _troubles(pen: Pen, digest: Digest, ends: tuple[NodeRef, NodeRef], cells: int) -> list[Row]:
    """Say the last failure of each direction in its own words."""
    rows: list[Row] = []
    for sign, key in ((pen.signs.right, ends), (pen.signs.left, (ends[1], ends[0]))):
        pair = digest.pair(*key)
        if pair is not None and pair.error:
            lines = wrap(pair.error, cells - 2)
            rows += [[pen.dim(f"{sign} " if first else "  "), pen(text)] for first, text in _with_first(lines)]
    return rows


def _with_first(lines: Sequence[str]) -> list[tuple[bool, str]]:
    return [(place == 0, line) for place, line in enumerate(lines)]


def _claims(pen: Pen, digest: Digest, ends: tuple[NodeRef, NodeRef]) -> list[Row]:
    """Write the far end's claims, under its name."""
    node = digest.snapshot.nodes.get(ends[1])
    if node is None:
        return []
    rows = claims(pen, node, digest.sum_of(node.ref), digest.snapshot.generated_at)
    return [[pen.dim(digest.name_of(node.ref))], *rows]


def _section(rows: list[Row]) -> list[Row]:
    """Put a blank row before a block that has something to say."""
    return [[*blank(0)], *rows] if rows else []
