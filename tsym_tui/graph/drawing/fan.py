"""The map of many nodes: names on two arcs, and what one of them sees, group by group.

The focused node sends one trunk to each group, in the colour of the median and the dash of the commonest class; before
the group it fans out, each strand in its own. Numbers stand beside the names. What others see is a faint texture: one
line for each agent and group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph import edges as codes
from tsym_tui.graph.cells import clip, clip_middle, settle, width
from tsym_tui.graph.drawing.bundles import focus_of
from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.drawing.curves import bezier
from tsym_tui.graph.drawing.emphasis import light_cells
from tsym_tui.graph.drawing.numbers import Trunk, number_text, write_medians
from tsym_tui.graph.drawing.options import MapOptions, View
from tsym_tui.graph.drawing.paint import DOTS_ACROSS, DOTS_DOWN, Batch, Pen
from tsym_tui.graph.drawing.raster import Floats
from tsym_tui.graph.drawing.strokes import Summary, line_style, problems, rank_of, ref_index, summarise
from tsym_tui.graph.frame import Frame
from tsym_tui.graph.layouts.arcs import NUMBER_CELLS, Row, RowKind, arc_rows, name_cells
from tsym_tui.graph.layouts.values import Size
from tsym_tui.graph.looks import LOOKS, NODE_LOOKS, SOLID, Level, Line, NodeKind, Role, Stroke, signs
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.themes import PLAIN, Style

GATHER_CELLS = 9
"""How far before a group's names its trunk fans out."""


@dataclass(frozen=True, eq=False)
class Fan:
    """One picture in the making."""

    graph: TailnetGraph
    size: Size
    options: MapOptions
    focus: int
    """The node that sees; -1 only in an empty tailnet."""
    rows: list[Row]
    longest: int
    """Cells of the longest name that is shown."""
    lines: dict[int, Line]
    """What the focus knows of each other node."""

    def spot(self, row: Row) -> Floats:
        """Return the dot where lines to a row end, just inside its marker."""
        inwards = 1 if row.is_left else -1
        return np.array([(row.x + inwards) * DOTS_ACROSS + 0.5, row.y * DOTS_DOWN + 2.0])

    def gather(self, rows: list[Row]) -> Floats:
        """Return the dot before a group where its trunk ends and its strands begin."""
        spots = np.array([self.spot(row) for row in rows])
        reach = min(GATHER_CELLS, max(2, self.size.width // 12)) * DOTS_ACROSS
        inner = spots[:, 0].max() + reach if rows[0].is_left else spots[:, 0].min() - reach
        return np.array([inner, np.rint(spots[:, 1].mean())])


class _Entry(msgspec.Struct, frozen=True):
    """One curve to paint."""

    key: tuple[float, ...]
    """Priority: higher wins a cell."""
    curve: Floats
    stroke: Stroke
    style: Style
    trunk: int | None = None
    """Group of a trunk; None for anything else."""
    is_texture: bool = False
    """Whether it gives way to everything."""


@dataclass(frozen=True, eq=False)
class FanPicture:
    """A finished picture, kept until another is asked for."""

    graph: TailnetGraph
    size: Size
    asked: MapOptions
    """Without what the mouse is over, and without a view: arcs always fill the picture."""
    canvas: Canvas
    frame: Frame

    def shows(self, graph: TailnetGraph, size: Size, asked: MapOptions) -> bool:
        """Whether this is the picture that is asked for."""
        return self.graph is graph and self.size == size and self.asked == asked


def draw_fan(graph: TailnetGraph, size: Size, options: MapOptions) -> Frame:
    """Draw both arcs and everything between."""
    asked = msgspec.structs.replace(options, hover=(), view=View())
    known = graph.lineage.get("fan")
    picture = known if isinstance(known, FanPicture) else None
    if picture is None or not picture.shows(graph, size, asked):
        picture = graph.lineage["fan"] = _draw(graph, size, asked, picture)
    if not options.hover:
        return picture.frame
    canvas = picture.canvas.copy()
    nowhere = np.zeros((size.height, size.width), dtype=bool)
    light_cells(canvas, {ref_index(graph, ref) for ref in options.hover}, nowhere, options.theme.colour(Role.RAISED))
    return canvas.frame((picture.canvas, picture.frame))


def _draw(graph: TailnetGraph, size: Size, options: MapOptions, earlier: FanPicture | None) -> FanPicture:
    focus = focus_of(graph, options)
    lines = {graph.other_end(line, focus): graph.lines[line] for line in graph.lines_of(focus)} if focus >= 0 else {}
    ranks = _ranks(graph, focus, options) if focus >= 0 else []
    rows = arc_rows(graph, size, lambda node: (ranks[node],), focus, options.group_by)
    fan = Fan(graph, size, options, focus, rows, name_cells(size, graph.names), lines)
    is_fresh = earlier is None or earlier.canvas.palette.is_full
    canvas = Canvas(*size, None if earlier is None or is_fresh else earlier.canvas.palette)
    _write_rows(fan, canvas)
    entries = sorted(_entries(fan, _groups(fan)), key=lambda entry: entry.key)
    pen, styles = _paint(entries, fan)
    if options.numbers:
        write_medians(reversed(list(_trunks(fan, entries))), canvas, pen.cover(), options)
    pen.put(canvas, styles)
    lit = {ref_index(graph, ref) for path in options.highlight for ref in path}
    nowhere = np.zeros((size.height, size.width), dtype=bool)
    light_cells(canvas, lit, nowhere, options.theme.colour(Role.SELECTION))
    before = None if earlier is None else (earlier.canvas, earlier.frame)
    return FanPicture(graph, size, options, canvas, canvas.frame(before))


def _ranks(graph: TailnetGraph, focus: int, options: MapOptions) -> list[int]:
    """Return who gets a row where not all do: the focus, the selected, then what is wrong, then the slow."""
    edges, count = graph.edges, len(graph.nodes)
    own = np.array(graph.lines_of(focus), dtype=np.int64)
    far = np.where(edges.first[own] == focus, edges.second[own], edges.first[own])
    fresh = edges.state[own] == codes.FRESH
    quiet = np.ones((4, count), dtype=bool)
    quiet[0, [focus, *(ref_index(graph, ref) for ref in options.selected if ref in graph.index)]] = False
    quiet[1, far] = (edges.direction[own] == codes.EVEN) & (edges.state[own] != codes.FAILED)
    quiet[2, far] = ~(fresh & (edges.path[own] >= codes.PEER_RELAY))
    quiet[3, far] = ~problems(edges, own, options)
    slowness = np.zeros(count)
    slowness[far] = -np.nan_to_num(edges.latency_ms[own])
    ranks = np.empty(count, dtype=np.int64)
    ranks[np.lexsort((np.arange(count), slowness, quiet[3], quiet[2], quiet[1], quiet[0]))] = np.arange(count)
    return ranks.tolist()


# --- text -------------------------------------------------------------------------------------------------------------


def _write_rows(fan: Fan, canvas: Canvas) -> None:
    focused_group = next((row.group for row in fan.rows if row.node == fan.focus), None)
    for row in fan.rows:
        match row.kind:
            case RowKind.NODE:
                _write_node(fan, canvas, row)
            case RowKind.TITLE:
                _write_title(fan, canvas, row, has_focus=row.group == focused_group)
            case RowKind.MORE:
                _write_more(fan, canvas, row)


def _write_node(fan: Fan, canvas: Canvas, row: Row) -> None:
    graph, options = fan.graph, fan.options
    look = NODE_LOOKS[graph.kinds[row.node]]
    style = options.theme.style(look.role)
    name = clip_middle(settle(graph.names[row.node]), fan.longest, signs(options.level).ellipsis)
    line = fan.lines.get(row.node)
    if line is not None and line.state is SampleState.FAILED:
        style = options.theme.style(Role.DEAD)
    chosen = graph.nodes[row.node].ref in options.selected
    marker = (
        msgspec.structs.replace(options.theme.style(Role.ACCENT), bold=True)
        if chosen
        else options.theme.style(look.role)
    )
    if row.node == fan.focus:
        marker, style = options.theme.style(Role.ACCENT), _here(options)
        name = f" {name} "
    elif chosen:
        style = marker
    gap = 0 if row.node == fan.focus else 1
    x = row.x - gap - width(name) if row.is_left else row.x + 1 + gap
    canvas.write(row.x, row.y, look.glyph.at(options.level), marker, node=row.node)
    canvas.write(x, row.y, name, style, node=row.node)
    _write_number(fan, canvas, row)


def _here(options: MapOptions) -> Style:
    """Return the look of "you are here": a block of accent, or reversed where there are no colours."""
    accent, ground = options.theme.colour(Role.ACCENT), options.theme.colour(Role.BG)
    if accent is None or ground is None:
        return Style(bold=True, reverse=True)
    return Style(fg=ground, bg=accent, bold=True)


def _write_number(fan: Fan, canvas: Canvas, row: Row) -> None:
    """Write what the focus measured, outside the name: a glyph unless direct, and the number."""
    line, options = fan.lines.get(row.node), fan.options
    if line is None or line.state is SampleState.NEVER:
        return
    text = number_text(line, np.array([-1.0 if row.is_left else 1.0, 0.0]), options.level)
    if line.state is SampleState.FRESH and line.path is not PathKind.DIRECT:
        text = f"{line.look.glyph.at(options.level)} {text.rjust(_DIGITS)}"  # marks stand below one another
    room = NUMBER_CELLS - 1
    text = clip(text if width(text) <= room else " ".join(text.split()), room, signs(options.level).ellipsis)
    if row.is_left:
        x = row.x - 2 - fan.longest - 1 - width(text)
    else:
        x = row.x + 2 + fan.longest + 1 + max(0, 5 - width(text))
    if x >= 0 and x + width(text) <= fan.size.width:
        canvas.write(x, row.y, text, line_style(line, options))


_DIGITS = 3
"""Of most numbers."""


def _write_title(fan: Fan, canvas: Canvas, row: Row, *, has_focus: bool) -> None:
    theme = fan.options.theme
    grouping = fan.graph.grouped(fan.options.group_by)
    title = "other groups" if row.group < 0 else grouping.groups[row.group].title or "all nodes"
    room = fan.longest + NUMBER_CELLS
    title = clip(settle(title), room, signs(fan.options.level).ellipsis)
    style = msgspec.structs.replace(theme.style(Role.ACCENT if has_focus else Role.DIM), bold=True)
    count = str(len(row.members))
    if row.is_left:
        x = max(0, row.x + 1 - width(title))
        canvas.write(x, row.y, title, style)
        canvas.write(x - 1 - len(count), row.y, count, theme.style(Role.CHROME))
    else:
        canvas.write(row.x, row.y, title, style)
        canvas.write(row.x + width(title) + 1, row.y, count, theme.style(Role.CHROME))


def _write_more(fan: Fan, canvas: Canvas, row: Row) -> None:
    """Say how many have no row, and how many of those are in trouble: none is left out silently."""
    theme, level = fan.options.theme, fan.options.level
    hidden = [fan.lines[node] for node in row.members if node in fan.lines]
    pieces = [(f"+{len(row.members)}", theme.style(Role.DIM))]
    for state, path in _TROUBLES:
        count = sum(line.state is state and (state is not SampleState.FRESH or line.path is path) for line in hidden)
        if count:
            look = LOOKS[state, path]
            style = theme.style(Role.TEXT if look.role is Role.LATENCY else look.role)
            pieces.append((f"{look.glyph.at(level)}{count}", style))
    total = sum(width(text) + 1 for text, _ in pieces) - 1
    x = max(0, row.x - total) if row.is_left else row.x + 1
    for text, style in pieces:
        canvas.write(x, row.y, text, style)
        x += width(text) + 1


_TROUBLES = (
    (SampleState.FAILED, PathKind.UNKNOWN),
    (SampleState.FRESH, PathKind.DERP),
    (SampleState.FRESH, PathKind.PEER_RELAY),
    (SampleState.STALE, PathKind.UNKNOWN),
)


# --- lines ------------------------------------------------------------------------------------------------------------


def _groups(fan: Fan) -> dict[int, list[Row]]:
    """Return the rows where lines of each group end: its nodes, and the row for those without one."""
    groups: dict[int, list[Row]] = {}
    for row in fan.rows:
        if row.kind is not RowKind.TITLE:
            groups.setdefault(row.group, []).append(row)
    return groups


def _entries(fan: Fan, groups: dict[int, list[Row]]) -> Iterator[_Entry]:
    here = next((row for row in fan.rows if row.node == fan.focus), None)
    if fan.options.has_texture and not fan.options.only_problems:
        yield from _texture(fan, groups)
    if here is None:
        return
    for group, rows in groups.items():
        if group == here.group:
            yield from _own_group(fan, here, rows)
        else:
            yield from _other_group(fan, here, group, rows)


def _texture(fan: Fan, groups: dict[int, list[Row]]) -> Iterator[_Entry]:
    """Yield one faint line for each other agent that has a row, and each group."""
    agents = [row for rows in groups.values() for row in rows if row.node >= 0 and row.node != fan.focus]
    agents = [row for row in agents if fan.graph.kinds[row.node] is NodeKind.AGENT]
    if len(agents) * len(groups) > fan.options.bundles_above:
        return
    gathers = {group: fan.gather(rows) for group, rows in groups.items()}
    style = fan.options.theme.style(Role.RULE)
    for row in agents:
        for group, rows in groups.items():
            if group != row.group:
                curve = _sweep(fan, fan.spot(row), gathers[group], row, rows[0])
                yield _Entry((0.0,), curve, SOLID, style, is_texture=True)


def _other_group(fan: Fan, here: Row, group: int, rows: list[Row]) -> Iterator[_Entry]:
    gather = fan.gather(rows)
    summary = _summary(fan, group)
    if summary is not None and summary.look.stroke is not None:
        middle = _sweep(fan, fan.spot(here), gather, here, rows[0])
        stroke = msgspec.structs.replace(summary.look.stroke, dash=summary.look.stroke.trunk)
        key = (*rank_of(summary.look, summary.latency_ms, fan.options), 1.0)
        yield _Entry(key, middle, stroke, summary.style(fan.options), trunk=group)
    for row in rows:
        yield from _strand(fan, row, gather)


def _own_group(fan: Fan, here: Row, rows: list[Row]) -> Iterator[_Entry]:
    """Yield a loop to each neighbour in the same group: out to the middle and back."""
    for row in rows:
        if row.node != fan.focus:
            yield from _strand(fan, row, fan.spot(here))


def _strand(fan: Fan, row: Row, start: Floats) -> Iterator[_Entry]:
    line = fan.lines.get(row.node)
    if line is None or line.look.stroke is None:
        return
    if line.state is SampleState.FAILED and fan.options.level is not Level.BRAILLE:
        return  # a cross in free space would read as a node
    end = fan.spot(row)
    inwards = 1.0 if row.is_left else -1.0
    if abs(start[0] - end[0]) < 4 * DOTS_ACROSS:  # a neighbour: bow inwards
        bow = np.array([inwards * (5 + abs(start[1] - end[1]) / DOTS_DOWN) * DOTS_ACROSS * 0.8, 0.0])
        curve = bezier(start, start + bow, end + bow, end)
    else:
        half = (end[0] - start[0]) / 2
        curve = bezier(start, start + np.array([half, 0.0]), end - np.array([half, 0.0]), end)
    if line.state is SampleState.FAILED:
        curve = curve[len(curve) * 2 // 3 :]
    key = (*rank_of(line.look, line.latency_ms, fan.options), 0.0)
    yield _Entry(key, curve, line.look.stroke, line_style(line, fan.options))


def _summary(fan: Fan, group: int) -> Summary | None:
    """Return what the focus knows of all members of a group, with or without a row."""
    title = next(row for row in fan.rows if row.kind is RowKind.TITLE and row.group == group)
    return summarise([fan.lines[node] for node in title.members if node in fan.lines])


def _sweep(fan: Fan, start: Floats, end: Floats, one: Row, other: Row) -> Floats:
    """Return a curve between the arcs, or out to the middle and back between two places of the same arc."""
    wide = fan.size.width * DOTS_ACROSS
    out, back = (1.0 if one.is_left else -1.0), (1.0 if other.is_left else -1.0)
    if one.is_left == other.is_left:
        bow = min(0.3 * wide, 0.25 * wide + 0.2 * abs(start[1] - end[1])) * 0.8
    else:
        bow = abs(end[0] - start[0]) * 0.45
    return bezier(start, start + np.array([out * bow, 0.0]), end + np.array([back * bow, 0.0]), end)


def _paint(entries: list[_Entry], fan: Fan) -> tuple[Pen, list[Style]]:
    """Paint all curves, entries in ascending priority; return the pen and the styles by slot."""
    pen = Pen(fan.size.width, fan.size.height, fan.options.level, keep_cover=fan.options.numbers)
    looks = list(dict.fromkeys((entry.key, entry.style) for entry in entries))
    slots = {look: min(position, 255) for position, look in enumerate(looks, start=1)}
    slot = np.array([slots[entry.key, entry.style] for entry in entries], dtype=np.uint8)
    numbers = np.array([-1 if entry.is_texture else position for position, entry in enumerate(entries)], dtype=np.int32)
    wide = np.array([entry.trunk is not None for entry in entries], dtype=bool)
    batch = Batch.of(slot, numbers, [entry.stroke for entry in entries])
    pen.curved([entry.curve for entry in entries], batch, wide)
    pen.clear_texture(max((slots[entry.key, entry.style] for entry in entries if entry.is_texture), default=0))
    styles = [PLAIN] * (max(slots.values(), default=0) + 1)
    for (_, style), number in slots.items():
        styles[number] = style
    return pen, styles


def _trunks(fan: Fan, entries: list[_Entry]) -> Iterator[Trunk]:
    for position, entry in enumerate(entries):
        if entry.trunk is not None:
            summary = _summary(fan, entry.trunk)
            if summary is not None:
                yield Trunk(position, entry.curve, summary)
