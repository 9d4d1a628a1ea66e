"""What stands out for a while: paths that were asked for, and what the mouse is over.

A path keeps its colours and dashes, for these mean something; the ground under it lights up. Where a theme has no
grounds, its lines turn bold and its names reverse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph import edges as codes
from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.curves import points_at
from tsym_tui.graph.drawing.numbers import SHARES, number_text
from tsym_tui.graph.drawing.paint import DOTS_ACROSS, DOTS_DOWN, Batch, Pen
from tsym_tui.graph.drawing.raster import Flags, Floats, trace
from tsym_tui.graph.drawing.scenes import Scene
from tsym_tui.graph.drawing.strokes import line_style, lit_lines, ref_index
from tsym_tui.graph.looks import Role
from tsym_tui.graph.themes import PLAIN, Style

MOST_LIT = 12
"""A node with more lines than this does not light them all up: its name is enough."""

_CELL = np.array([DOTS_ACROSS, DOTS_DOWN])


def light_paths(scene: Scene, canvas: Canvas, curves: Mapping[int, Floats]) -> None:
    """Make the paths stand out that were asked for."""
    paths = scene.options.highlight
    if paths:
        nodes = {ref_index(scene.graph, ref) for path in paths for ref in path} - {-1}
        _light(scene, canvas, curves, lit_lines(scene.graph, paths), nodes, Role.SELECTION)


def hover_over(scene: Scene, canvas: Canvas, curves: Mapping[int, Floats], hover: Sequence[NodeRef]) -> None:
    """Make what the mouse is over stand out: a node with its lines, or a line with its ends."""
    graph = scene.graph
    nodes = [node for ref in hover if (node := ref_index(graph, ref)) >= 0]
    if len(nodes) == 2:
        lines = lit_lines(graph, [tuple(hover)])
        for line in lines:
            _write_number(scene, canvas, line, _curve(scene, curves, line))
    else:
        lines = [line for node in nodes for line in graph.lines_of(node)]
        lines = lines if len(lines) <= MOST_LIT else []
    for node in nodes:
        _write_name(scene, canvas, node)
    _light(scene, canvas, curves, lines, set(nodes), Role.RAISED)


def _light(
    scene: Scene, canvas: Canvas, curves: Mapping[int, Floats], lines: Sequence[int], nodes: set[int], role: Role
) -> None:
    drawn = [line for line in lines if scene.graph.edges.state[line] != codes.NEVER]
    _draw_again(scene, canvas, curves, drawn)
    along = np.zeros((canvas.height, canvas.width), dtype=bool)
    for line in drawn:
        along |= _cells_along(_curve(scene, curves, line), along.shape)
    light_cells(canvas, nodes, along, scene.options.theme.colour(role))


def light_cells(canvas: Canvas, nodes: set[int], along: Flags, ground: str | None) -> None:
    """Light up the cells of some nodes, and some others, on a ground; without one they turn reverse and bold."""
    named = canvas.nodes.of(nodes)
    if ground is not None:
        canvas.tint_cells(along | named, ground)
    else:
        canvas.restyle(along & ~named, _bold)
        canvas.restyle(named, _reverse)


def _draw_again(scene: Scene, canvas: Canvas, curves: Mapping[int, Floats], lines: Sequence[int]) -> None:
    """Draw lines over others, so that none hides their dashes."""
    if not lines:
        return
    values = [scene.graph.lines[line] for line in lines]
    styles = [line_style(value, scene.options) for value in values]
    table = list(dict.fromkeys(styles))
    order = sorted(range(len(lines)), key=lambda place: table.index(styles[place]))
    pen = Pen(canvas.width, canvas.height, scene.options.level, keep_cover=False)
    slots = np.array([table.index(styles[place]) + 1 for place in order], dtype=np.uint8)
    strokes = [stroke for place in order if (stroke := values[place].look.stroke) is not None]
    batch = Batch.of(slots, np.full(len(order), -1, dtype=np.int32), strokes)
    pen.curved([_curve(scene, curves, lines[place]) for place in order], batch)
    pen.put(canvas, [PLAIN, *table], over_lines=True)


def _curve(scene: Scene, curves: Mapping[int, Floats], line: int) -> Floats:
    first, second = scene.graph.ends
    known = curves.get(line)
    return scene.dots[[int(first[line]), int(second[line])]] if known is None else known


def _cells_along(curve: Floats, shape: tuple[int, int]) -> Flags:
    """Return the cells that a polyline passes."""
    cells = np.zeros(shape, dtype=bool)
    path = trace([curve / _CELL - 0.5 + 1e-9])
    inside = (path.x >= 0) & (path.x < shape[1]) & (path.y >= 0) & (path.y < shape[0])
    cells[path.y[inside], path.x[inside]] = True
    return cells


def _write_name(scene: Scene, canvas: Canvas, node: int) -> None:
    """Write a node's name in full beside its marker, whatever is there, unless it has been written."""
    x, y = (int(place) for place in scene.cells[node])
    name = f" {settle(scene.graph.names[node])} "
    if not scene.inside[node] or np.count_nonzero(canvas.nodes.of([node])) >= width(name) - 1:
        return
    left = x + 1 if x + 1 + width(name) <= canvas.width else x - width(name)
    canvas.write(max(0, left), y, name, scene.options.theme.style(Role.TEXT), node=node, margin=0)


def _write_number(scene: Scene, canvas: Canvas, line: int, curve: Floats) -> None:
    """Write what a line says of both directions, where no text is."""
    value, level = scene.graph.lines[line], scene.options.level
    number = number_text(value, curve[-1] - curve[0], level)
    text = number if value.sign(level) else f"{value.look.mark(level)} {number}".rstrip()
    for x, y in np.floor(points_at(curve, SHARES) / _CELL).astype(np.int64).tolist():
        left = x - width(text) // 2
        if canvas.is_free(left - 1, y, width(text) + 2):
            canvas.write(left - 1, y, f" {text} ", _bold(line_style(value, scene.options)), margin=0)
            return


def _bold(style: Style) -> Style:
    return msgspec.structs.replace(style, bold=True, dim=False)


def _reverse(style: Style) -> Style:
    return msgspec.structs.replace(style, reverse=True, dim=False)
