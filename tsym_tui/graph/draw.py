"""The map as a frame: the one entry of all drawing."""

from __future__ import annotations

from tsym_tui.graph.drawing.fan import draw_fan
from tsym_tui.graph.drawing.options import MapOptions, View
from tsym_tui.graph.drawing.plane import draw_plane
from tsym_tui.graph.frame import Frame
from tsym_tui.graph.layouts.values import Placement, Size
from tsym_tui.graph.model import TailnetGraph

__all__ = ["MapOptions", "View", "draw_map"]


def draw_map(
    graph: TailnetGraph, placement: Placement, size: tuple[int, int], options: MapOptions | None = None
) -> Frame:
    """Draw a placed graph in `size` cells.

    The placement must be of this graph: one position for each node. Any size works; what has no room is left out, names
    last.
    """
    cells = Size(max(1, size[0]), max(1, size[1]))
    if placement.layout == "arcs":
        return draw_fan(graph, cells, options or MapOptions())
    return draw_plane(graph, placement, cells, options or MapOptions())
