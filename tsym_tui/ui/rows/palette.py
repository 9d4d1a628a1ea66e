"""The palette: what is typed, what it may mean, and the form of a command's values."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.fleet.questions import usage_of, wanted_words
from tsym_tui.graph.looks import Role
from tsym_tui.ui.choices import Choice, ChoiceKind, FormFields
from tsym_tui.ui.linetext import LineText
from tsym_tui.ui.rows.nodelist import list_window
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit_text, spread, width_of, wrap

NAME_CELLS = 26

ROOMY_ROWS = 8
"""With fewer, the line and the choices are all there is room for."""

TYPED_CELLS = 16
"""At least so much of the line is seen; who would be asked makes room for it."""


def palette_rows(
    pen: Pen, line: LineText, found: Sequence[Choice], at: int, where: str, size: tuple[int, int]
) -> list[Row]:
    """Write the list of `size` (cells, rows): the line on top, the choices below, words about the chosen one last."""
    cells, height = size
    is_roomy = height >= ROOMY_ROWS
    about = _about(pen, found[at] if found else None, cells) if is_roomy else []
    rows: list[Row] = [_line_row(pen, line, where, cells), *([[]] if is_roomy else [])]
    window = list_window(len(found), at, max(1, height - len(rows) - len(about)))
    rows += [_choice_row(pen, found[place], cells, is_chosen=place == at) for place in window]
    if not found:
        rows.append([*blank(2), pen.dim("nothing is called so; esc closes")])
    rows += [[] for _ in range(height - len(about) - len(rows))]
    return [*rows[: height - len(about)], *about]


def _line_row(pen: Pen, line: LineText, where: str, cells: int) -> Row:
    before, under, after = line.around_cursor
    left = [pen.accent(":"), pen(" "), pen(before), pen.cursor(under or " "), pen(after)]
    told = [pen.dim(where)] if width_of(left) + TYPED_CELLS + len(where) <= cells else []
    return spread(left, told, cells, pen.signs.ellipsis)


def _choice_row(pen: Pen, choice: Choice, cells: int, *, is_chosen: bool) -> Row:
    edge = pen.accent(pen.signs.selected_row) if is_chosen else pen(" ")
    role = Role.STALE if choice.is_barred else Role.TEXT
    name = fit_text(choice.name, min(NAME_CELLS, cells // 3), pen.signs.ellipsis)
    left = [edge, pen(" "), pen.accent(name) if is_chosen else pen(name, role), pen("  "), pen.dim(choice.words)]
    note = "not here" if choice.is_barred else choice.note
    right = [pen(note, Role.WARN if choice.is_barred else Role.CHROME)] if note and cells >= 50 else []
    return spread(clip(left, cells - width_of(right) - 1, pen.signs.ellipsis), right, cells, pen.signs.ellipsis)


def _about(pen: Pen, choice: Choice | None, cells: int) -> list[Row]:
    """Say in four rows what it takes, what it sends, and who will not run it."""
    if choice is None:
        return [[], [], [], []]
    told: list[Row] = []
    if choice.obstacle:
        lines = wrap(choice.obstacle, cells - 4)
        told += [
            [pen("! " if not number else "  ", Role.WARN), pen(text, Role.WARN)] for number, text in enumerate(lines)
        ]
    command = choice.command
    if command is not None:
        takes = " ".join(usage_of(parameter) for parameter in command.parameters)
        told += [[pen.dim("takes "), pen(takes)]] if takes and choice.kind is ChoiceKind.ASK else []
        told += [[pen.dim("sends "), pen(command.sends)]] if command.sends else []
    return [[], *[clip(row, cells, pen.signs.ellipsis) for row in [*told, [], [], []][:3]]]


def form_rows(pen: Pen, form: FormFields, where: str, size: tuple[int, int]) -> list[Row]:
    """Write the form: a row for each value, and below what the one with the cursor wants, or what is wrong."""
    cells, height = size
    head: Row = [pen.strong(form.command.name)]
    told = [pen.dim(where)] if width_of(head) + len(where) < cells else []
    rows: list[Row] = [spread(head, told, cells, pen.signs.ellipsis), []]
    if height < ROOMY_ROWS:
        rows.pop()
    name_cells = max(len(parameter.name) for parameter in form.command.parameters) + 2
    for place, (parameter, line) in enumerate(zip(form.command.parameters, form.lines, strict=True)):
        has_cursor = place == form.at
        edge = pen.accent(pen.signs.selected_row) if has_cursor else pen(" ")
        name = pen(fit_text(parameter.name, name_cells), Role.STRONG if parameter.is_required else Role.TEXT)
        rows.append([edge, pen(" "), name, *_field(pen, line, has_cursor=has_cursor, hint=parameter.words)])
    if height < ROOMY_ROWS:
        del rows[1 : max(1, min(form.at + 1, len(rows) - height + 1))]  # the field with the cursor is seen
    wanted = f"{wanted_words(form.parameter)}{'' if form.parameter.is_required else ', or nothing'}"
    rows.append([])
    if form.trouble:
        rows += [[pen("! ", Role.WARN), pen(text, Role.WARN)] for text in wrap(form.trouble, cells - 4)]
    else:
        rows += [[pen.dim(text)] for text in wrap(wanted, cells - 2)]
    if form.command.sends:
        rows += [[], [pen.dim("sends "), pen(form.command.sends)]]
    rows += [[] for _ in range(height - len(rows))]
    return [clip(row, cells, pen.signs.ellipsis) for row in rows[:height]]


def _field(pen: Pen, line: LineText, *, has_cursor: bool, hint: str) -> Row:
    if not has_cursor:
        return [pen(line.text)] if line.text else [pen(hint, Role.CHROME)]
    before, under, after = line.around_cursor
    written = [pen(before), pen.cursor(under or " "), pen(after)]
    return written if line.text else [*written, pen(f" {hint}", Role.CHROME)]
