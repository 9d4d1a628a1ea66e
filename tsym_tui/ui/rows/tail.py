"""Logs and events as they come: the host's own time, the host in its colour, what it said."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.fleet.merging import Entry, Tone
from tsym_tui.graph.cells import settle, width
from tsym_tui.graph.frame import Run
from tsym_tui.graph.hues import hue_of
from tsym_tui.graph.looks import Role
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit_text, spread, width_of, wrap
from tsym_tui.ui.tails import MOST_KEPT, Tail

MOST_NAME = 16
LEAST_WRAP = 16
"""With less room than this, a line is cut and not wrapped."""


def tail_rows(pen: Pen, tail: Tail, size: tuple[int, int], *, is_paused: bool) -> list[Row]:
    """Write the pane of `size` (cells, rows): the window, and on the last row where it stands."""
    cells, height = size
    places = {host.spec: place for place, host in enumerate(tail.hosts)}
    name_cells = min(
        MOST_NAME if cells >= 84 else 10, max((width(settle(host.name)) for host in tail.hosts), default=0)
    )
    entries = tail.window(max(1, height - 2))
    rows: list[Row] = []
    for entry in reversed(entries):
        if len(rows) >= height - 1:
            break
        wraps = tail.is_wrapped or entry.tone is Tone.NOTICE  # a notice says what to do at its end
        rows = [*entry_rows(pen, entry, places.get(entry.host.spec, 0), name_cells, cells, wraps=wraps), *rows]
    rows = rows[-(height - 1) :]
    if not rows:
        rows = [[*blank(3), pen.dim(_why_empty(tail))]]
    rows += [[] for _ in range(height - 1 - len(rows))]
    return [*rows[: height - 1], _where(pen, tail, cells, is_paused=is_paused)]


def entry_rows(pen: Pen, entry: Entry, place: int, name_cells: int, cells: int, *, wraps: bool) -> list[Row]:
    """Write one entry in one row, or in as many as it takes; what is missing before it is counted first."""
    hue = hue_of(pen.theme, place)
    bar = "|" if pen.is_ascii else "▌"
    name = fit_text(settle(entry.host.name), name_cells, pen.signs.ellipsis)
    head = [pen.dim(f" {entry.clock if cells >= 84 else entry.clock[:8]} "), Run(f"{bar}{name} ", hue)]
    head += [pen(f"({entry.lost} dropped) ", Role.WARN)] if entry.lost else []
    is_notice = entry.tone is Tone.NOTICE
    role = Role.WARN if is_notice else Role.DIM if entry.level else Role.TEXT
    head += [pen("-- ", role)] if is_notice else [pen(f"{settle(entry.kind)}  ", Role.STRONG)] if entry.kind else []
    text = settle(entry.words)
    room = cells - width_of(head)
    if not wraps or width(text) <= room or room < LEAST_WRAP:
        return [clip([*head, pen(text, role)], cells, pen.signs.ellipsis)]
    first, *others = wrap(text, room)
    rest = [[*blank(cells - room - 1), Run(bar, hue), pen(line, role)] for line in others]
    return [[*head, pen(first, role)], *rest]


def _why_empty(tail: Tail) -> str:
    if not tail.hosts:
        return "there is no host to follow"
    if tail.kept:
        return f"nothing has {tail.text!r} in it yet" if tail.text else "nothing but details so far: v shows them"
    return "nothing was said yet"


def _where(pen: Pen, tail: Tail, cells: int, *, is_paused: bool) -> Row:
    """Say whether it follows, what is filtered out, and what was dropped."""
    if is_paused:
        state = pen("held", Role.WARN)
    else:
        state = pen("follows", Role.OK) if tail.follows else pen(f"{tail.back} rows back", Role.WARN)
    parts: list[Sequence[Run]] = [[state]]
    if tail.text:
        parts.append([pen.dim("only "), pen(tail.text)])
    if tail.level:
        parts.append([pen.dim(f"details to level {tail.level}")])
    dropped = [pen(f"{tail.lost} dropped", Role.WARN), pen("  ")] if tail.lost else []
    gone = pen.dim(f"{tail.forgotten} older than the last {MOST_KEPT}  ") if tail.forgotten else pen("")
    left: Row = [*blank(3)]
    for number, part in enumerate(parts):
        left += [*([pen.dim("  ")] if number else []), *part]
    return spread(left, [gone, *dropped, pen.dim(f"{tail.came} lines ")], cells, pen.signs.ellipsis)
