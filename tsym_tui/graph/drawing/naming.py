"""The words on a plane: areas and their titles, markers, regions, groups and names, none over another."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from tsym_tui.graph.cells import clip, settle, width
from tsym_tui.graph.drawing.bundles import Hubs
from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.labels import Label, LineCover, Spot, place_again, place_label
from tsym_tui.graph.drawing.paint import DOTS_ACROSS, DOTS_DOWN
from tsym_tui.graph.drawing.scenes import Box, Scene
from tsym_tui.graph.drawing.strokes import Strokes
from tsym_tui.graph.looks import NODE_LOOKS, STANDING_WORDS, Level, NodeKind, Role, signs
from tsym_tui.graph.model import Ints
from tsym_tui.graph.themes import Style

MOST_LABELS = 160
"""More names than this are not read on a plane, they are noise."""

CELLS_A_NAME = 100
"""Where there are fewer cells than this for each node, names would cover each other's markers: those are written
that a person looks for, others only where nothing is near, and groups tell the rest."""

MOST_NAMED = 30
"""So few nodes all have their names, however small the picture."""

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


def write_groups(scene: Scene, canvas: Canvas, cover: LineCover, hubs: Hubs) -> None:
    """Name and count groups where their bundles meet; what is folded into one always has its name, so it comes first.

    A name stands above or below the place if it can, touching nothing: between markers it would read as one of theirs.
    """
    groups = scene.graph.grouped(scene.options.group_by).groups
    theme = scene.options.theme
    spots = np.floor(hubs.middles / np.array([DOTS_ACROSS, DOTS_DOWN])).astype(int)
    has_trunk = [place in hubs.groups for place in range(len(groups))]
    found = zip(groups, spots.tolist(), has_trunk, strict=True)
    named = sorted(found, key=lambda each: not each[0].is_folded)
    is_around = scene.placement.layout == "focus"  # members without a trunk are scattered there
    for group, (x, y), is_bundled in named:
        if is_around and not is_bundled and not group.is_folded:
            continue
        title, count = settle(group.title), str(len(group.members))
        cells = width(title) + 1 + len(count)
        left = min(max(1, x - cells // 2), canvas.width - 1 - cells)
        free = [y + row for row in _AROUND if canvas.is_free(left - 1, y + row, cells + 2)]
        if free:
            row = min(free, key=lambda row: cover.count(left, row, left + cells, row + 1) + 4 * _AROUND.index(row - y))
            canvas.write(left, row, title, _bold(theme.style(Role.DIM)))
            canvas.write(left + cells - len(count), row, count, theme.style(Role.CHROME))


_AROUND = (-1, -2, 1, 2, 0)
"""Rows where a group's name may stand, seen from where its bundles meet, best first."""


def write_names(
    scene: Scene, canvas: Canvas, cover: LineCover, told: Ints | None, earlier: Mapping[int, Spot] | None = None
) -> dict[int, Spot]:
    """Write names, the ones a person looks for first: selected, focused, dead, agents, the ends of lines, the rest.

    `told` are the lines that are drawn one by one in a dense picture, None in any other; where it is also too full for
    names, the rest have theirs only where nothing else is. Return where they stand. Where `earlier` says so they stand
    again, if they can: so they hold still while a crowded map moves, and nothing is weighed.
    """
    graph = scene.graph
    order = {NodeKind.DEAD: 1, NodeKind.AGENT: _OF_HOSTS, NodeKind.SILENT: _OF_HOSTS, NodeKind.PEER: _OF_HOSTS + 1}
    wanted = np.array([order[kind] for kind in graph.kinds], dtype=np.int64)
    wanted[list(scene.chosen)] = 0
    visible = np.flatnonzero(scene.inside)
    is_full = canvas.width * canvas.height < CELLS_A_NAME * len(visible) and len(visible) > MOST_NAMED
    is_told = wanted <= _OF_HOSTS
    if told is not None:
        for ends in graph.ends:
            is_told[ends[told]] = True
    wanted[~is_told] += 1
    visible = visible[np.lexsort((visible, scene.cells[visible, 1], wanted[visible]))]
    most = MOST_LABELS if len(visible) <= MOST_LABELS else MOST_LABELS_CROWD
    longest = 24 if len(graph.nodes) <= 12 else 16
    ellipsis, spots = signs(scene.options.level).ellipsis, {}
    markers = set(map(tuple, scene.cells.tolist())) if is_full else set()
    for node in visible[:most].tolist():
        x, y = scene.cells[node].tolist()
        rows = _name_rows(scene, node)
        if is_full and told is not None:
            rows = rows[:1]  # a second row would stand beside somebody else's marker
            if not is_told[node]:
                if (x - 2, y) not in markers:
                    _write_beside(canvas, cover, node, (x, y), rows[0])
                continue
        label = Label(x, y, rows, node, _home(scene, x, y))
        spot = None if earlier is None else earlier.get(node)
        if spot is None or not place_again(canvas, label, spot, ellipsis):
            spot = place_label(canvas, label, cover, ellipsis, longest)
        if spot is not None:
            spots[node] = spot
    return spots


_OF_HOSTS = 2
"""When the names of hosts are written; those of peers come after them."""


def _write_beside(canvas: Canvas, cover: LineCover, node: int, at: tuple[int, int], name: tuple[str, Style]) -> None:
    """Write a name on the right of its marker, whole, if nothing at all is around."""
    (x, y), (text, style) = at, name
    cells = width(text)
    is_alone = canvas.is_free(max(0, x - 1), y, min(x, 1)) and canvas.is_free(
        x + 1, y, min(cells + 2, max(cells + 1, canvas.width - x - 1))
    )
    if is_alone and not cover.count(x + 1, y, x + cells + 3, y + 1):
        canvas.write(x + 2, y, text, style, node=node)


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
