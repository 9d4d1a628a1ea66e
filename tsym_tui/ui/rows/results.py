"""What hosts answered: the hosts with their states at the left, one answer or the differences at the right."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_agent.model.hosts import Host
from tsym_tui.fleet.fanout import Answer, Verdict
from tsym_tui.fleet.sheets import Sheet
from tsym_tui.graph.cells import clip as clip_text
from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.looks import Glyph, Role
from tsym_tui.ui.rows.nodelist import list_window, selectable
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit, fit_text, spread, wrap
from tsym_tui.ui.runs import TEXT_STEP, Run

SIDE_CELLS = 70
"""From this width on the hosts stand beside the answer, else above it."""

GAP = 2
MOST_CELL = 44

VERDICTS: dict[Verdict | None, tuple[Glyph, Role, str]] = {
    Verdict.OK: (Glyph("✓", "✓", "+"), Role.OK, ""),
    Verdict.UNREACHABLE: (Glyph("✕", "x", "x"), Role.DEAD, "silent"),
    Verdict.DENIED: (Glyph("!", "!", "!"), Role.WARN, "refused"),
    Verdict.UNSUPPORTED: (Glyph("!", "!", "!"), Role.WARN, "not there"),
    Verdict.REFUSED: (Glyph("!", "!", "!"), Role.WARN, "no answer"),
    Verdict.FAILED: (Glyph("!", "!", "!"), Role.WARN, "failed"),
    None: (Glyph("·", "·", "."), Role.DIM, "asking"),
}
"""How each outcome looks; None = it is still asked."""


def result_rows(pen: Pen, run: Run, size: tuple[int, int]) -> list[Row]:
    """Write the whole pane of `size` (cells, rows)."""
    cells, height = size
    if not run.hosts:
        return [[], [*blank(3), pen.dim("there is no host to ask; "), pen.accent("esc"), pen.dim(" goes back")]]
    if cells < SIDE_CELLS:
        listed = min(len(run.hosts) + 1, max(3, height // 3))
        above = host_rows(pen, run, cells, listed)
        return [*above, [], *answer_rows(pen, run, cells - 3, height - len(above) - 1, indent=3)]
    left_cells = min(32, cells // 3)
    left = host_rows(pen, run, left_cells - 1, height)
    right = answer_rows(pen, run, cells - left_cells - 2, height, indent=0)
    return [
        [
            *fit(left[y] if y < len(left) else [], left_cells - 1),
            pen.hairline(),
            *blank(2),
            *(right[y] if y < len(right) else []),
        ]
        for y in range(height)
    ]


def host_rows(pen: Pen, run: Run, cells: int, height: int) -> list[Row]:
    """List the hosts, what came of each, and how long it took."""
    done = len(run.answers)
    count = f"{len(run.good)} of {len(run.hosts)} answered" if not run.waiting else f"{done} of {len(run.hosts)} done"
    rows: list[Row] = [fit([*blank(3), pen.dim(count)], cells, pen.signs.ellipsis)]
    names = run.names()
    for place in list_window(len(run.hosts), run.selected, max(1, height - 1)):
        host = run.hosts[place]
        rows.append(
            _host_row(pen, names[host.spec], run.answers.get(host.spec), cells, is_selected=place == run.selected)
        )
    return rows


def _host_row(pen: Pen, name: str, answer: Answer | None, cells: int, *, is_selected: bool) -> Row:
    glyph, role, words = VERDICTS[answer.verdict if answer else None]
    text = settle(name)
    left = [pen(f"{pen.glyph(glyph)} ", role), pen.accent(text) if is_selected else pen(text)]
    word = took_words(answer.took_s) if answer is not None and answer.is_ok else words
    return selectable(
        pen,
        [*spread(left, [pen(word, Role.CHROME if not words else role)], cells - 5, pen.signs.ellipsis), pen(" ")],
        cells,
        is_selected=is_selected,
    )


def took_words(took_s: float | None) -> str:
    """Say how long an answer took."""
    if took_s is None:
        return ""
    return f"{took_s * 1000:.0f} ms" if took_s < 1 else f"{took_s:.1f} s"


def answer_rows(pen: Pen, run: Run, cells: int, height: int, *, indent: int) -> list[Row]:
    """Write the answer, or the differences, from the row that was scrolled to."""
    rows = difference_rows(pen, run, cells) if run.only_differences else _one_answer(pen, run, cells)
    room = height if len(rows) <= height else height - 1
    run.top = min(max(0, run.top), max(0, len(rows) - room))
    shown = [[*blank(indent), *clip(row, cells, pen.signs.ellipsis)] for row in rows[run.top : run.top + room]]
    below = len(rows) - run.top - len(shown)
    if len(rows) > height:
        shown.append([*blank(indent), pen.dim(f"{below} more rows; PgDn" if below else "the end")])
    return shown


def _one_answer(pen: Pen, run: Run, cells: int) -> list[Row]:
    host, answer = run.host, run.answer
    if host is None or answer is None:
        return [[pen.dim("asking …" if not pen.is_ascii else "asking ...")]]
    sheet = run.sheet()
    if sheet is None:
        return _no_answer(pen, host, answer, cells)
    same = run.same_as()
    head: list[Row] = []
    if same:
        names = ", ".join(same[:4]) + (f" and {len(same) - 4} more" if len(same) > 4 else "")
        head = [[pen.dim(f"the same from {names}")], []]
    return [*head, *sheet_rows(pen, sheet, cells, run.left)]


def _no_answer(pen: Pen, host: Host, answer: Answer, cells: int) -> list[Row]:
    _, role, words = VERDICTS[answer.verdict]
    lines = wrap(settle(answer.error or "it gave no answer"), max(20, cells - 2))
    return [[pen(f"{settle(host.name)}: {words}", role, bold=True)], [], *([pen(line)] for line in lines)]


def sheet_rows(pen: Pen, sheet: Sheet, cells: int, left: int = 0) -> list[Row]:
    """Write a sheet: a table, or text as it came; `left` columns or steps of it were scrolled past, never the first."""
    if sheet.is_text:
        return [[pen(settle(text)[left * TEXT_STEP :])] for (text,) in sheet.rows]
    if len(sheet.rows) == 1 and len(sheet.columns) > 2:  # one thing: its members below each other read better
        return facts_rows(pen, list(zip(sheet.columns, sheet.rows[0], strict=True)), cells)
    if len(sheet.columns) == 2 and sheet.columns[0] == "member":
        return facts_rows(pen, [(row[0], row[1]) for row in sheet.rows], cells)
    settled = [[settle(cell) for cell in row] for row in sheet.rows]
    widths = [
        min(MOST_CELL, max([width(title), *(width(row[place]) for row in settled)]))
        for place, title in enumerate(sheet.columns)
    ]
    used = [place for place, size in enumerate(widths) if any(row[place] for row in settled)]
    used = [*used[:1], *used[1 + left :]]
    rows = [_cells(pen, [(sheet.columns[place], widths[place]) for place in used], Role.CHROME, Role.CHROME)]
    rows += [_cells(pen, [(line[place], widths[place]) for place in used], Role.STRONG, Role.TEXT) for line in settled]
    if sheet.left_out:
        rows.append([pen.dim(f"+{sheet.left_out} columns in the raw answer: t")])
    return rows


def _cells(pen: Pen, cells: Sequence[tuple[str, int]], first: Role, others: Role) -> Row:
    """Write cells at their widths, the last one as wide as it is."""
    row: Row = []
    for place, (text, size) in enumerate(cells):
        is_last = place == len(cells) - 1
        written = clip_text(text, size, pen.signs.ellipsis) if is_last else fit_text(text, size, pen.signs.ellipsis)
        row += [*(blank(GAP) if row else []), pen(written, others if place else first)]
    return row


def facts_rows(pen: Pen, facts: Sequence[tuple[str, str]], cells: int) -> list[Row]:
    """Write members and their values, long values on more rows."""
    name_cells = min(max((width(settle(name)) for name, _ in facts), default=0), max(12, cells // 2))
    rows: list[Row] = []
    for name, value in facts:
        lines = wrap(settle(value), max(10, cells - name_cells - GAP)) or [""]
        for number, text in enumerate(lines):
            label = fit_text("" if number else settle(name), name_cells, pen.signs.ellipsis)
            rows.append([pen.dim(label), pen(" " * GAP), pen(text)])
    return rows


def difference_rows(pen: Pen, run: Run, cells: int) -> list[Row]:
    """Write where answers differ: each place, then its values and who has them."""
    answers, names = run.good, run.names()
    if run.has_bytes:
        return [[pen.dim("bytes for another program are not compared")]]
    if len(answers) < 2:
        return [[pen.dim("two answers are needed to tell them apart")]]
    spreads = run.spreads()
    if not spreads:
        return [[pen(pen.signs.check, Role.OK), pen(f" no difference between {len(answers)} hosts")]]
    count = "1 place differs" if len(spreads) == 1 else f"{len(spreads)} places differ"
    rows: list[Row] = [[pen.strong(count), pen.dim(f" between {len(answers)} hosts")]]
    for spread_ in spreads:
        rows += [[], [pen(settle(spread_.path), Role.STRONG)]]
        for value, places in spread_.values:
            who = ", ".join(names[answers[place].host.spec] for place in places)
            shown = pen("not there", Role.DIM) if value is None else pen(settle(value))
            rows.append(clip([*blank(2), shown, pen.dim(f"  {who}")], cells, pen.signs.ellipsis))
    return rows
