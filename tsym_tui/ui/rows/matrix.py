"""The matrix: a row for each host, a column for each node, a tile for each pair.

Tiles are two cells wide, so that they are square. The glyph says the class, colour the latency, the tint behind it the
same a second time. The cursor's row opens two rows of numbers, staggered, so that three digits fit without shortening.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, Look, Role, format_age, format_loss, format_ms, look_of, verdict_look
from tsym_tui.graph.themes import mix
from tsym_tui.ui.digests import Digest, typical_ms
from tsym_tui.ui.problems import is_well
from tsym_tui.ui.rows.nodelist import MARK, list_window, node_mark
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit_text, joined, on, width_of

TILE = 2
MOST_NAME_CELLS = 18
MOST_HEAD_ROWS = 9
TINT_SHARE = 0.2
DEAD_TINT_SHARE = 0.3
QUIET_SHARE = 0.62
"""What a direct cell's glyph keeps of its colour: well is quiet."""

SAYS_CELLS = 14


class Metric(Enum):
    """What the numbers of the cursor's row are."""

    PATH = "path"
    P50 = "p50"
    P95 = "p95"
    LOSS = "loss"
    JITTER = "jitter"
    AGE = "age"

    def write(self, pair: Pair | None) -> str:
        """Write a pair's figure without its unit."""
        if pair is None or pair.state is SampleState.NEVER:
            return ""
        match self:
            case Metric.AGE:
                return format_age(pair.age_s).replace(" ", "").replace("min", "m")
            case Metric.LOSS:
                return format_loss(pair.loss).removesuffix(" %")
            case _ if pair.state is not SampleState.FRESH:
                return ""
            case _:
                return format_ms(self.ms_of(pair), trim=True)

    def ms_of(self, pair: Pair) -> float | None:
        """Return the time that colours a pair."""
        match self:
            case Metric.P95:
                return pair.p95_ms
            case Metric.JITTER:
                return pair.jitter_ms
            case _:
                return typical_ms(pair)

    @property
    def unit(self) -> str:
        """What stands before the numbers."""
        return {Metric.LOSS: "loss %", Metric.AGE: "age"}.get(self, "ms")


class Grid(msgspec.Struct, frozen=True):
    """Which hosts and nodes the matrix is of, and where its cursor stands."""

    hosts: tuple[NodeRef, ...]
    nodes: tuple[NodeRef, ...]
    row: int = 0
    column: int = 0
    metric: Metric = Metric.PATH
    marked: frozenset[NodeRef] = frozenset()
    """Hosts that commands run on; put in for drawing alone."""

    @property
    def here(self) -> tuple[NodeRef, NodeRef] | None:
        """The pair under the cursor; None when there is nothing."""
        if not self.hosts or not self.nodes:
            return None
        return self.hosts[self.row], self.nodes[self.column]

    def moved(self, down: int, right: int) -> Grid:
        """Move the cursor, as far as there are cells."""
        row = min(max(0, self.row + down), max(0, len(self.hosts) - 1))
        column = min(max(0, self.column + right), max(0, len(self.nodes) - 1))
        return Grid(self.hosts, self.nodes, row, column, self.metric)

    def at(self, source: NodeRef | None, target: NodeRef | None) -> Grid:
        """Put the cursor on a pair as far as it is in the matrix."""
        row = self.hosts.index(source) if source in self.hosts else self.row
        column = self.nodes.index(target) if target in self.nodes else self.column
        return Grid(self.hosts, self.nodes, row, column, self.metric).moved(0, 0)


def is_bad(pair: Pair | None) -> bool:
    """Whether a cell is worth a look: not direct, not fresh, slow; an empty cell is not."""
    return pair is not None and not is_well(pair)


def next_bad(digest: Digest, grid: Grid) -> Grid:
    """Move to the next bad cell, row by row, round and round; stays where none is."""
    width, count = len(grid.nodes), len(grid.nodes) * len(grid.hosts)
    start = grid.row * width + grid.column
    for step in range(1, count + 1):
        row, column = divmod((start + step) % count, width)
        if is_bad(digest.pair(grid.hosts[row], grid.nodes[column])):
            return Grid(grid.hosts, grid.nodes, row, column, grid.metric)
    return grid


class Drawn(msgspec.Struct, frozen=True):
    """Rows, and where in them which cell is."""

    rows: list[Row]
    left: int
    """Column of the first tile."""
    lines: dict[int, int]
    """Grid row by screen row."""
    columns: range
    """Grid columns on screen."""

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """Return grid row and column at a place on screen."""
        place = (x - self.left) // TILE
        if y not in self.lines or not 0 <= place < len(self.columns):
            return None
        return self.lines[y], self.columns[place]


def render_matrix(pen: Pen, digest: Digest, grid: Grid, cells: int, height: int) -> Drawn:
    """Write as much of the matrix around the cursor as there is room for, and the pair under it."""
    names = [digest.name_of(ref) for ref in grid.hosts]
    name_cells = min(MOST_NAME_CELLS, max((width_of([pen(name)]) for name in names), default=4))
    left = 3 + 2 + name_cells + 2
    says = SAYS_CELLS if cells - left >= SAYS_CELLS + 16 * TILE else 0
    columns = list_window(len(grid.nodes), grid.column, max(1, (cells - left - says - 2) // TILE))
    foot = _pair_lines(pen, digest, grid, cells)
    heads = _heads(pen, digest, grid, columns, max(2, min(MOST_HEAD_ROWS, height // 4)))
    room = max(1, height - len(heads) - len(foot) - 6)
    shown = list_window(len(grid.hosts), grid.row, room)
    rows: list[Row] = [*([*blank(left), *head] for head in heads), []]
    lines: dict[int, int] = {}
    for row in shown:
        lines[len(rows)] = row
        rows.append(_host_row(pen, digest, grid, row, columns, (name_cells, says)))
        if row == grid.row:
            rows += _numbers(pen, digest, grid, columns, name_cells)
    hidden = len(grid.hosts) - len(shown)
    rows += [[*blank(5), pen(f"{hidden} more hosts", Role.CHROME)]] if hidden else []
    rows += [[], _column_says(pen, digest, grid, columns, name_cells)]
    rows += [[] for _ in range(height - len(rows) - len(foot))]
    return Drawn([*rows[: height - len(foot)], *foot], left, lines, columns)


def _heads(pen: Pen, digest: Digest, grid: Grid, columns: range, most: int) -> list[Row]:
    """Write the column names downwards, so that each ends above its tile."""
    names = [_shortened(digest.name_of(grid.nodes[column]), most) for column in columns]
    depth = max((len(name) for name in names), default=0)
    rows = []
    for line in range(depth):
        row: Row = []
        for name, column in zip(names, columns, strict=True):
            place = line - (depth - len(name))
            char = fit_text(name[place] if place >= 0 else " ", TILE, "")
            row.append(pen.accent(char) if column == grid.column else pen(char, Role.DIM))
        rows.append(row)
    return rows


def _shortened(name: str, most: int) -> str:
    """Cut a name in its middle: what tells nodes apart is mostly at the ends."""
    if len(name) <= most:
        return name
    digits = len(name) - len(name.rstrip("0123456789"))
    tail = min(max(1, digits), most - 1)
    return name[: most - tail] + name[-tail:]


def _host_row(pen: Pen, digest: Digest, grid: Grid, row: int, columns: range, widths: tuple[int, int]) -> Row:
    """Write one host: its name, its tiles, and what the row says."""
    ref = grid.hosts[row]
    name_cells, says = widths
    is_here = row == grid.row
    name = fit_text(digest.name_of(ref), name_cells, pen.signs.ellipsis)
    head: Row = [node_mark(pen, digest, ref, is_selected=is_here), pen(" ")]
    head.append(pen.accent(name) if is_here else pen(name))
    mark = pen.accent(pen.glyph(MARK)) if ref in grid.marked else pen(" ")
    edge = pen.accent(pen.signs.selected_row) if is_here else pen(" ")
    line: Row = [edge, mark] if is_here or ref in grid.marked else blank(2)
    line = [*blank(1), *line, *head, *blank(2)]
    for column in columns:
        target = grid.nodes[column]
        pair = digest.pair(ref, target)
        line.append(_tile(pen, grid, ref == target, pair, is_here and column == grid.column))
    if says:
        line += [*blank(3), *_row_says(pen, digest, ref, grid.nodes)]
    return on(line, pen.theme.colour(Role.RAISED)) if is_here else line


def _tile(pen: Pen, grid: Grid, is_self: bool, pair: Pair | None, is_cursor: bool) -> Run:
    """Write one pair."""
    if is_self:
        run = pen(fit_text(pen.signs.self, TILE), Role.CHROME)
    elif pair is None:
        run = pen(" " * TILE)
    else:
        run = _coloured(pen, grid, pair, look_of(pair))
    if not is_cursor:
        return run
    return Run(run.text, msgspec.structs.replace(pen.accent("").style, bg=None, reverse=True))


def _coloured(pen: Pen, grid: Grid, pair: Pair, look: Look) -> Run:
    """Write a tile in the colour of its latency, on a tint of it."""
    text = fit_text(pen.glyph(look.glyph), TILE)
    run = pen.look(text, look, grid.metric.ms_of(pair), pair.age_s)
    background = pen.theme.colour(Role.BG)
    colour = run.style.fg
    if background is None or colour is None or pair.state not in {SampleState.FRESH, SampleState.FAILED}:
        return run
    tint = mix(colour, background, DEAD_TINT_SHARE if pair.state is SampleState.FAILED else TINT_SHARE)
    front = mix(colour, background, QUIET_SHARE) if is_well(pair) else colour
    return Run(text, msgspec.structs.replace(run.style, fg=front, bg=tint))


def _numbers(pen: Pen, digest: Digest, grid: Grid, columns: range, name_cells: int) -> list[Row]:
    """Write the numbers of the cursor's row: every other one on the second line, so that none touches its neighbour."""
    source = grid.hosts[grid.row]
    rows: list[Row] = []
    for parity in (0, 1):
        label = grid.metric.unit if parity == 0 else ""
        row: Row = [
            *blank(3),
            pen.dim(fit_text(label, name_cells + 2)),
        ]  # two cells early: a first number may need them
        used = 0
        for place, column in enumerate(columns):
            if column % 2 != parity:
                continue
            pair = digest.pair(source, grid.nodes[column])
            text = grid.metric.write(pair)[: 2 * TILE - 1]
            start = max(used + 1 if used else 0, (place + 2) * TILE - max(len(text), 1))
            row += blank(start - used)
            written = pen.look(text, look_of(pair), None if pair is None else grid.metric.ms_of(pair))
            row.append(pen.strong(text) if column == grid.column else written)
            used = start + len(text)
        rows.append(on(row, None))
    return rows


def _row_says(pen: Pen, digest: Digest, ref: NodeRef, nodes: Sequence[NodeRef]) -> Row:
    """Count what is not direct in a host's row."""
    counts: Counter[Look] = Counter()
    for target in nodes:
        pair = digest.pair(ref, target)
        if pair is not None and is_bad(pair):
            counts[verdict_look(pair.state, pair.path)] += 1
    parts: list[Row] = []
    for look in LOOKS.values():
        count = counts[look]
        if count:
            role = Role.TEXT if look.role is Role.LATENCY else look.role
            parts.append([pen(pen.glyph(look.glyph), role), pen.dim(str(count))])
    return clip(joined(parts, 1), SAYS_CELLS - 3, "")


def _column_says(pen: Pen, digest: Digest, grid: Grid, columns: range, name_cells: int) -> Row:
    """Say of each node what every host says of it; a dot where they do not agree on trouble."""
    row: Row = [*blank(3), pen.dim(fit_text("all hosts say", name_cells + 4, pen.signs.ellipsis))]
    for column in columns:
        pairs = [pair for pair in digest.incoming.get(grid.nodes[column], ()) if pair.state is not SampleState.NEVER]
        looks = {verdict_look(pair.state, pair.path) for pair in pairs}
        if len(looks) == 1 and all(is_bad(pair) for pair in pairs):
            look = next(iter(looks))
            times = [ms for pair in pairs if (ms := grid.metric.ms_of(pair)) is not None]
            row.append(pen.look(fit_text(pen.glyph(look.glyph), TILE), look, max(times, default=None)))
        else:
            row.append(pen(fit_text("." if pen.is_ascii else "·", TILE), Role.CHROME))
    return row


def _pair_lines(pen: Pen, digest: Digest, grid: Grid, cells: int) -> list[Row]:
    """Write both directions of the pair under the cursor."""
    if grid.here is None:
        return []
    source, target = grid.here
    rule = [*blank(3), pen(("-" if pen.is_ascii else "─") * (cells - 5), Role.RULE)]
    if source == target:
        return [rule, [*blank(3), pen.accent(digest.name_of(source)), pen.dim(" itself")], []]
    return [rule, *(_direction(pen, digest, *ends, cells) for ends in ((source, target), (target, source)))]


def _direction(pen: Pen, digest: Digest, source: NodeRef, target: NodeRef, cells: int) -> Row:
    """Write one direction as a sentence of figures."""
    pair = digest.pair(source, target)
    ends: Row = [
        pen.accent(digest.name_of(source)),
        pen.dim(f" {pen.signs.right} "),
        pen.accent(digest.name_of(target)),
    ]
    if pair is None:
        what: Row = [pen.dim(f"no host on {digest.name_of(source)}, so this side is unknown")]
        return clip([*blank(3), *ends, *blank(3), *what], cells, pen.signs.ellipsis)
    look = look_of(pair)
    words = f"DERP {pair.derp_region}" if pair.path is PathKind.DERP and pair.derp_region else look.words
    parts: list[Row] = [
        ends,
        [pen.sample(pen.glyph(look.glyph), pair), pen(f" {words if look.last is None else look.words}")],
    ]
    if pair.state is SampleState.FRESH:
        parts.append([pen.sample(f"{format_ms(typical_ms(pair))} ms", pair)])
        parts.append([pen.dim("p95 "), pen(format_ms(pair.p95_ms))])
    parts.append([pen.dim("loss "), pen(format_loss(pair.loss))])
    parts.append([pen.dim("heard "), pen(f"{format_age(pair.age_s)} ago" if pair.age_s is not None else "never")])
    return clip([*blank(3), *joined(parts)], cells, pen.signs.ellipsis)
