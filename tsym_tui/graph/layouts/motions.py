"""Positions in motion: turned about the middle, and the way from one placement to the next."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tsym_tui.graph.layouts.values import Points


def turned(points: Points, degrees: float) -> Points:
    """Turn positions clockwise about the middle of the unit square; what would leave it draws all of them inwards.

    Quarter turns are exact and use the square as the upright positions do.
    """
    if not degrees % 360.0 or not len(points):
        return points
    angle = math.radians(degrees)
    across, down = (points - 0.5).T
    cosine, sine = math.cos(angle), math.sin(angle)
    spun = np.column_stack([across * cosine - down * sine, across * sine + down * cosine])
    before, after = np.abs(points - 0.5).max(), np.abs(spun).max()
    if after > before > 0:
        spun *= before / after
    return np.asarray(np.clip(spun + 0.5, 0.0, 1.0))


def way(start: Points, end: Points, steps: int) -> Iterator[Points]:
    """Go from one placement to another, slowly at both ends; the last positions are `end` itself."""
    for step in range(1, steps):
        share = step / steps
        eased = share * share * (3 - 2 * share)
        yield start + (end - start) * eased
    yield end
