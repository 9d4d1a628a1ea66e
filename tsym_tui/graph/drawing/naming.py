"""The words on a plane: areas and their titles, markers, regions, groups and names, none over another."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from tsym_tui.graph.cells import clip, settle, width
from tsym_tui.graph.drawing.bundles import middles
from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.labels import Label, LineCover, Spot, place_again, place_label
from tsym_tui.graph.drawing.paint import DOTS_ACROSS, DOTS_DOWN
from tsym_tui.graph.drawing.scenes import Box, Scene
from tsym_tui.graph.drawing.strokes import Strokes
from tsym_tui.graph.looks import NODE_LOOKS, STANDING_WORDS, Level, NodeKind, Role, signs
from tsym_tui.graph.themes import Style

MOST_LABELS = 160
"""More names than this are not read on a plane, they are noise."""

MOST_LABELS_CROWD = 40
"""Names shown where there are more nodes than that: who is chosen, dead or an agent; groups have names too."""


def tint_areas(scene: Scene, canvas: Canvas) -> None:
    """Colour the ground of every area."""
    for left, top, right, bottom in scene.area_boxes:
        canvas.tint(left, top, right, bottom, scene.options.theme.colour(Role.POOL))


def write_titles(scene: Scene, canvas: Canvas) -> None:
    """Write each area's title; where no tint shows the area, a rule goes on to its edge."""
    theme, level = scene.options.theme, scene.options.level
    ellipsis = signs(level).ellipsis
    for area, (left, top, right, bottom) in zip(scene.placement.areas, scene.area_boxes, strict=True):
        x, y = max(0, left) + 1, max(0, top)
        room = min(right, canvas.width - 1) - x
        title = clip(settle(area.title), room, ellipsis)
        if room < 2 or bottom <= y or not canvas.is_free(x, y, width(title)):
            continue
        canvas.write(x, y, title, _bold(theme.style(Role.DIM)))
        x += width(title) + 1
        detail = clip(settle(area.detail), min(right, canvas.width - 1) - x, ellipsis)
        if width(detail) > 2 and canvas.is_free(x + 1, y, width(detail) - 1):
            canvas.write(x, y, detail, theme.style(Role.CHROME))
            x += width(detail) + 1
        if theme.colour(Role.POOL) is None and right - x > 1:
            rule = ("-" if level is Level.ASCII else "─") * (right - x)
            canvas.write(x, y, rule, theme.style(Role.RULE))


def _bold(style: Style) -> Style:
    return msgspec.structs.replace(style, bold=True)


def write_markers(scene: Scene, canvas: Canvas) -> None:
    """Write every node's marker; of those that share a cell, the one a person would look for."""
    graph, level = scene.graph, scene.options.level
    table = {kind: place for place, kind in enumerate(_CROWD_ORDER)}
    kinds = np.array([table[kind] for kind in graph.kinds], dtype=np.int64)
    looks = [NODE_LOOKS[kind] for kind in _CROWD_ORDER]
    codes = np.array([ord(look.glyph.at(level)) for look in looks], dtype=np.uint32)[kinds]
    numbers = [canvas.style_id(scene.options.theme.style(look.role)) for look in looks]
    styles = np.array(numbers, dtype=np.uint16)[kinds]
    for node in scene.chosen:
        styles[node] = canvas.style_id(_node_style(scene, node))
        kinds[node] = len(_CROWD_ORDER)
    canvas.stamp(scene.cells, codes, styles, np.argsort(kinds, kind="stable"))


_CROWD_ORDER = (NodeKind.PEER, NodeKind.AGENT, NodeKind.SILENT, NodeKind.DEAD)
"""Who is seen where nodes share a cell: the last one."""


def _node_style(scene: Scene, node: int) -> Style:
    theme = scene.options.theme
    if node in scene.chosen:
        return _bold(theme.style(Role.ACCENT))
    return theme.style(NODE_LOOKS[scene.graph.kinds[node]].role)


def write_regions(scene: Scene, canvas: Canvas, cover: LineCover, strokes: Strokes) -> None:
    """Write the mark and the name of each region that a drawn line runs through."""
    used = {scene.graph.regions[region] for region in set(scene.graph.line_region[strokes.lines].tolist()) - {-1}}
    theme, level = scene.options.theme, scene.options.level
    areas = tuple(scene.area_boxes)
    for code, (x, y) in scene.marks.items():
        if code not in used or not canvas.is_free(x, y, 1):
            continue
        canvas.write(x, y, signs(level).region, theme.style(Role.STRONG), margin=0)
        name = (settle(f"DERP {code}"), theme.style(Role.DIM))
        place_label(canvas, Label(x, y, (name,), shuns=areas), cover, signs(level).ellipsis)


def write_groups(scene: Scene, canvas: Canvas, cover: LineCover) -> None:
    """Name groups where their bundles meet; what is folded into one always has its name, so it comes first."""
    groups = scene.graph.grouped(scene.options.group_by).groups
    style, ellipsis = _bold(scene.options.theme.style(Role.DIM)), signs(scene.options.level).ellipsis
    spots = np.floor(middles(scene.graph, scene.dots, scene.options) / np.array([DOTS_ACROSS, DOTS_DOWN])).astype(int)
    named = sorted(zip(groups, spots.tolist(), strict=True), key=lambda each: not each[0].is_folded)
    for group, (x, y) in named:
        title = settle(group.title)
        place_label(canvas, Label(x - width(title) // 2, y, ((title, style),)), cover, ellipsis)


def write_names(
    scene: Scene, canvas: Canvas, cover: LineCover, earlier: Mapping[int, Spot] | None = None
) -> dict[int, Spot]:
    """Write names, the ones a person looks for first: selected, focused, dead, agents, the rest.

    Return where they stand. Where `earlier` says so they stand again, if they can: so they hold still while a crowded
    map moves, and nothing is weighed.
    """
    graph = scene.graph
    order = {NodeKind.DEAD: 1, NodeKind.AGENT: 2, NodeKind.SILENT: 2, NodeKind.PEER: 3}
    wanted = np.array([order[kind] for kind in graph.kinds], dtype=np.int64)
    wanted[list(scene.chosen)] = 0
    visible = np.flatnonzero(scene.inside)
    visible = visible[np.lexsort((visible, scene.cells[visible, 1], wanted[visible]))]
    most = MOST_LABELS if len(visible) <= MOST_LABELS else MOST_LABELS_CROWD
    longest = 24 if len(graph.nodes) <= 12 else 16
    ellipsis, spots = signs(scene.options.level).ellipsis, {}
    for node in visible[:most].tolist():
        x, y = scene.cells[node].tolist()
        label = Label(x, y, _name_rows(scene, node), node, _home(scene, x, y))
        spot = None if earlier is None else earlier.get(node)
        if spot is None or not place_again(canvas, label, spot, ellipsis):
            spot = place_label(canvas, label, cover, ellipsis, longest)
        if spot is not None:
            spots[node] = spot
    return spots


def _name_rows(scene: Scene, node: int) -> tuple[tuple[str, Style], ...]:
    """Return a node's name, and below it what is wrong with it."""
    graph, theme = scene.graph, scene.options.theme
    name = (settle(graph.names[node]), _node_style(scene, node))
    kind = graph.kinds[node]
    words = STANDING_WORDS[graph.nodes[node].standing]
    if not words and kind in {NodeKind.DEAD, NodeKind.SILENT}:
        words = NODE_LOOKS[kind].words
    return (name, (words, theme.style(Role.DIM))) if words else (name,)


def _home(scene: Scene, x: int, y: int) -> Box | None:
    """Return the area around a cell: the last one, which lies on top."""
    boxes = (box for box in reversed(scene.area_boxes) if box[0] <= x <= box[2] and box[1] <= y <= box[3])
    return next(boxes, None)
