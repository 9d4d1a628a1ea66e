"""What was asked of hosts and what it cost: the calls one by one, sums by host and by question, and what was said here.

Pure. Times are when a call ended; a stream of answers has a row when it stands and one when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

from tsym_tui.fleet.calls import CallLog, CallSum, Made
from tsym_tui.graph.cells import settle
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Notice
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit_text, spread

MOST_HOST = 18
_MS, _BYTES, _OUTCOME = 9, 9, 13


class Page(StrEnum):
    """What the screen lists."""

    CALLS = "calls"
    HOSTS = "by host"
    QUESTIONS = "by question"
    SAID = "said here"


PAGES = tuple(Page)


@dataclass
class Ledger:
    """What is looked at, and from where."""

    log: CallLog
    notices: Sequence[Notice] = ()
    page: Page = Page.CALLS
    back: int = 0
    """Rows away from the newest, or from the top of a list of sums."""
    held: tuple[Made, ...] | None = None
    """The calls of when the display was held."""

    def hold(self, *, is_held: bool) -> None:
        """Keep showing what is shown, or go on."""
        if is_held and self.held is None:
            self.held = tuple(self.log.recent)
        elif not is_held:
            self.held = None

    def turn(self, step: int) -> None:
        """Turn to another page."""
        self.page = PAGES[(PAGES.index(self.page) + step) % len(PAGES)]
        self.back = 0


def calls_rows(
    pen: Pen, ledger: Ledger, names: Mapping[str, str], size: tuple[int, int], words: Callable[[str], str]
) -> list[Row]:
    """Write the pane of `size` (cells, rows). `names` calls hosts by spec; `words` hides what is to be hidden."""
    cells, height = size
    rows: list[Row] = [_summary(pen, ledger, cells), []]
    room = max(1, height - len(rows) - 2)
    match ledger.page:
        case Page.CALLS:
            body = _calls(pen, ledger, names, (cells, room), words)
        case Page.HOSTS:
            sums = {words(names.get(spec, spec)): one for spec, one in ledger.log.by_host().items()}
            body = _sums(pen, ledger, "HOST", sums, (cells, room))
        case Page.QUESTIONS:
            body = _sums(pen, ledger, "QUESTION", ledger.log.by_name(), (cells, room))
        case Page.SAID:
            body = _said(pen, ledger, room, words)
    return [clip(row, cells, pen.signs.ellipsis) for row in [*rows, *body][:height]]


def _summary(pen: Pen, ledger: Ledger, cells: int) -> Row:
    """Name the pages, and say what everything cost."""
    log = ledger.log
    total = CallSum()
    for one in log.sums.values():
        total.failed += one.failed
        total.received += one.received
    left: Row = blank(2)
    for page in PAGES:
        left += [pen.strong(page) if page is ledger.page else pen.dim(page), *blank(3)]
    failed = [pen(f"{total.failed} failed", Role.WARN), pen("   ")] if total.failed else []
    right = [pen(f"{log.count:,}"), pen.dim(" calls   "), *failed, pen(format_bytes(total.received)), *blank(2)]
    return spread(left, right, cells, pen.signs.ellipsis)


def _calls(
    pen: Pen, ledger: Ledger, names: Mapping[str, str], size: tuple[int, int], words: Callable[[str], str]
) -> list[Row]:
    cells, room = size
    known = ledger.held if ledger.held is not None else ledger.log.recent
    ledger.back = min(ledger.back, max(0, len(known) - room))
    shown = list(islice(reversed(known), ledger.back, ledger.back + room))[::-1]
    has_time, has_size = cells >= 60, cells >= 84
    host_cells = MOST_HOST if cells >= 84 else 10
    fixed = 3 + (9 if has_time else 0) + host_cells + 1 + _MS + (_BYTES if has_size else 0) + 2 + _OUTCOME
    what_cells = max(8, cells - fixed)
    head = [*(["TIME".ljust(9)] if has_time else []), "HOST".ljust(host_cells + 1), "CALL".ljust(what_cells)]
    head += ["MS".rjust(_MS), *(["BYTES".rjust(_BYTES)] if has_size else []), "  OUTCOME"]
    rows: list[Row] = [[*blank(2), pen("".join(head), Role.CHROME)]]
    for made in shown:
        at = datetime.fromtimestamp(made.at_s).astimezone()
        host = fit_text(settle(words(names.get(made.spec, made.spec))), host_cells, pen.signs.ellipsis)
        row = [*blank(2), *([pen.dim(f"{at:%H:%M:%S} ")] if has_time else []), pen(f"{host} ")]
        row.append(pen(fit_text(settle(words(made.what)), what_cells, pen.signs.ellipsis)))
        row.append(pen(f"{made.seconds * 1000:,.1f}".rjust(_MS)))
        row += [pen.dim((format_bytes(made.received) if made.received else "").rjust(_BYTES))] if has_size else []
        row += [*blank(2), pen(made.outcome, Role.DIM if made.is_good else Role.WARN)]
        rows.append(row)
    if not shown:
        rows = [[*blank(2), pen.dim("no host was asked yet")]]
    gone = ledger.log.count - len(ledger.log.recent)
    state = pen("held", Role.WARN) if ledger.held is not None else pen.dim("the newest last")
    if ledger.back:
        state = pen(f"{ledger.back} rows back", Role.WARN)
    rows += [[] for _ in range(room + 1 - len(rows))]
    end = spread([*blank(2), state], [pen.dim(f"{gone:,} older ones are in the sums only  " if gone else "")], cells)
    return [*rows, end]


def _sums(pen: Pen, ledger: Ledger, title: str, sums: Mapping[str, CallSum], size: tuple[int, int]) -> list[Row]:
    """List sums, the costliest first."""
    cells, room = size
    ordered = sorted(sums.items(), key=lambda one: -one[1].seconds)
    ledger.back = min(max(0, ledger.back), max(0, len(ordered) - room))
    name_cells = min(40, max(10, cells - 2 - 4 * 10))
    heads = ("CALLS", "FAILED", "MEAN MS", "BYTES")
    rows: list[Row] = [
        [*blank(2), pen(title.ljust(name_cells) + "".join(head.rjust(10) for head in heads), Role.CHROME)]
    ]
    for name, one in ordered[ledger.back : ledger.back + room]:
        row = [*blank(2), pen(fit_text(settle(name), name_cells, pen.signs.ellipsis)), pen(f"{one.calls:,}".rjust(10))]
        row.append(pen((f"{one.failed:,}" if one.failed else "").rjust(10), Role.WARN))
        row.append(pen(f"{one.seconds * 1000 / max(1, one.calls):,.1f}".rjust(10)))
        row.append(pen.dim(format_bytes(one.received).rjust(10)))
        rows.append(row)
    return rows if ordered else [[*blank(2), pen.dim("no host was asked yet")]]


def _said(pen: Pen, ledger: Ledger, room: int, words: Callable[[str], str]) -> list[Row]:
    ledger.back = min(max(0, ledger.back), max(0, len(ledger.notices) - room))
    newest = list(islice(reversed(ledger.notices), ledger.back, ledger.back + room))[::-1]
    if not newest:
        return [[*blank(2), pen.dim("nothing was said yet")]]
    return [[*blank(2), pen.dim(f"{one.at:%H:%M:%S}  "), pen(settle(words(one.words)))] for one in newest]


def format_bytes(count: int) -> str:
    """Write a number of bytes in three digits or so."""
    if count < 1000:
        return f"{count} B"
    number, units = count / 1000, "kMGT"
    for unit in units:
        if number < 1000 or unit == units[-1]:
            return f"{number:.1f} {unit}B" if number < 10 else f"{number:,.0f} {unit}B"
        number /= 1000
    raise AssertionError(count)
