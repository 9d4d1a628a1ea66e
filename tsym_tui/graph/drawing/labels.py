"""Names beside their markers: each takes the side where it covers the fewest lines and touches nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.cells import clip_middle, width
from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.themes import Style

SHORTEST = 4
"""A name cut below this says nothing."""


class Label(msgspec.Struct, frozen=True):
    """Some rows of text that belong to a marker."""

    x: int
    y: int
    rows: tuple[tuple[str, Style], ...]
    node: int | None = None
    home: tuple[int, int, int, int] | None = None
    """Rectangle (left, top, right, bottom) that it should stay in; None = anywhere."""
    shuns: tuple[tuple[int, int, int, int], ...] = ()
    """Rectangles that it should stay out of."""


class LineCover:
    """How many cells of a rectangle have lines in them, in four look-ups."""

    def __init__(self, drawn: NDArray[np.bool_]) -> None:
        """Take a (height, width) mask of cells with lines; it is read when it is first asked about."""
        self._drawn = drawn
        self._rows, self._columns = drawn.shape[0] + 1, drawn.shape[1] + 1

    @cached_property
    def _sums(self) -> list[list[int]]:
        sums = np.zeros((self._rows, self._columns), dtype=np.int64)
        sums[1:, 1:] = self._drawn.cumsum(axis=0).cumsum(axis=1)
        sums_in_lists: list[list[int]] = sums.tolist()  # single numbers are read: a list gives them four times as fast
        return sums_in_lists

    def count(self, left: int, top: int, right: int, bottom: int) -> int:
        """Return the number of such cells; right and bottom are outside."""
        left, right = max(0, left), min(self._columns - 1, max(left, right))
        above, below = self._sums[max(0, top)], self._sums[min(self._rows - 1, max(top, bottom))]
        covered: int = below[right] - above[right] - below[left] + above[left]
        return covered


class Spot(NamedTuple):
    """Where a label stands, seen from its marker, and how much of it."""

    across: int
    down: int
    limit: int
    """Longest text."""
    rows: int


def place_label(canvas: Canvas, label: Label, cover: LineCover, ellipsis: str, longest: int = 24) -> Spot | None:
    """Write a label where it fits best, shortened if it must be; return where; None = nowhere."""
    limit = longest
    while True:
        rows = [(clip_middle(text, limit, ellipsis), style) for text, style in label.rows]
        best = min(_scored(canvas, label, rows, cover), default=None)
        if best is not None:
            _, _, x, y = best
            _write(canvas, label, rows, (x, y))
            return Spot(x - label.x, y - label.y, limit, len(rows))
        wide = max(width(text) for text, _ in rows)
        if wide > 10:
            limit = min(wide - 1, 10)
        elif len(label.rows) > 1:
            label, limit = msgspec.structs.replace(label, rows=label.rows[:1]), longest
        elif wide > SHORTEST:
            limit = wide - 2
        else:
            return None


def place_again(canvas: Canvas, label: Label, spot: Spot, ellipsis: str) -> bool:
    """Write a label where it stood in an earlier picture; return whether there is still room."""
    rows = [(clip_middle(text, spot.limit, ellipsis), style) for text, style in label.rows[: spot.rows]]
    x, y = label.x + spot.across, label.y + spot.down
    if not all(canvas.is_free(x, y + row, width(text)) for row, (text, _) in enumerate(rows)):
        return False
    _write(canvas, label, rows, (x, y))
    return True


def _write(canvas: Canvas, label: Label, rows: Sequence[tuple[str, Style]], spot: tuple[int, int]) -> None:
    for offset, (text, style) in enumerate(rows):
        canvas.write(spot[0], spot[1] + offset, text, style, node=label.node)


def _scored(
    canvas: Canvas, label: Label, rows: Sequence[tuple[str, Style]], cover: LineCover
) -> Iterator[tuple[float, int, int, int]]:
    """Yield (price, order, x, y) of each place where all rows fit."""
    wide, high = max(width(text) for text, _ in rows), len(rows)
    for order, (x, y, detour) in enumerate(_candidates(label, wide, high, canvas.width)):
        if all(canvas.is_free(x, y + row, wide) for row in range(high)):
            lines = cover.count(x - 1, y, x + wide + 1, y + high)
            price = detour + lines + _misplaced(label, x, y, wide, high) + _touching(canvas, x, y, rows)
            yield price, order, x, y
            if price <= detour:
                return  # every later place is a longer detour


TOUCHING = 4.0
"""The price of standing right beside something else: it reads as the name of the wrong marker."""


def _touching(canvas: Canvas, x: int, y: int, rows: Sequence[tuple[str, Style]]) -> float:
    """Return the price of every end of a row that has something beside it."""
    ends = [(at, y + down) for down, (text, _) in enumerate(rows) for at in (x - 1, x + width(text))]
    return TOUCHING * sum(0 <= at < canvas.width and not canvas.is_free(at, row, 1) for at, row in ends)


def _misplaced(label: Label, x: int, y: int, wide: int, high: int) -> float:
    """Return the price of standing outside the own rectangle, or inside somebody else's."""
    price = 0.0
    if label.home is not None:
        left, top, right, bottom = label.home
        price += 3 * (max(0, left - x) + max(0, x + wide - 1 - right))
        price += 2 * wide * (y < top or y + high - 1 > bottom)
    for left, top, right, bottom in label.shuns:
        across = min(right, x + wide - 1) - max(left, x) + 1
        price += max(0, across) * (y <= bottom and y + high - 1 >= top)
    return price


def _candidates(label: Label, wide: int, high: int, columns: int) -> Iterator[tuple[int, int, float]]:
    """Yield places around the marker, best first: right, below, left, above, and the corners."""
    x, y = label.x, label.y
    middle = min(max(0, x - wide // 2), max(0, columns - wide))
    yield x + 2, y, 0.0
    yield middle, y + 1, 0.8
    yield x - 1 - wide, y, 1.2
    yield middle, y - high, 1.6
    yield x + 1, y + 1, 2.4
    yield x - wide, y + 1, 2.6
    yield x + 1, y - high, 2.8
    yield x - wide, y - high, 3.0
