"""How a benchmark reports: a figure, the baseline of the same run, their ratio and its limit.

Absolute times differ between machines and minutes; the ratio of two things measured in turn in one run does not, so
that is what has a limit. Repetitions alternate between the two sides, and each side counts by its best round, since
other work on a shared machine only ever adds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

RESULTS = Path(".bench")


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    figure: float
    unit: str
    baseline: str
    """What the ratio is taken against."""
    ratio: float
    limit: str
    """`<= 8` or `>= 3`: what the ratio (or, with a unit, the figure) must keep; empty = only reported."""
    ok: bool

    def save(self) -> None:
        """Write `.bench/NAME.json`."""
        RESULTS.mkdir(exist_ok=True)
        body = msgspec.json.format(msgspec.json.encode(asdict(self)), indent=2)
        (RESULTS / f"{self.name}.json").write_bytes(body + b"\n")


def compare(name: str, figure: float, unit: str, baseline: tuple[str, float], limit: str) -> Figure:
    """Make the figure for `figure` against a baseline given as (words, value in the same unit)."""
    words, value = baseline
    ratio = figure / value
    return Figure(name, figure, unit, words, ratio, limit, keeps(limit, ratio, figure))


def keeps(limit: str, ratio: float, figure: float) -> bool:
    """Say whether a limit holds: of the ratio, or of the figure when the limit names a unit."""
    if not limit:
        return True
    sign, number, *unit = limit.split()
    measured = figure if unit else ratio
    return measured <= float(number) if sign == "<=" else measured >= float(number)


def alternate(*sides: Callable[[], float], rounds: int = 7) -> list[float]:
    """Measure several sides in turn, after one warm-up, and return each side's best round."""
    for side in sides:
        side()
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for index, side in enumerate(sides):
            taken[index].append(side())
    return [min(values) for values in taken]


def timed(function: Callable[[], object], repeat: int = 1) -> Callable[[], float]:
    """Wrap a function so that calling it returns milliseconds a call."""

    def measure() -> float:
        gc.collect()
        start = time.perf_counter()
        for _ in range(repeat):
            function()
        return (time.perf_counter() - start) * 1000 / repeat

    return measure


def table(figures: list[Figure]) -> Iterator[str]:
    """Lay the figures out for a person."""
    header = ("name", "figure", "baseline", "ratio", "limit", "")
    rows = [
        (f.name, f"{f.figure:.2f} {f.unit}", f.baseline, f"{f.ratio:.2f}", f.limit, "ok" if f.ok else "OVER")
        for f in figures
    ]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
