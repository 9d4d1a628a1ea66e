"""What one picture of a plane is made from: the graph, where everything is in cells, and what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.drawing.options import MapOptions
from tsym_tui.graph.drawing.paint import DOTS_ACROSS, DOTS_DOWN
from tsym_tui.graph.drawing.raster import Floats
from tsym_tui.graph.drawing.strokes import ref_index
from tsym_tui.graph.layouts.values import Placement, Size
from tsym_tui.graph.model import TailnetGraph

MOST_APART = 640
"""Of more nodes than this nobody is told apart anyway: those that would share a cell do."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture in the making."""

    graph: TailnetGraph
    placement: Placement
    size: Size
    options: MapOptions
    cells: NDArray[np.int64]
    """(n, 2): the cell of each node; may lie outside when zoomed."""
    marks: dict[str, tuple[int, int]]
    """The cell of each region's mark."""

    @classmethod
    def of(cls, graph: TailnetGraph, placement: Placement, size: Size, options: MapOptions) -> Scene:
        """Turn a placement into cells."""
        return cls(graph, placement, size, options, _cells(placement, size, options), _marks(placement, size, options))

    @property
    def dots(self) -> Floats:
        """The dot that stands for each node: the middle of its cell."""
        return np.asarray(self.cells * np.array([DOTS_ACROSS, DOTS_DOWN]) + np.array([0.0, 2.0]))

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Which nodes are in the picture."""
        return np.asarray(((self.cells >= 0) & (self.cells < np.array(self.size))).all(axis=1))

    @cached_property
    def area_boxes(self) -> list[Box]:
        """Each area as whole cells, right and bottom inside."""
        view, size = self.options.view, self.size
        boxes = []
        for area in self.placement.areas:
            across = [((x - view.x) * view.zoom + 0.5) * size.width for x in (area.left, area.right)]
            down = [((y - view.y) * view.zoom + 0.5) * size.height for y in (area.top, area.bottom)]
            boxes.append((round(across[0]), round(down[0]), round(across[1]) - 1, round(down[1]) - 1))
        return boxes

    @cached_property
    def chosen(self) -> set[int]:
        """The selected and the focused nodes."""
        options = self.options
        return {ref_index(self.graph, ref) for ref in (*options.selected, options.focus)} - {-1}


def _cells(placement: Placement, size: Size, options: MapOptions) -> NDArray[np.int64]:
    """Return the cell of each node; nodes that would share one step aside."""
    view = options.view
    unit = (placement.positions - np.array([view.x, view.y])) * view.zoom + 0.5
    cells: NDArray[np.int64] = np.floor(unit * np.array([size.width, size.height])).astype(np.int64)
    if view.zoom == 1.0:
        cells = np.clip(cells, 0, np.array([size.width - 1, size.height - 1]))
    if len(cells) > MOST_APART:
        return cells
    _, first = np.unique(cells @ _APART, return_index=True)
    if len(first) < len(cells):
        taken = set(map(tuple, cells[first].tolist()))
        for late in np.setdiff1d(np.arange(len(cells)), first).tolist():
            x, y = cells[late].tolist()
            cells[late] = spot = _aside(x, y, taken)
            taken.add(spot)
    return cells


def _aside(x: int, y: int, taken: set[tuple[int, ...]]) -> tuple[int, int]:
    """Return the nearest cell that nobody has; a crowded one where there is none near."""
    return next((x + dx, y + dy) for dx, dy in _ASIDE if (x + dx, y + dy) not in taken or (dx, dy) == _ASIDE[-1])


_APART = np.array([1 << 32, 1], dtype=np.int64)
"""Makes one number of a cell: finding equal ones is ten times as fast."""

_ASIDE = sorted(
    ((dx, dy) for dx in range(-6, 7, 2) for dy in range(-3, 4)), key=lambda d: (d[0] ** 2 + 4 * d[1] ** 2, d)
)


def _marks(placement: Placement, size: Size, options: MapOptions) -> dict[str, tuple[int, int]]:
    view = options.view
    return {
        code: (
            int(np.floor(((x - view.x) * view.zoom + 0.5) * size.width)),
            int(np.floor(((y - view.y) * view.zoom + 0.5) * size.height)),
        )
        for code, (x, y) in placement.regions.items()
    }
