"""Whatever is selected, in full: a pair, else a node."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.graph.looks import format_ms
from tsym_tui.ui.rows.nodedetail import MOST_PAIRS, line_between, node_rows
from tsym_tui.ui.rows.pairdetail import pair_rows
from tsym_tui.ui.rows.pens import Pen, Row, blank, width_of
from tsym_tui.ui.source import Sample, SnapshotSource
from tsym_tui.ui.views import View

COLUMN_CELLS = 56
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
    """Write the selection for a whole screen: a pair beside its far end where there is room for two columns."""
    if view.pair is None or view.digest is None or cells < 76:
        return selection_rows(pen, view, samples, min(cells, 76))
    left_cells = min(COLUMN_CELLS, (cells - 4) // 2)
    left = selection_rows(pen, view, samples, left_cells)
    right = node_rows(pen, view.digest, view.pair[1], min(COLUMN_CELLS, cells - 4 - left_cells))
    return _side_by_side(left, right, left_cells + 4)


def _side_by_side(left: Sequence[Row], right: Sequence[Row], offset: int) -> list[Row]:
    """Put two blocks beside each other, the right one starting at a column."""
    rows: list[Row] = []
    for place in range(max(len(left), len(right))):
        first = list(left[place]) if place < len(left) else []
        second = list(right[place]) if place < len(right) else []
        rows.append([*first, *blank(offset - width_of(first)), *second])
    return rows


def pair_history(view: View, source: SnapshotSource | None) -> tuple[Sample, ...]:
    """Return the samples of the selected pair, measured by whichever end has a host."""
    if view.pair is None or source is None:
        return ()
    here, there = view.pair
    return source.history((here, there)) or source.history((there, here))


def plain_text(rows: Sequence[Row]) -> str:
    """Return rows as text without looks, for copying."""
    return "\n".join("".join(run.text for run in row).rstrip() for row in rows) + "\n"
