"""A trend as a bare line of braille dots, three rows high: no axis, no fill, and a least scale that keeps calm calm."""

from __future__ import annotations

from collections.abc import Sequence

ROWS = 3
_DOTS_HIGH = 4 * ROWS
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bit of each dot of a cell, by column and row."""


def spark_rows(values: Sequence[float], cells: int, least_span: float) -> tuple[str, ...]:
    """Draw values from old to new over a width; `least_span` is the smallest range that fills the height.

    The newest value stands at the right end; three blank rows for fewer than two values.
    """
    if len(values) < 2 or cells < 1:
        return (" " * max(0, cells),) * ROWS
    columns = _resampled(values, 2 * cells)
    low, high = min(columns), max(columns)
    span = max(least_span, high - low)
    middle = (low + high) / 2
    heights = [round((_DOTS_HIGH - 1) * (0.5 - (value - middle) / span)) for value in columns]
    cells_drawn = [[0] * cells for _ in range(ROWS)]
    before = heights[0]
    for column, height in enumerate(heights):
        step = 1 if height >= before else -1
        for dot in range(before + (step if height != before else 0), height + step, step) if column else (height,):
            cells_drawn[dot // 4][column // 2] |= _BITS[column % 2][dot % 4]
        before = height
    return tuple("".join(chr(0x2800 + bits) if bits else " " for bits in row) for row in cells_drawn)


def _resampled(values: Sequence[float], count: int) -> list[float]:
    """Take as many values as there are columns, evenly over time, the last one always."""
    last = len(values) - 1
    return [values[round(last * place / max(1, count - 1))] for place in range(count)]
