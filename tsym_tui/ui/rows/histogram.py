"""How often which round trip came, as columns over a scale from 0."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.graph.looks import Role
from tsym_tui.ui.rows.pens import Pen, Row, blank, width_of
from tsym_tui.ui.rows.timelines import merged

HEIGHT = 4
_STEPS = " ▁▂▃▄▅▆▇█"
_SCALES = (0.2, 0.4, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 40, 50, 100, 200, 500, 1000)


def histogram(pen: Pen, times_ms: Sequence[float], cells: int) -> list[Row]:
    """Write the columns and their scale; nothing without round trips."""
    columns = min(40, (cells - 3) // 2)
    if not times_ms or columns < 8:
        return []
    step_ms = next((step for step in _SCALES if max(times_ms) < step * columns), max(times_ms) / (columns - 1))
    columns = min(columns, max(10, int(max(times_ms) / step_ms) + 3))
    counts = [0] * columns
    for ms in times_ms:
        counts[min(columns - 1, int(ms / step_ms))] += 1
    most = max(counts)
    rows: list[Row] = []
    for y in range(HEIGHT, 0, -1):
        runs = []
        for place, count in enumerate(counts):
            filled = 8 * HEIGHT * count / most - 8 * (y - 1)
            level = min(8, max(1 if count and y == 1 else 0, round(filled)))
            sign = ("#" if level >= 4 or (level and y == 1) else " ") if pen.is_ascii else _STEPS[max(0, level)]
            runs += [pen.latency(sign, (place + 0.5) * step_ms) if sign != " " else pen(" "), *blank(1)]
        rows.append(merged(runs))
    return [*rows, [pen(("-" if pen.is_ascii else "─") * (2 * columns), Role.RULE)], _scale(pen, step_ms, columns)]


def _scale(pen: Pen, step_ms: float, columns: int) -> Row:
    """Write round numbers below their columns."""
    every = next(every for every in (5, 10, 20, 40) if columns // every <= 5)
    row: Row = []
    for place in range(0, columns, every):
        row += [*blank(2 * place - width_of(row)), pen(f"{place * step_ms:g}", Role.CHROME)]
    return [*row, *blank(2 * columns - 1 - width_of(row)), pen("ms", Role.CHROME)]
