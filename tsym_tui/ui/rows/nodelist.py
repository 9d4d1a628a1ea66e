"""The left pane: every node with how it is reached, then what is wrong now."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.cells import clip_middle
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, NODE_LOOKS, Glyph, NodeKind, Role, format_age, format_ms, verdict_look
from tsym_tui.ui.digests import Digest, NodeSum
from tsym_tui.ui.problems import Kind, Problem
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip_name, emphasised, fit, on, spread, width_of

NUMBER_CELLS = 5


MARK = Glyph("■", "■", "*")
"""Before a host that was marked for commands."""


def node_row(
    pen: Pen, digest: Digest, ref: NodeRef, cells: int, *, is_selected: bool = False, is_marked: bool = False
) -> Row:
    """Write one node: what it is to us, its name, the class it is mostly reached by, and its round trip."""
    sums = digest.sum_of(ref)
    left = [node_mark(pen, digest, ref, is_selected=is_selected), pen(" "), _name(pen, digest, ref, is_selected)]
    right = class_and_number(pen, sums)
    left[2] = clip_name(left[2], cells - 4 - 2 - width_of(right) - 1, pen.signs.ellipsis)
    row = spread(left, right, cells - 4, pen.signs.ellipsis)
    return selectable(pen, [*row, pen(" ")], cells, is_selected=is_selected, is_marked=is_marked)


def selectable(pen: Pen, row: Row, cells: int, *, is_selected: bool, is_marked: bool = False) -> Row:
    """Indent a list row by three cells and show the selected one: edge and tint, or edge and bold without tints.

    The third cell is for the mark.
    """
    if not is_selected:
        lead = [*blank(2), pen.accent(pen.glyph(MARK))] if is_marked else blank(3)
        return fit([*lead, *row], cells, pen.signs.ellipsis)
    mark = pen.accent(pen.glyph(MARK)) if is_marked else pen(" ")
    tint = pen.theme.colour(Role.SELECTION)
    inner = fit([pen.accent(pen.signs.selected_row), mark, *row], cells - 1, pen.signs.ellipsis)
    return [*blank(1), *(on(inner, tint) if tint else emphasised(inner))]


def node_mark(pen: Pen, digest: Digest, ref: NodeRef, *, is_selected: bool = False) -> Run:
    """Write the sign of what a node is to us."""
    look = NODE_LOOKS[digest.kind_of(ref)]
    sign = pen.glyph(look.glyph)
    return pen.accent(sign) if is_selected and look.role is not Role.DEAD else pen(sign, look.role)


def _name(pen: Pen, digest: Digest, ref: NodeRef, is_selected: bool) -> Run:
    name = digest.name_of(ref)
    kind = digest.kind_of(ref)
    if kind is NodeKind.DEAD:
        return pen(name, Role.DEAD, bold=is_selected)
    if is_selected:
        return pen.accent(name)
    return pen(name, {NodeKind.AGENT: Role.STRONG, NodeKind.SILENT: Role.DIM}.get(kind, Role.TEXT))


def class_and_number(pen: Pen, sums: NodeSum) -> Row:
    """Write the class a node is mostly reached by and its round trip, or how long it has been silent or unasked."""
    if not sums.probed and not sums.never:
        return []
    look = verdict_look(sums.state, sums.path)
    number = format_ms(sums.median_ms) if sums.state is SampleState.FRESH else _age(sums)
    text = f"{pen.glyph(look.glyph)}{number.rjust(NUMBER_CELLS)}"
    return [pen.look(text, look, sums.median_ms, sums.age_s)]


def _age(sums: NodeSum) -> str:
    """Say how old the last word is, in five cells."""
    return "" if sums.age_s is None else format_age(sums.age_s).replace(" min", " m")


def list_heading(pen: Pen, title: str, count: str, unit: str, cells: int) -> Row:
    """Write the heading of a list."""
    left = [pen(title, Role.DIM, bold=True), pen(f" {count}", Role.CHROME)]
    return fit([*blank(3), *spread(left, [pen(unit, Role.CHROME)], cells - 4)], cells)


def mark_key(pen: Pen, cells: int) -> Row:
    """Explain the signs before the names."""
    host, peer = (pen.glyph(NODE_LOOKS[kind].glyph) for kind in (NodeKind.AGENT, NodeKind.PEER))
    return fit([*blank(3), pen.dim(f"{host} host  {peer} no host")], cells)


def problem_rows(pen: Pen, problem: Problem, cells: int) -> list[Row]:
    """Write one problem in two rows: what it is about, and what is wrong with it."""
    title = clip_middle(problem.title, cells - 5, pen.signs.ellipsis)
    head = [*blank(3), problem_mark(pen, problem), pen(" "), pen(title)]
    words = [*blank(5), pen.dim(problem.words)]
    return [fit(head, cells, pen.signs.ellipsis), fit(words, cells, pen.signs.ellipsis)]


def problem_mark(pen: Pen, problem: Problem) -> Run:
    """Write the sign of a problem in the colour it has on the map."""
    match problem.kind:
        case Kind.DEAD:
            look = LOOKS[SampleState.FAILED, PathKind.UNKNOWN]
            return pen(pen.glyph(look.glyph), look.role)
        case Kind.STALE:
            look = LOOKS[SampleState.STALE, PathKind.UNKNOWN]
            return pen(pen.glyph(look.glyph), look.role)
        case Kind.RELAYED | Kind.SLOW:
            look = LOOKS[SampleState.FRESH, problem.path]
            return pen.latency(pen.glyph(look.glyph), problem.latency_ms)
        case Kind.ONE_WAY:
            return pen(pen.signs.one_way, Role.WARN)
        case Kind.HOST:
            return pen(pen.glyph(NODE_LOOKS[NodeKind.SILENT].glyph), Role.WARN)
        case Kind.BARRED | Kind.EXPIRING | Kind.HEALTH:
            return pen("!", Role.WARN)


def left_pane(  # noqa: PLR0913 - the pane shows that many things
    pen: Pen,
    digest: Digest,
    refs: Sequence[NodeRef],
    problems: Sequence[Problem],
    selected: Collection[NodeRef],
    *,
    size: tuple[int, int],
    filter_text: str = "",
    marked: Collection[NodeRef] = (),
) -> tuple[list[Row], dict[int, NodeRef]]:
    """Write the whole pane of `size` (cells, rows), and say which row shows which node."""
    cells, height = size
    window = list_window(len(refs), _focus_of(refs, selected), _room_for_nodes(len(refs), len(problems), height))
    count = f"{len(refs)}" if len(refs) == len(digest.order) else f"{len(refs)} of {len(digest.order)}"
    rows: list[Row] = [list_heading(pen, "nodes", count, "ms", cells), []]
    places: dict[int, NodeRef] = {}
    for ref in refs[window.start : window.stop]:
        places[len(rows)] = ref
        rows.append(node_row(pen, digest, ref, cells, is_selected=ref in selected, is_marked=ref in marked))
    hidden = len(refs) - len(window)
    rows += [[*blank(5), pen(f"{hidden} more", Role.CHROME)]] if hidden else []
    if height - len(rows) >= 4:
        rows += [[], mark_key(pen, cells)]
    rows += _wrong_now(pen, problems, cells, height - len(rows) - 2)
    rows += [[] for _ in range(height - 1 - len(rows))]
    prompt = [*blank(3), pen.accent("/"), pen(" "), pen(filter_text) if filter_text else pen("filter", Role.CHROME)]
    return [*rows[: height - 1], fit(prompt, cells, pen.signs.ellipsis)], places


def nothing_left(pen: Pen, filter_text: str) -> list[Row]:
    """Say why no node is listed, and how to get back."""
    why = f"no node matches {filter_text}" if filter_text else "nothing is wrong"
    key, words = ("esc", " drops the filter") if filter_text else ("!", " shows every node")
    return [[*blank(5), pen.strong(why), pen.dim("; "), pen.accent(key), pen.dim(words)]]


def _wrong_now(pen: Pen, problems: Sequence[Problem], cells: int, room: int) -> list[Row]:
    """Write as many problems as there is room for, and count the rest."""
    if room < 4:
        return []
    if not problems:
        return [[], [*blank(3), pen(pen.signs.check, Role.OK), pen.dim(" nothing wrong now")]]
    rows: list[Row] = [[], list_heading(pen, "wrong now", str(len(problems)), "", cells)]
    shown = min(len(problems), (room - len(rows)) // 3)
    gap: list[Row] = [[]]
    if shown < len(problems):  # many: blank rows between them would take the room of others
        rows, gap = [*rows, []], []
        shown = min(len(problems), (room - len(rows) - 2) // 2)
    for problem in problems[:shown]:
        rows += [*gap, *problem_rows(pen, problem, cells)]
    if shown < len(problems):
        rows += [[], [*blank(5), pen(f"{len(problems) - shown} more", Role.CHROME)]]
    return rows


def _room_for_nodes(nodes: int, problems: int, height: int) -> int:
    """Share the pane: all nodes if they fit beside some problems, else what is left, five at least."""
    shown = min(problems, max(_PROBLEMS_SHOWN, height // 6))
    wanted = 3 * shown + 4 if problems <= 3 else 2 * shown + 7
    room = max(5, height - 5 - wanted)
    return nodes if nodes <= room else room - 1


_PROBLEMS_SHOWN = 5
"""For so many at least the list of nodes gives way: it can be scrolled, and what is wrong is read first."""


def _focus_of(refs: Sequence[NodeRef], selected: Collection[NodeRef]) -> int:
    """Find the row that must be seen: that of the first selected node."""
    return next((row for row, ref in enumerate(refs) if ref in selected), 0)


def list_window(count: int, focus: int, room: int) -> range:
    """Choose which rows of a long list to show so that `focus` is among them, near the middle where it can be."""
    if count <= room:
        return range(count)
    start = min(max(0, focus - room // 2), count - room)
    return range(start, start + room)
