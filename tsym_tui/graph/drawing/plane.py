"""A map on a plane: areas, lines, marks, names and numbers, in the order that keeps each of them readable.

Names are written first and keep their cells; lines run under them; numbers come last and only where they cover nothing.
The picture of a graph is kept until something else is asked: what the mouse is over is drawn on a copy of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from tsym_agent.model.paths import SampleState
from tsym_tui.graph.drawing.bundles import Bundle, Hubs, bundles_of, focus_of, hubs_of, is_dense, own_lines
from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.curves import beside, through
from tsym_tui.graph.drawing.emphasis import hover_over, light_paths
from tsym_tui.graph.drawing.labels import LineCover, Spot
from tsym_tui.graph.drawing.minimap import reserve_mini_map, write_mini_map
from tsym_tui.graph.drawing.naming import (
    tint_areas,
    write_groups,
    write_markers,
    write_names,
    write_regions,
    write_titles,
)
from tsym_tui.graph.drawing.numbers import Trunk, write_medians, write_numbers
from tsym_tui.graph.drawing.options import MapOptions
from tsym_tui.graph.drawing.paint import DOTS_ACROSS, DOTS_DOWN, Batch, Pen
from tsym_tui.graph.drawing.raster import Flags, Floats
from tsym_tui.graph.drawing.scenes import Box, Scene
from tsym_tui.graph.drawing.strokes import (
    CLASS_STROKES,
    CLASSES,
    MOST_SLOTS,
    Strokes,
    far_end,
    lit_lines,
    strokes_of,
)
from tsym_tui.graph.frame import Frame
from tsym_tui.graph.layouts.values import Placement, Size
from tsym_tui.graph.looks import SOLID, Level, Role
from tsym_tui.graph.model import Ints, TailnetGraph
from tsym_tui.graph.themes import PLAIN, Style

MOST_BENT = 150
"""With more relayed lines than this, all are straight: nobody follows a bend in a bundle."""

MOST_NUMBERED = 400
"""With more lines than this, none has a number: there is no cell that only one line passes."""

STUB_SHARE = 0.3
"""How much of a dead line between living nodes is drawn, at its far end."""

_BESIDE = np.array([12.0, 12.0])
"""How close a peer relay's line passes its relay, in dots across and down: near, but not through its name's row."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished picture, kept until another is asked for."""

    asked: MapOptions
    """Without what the mouse is over."""
    scene: Scene
    canvas: Canvas
    curves: Mapping[int, Floats]
    """Polyline of each line that bends, by line."""
    frame: Frame
    names: Mapping[int, Spot] | None
    """Where names stand, in a crowded picture."""

    def shows(self, graph: TailnetGraph, placement: Placement, size: Size, asked: MapOptions) -> bool:
        """Whether this is the picture that is asked for."""
        scene = self.scene
        same = scene.graph is graph and scene.placement is placement and scene.size == size
        return same and self.asked == asked


def draw_plane(graph: TailnetGraph, placement: Placement, size: Size, options: MapOptions) -> Frame:
    """Draw a graph where a layout placed it."""
    asked = msgspec.structs.replace(options, hover=())
    known = graph.lineage.get("plane")
    picture = known if isinstance(known, Picture) else None
    if picture is None or not picture.shows(graph, placement, size, asked):
        picture = graph.lineage["plane"] = _draw(Scene.of(graph, placement, size, asked), picture)
    if not options.hover:
        return picture.frame
    canvas = picture.canvas.copy()
    hover_over(picture.scene, canvas, picture.curves, options.hover)
    return canvas.frame((picture.canvas, picture.frame))


def _draw(scene: Scene, earlier: Picture | None) -> Picture:
    graph, asked = scene.graph, scene.options
    is_fresh = earlier is None or earlier.canvas.palette.is_full
    canvas = Canvas(*scene.size, None if earlier is None or is_fresh else earlier.canvas.palette)
    dense = is_dense(graph, asked)
    focus = focus_of(graph, asked) if dense else -1
    if dense:
        scene = replace(scene, options=msgspec.structs.replace(asked, focus=graph.nodes[focus].ref))
    lines, is_all = own_lines(graph, focus, asked) if dense else (None, True)
    strokes = strokes_of(graph, scene.options, _with_lit(graph, asked, lines))
    is_crowded = len(strokes.lines) > MOST_NUMBERED
    pen = Pen(*scene.size, asked.level, keep_cover=asked.numbers and not is_crowded)
    hubs = hubs_of(graph, scene.dots, focus, strokes.lines, asked) if dense else None
    below = Below() if hubs is None else draw_bundles(scene, pen, hubs, focus, len(strokes.lines), with_own=not is_all)
    curves = draw_strokes(scene, strokes, pen, len(below.styles))
    cells = LineCover(pen.drawn())
    inset = _write(scene, canvas, cells, strokes, None if scene.placement.areas else hubs)
    follows = is_crowded and earlier is not None and earlier.scene.placement is scene.placement
    told = strokes.lines if dense else None
    names = write_names(scene, canvas, cells, told, earlier.names if follows and earlier is not None else None)
    if asked.numbers and not is_crowded:
        cover = pen.cover()
        write_medians(below.trunks, canvas, cover, asked)
        write_numbers(graph, strokes, _spans(scene, strokes, curves), canvas, cover, scene.options)
    pen.clear_texture(1 if dense else strokes.texture_slot)
    kin = np.append(np.zeros(1 + len(below.styles), dtype=np.uint8), strokes.kin[1:]) if is_crowded else None
    pen.put(canvas, [PLAIN, *below.styles, *strokes.styles[1:]], kin)
    bends = {int(strokes.lines[position]): curve for position, curve in curves.items()}
    light_paths(scene, canvas, bends)
    if inset is not None:
        write_mini_map(scene, canvas, inset)
    before = None if earlier is None else (earlier.canvas, earlier.frame)
    return Picture(asked, scene, canvas, bends, canvas.frame(before), names if is_crowded else None)


def _write(scene: Scene, canvas: Canvas, cover: LineCover, strokes: Strokes, hubs: Hubs | None) -> Box | None:
    """Write everything but names and numbers; return where the mini-map is to stand."""
    tint_areas(scene, canvas)
    inset = reserve_mini_map(scene, canvas)
    write_markers(scene, canvas)
    write_titles(scene, canvas)
    write_regions(scene, canvas, cover, strokes)
    if hubs is not None:
        write_groups(scene, canvas, cover, hubs)
    return inset


def _with_lit(graph: TailnetGraph, options: MapOptions, lines: Ints | None) -> Ints | None:
    """Add the lines of highlighted paths to those that are drawn one by one."""
    if lines is None or not options.highlight:
        return lines
    return np.union1d(lines, lit_lines(graph, options.highlight)).astype(np.int32)


# --- lines ------------------------------------------------------------------------------------------------------------


class Below(msgspec.Struct, frozen=True):
    """What was drawn below the strokes: styles by slot, from 1 on, and trunks that want a number."""

    styles: tuple[Style, ...] = ()
    trunks: tuple[Trunk, ...] = ()


def draw_bundles(scene: Scene, pen: Pen, hubs: Hubs, focus: int, first_number: int, *, with_own: bool) -> Below:
    """Draw other agents' bundles as texture, and the focused node's own, as trunks in their colours.

    Trunks are numbered from `first_number` on in the pen's cover.
    """
    graph, options = scene.graph, scene.options
    texture = options.theme.style(Role.RULE)
    bundles = bundles_of(graph, options)
    others = [bundle for bundle in bundles if bundle.node != focus]
    if options.has_texture and not options.only_problems and len(others) <= options.bundles_above:
        nobody = np.full(len(others), -1, dtype=np.int32)
        strokes = [bundle.summary.look.stroke or SOLID for bundle in others]
        batch = Batch.of(np.ones(len(others), dtype=np.uint8), nobody, strokes)
        pen.straight(*_spread(scene, others, hubs.middles), batch)
    mine = list(hubs.trunks) if with_own else []
    order = {style: slot for slot, style in enumerate(dict.fromkeys(b.summary.style(options) for b in mine), start=2)}
    mine.sort(key=lambda bundle: order[bundle.summary.style(options)])
    slots = np.array([order[bundle.summary.style(options)] for bundle in mine], dtype=np.uint8)
    numbers = np.arange(first_number, first_number + len(mine), dtype=np.int32)
    looks = [bundle.summary.look.stroke or SOLID for bundle in mine]
    strokes = [msgspec.structs.replace(stroke, dash=stroke.trunk) for stroke in looks]
    curves = list(np.stack(_spread(scene, mine, hubs.middles), axis=1))
    pen.curved(curves, Batch.of(slots, numbers, strokes), np.ones(len(mine), dtype=bool))
    trunks = [Trunk(*each) for each in zip(numbers.tolist(), curves, (b.summary for b in mine), strict=True)]
    return Below((texture, *order), tuple(trunks))


def _spread(scene: Scene, bundles: Sequence[Bundle], groups: Floats) -> tuple[Floats, Floats]:
    start = scene.dots[[bundle.node for bundle in bundles]].reshape(-1, 2)
    return start, groups[[bundle.group for bundle in bundles]].reshape(-1, 2)


def draw_strokes(scene: Scene, strokes: Strokes, pen: Pen, first_slot: int = 0) -> dict[int, Floats]:
    """Draw every stroke; return the polylines of those that are not straight, by stroke.

    Slots up to `first_slot` are somebody else's.
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
    slots = np.minimum(strokes.slots.astype(np.int64) + first_slot, MOST_SLOTS).astype(np.uint8)
    drawn = _drawn_at(scene.options.level, strokes)
    batch = Batch(slots, covers, strokes.classes, CLASS_STROKES)
    is_bent = np.isin(numbers, list(curves))
    plain, bent = np.flatnonzero(drawn & ~is_bent), np.flatnonzero(drawn & is_bent)
    pen.straight(whole[0][plain], whole[1][plain], batch.some(plain))
    pen.curved([curves[position] for position in bent.tolist()], batch.some(bent))
    if strokes.wide >= 0:
        chosen = np.array([strokes.wide])
        curve = curves.get(strokes.wide, np.stack([start[strokes.wide], end[strokes.wide]]))
        pen.curved([curve], batch.some(chosen), np.array([True]))
    return curves


def _spans(scene: Scene, strokes: Strokes, curves: Mapping[int, Floats]) -> dict[int, Floats]:
    """Return the polyline of every stroke."""
    first, second = scene.graph.ends
    straight = np.stack([scene.dots[first[strokes.lines]], scene.dots[second[strokes.lines]]], axis=1)
    return {position: curves.get(position, straight[position]) for position in range(len(strokes.lines))}


def _drawn_at(level: Level, strokes: Strokes) -> Flags:
    """Return which strokes are drawn: without braille a dead node's trace would read as a line."""
    drawn: Flags = np.ones(len(strokes.lines), dtype=bool)
    if level is not Level.BRAILLE:
        drawn &= ~np.isin(strokes.classes, _DEAD_CLASSES) | strokes.stubs
    return drawn


_DEAD_CLASSES = [code for code, (state, _) in enumerate(CLASSES) if state is SampleState.FAILED]


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
