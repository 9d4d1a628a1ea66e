"""The matrix of 50 hosts by 5,000 nodes at 200x60: making it once for each picture, and drawing it for each key."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tests.bench.crowds import crowd
from tests.bench.harness import Figure, alternate, compare, timed
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.themes import DARK
from tsym_tui.ui.digests import digest
from tsym_tui.ui.rows.matrix import render_matrix, room_for
from tsym_tui.ui.rows.matrixboard import Boards, Spot
from tsym_tui.ui.rows.matrixcells import read_cells
from tsym_tui.ui.rows.matrixmetric import Choice
from tsym_tui.ui.rows.matrixtiles import Tiles
from tsym_tui.ui.rows.pens import Pen

SIZE = (200, 55)
"""Of the pane in a terminal of 200x60."""

STEP = 100
"""Of so many pairs one is another value in a newer picture."""


def measure() -> Iterator[Figure]:
    """Measure drawing in groups, by column and swapped, and taking a newer picture, against reading all pairs."""
    sums = digest(crowd(5000, 50))
    cells = read_cells(sums.snapshot)
    tiles = Tiles(Pen(DARK), Choice().metric)
    sides = []
    for choice in (Choice(), Choice(by=Criterion.NONE), Choice(is_swapped=True)):
        listed = sums.order if choice.is_swapped else cells.hosts
        board = Boards().board(sums, cells, sums.order, choice, room_for(sums, listed, *SIZE))
        board.prepare()
        spot = Spot(len(board.rows.items) // 2, len(board.columns.items) // 2)
        sides.append(timed(lambda board=board, spot=spot: render_matrix(tiles, sums, board, spot, SIZE), 3))  # type: ignore[misc]  # bound now
    folded, single, swapped = alternate(*sides)
    changed = {
        key: msgspec.structs.replace(pair, age_s=1.0) if number % STEP == 0 else pair
        for number, (key, pair) in enumerate(sums.snapshot.pairs.items())
    }
    newer = msgspec.structs.replace(sums.snapshot, pairs=changed)
    whole, part = alternate(timed(lambda: read_cells(sums.snapshot)), timed(lambda: read_cells(newer, cells)), rounds=3)
    yield compare("matrix-draw-groups", folded, "ms", ("reading all pairs", whole), "<= 0.1")
    yield compare("matrix-draw-columns", single, "ms", ("reading all pairs", whole), "<= 0.1")
    yield compare("matrix-draw-swapped", swapped, "ms", ("reading all pairs", whole), "<= 0.1")
    yield compare("matrix-newer-picture", part, "ms", ("reading all pairs", whole), "<= 0.5")
