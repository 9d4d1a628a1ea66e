"""What a layout is asked and what it answers.

Positions live in the unit square, x to the right and y down, and name the middle of a cell: column = floor(x * width).
A layout may look at the size in cells, because names are text and need room; a picture of another size still works.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.model import TailnetGraph

Points = NDArray[np.float64]
"""Shape (n, 2)."""


class LayoutError(ValueError):
    """A layout cannot draw this graph here; the text says what to choose instead."""


class Area(NamedTuple):
    """A tinted rectangle of nodes that belong together, edges in the unit square."""

    title: str
    detail: str
    left: float
    top: float
    right: float
    bottom: float


class Size(NamedTuple):
    """Cells."""

    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Placement:
    """Where everything is."""

    layout: str
    refs: tuple[NodeRef, ...]
    """Whose positions these are, so that the next placement can keep them when nodes come and go."""
    positions: Points
    size: Size
    """The cells that it was made for."""
    areas: tuple[Area, ...] = ()
    regions: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Where the mark of each DERP region is."""
    grouped: str = ""
    """Words for what areas mean; empty when there are none."""


@dataclass(frozen=True, eq=False)
class Request:
    """One question to a layout."""

    graph: TailnetGraph
    size: Size
    seed: int
    previous: Placement | None

    def kept(self) -> dict[int, tuple[float, float]]:
        """Return the earlier position of each node that has one."""
        if self.previous is None:
            return {}
        return {
            self.graph.index[ref]: (float(x), float(y))
            for ref, (x, y) in zip(self.previous.refs, self.previous.positions, strict=True)
            if ref in self.graph.index
        }


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A layout's answer."""

    positions: Points
    areas: tuple[Area, ...] = ()
    grouped: str = ""
    regions: dict[str, tuple[float, float]] | None = None
    """Places of relay marks that the layout chose itself; None = it did not."""
