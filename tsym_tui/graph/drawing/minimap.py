"""The whole in a corner, while only a part is seen: a dot for each node, and a frame around what is on screen."""

from __future__ import annotations

import numpy as np

from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.paint import Pen
from tsym_tui.graph.drawing.scenes import Box, Scene
from tsym_tui.graph.looks import Level, NodeKind, Role
from tsym_tui.graph.themes import PLAIN

LARGEST, SMALLEST = (30, 9), (12, 4)
"""Columns and rows, frame included."""

_EDGES = {Level.ASCII: "--||++++"}
_LINES = "──││┌┐└┘"


def reserve_mini_map(scene: Scene, canvas: Canvas) -> Box | None:
    """Take the corner that the mini-map will stand in; None when it is not wanted or there is no room."""
    size, options = scene.size, scene.options
    columns, rows = min(LARGEST[0], size.width // 4), min(LARGEST[1], size.height // 3)
    if not options.mini_map or options.view.zoom <= 1 or columns < SMALLEST[0] or rows < SMALLEST[1]:
        return None
    box = (size.width - columns, size.height - rows, size.width - 1, size.height - 1)
    for y in range(box[1], box[3] + 1):
        canvas.write(box[0], y, " " * columns, PLAIN, margin=1)
    canvas.tint(*box, options.theme.colour(Role.RAISED))
    return box


def write_mini_map(scene: Scene, canvas: Canvas, box: Box) -> None:
    """Draw every node where it stands in the whole, and a frame around the part that is seen."""
    left, top, right, bottom = box
    columns, rows = right - left + 1, bottom - top + 1
    theme, level = scene.options.theme, scene.options.level
    kinds = scene.graph.kinds
    roles = [Role.TEXT, Role.STALE, Role.DEAD]
    slots = np.array([1 + (kind is NodeKind.SILENT) + 2 * (kind is NodeKind.DEAD) for kind in kinds], dtype=np.uint8)
    order = np.argsort(slots, kind="stable")
    codes, styles = Pen.dots_at(scene.placement.positions[order], slots[order], (columns, rows), level)
    numbers = np.array([0, *(canvas.style_id(theme.style(role)) for role in roles)], dtype=np.uint16)
    canvas.codes[top : bottom + 1, left : right + 1] = codes
    canvas.styles[top : bottom + 1, left : right + 1] = numbers[styles]
    view = scene.options.view
    edges = [view.x - 0.5 / view.zoom, view.y - 0.5 / view.zoom, view.x + 0.5 / view.zoom, view.y + 0.5 / view.zoom]
    across, down = np.array([0, columns - 1]), np.array([0, rows - 1])
    frame_left, frame_right = (int(np.clip(round(edge * (columns - 1)), *across)) for edge in edges[::2])
    frame_top, frame_bottom = (int(np.clip(round(edge * (rows - 1)), *down)) for edge in edges[1::2])
    _frame(canvas, (left + frame_left, top + frame_top, left + frame_right, top + frame_bottom), scene)


def _frame(canvas: Canvas, box: Box, scene: Scene) -> None:
    """Draw a rectangle of lines."""
    left, top, right, bottom = box
    signs, style = _EDGES.get(scene.options.level, _LINES), scene.options.theme.style(Role.ACCENT)
    flat = signs[0] * max(0, right - left - 1)
    canvas.write(left, top, f"{signs[4]}{flat}{signs[5]}"[: right - left + 1], style, margin=0)
    for y in range(top + 1, bottom):
        canvas.write(left, y, signs[2], style, margin=0)
        canvas.write(right, y, signs[3], style, margin=0)
    if bottom > top:
        canvas.write(left, bottom, f"{signs[6]}{flat}{signs[7]}"[: right - left + 1], style, margin=0)
