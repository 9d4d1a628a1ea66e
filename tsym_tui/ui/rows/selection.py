"""Whatever is selected, in full: a pair, else a node."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tsym_agent.model.documents import host_entry, node_entry, pair_entry
from tsym_agent.model.ids import NodeRef
from tsym_tui.fleet.inquiry import Inquiry, Pong
from tsym_tui.graph.looks import format_ms
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.nodedetail import MOST_PAIRS, line_between, node_rows
from tsym_tui.ui.rows.nodeview import NodeFacts, node_view
from tsym_tui.ui.rows.pairdetail import pair_rows
from tsym_tui.ui.rows.pairview import LEAST_CELLS, PairFacts, pair_view
from tsym_tui.ui.rows.pens import Pen, Row
from tsym_tui.ui.source import Sample, SnapshotSource
from tsym_tui.ui.views import View

COLUMN_CELLS = 76
"""Widest useful column of details."""


def selection_rows(
    pen: Pen, view: View, samples: Sequence[Sample], cells: int, most_pairs: int = MOST_PAIRS
) -> list[Row]:
    """Write the selected pair, else the selected node."""
    if view.digest is None or view.node is None:
        return [[pen.dim("nothing selected")]]
    if view.pair is not None:
        return pair_rows(pen, view.digest, view.pair, samples, cells)
    return node_rows(pen, view.digest, view.node, cells, most_pairs)


def selection_line(pen: Pen, view: View) -> Row:
    """Write the selected pair in one line: what a terminal without room for a pane gets; nothing without a pair."""
    if view.pair is None or view.digest is None:
        return []
    here, there = view.pair
    line = line_between(view.digest, here, there)
    name = view.digest.name_of
    ends = [pen.accent(name(here)), pen.dim(f" {pen.signs.both_ways} "), pen.accent(name(there)), pen("  ")]
    head = line.look.words.partition(",")[0]
    number = f"{format_ms(line.latency_ms)} ms" if line.latency_ms is not None else ""
    return [*ends, pen.line(pen.glyph(line.look.glyph), line), pen(f" {head} "), pen.line(number, line)]


def full_rows(pen: Pen, view: View, samples: Sequence[Sample], cells: int) -> list[Row]:
    """Write the selection as text that stands alone, for copying."""
    return selection_rows(pen, view, samples, min(cells, COLUMN_CELLS))


def detail_rows(
    pen: Pen, view: View, source: SnapshotSource | None, inquiry: Inquiry, now: datetime, size: tuple[int, int]
) -> list[Row]:
    """Write the selection for a whole screen of `size` (cells, rows), with what hosts were asked about it."""
    cells, height = size
    if view.digest is None or view.node is None:
        return [[pen.dim("nothing selected")]]
    if view.pair is None:
        return node_view(pen, NodeFacts(view.digest, view.node, inquiry, now), cells)
    if cells < LEAST_CELLS:
        return pair_rows(pen, view.digest, view.pair, pair_history(view, source), cells)
    forth, back = both_histories(view.pair, source)
    return pair_view(pen, PairFacts(view.digest, view.pair, forth, back, inquiry, now), cells, height)


def both_histories(
    pair: tuple[NodeRef, NodeRef], source: SnapshotSource | None
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Return the remembered probes of both directions."""
    return ((), ()) if source is None else (source.history(pair), source.history(pair[::-1]))


def raw_value(view: View, source: SnapshotSource | None, inquiry: Inquiry) -> object:
    """Return everything that is known of the selection as JSON: what we print, then what hosts said."""
    digest = view.digest
    if digest is None or view.node is None:
        return {}
    said = {
        f"{digest.name_of(host)} says of {digest.name_of(about)}": entry.raw
        for (host, about), entry in inquiry.entries.items()
    }
    said |= {f"prefs of {digest.name_of(ref)}": wishes.raw for ref, wishes in inquiry.wishes.items()}
    if view.pair is None:
        node, host = digest.snapshot.nodes.get(view.node), digest.sum_of(view.node).host
        return {"node": node_entry(node) if node else None, "host": host_entry(host) if host else None, **said}
    pairs = [digest.pair(*ends) for ends in (view.pair, view.pair[::-1])]
    return {
        "there": pair_entry(pairs[0]) if pairs[0] else None,
        "back": pair_entry(pairs[1]) if pairs[1] else None,
        "pings": [_pong_entry(digest, pong) for pong in inquiry.pongs.values()],
        "endpoint changes": {
            f"{digest.name_of(host)} of {digest.name_of(peer)}": [
                {"when": one.when, "what": one.what} for one in changes
            ]
            for (host, peer), changes in inquiry.changes.items()
        },
        **said,
        "samples": {
            sign: [_sample_entry(sample) for sample in samples[-MOST_SAMPLES:]]
            for sign, samples in zip(("there", "back"), both_histories(view.pair, source), strict=True)
        },
    }


MOST_SAMPLES = 64


def _pong_entry(digest: Digest, pong: Pong) -> dict[str, object]:
    return {
        "from": digest.name_of(pong.host),
        "to": digest.name_of(pong.peer),
        "ping": pong.kind.json_name,
        "latency_ms": pong.latency_ms,
        "error": pong.error,
    }


def _sample_entry(sample: Sample) -> dict[str, object]:
    return {
        "at_s": round(sample.at_s, 1),
        "latency_ms": None if sample.latency_ms is None else round(sample.latency_ms, 3),
        "path": sample.path.value,
        "endpoint": sample.endpoint,
        "derp_region": sample.derp_region,
        "peer_relay": sample.peer_relay,
    }


def pair_history(view: View, source: SnapshotSource | None) -> tuple[Sample, ...]:
    """Return the samples of the selected pair, measured by whichever end has a host."""
    if view.pair is None or source is None:
        return ()
    here, there = view.pair
    return source.history((here, there)) or source.history((there, here))


def plain_text(rows: Sequence[Row]) -> str:
    """Return rows as text without looks, for copying."""
    return "\n".join("".join(run.text for run in row).rstrip() for row in rows) + "\n"
