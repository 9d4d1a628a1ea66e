"""A map on a plane: areas, lines, marks, names and numbers, in the order that keeps each of them readable.

Names are written first and keep their cells; lines run under them; numbers come last and only where they cover nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np

from tsym_tui.graph.cells import clip, settle, width
from tsym_tui.graph.drawing.bundles import bundles_of, focus_of, is_dense, middles, own_lines
from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.curves import beside, through
from tsym_tui.graph.drawing.labels import Label, LineCover, place_label
from tsym_tui.graph.drawing.numbers import write_numbers
from tsym_tui.graph.drawing.options import MapOptions
from tsym_tui.graph.drawing.paint import DOTS_ACROSS, DOTS_DOWN, Batch, Pen
from tsym_tui.graph.drawing.raster import Flags, Floats, Integers
from tsym_tui.graph.drawing.strokes import Strokes, far_end, ref_index, strokes_of
from tsym_tui.graph.frame import Frame
from tsym_tui.graph.groups import TAGS_FIRST
from tsym_tui.graph.layouts.values import Placement, Size
from tsym_tui.graph.looks import NODE_LOOKS, SOLID, STANDING_WORDS, Level, NodeKind, Role, signs
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.themes import Style

MOST_LABELS = 160
"""More names than this are not read on a plane, they are noise."""

MOST_LABELS_CROWD = 40
"""Names shown where there are more nodes than that: who is chosen, dead or an agent; groups have names too."""

MOST_BENT = 150
"""With more relayed lines than this, all are straight: nobody follows a bend in a bundle."""

STUB_SHARE = 0.3
"""How much of a dead line between living nodes is drawn, at its far end."""

_BESIDE = np.array([12.0, 12.0])
"""How close a peer relay's line passes its relay, in dots across and down: near, but not through its name's row."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture in the making."""

    graph: TailnetGraph
    placement: Placement
    size: Size
    options: MapOptions
    cells: Integers
    """(n, 2) integers: the cell of each node; may lie outside when zoomed."""
    marks: dict[str, tuple[int, int]]
    """The cell of each region's mark."""

    @property
    def dots(self) -> Floats:
        """The dot that stands for each node: the middle of its cell."""
        return np.asarray(self.cells * np.array([DOTS_ACROSS, DOTS_DOWN]) + np.array([0.0, 2.0]))


def draw_plane(graph: TailnetGraph, placement: Placement, size: Size, options: MapOptions) -> Frame:
    """Draw a graph where a layout placed it."""
    scene = Scene(graph, placement, size, options, _cells(placement, size, options), _marks(placement, size, options))
    canvas = Canvas(size.width, size.height)
    _tint_areas(scene, canvas)
    dense = is_dense(graph, options)
    if dense:
        focus = focus_of(graph, options)
        options = msgspec.structs.replace(options, focus=graph.nodes[focus].ref)
        scene = replace(scene, options=options)
    strokes = strokes_of(graph, options, own_lines(graph, focus, options) if dense else None)
    pen = Pen(size.width, size.height, options.level, keep_cover=options.numbers)
    below = draw_bundles(scene, pen, focus, with_own=not len(strokes.lines)) if dense else ()
    curves = draw_strokes(scene, strokes, pen, len(below))
    cover = LineCover(pen.drawn())
    _write_markers(scene, canvas)
    _write_titles(scene, canvas)
    _write_regions(scene, canvas, cover, strokes)
    if dense and not placement.areas:
        _write_groups(scene, canvas, cover)
    _write_names(scene, canvas, cover, most=MOST_LABELS if len(graph.nodes) <= MOST_LABELS else MOST_LABELS_CROWD)
    if options.numbers:
        write_numbers(graph, strokes, curves, canvas, pen.cover(), options)
    pen.clear_texture(1 if dense else strokes.texture_slot)
    pen.put(canvas, [strokes.styles[0], *below, *strokes.styles[1:]])
    return canvas.frame()


def _cells(placement: Placement, size: Size, options: MapOptions) -> Integers:
    """Return the cell of each node; nodes that would share one step aside."""
    view = options.view
    unit = (placement.positions - np.array([view.x, view.y])) * view.zoom + 0.5
    cells: Integers = np.floor(unit * np.array([size.width, size.height])).astype(np.int64)
    if view.zoom == 1.0:
        cells = np.clip(cells, 0, np.array([size.width - 1, size.height - 1]))
    if len(cells) > MOST_LABELS * 4:
        return cells  # a crowd: nobody is told apart anyway
    taken: set[tuple[int, int]] = set()
    for position, (x, y) in enumerate(cells.tolist()):
        spot = next((x + dx, y + dy) for dx, dy in _ASIDE if (x + dx, y + dy) not in taken or (dx, dy) == _ASIDE[-1])
        taken.add(spot)
        cells[position] = spot
    return cells


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


# --- lines ------------------------------------------------------------------------------------------------------------


def draw_bundles(scene: Scene, pen: Pen, focus: int, *, with_own: bool) -> tuple[Style, ...]:
    """Draw other agents' bundles as texture, and the focused node's own in their colours; return styles by slot."""
    graph, options = scene.graph, scene.options
    texture = options.theme.style(Role.RULE)
    bundles = bundles_of(graph, options)
    if not options.has_texture or len(bundles) > options.bundles_above:
        bundles = tuple(bundle for bundle in bundles if bundle.node == focus)
    mine = [bundle for bundle in bundles if bundle.node == focus and with_own]
    drawn = [bundle for bundle in bundles if bundle.node != focus] + mine
    looks = [texture if bundle.node != focus else bundle.summary.style(options) for bundle in drawn]
    order = {style: slot for slot, style in enumerate(dict.fromkeys([texture, *looks]), start=1)}
    by_slot = np.array(sorted(range(len(drawn)), key=lambda position: order[looks[position]]), dtype=np.int64)
    strokes = [bundle.summary.look.stroke or SOLID for bundle in drawn]
    batch = Batch(
        np.array([order[style] for style in looks], dtype=np.uint8), np.full(len(drawn), -1, dtype=np.int32), strokes
    )
    groups = middles(graph, scene.dots)
    start = scene.dots[[bundle.node for bundle in drawn]].reshape(-1, 2)
    end = groups[[bundle.group for bundle in drawn]].reshape(-1, 2)
    pen.straight(start[by_slot], end[by_slot], batch.some(by_slot))
    return tuple(order)


def draw_strokes(scene: Scene, strokes: Strokes, pen: Pen, first_slot: int = 0) -> dict[int, Floats]:
    """Draw every stroke; return the polylines that numbers may stand on, by stroke.

    Slots below `first_slot` are somebody else's.
    """
    graph, dots = scene.graph, scene.dots
    first, second = graph.ends
    start, end = dots[first[strokes.lines]], dots[second[strokes.lines]]
    curves = _bends(scene, strokes, start, end)
    whole = (start.copy(), end.copy())
    for position in np.flatnonzero(strokes.stubs).tolist():
        far = far_end(graph, int(strokes.lines[position]))
        tip, root = whole[far][position], whole[1 - far][position]
        whole[1 - far][position] = tip + (root - tip) * STUB_SHARE
    numbers = np.arange(len(strokes.lines), dtype=np.int32)
    covers = np.where(strokes.is_trace, -1, numbers).astype(np.int32)
    drawn = _drawn_at(scene.options.level, strokes)
    dashes = [look.stroke for look in strokes.looks if look.stroke is not None]
    batch = Batch(strokes.slots + np.uint8(first_slot), covers, dashes)
    is_bent = np.isin(numbers, list(curves))
    plain, bent = np.flatnonzero(drawn & ~is_bent), np.flatnonzero(drawn & is_bent)
    pen.straight(whole[0][plain], whole[1][plain], batch.some(plain))
    pen.curved([curves[position] for position in bent.tolist()], batch.some(bent))
    if strokes.wide >= 0:
        chosen = np.array([strokes.wide])
        curve = curves.get(strokes.wide, np.stack([start[strokes.wide], end[strokes.wide]]))
        pen.curved([curve], batch.some(chosen), np.array([True]))
    if not scene.options.numbers:
        return curves
    both = np.stack([start, end], axis=1)
    return {position: curves.get(position, both[position]) for position in numbers.tolist()}


def _drawn_at(level: Level, strokes: Strokes) -> Flags:
    """Return which strokes are drawn: without braille a dead node's trace would read as a line."""
    drawn: Flags = np.ones(len(strokes.lines), dtype=bool)
    if level is not Level.BRAILLE:
        failed = [look.role is Role.DEAD for look in strokes.looks]
        drawn &= ~np.array(failed, dtype=bool) | strokes.stubs
    return drawn


def _bends(scene: Scene, strokes: Strokes, start: Floats, end: Floats) -> dict[int, Floats]:
    """Return the curve of each stroke that runs through a region's mark or past a relaying node."""
    graph = scene.graph
    relayed = (graph.line_region[strokes.lines] >= 0) | (graph.line_relay[strokes.lines] >= 0)
    if relayed.sum() > MOST_BENT:
        return {}
    waypoints: dict[int, Floats] = {}
    for position in np.flatnonzero(relayed).tolist():
        waypoint = _waypoint(scene, int(strokes.lines[position]), start[position], end[position])
        if waypoint is not None:
            waypoints[position] = waypoint
    if not waypoints:
        return {}
    bent = np.array(list(waypoints))
    past_node = graph.line_region[strokes.lines[bent]] < 0
    curves = through(start[bent], np.array(list(waypoints.values())), end[bent], past_node)
    return dict(zip(waypoints, curves, strict=True))


def _waypoint(scene: Scene, line: int, start: Floats, end: Floats) -> Floats | None:
    graph = scene.graph
    region, relay = int(graph.line_region[line]), int(graph.line_relay[line])
    if region >= 0:
        mark = scene.marks.get(graph.regions[region])
        return None if mark is None else np.array([mark[0] * DOTS_ACROSS + 0.5, mark[1] * DOTS_DOWN + 2.0])
    if relay in {int(graph.ends[0][line]), int(graph.ends[1][line])}:
        return None
    return beside(start, end, scene.dots[relay], _BESIDE)


# --- text -------------------------------------------------------------------------------------------------------------


def _tint_areas(scene: Scene, canvas: Canvas) -> None:
    for left, top, right, bottom in _area_cells(scene):
        canvas.tint(left, top, right, bottom, scene.options.theme.colour(Role.POOL))


def _area_cells(scene: Scene) -> list[tuple[int, int, int, int]]:
    """Return each area as whole cells, right and bottom inside."""
    view, size = scene.options.view, scene.size
    boxes = []
    for area in scene.placement.areas:
        edges = [((x - view.x) * view.zoom + 0.5) * size.width for x in (area.left, area.right)]
        rows = [((y - view.y) * view.zoom + 0.5) * size.height for y in (area.top, area.bottom)]
        boxes.append((round(edges[0]), round(rows[0]), round(edges[1]) - 1, round(rows[1]) - 1))
    return boxes


def _write_titles(scene: Scene, canvas: Canvas) -> None:
    """Write each area's title; where no tint shows the area, a rule goes on to its edge."""
    theme, level = scene.options.theme, scene.options.level
    ellipsis = signs(level).ellipsis
    for area, (left, top, right, _) in zip(scene.placement.areas, _area_cells(scene), strict=True):
        room = right - left - 1
        title = clip(settle(area.title), room, ellipsis)
        x, y = left + 1, max(0, top)
        if room < 2 or not canvas.is_free(x, y, width(title)):
            continue
        canvas.write(x, y, title, _bold(theme.style(Role.DIM)))
        x += width(title) + 1
        detail = clip(settle(area.detail), right - x, ellipsis)
        if width(detail) > 2 and canvas.is_free(x + 1, y, width(detail) - 1):
            canvas.write(x, y, detail, theme.style(Role.CHROME))
            x += width(detail) + 1
        if theme.colour(Role.POOL) is None and right - x > 1:
            rule = ("-" if level is Level.ASCII else "─") * (right - x)
            canvas.write(x, y, rule, theme.style(Role.RULE))


def _bold(style: Style) -> Style:
    return msgspec.structs.replace(style, bold=True)


def _write_markers(scene: Scene, canvas: Canvas) -> None:
    for node, (x, y) in enumerate(scene.cells.tolist()):
        if 0 <= x < scene.size.width:
            look = NODE_LOOKS[scene.graph.kinds[node]]
            canvas.write(x, y, look.glyph.at(scene.options.level), _node_style(scene, node), node=node, margin=0)


def _node_style(scene: Scene, node: int) -> Style:
    theme = scene.options.theme
    if scene.graph.nodes[node].ref in {*scene.options.selected, scene.options.focus}:
        return _bold(theme.style(Role.ACCENT))
    return theme.style(NODE_LOOKS[scene.graph.kinds[node]].role)


def _write_regions(scene: Scene, canvas: Canvas, cover: LineCover, strokes: Strokes) -> None:
    """Write the mark and the name of each region that a drawn line runs through."""
    used = {scene.graph.regions[region] for region in set(scene.graph.line_region[strokes.lines].tolist()) - {-1}}
    theme, level = scene.options.theme, scene.options.level
    areas = tuple(_area_cells(scene))
    for code, (x, y) in scene.marks.items():
        if code not in used or not canvas.is_free(x, y, 1):
            continue
        canvas.write(x, y, signs(level).region, theme.style(Role.STRONG), margin=0)
        name = (settle(f"DERP {code}"), theme.style(Role.DIM))
        place_label(canvas, Label(x, y, (name,), shuns=areas), cover, signs(level).ellipsis)


def _write_groups(scene: Scene, canvas: Canvas, cover: LineCover) -> None:
    """Name groups where their bundles meet."""
    grouping = scene.graph.grouping(TAGS_FIRST)
    style = _bold(scene.options.theme.style(Role.DIM))
    spots = np.floor(middles(scene.graph, scene.dots) / np.array([DOTS_ACROSS, DOTS_DOWN])).astype(int).tolist()
    for group, (x, y) in zip(grouping.groups, spots, strict=True):
        title = settle(group.title)
        place_label(
            canvas, Label(x - width(title) // 2, y, ((title, style),)), cover, signs(scene.options.level).ellipsis
        )


def _write_names(scene: Scene, canvas: Canvas, cover: LineCover, *, most: int) -> None:
    """Write names, the ones a person looks for first: selected, focused, dead, agents, the rest."""
    graph, options = scene.graph, scene.options
    order = {NodeKind.DEAD: 1, NodeKind.AGENT: 2, NodeKind.SILENT: 2, NodeKind.PEER: 3}
    chosen = {ref_index(graph, ref) for ref in (*options.selected, options.focus)}
    visible = [
        node
        for node, (x, y) in enumerate(scene.cells.tolist())
        if 0 <= x < scene.size.width and 0 <= y < scene.size.height
    ]
    visible.sort(key=lambda node: (0 if node in chosen else order[graph.kinds[node]], scene.cells[node, 1], node))
    homes = _homes(scene)
    longest = 24 if len(graph.nodes) <= 12 else 16
    for node in visible[:most]:
        x, y = scene.cells[node].tolist()
        label = Label(x, y, _name_rows(scene, node), node, homes.get(node))
        place_label(canvas, label, cover, signs(options.level).ellipsis, longest)


def _name_rows(scene: Scene, node: int) -> tuple[tuple[str, Style], ...]:
    """Return a node's name, and below it what is wrong with it."""
    graph, theme = scene.graph, scene.options.theme
    name = (settle(graph.names[node]), _node_style(scene, node))
    kind = graph.kinds[node]
    words = STANDING_WORDS[graph.nodes[node].standing]
    if not words and kind in {NodeKind.DEAD, NodeKind.SILENT}:
        words = NODE_LOOKS[kind].words
    return (name, (words, theme.style(Role.DIM))) if words else (name,)


def _homes(scene: Scene) -> dict[int, tuple[int, int, int, int]]:
    """Return the area that each node stands in."""
    homes = {}
    boxes = _area_cells(scene)
    for node, (x, y) in enumerate(scene.cells.tolist()):
        for box in boxes:
            if box[0] <= x <= box[2] and box[1] <= y <= box[3]:
                homes[node] = box
    return homes
