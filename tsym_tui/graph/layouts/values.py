"""What a layout is asked and what it answers.

Positions live in the unit square, x to the right and y down, and name the middle of a cell: column = floor(x * width).
A layout may look at the size in cells, because names are text and need room; a picture of another size still works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.groups import Criterion, Grouping
from tsym_tui.graph.model import TailnetGraph

Points = NDArray[np.float64]
"""Shape (n, 2)."""


class LayoutError(ValueError):
    """A layout cannot draw this graph here; the text says what to choose instead."""


class LayoutCancelledError(LayoutError):
    """Whoever asked does not want the answer any more; nothing is wrong with the graph."""


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
    rotation: float = 0.0
    """Degrees clockwise by which the layout's own positions were turned."""
    upright: Points | None = None
    """The layout's own positions where they are turned: what the next placement starts from. None = `positions`."""
    criterion: Criterion | None = None
    """What was asked to group by; None = the layout's own choice."""
    focus: NodeRef | None = None
    """The node in the middle of a layout that has one there."""


@dataclass(frozen=True, eq=False)
class Request:
    """One question to a layout."""

    graph: TailnetGraph
    size: Size
    seed: int
    previous: Placement | None
    """An earlier answer to the same question, whose positions should be kept; None = start anew."""
    cancel: Callable[[], bool] | None = None
    on_step: Callable[[Points], None] | None = None
    focus: int | None = None
    criterion: Criterion | None = None

    def kept(self) -> dict[int, tuple[float, float]]:
        """Return the earlier position of each node that has one."""
        if self.previous is None:
            return {}
        before = self.previous.positions if self.previous.upright is None else self.previous.upright
        return {
            self.graph.index[ref]: (float(x), float(y))
            for ref, (x, y) in zip(self.previous.refs, before, strict=True)
            if ref in self.graph.index
        }

    def groups(self, order: tuple[Criterion, ...]) -> Grouping:
        """Return the graph's groups by the criterion asked for, else by the first of `order` that serves."""
        return self.graph.grouping(order) if self.criterion is None else self.graph.grouped(self.criterion)

    def check(self) -> None:
        """Raise `LayoutCancelledError` when nobody wants the answer any more; long layouts ask between slices."""
        if self.cancel is not None and self.cancel():
            raise LayoutCancelledError("the layout was stopped")

    def step(self, positions: Points) -> None:
        """Show positions on the way, in the unit square, and look whether to go on."""
        self.check()
        if self.on_step is not None:
            self.on_step(positions)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A layout's answer."""

    positions: Points
    areas: tuple[Area, ...] = ()
    grouped: str = ""
    regions: dict[str, tuple[float, float]] | None = None
    """Places of relay marks that the layout chose itself; None = it did not."""
