"""The launch screen: what there is to start, the form of one tool, and what a run says."""

from __future__ import annotations

import shlex

from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.frame import Run as Cells
from tsym_tui.graph.looks import Role
from tsym_tui.ui.launching.board import Board, Stage
from tsym_tui.ui.launching.children import Run
from tsym_tui.ui.launching.forms import LOOKS_SECRET, Form
from tsym_tui.ui.launching.tools import Field, Kind, Tool
from tsym_tui.ui.rows.nodelist import list_window
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit, fit_text, on, spread, width_of, wrap

LIST_CELLS = 28
BESIDE_CELLS = 84
"""From this width on, list and form stand side by side."""

MOST_FLAG = 20
_GAP = 3


def launch_rows(pen: Pen, board: Board, size: tuple[int, int]) -> list[Row]:
    """Write the body of `size` (cells, rows)."""
    cells, height = size
    if cells < BESIDE_CELLS:
        rows = (
            _list(pen, board, cells, height) if board.stage is Stage.CHOOSE else _right(pen, board, cells - 4, height)
        )
        return rows if board.stage is Stage.CHOOSE else [[*blank(2), *row] for row in rows]
    left = _list(pen, board, LIST_CELLS, height)
    right = _right(pen, board, cells - LIST_CELLS - _GAP - 2, height)
    return [
        [*fit(one, LIST_CELLS, pen.signs.ellipsis), *blank(_GAP), *other]
        for one, other in zip(left, right, strict=True)
    ]


def place_of(board: Board, size: tuple[int, int], at: tuple[int, int]) -> int | None:
    """Return the item at a cell, for the mouse; None where there is none."""
    cells, height = size
    x, y = at
    is_list = board.stage is Stage.CHOOSE or (cells >= BESIDE_CELLS and x < LIST_CELLS)
    line = dict(enumerate(_lines(board, height))).get(y) if is_list else None
    return line if isinstance(line, int) else None


def _lines(board: Board, height: int) -> list[int | str]:
    """Return what stands in each row of the list: an item, a heading, nothing."""
    lines: list[int | str] = []
    heading = ""
    for place, item in enumerate(board.items):
        own = "runs" if isinstance(item, Run) else "tools" if item.is_tool else "questions"
        if own != heading:
            lines += [*([""] if lines else []), own]
            heading = own
        lines.append(place)
    if len(lines) <= height:
        return lines
    focus = lines.index(min(board.at, len(board.items) - 1))
    window = list_window(len(lines), focus, height)
    return lines[window.start : window.stop]


def _list(pen: Pen, board: Board, cells: int, height: int) -> list[Row]:
    items = board.items
    rows: list[Row] = []
    for line in _lines(board, height):
        if isinstance(line, str):
            rows.append([*blank(3), pen(line, Role.STRONG)] if line else [])
        else:
            item = items[line]
            is_here = line == min(board.at, len(items) - 1)
            row = (
                _run_item(pen, item, cells) if isinstance(item, Run) else _tool_item(pen, item, cells, is_here=is_here)
            )
            edge = pen.accent(pen.signs.selected_row) if is_here else pen(" ")
            row = [pen(" "), edge, pen(" "), *row]
            rows.append(on(fit(row, cells, pen.signs.ellipsis), pen.theme.colour(Role.SELECTION)) if is_here else row)
    if not items:
        rows = [[*blank(3), pen.dim("looking for tools" if board.is_reading else "nothing to start")]]
    return rows + [[] for _ in range(height - len(rows))]


def _tool_item(pen: Pen, tool: Tool, cells: int, *, is_here: bool) -> Row:
    mark = [pen("not installed", Role.STALE)] if tool.missing else [pen("!", Role.WARN)] if tool.changes else []
    name = pen.accent(tool.name) if is_here else pen(tool.name, Role.STALE if tool.missing else Role.TEXT)
    beside = [*blank(2), pen.dim(tool.about)] if cells >= 60 else []
    left = [name, *(blank(16 - width(tool.name)) if beside else []), *beside]
    return spread(clip(left, cells - 4 - width_of(mark) - 1, pen.signs.ellipsis), mark, cells - 4)


def _run_item(pen: Pen, run: Run, cells: int) -> Row:
    sign = _sign(pen, run)
    right = (
        pen.dim(_spell(run.seconds)) if run.runs else pen.dim(f"exit {run.code}" if (run.code or 0) >= 0 else "ended")
    )
    left: Row = [sign, pen(" "), pen(settle(" ".join(run.tool.words[1:] or run.tool.words)))]
    return spread(left, [right], cells - 4, pen.signs.ellipsis)


def _sign(pen: Pen, run: Run) -> Cells:
    if run.runs:
        return pen("*" if pen.is_ascii else "●", Role.OK)
    return pen("+" if pen.is_ascii else "✓", Role.DIM) if run.code == 0 else pen("!", Role.WARN)


def _right(pen: Pen, board: Board, cells: int, height: int) -> list[Row]:
    if board.stage is Stage.WATCH and board.run is not None:
        rows = _watch(pen, board, board.run, cells, height)
    elif board.stage is Stage.CHOOSE and isinstance(board.item, Run):
        rows = _watch(pen, board, board.item, cells, height)
    elif board.form is not None:
        rows = _form(pen, board, board.form, cells, height)
    else:
        rows = []
    rows = [clip(row, cells, pen.signs.ellipsis) for row in rows[:height]]
    return rows + [[] for _ in range(height - len(rows))]


def _form(pen: Pen, board: Board, form: Form, cells: int, height: int) -> list[Row]:
    """Write what it is, its fields, words about the one with the cursor, and the line that would run."""
    tool = form.tool
    head = _head(pen, tool, form, cells)
    if tool.missing:
        return [*head, [], *([pen(text, Role.WARN)] for text in wrap(tool.missing, cells))]
    foot = _foot(pen, board, form, cells)
    room = max(1, height - len(head) - len(foot) - 2)
    window = list_window(len(tool.fields), form.at, room)
    name_cells = min(MOST_FLAG, max((width(_label(one)) for one in tool.fields), default=0)) + 2
    is_filling = board.stage is not Stage.CHOOSE
    fields = [
        on(
            fit(_field_row(pen, board, form, place, name_cells), cells, pen.signs.ellipsis),
            pen.theme.colour(Role.RAISED) if is_filling and place == form.at else None,
        )
        for place in window
    ]
    if not fields:
        fields = [[pen.dim("it takes nothing")]]
    hidden = len(tool.fields) - len(window)
    more = [pen(f"{hidden} more", Role.CHROME)] if hidden else []
    gap = max(0, height - len(head) - 1 - len(fields) - 1 - len(foot)) if cells >= 60 else 0
    return [*head, [], *fields, more, *([[]] * min(gap, 1)), *foot]


def _head(pen: Pen, tool: Tool, form: Form, cells: int) -> list[Row]:
    rows: list[Row] = [[pen(tool.name, Role.STRONG), *blank(2), pen.dim(tool.about)]]
    rows += [[pen("! ", Role.WARN), pen(text, Role.WARN)] for text in form.changes]
    more = " ".join(tool.help.partition("\n\n")[0].split())
    is_said = more.split()[:3] == tool.about.split()[:3]  # most helps begin as the line in the list does
    if more and not is_said and not tool.missing:
        rows += [[pen.dim(text)] for text in wrap(more, cells)[:2]]
    return rows


def _label(one: Field) -> str:
    return one.flag or one.wants or one.name


def _field_row(pen: Pen, board: Board, form: Form, place: int, name_cells: int) -> Row:
    one = form.tool.fields[place]
    has_cursor = board.stage is not Stage.CHOOSE and place == form.at
    edge = pen.accent(pen.signs.selected_row) if has_cursor else pen(" ")
    name = fit_text(_label(one), name_cells, pen.signs.ellipsis)
    named = pen.accent(name) if has_cursor else pen(name, Role.STRONG if one.is_required else Role.TEXT)
    value = _secret(pen, form, one) if one.is_secret else _value(pen, board, form, place, has_cursor=has_cursor)
    return [edge, pen(" "), named, pen(" "), *value]


def _value(pen: Pen, board: Board, form: Form, place: int, *, has_cursor: bool) -> Row:
    one, line = form.tool.fields[place], form.lines[place]
    complaint = form.complaint(one)
    shown = board.words(line.text)
    if complaint == LOOKS_SECRET:
        return [pen("hidden" if pen.is_ascii else "••••••", Role.WARN)]
    if not line.text:
        hint = _hint(form, one)
        return [pen.cursor(hint[:1] or " "), pen(hint[1:], Role.CHROME)] if has_cursor else [pen(hint, Role.CHROME)]
    if not has_cursor:
        return [pen(shown, Role.WARN if complaint else Role.STRONG)]
    if shown != line.text:  # a name that is hidden: its letters have no places for a cursor
        return [pen(shown, Role.STRONG), pen.cursor(" ")]
    before, under, after = line.around_cursor
    return [pen(before, Role.STRONG), pen.cursor(under or " "), pen(after, Role.STRONG)]


def _secret(pen: Pen, form: Form, one: Field) -> Row:
    if source := form.source_of(one):
        return [pen.dim("set in "), pen(source)]
    if one.variables:
        return [pen.dim("a secret: set "), pen(one.variables[0]), pen.dim(" before tsym starts")]
    return [pen.dim("a secret: not from here, where others could read it")]


def _hint(form: Form, one: Field) -> str:
    if source := form.source_of(one):
        return f"from {source}"
    if one.default:
        return one.default
    if one.is_required:
        return "needed"
    return {Kind.SWITCH: "no", Kind.TOGGLE: "as it comes"}.get(one.kind, one.wants.lower() if not one.flag else "")


def _foot(pen: Pen, board: Board, form: Form, cells: int) -> list[Row]:
    """Words about the field, or what is wrong; then the line, and what enter does."""
    rows: list[Row] = []
    one = form.field
    if board.stage is Stage.FILL and one is not None:
        rows += _about_field(pen, form, one, cells)
    prompt = "> " if pen.is_ascii else "$ "
    lines = _wrap_line(board.line, cells - 2)
    rows += [
        [pen(prompt if not place else "  ", Role.CHROME), pen(board.words(text), Role.STRONG)]
        for place, text in enumerate(lines)
    ]
    if board.stage is Stage.ASK:
        what = " and ".join(form.changes)
        rows += [[pen(text, Role.WARN)] for text in wrap(f"It {what}.", cells)]
        rows.append([pen.accent("y"), pen(" run it"), *blank(3), pen.accent("any other key"), pen.dim(" back")])
    return [[], *rows]


def _about_field(pen: Pen, form: Form, one: Field, cells: int) -> list[Row]:
    trouble = form.trouble or (form.complaint(one) if form.text_of(one) else "")
    rows: list[Row] = []
    if trouble:
        rows += [[pen("! ", Role.WARN), pen(text, Role.WARN)] for text in wrap(trouble, cells - 2)]
    else:
        rows += [[pen(text)] for text in wrap(one.words, cells)]
    parts = [one.wants] if one.wants and one.flag else []
    parts += ["several, with blanks between"] if one.is_repeatable else []
    parts += [" or ".join(one.choices) if one.kind is not Kind.CHOICE else ""] if one.choices else []
    parts += ["or " + " or ".join(one.variables) + " in the environment"] if one.variables else []
    told = "; ".join(part for part in parts if part)
    rows += [[pen.dim(text)] for text in wrap(told, cells)[:2]]
    return [*rows, []]


def _wrap_line(line: str, cells: int) -> list[str]:
    """Break a command line between its words, as a shell takes it back: with the mark of that at each end."""
    lines = [""]
    for word in map(shlex.quote, shlex.split(line)):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and width(longer) > cells - 2:
            lines[-1] += " \\"
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _watch(pen: Pen, board: Board, run: Run, cells: int, height: int) -> list[Row]:
    """Write the line, what came, and how it stands."""
    lines = _wrap_line(run.line, cells - 2)[:3]
    prompt = "> " if pen.is_ascii else "$ "
    head: list[Row] = [
        [pen(prompt if not place else "  ", Role.CHROME), pen(board.words(text), Role.STRONG)]
        for place, text in enumerate(lines)
    ]
    room = output_room(run, cells, height)
    shown = [[pen(settle(board.words(text))[run.left :])] for text in run.output.window(room, run.back)]
    if not shown:
        shown = [[pen.dim("nothing said yet" if run.runs else "it said nothing")]]
    return [*head, [], *shown, *([[]] * (room - len(shown))), [], _standing(pen, run, cells)]


def output_room(run: Run, cells: int, height: int) -> int:
    """Count the rows for output in a pane."""
    return max(1, height - len(_wrap_line(run.line, cells - 2)[:3]) - 3)


def _standing(pen: Pen, run: Run, cells: int) -> Row:
    if run.runs:
        state = [pen("being cancelled", Role.WARN)] if run.is_cancelled else [pen("runs", Role.OK)]
        left = [_sign(pen, run), pen(" "), *state, pen.dim(f" {_spell(run.seconds)}")]
    else:
        role = Role.OK if run.code == 0 else Role.WARN
        left = [_sign(pen, run), pen(" "), pen(run.outcome, role), pen.dim(f", after {_spell(run.seconds)}")]
    count = len(run.output)
    right = [pen.dim(f"{run.left} columns left out   ")] if run.left else []
    right += [pen(f"{run.back} lines back   ", Role.WARN)] if run.back else []
    right += [pen(f"{run.output.dropped} dropped   ", Role.WARN)] if run.output.dropped else []
    right += [pen.dim(f"{count} line{'' if count == 1 else 's'}")]
    return spread(left, right, cells, pen.signs.ellipsis)


def _spell(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def plain_board(board: Board) -> str:
    """Return what `y` copies: all that a run said, with its line and how it ended, else the line of the form."""
    item = board.run if board.stage is Stage.WATCH else board.item
    if isinstance(item, Run):
        return board.words(f"$ {item.line}\n{item.output.text()}{item.outcome}\n")
    return board.words(board.line)
