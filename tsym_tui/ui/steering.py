"""Which node lies in a direction: what `hjkl` and arrows mean on a map. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)

CELL_HEIGHT = 2.0
"""A cell is about twice as high as it is wide: distances are those that the eye sees."""

ASIDE_COSTS = 2.0
"""How much farther a step aside counts than one ahead: a straight neighbour is preferred over a near one askew."""

CONE = 1.5
"""Nodes within this much aside for each step ahead come first; the others only where nobody else lies that way."""


def steer(spots: Mapping[Key, tuple[float, float]], here: Key, across: int, down: int) -> Key | None:
    """Return the nearest node in a direction; None when nobody lies that way.

    `spots` are in cells, x to the right and y down; one of `across` and `down` is 1 or -1, the other 0.
    """
    if here not in spots:
        return None
    x, y = spots[here]
    best: tuple[bool, float, float] | None = None
    found: Key | None = None
    for key, (other_x, other_y) in spots.items():
        right, below = other_x - x, (other_y - y) * CELL_HEIGHT
        ahead, aside = (right * across, abs(below)) if across else (below * down, abs(right))
        if key == here or ahead <= 0:
            continue
        rank = (aside > CONE * ahead, ahead + ASIDE_COSTS * aside, aside)
        if best is None or rank < best:
            best, found = rank, key
    return found
