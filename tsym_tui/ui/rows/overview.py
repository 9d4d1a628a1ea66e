"""The overview: verdict tiles, one sentence, the shares of paths, the worst things in order, and what is quiet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.cells import width
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import LOOKS, Level, Look, Role, format_age, format_ms
from tsym_tui.ui.overviews import Overview, counted, percent, quiet_words
from tsym_tui.ui.problems import Problem
from tsym_tui.ui.rows.figures import FIGURE_ROWS, figure_rows
from tsym_tui.ui.rows.nodelist import problem_mark, selectable
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, fit, fit_text, joined, spread, width_of
from tsym_tui.ui.rows.timestrips import StripPicture, strip_row
from tsym_tui.ui.rows.trendlines import spark_rows
from tsym_tui.ui.trends import LEAST_POINTS, Trends

MARGIN = 3
MOST_SHOWN = 10
"""The worst things; a tall screen shows twice as many."""

LEAST_SPARK, MOST_SPARK = 5, 12
WHEN_CELLS = 8
OPENS_CELLS = 6
LEAST_STRIP, MOST_STRIP = 24, 48
STRIP_FROM = 110
"""From this width on, rows show what happened of late."""

OPENS_FROM = 96
FIGURES_FROM = (108, 27)
"""Cells and rows from which on figures are large."""

_GOOD_SHARE, _POOR_SHARE = 0.95, 0.5


class Tile(msgspec.Struct, frozen=True):
    """One number that counts."""

    label: str
    short_label: str
    figure: str
    unit: str
    words: str
    short_words: str
    role: Role = Role.STRONG
    words_role: Role = Role.TEXT
    trend: tuple[float, ...] = ()
    """How the number went, oldest first."""
    least_span: float = 1.0
    """The smallest change that a trend shows at full height."""


class Drawn(msgspec.Struct, frozen=True):
    """The rows, and which of them shows which problem."""

    rows: list[Row]
    places: dict[int, int]


def tiles_of(overview: Overview, trends: Trends | None = None) -> tuple[Tile, ...]:
    """Return the tiles, from what is gone to what will go."""
    kept = trends if trends is not None else Trends()
    return (
        _with_trend(_reach(overview), kept.reachable, 10.0),
        _with_trend(_hosts(overview), kept.hosts, 2.0),
        _with_trend(_direct(overview), kept.direct, 10.0),
        _with_trend(_times(overview), kept.median_ms, 20.0),
        _warnings(overview),
        _keys(overview),
    )


def _with_trend(tile: Tile, values: Sequence[float], least_span: float) -> Tile:
    if len(values) < LEAST_POINTS:
        return tile
    return msgspec.structs.replace(tile, trend=tuple(values), least_span=least_span)


def _reach(overview: Overview) -> Tile:
    share = overview.fresh / overview.probed if overview.probed else None
    role = Role.STALE if share is None else Role.OK if share >= _GOOD_SHARE else Role.WARN
    return Tile(
        "pairs reachable",
        "reachable",
        percent(overview.fresh, overview.probed),
        "%",
        f"{overview.fresh:,} of {overview.probed:,}",
        f"{overview.failed:,} dead" if overview.failed else "all",
        Role.DEAD if share is not None and share < _POOR_SHARE else role,
    )


def _hosts(overview: Overview) -> Tile:
    is_whole = overview.answering == overview.hosts
    return Tile(
        "hosts answering",
        "hosts",
        f"{overview.answering}",
        f"of {overview.hosts}",
        quiet_words(overview),
        "all" if is_whole else f"{len(overview.quiet)} silent",
        Role.STRONG if is_whole else Role.WARN,
        Role.TEXT if is_whole else Role.WARN,
    )


def _direct(overview: Overview) -> Tile:
    derp, relay = (overview.paths.get(path, 0) for path in (PathKind.DERP, PathKind.PEER_RELAY))
    told = [f"{percent(derp, overview.probed)} % DERP"] if derp else []
    told += [f"{percent(relay, overview.probed)} % relay"] if relay else []
    return Tile(
        "direct paths",
        "direct",
        percent(overview.paths.get(PathKind.DIRECT, 0), overview.probed),
        "%",
        ", ".join(told) or ("none relayed" if overview.fresh else "none fresh"),
        told[0] if told else "none relayed",
    )


def _times(overview: Overview) -> Tile:
    words = (
        counted(overview.slow, "pair slow", "pairs slow") if overview.slow else f"p95 {format_ms(overview.p95_ms)} ms"
    )
    return Tile(
        "median round trip",
        "round trip",
        format_ms(overview.median_ms, trim=True),
        "ms" if overview.median_ms is not None else "",
        words,
        words.removeprefix("p95 ").replace("pairs ", "").replace("pair ", ""),
        words_role=Role.WARN if overview.slow else Role.TEXT,
    )


def _warnings(overview: Overview) -> Tile:
    count = len(overview.warnings)
    words = ", ".join(overview.warnings) or "none"
    role = Role.WARN if count else Role.STRONG
    label = "hosts that warn"
    return Tile(label, "warnings", f"{count}", "", words, words, role, Role.WARN if count else Role.TEXT)


def _keys(overview: Overview) -> Tile:
    if not overview.keys:
        return Tile("keys expiring", "keys", "0", "< 7 d", "none soon", "none soon")
    name, left_s = overview.keys[0]
    soon = f"in {format_age(left_s)}"
    figure = f"{len(overview.keys)}"
    return Tile("keys expiring", "keys", figure, "< 7 d", f"{name} {soon}", soon, Role.WARN, Role.WARN)


def tile_rows(pen: Pen, tiles: Sequence[Tile], cells: int, *, is_large: bool) -> list[Row]:
    """Write the tiles beside each other: label, figure, words; large figures take three rows of their own."""
    each = max(6, (cells - 2 * MARGIN + 1) // len(tiles))
    columns = [_tile(pen, tile, each - 1, is_large=is_large) for tile in tiles]
    rows: list[Row] = []
    for parts in zip(*columns, strict=True):
        row = blank(MARGIN)
        for part in parts:
            row += fit(part, each, pen.signs.ellipsis)
        rows.append(clip(row, cells))
    return rows


def _tile(pen: Pen, tile: Tile, cells: int, *, is_large: bool) -> list[Row]:
    ellipsis = pen.signs.ellipsis
    large = figure_rows(tile.figure) if is_large else None
    label = tile.label if width(tile.label) <= cells else tile.short_label
    words = tile.words if width(tile.words) <= cells else tile.short_words
    head, foot = [pen.dim(fit_text(label, cells, ellipsis))], [pen(fit_text(words, cells, ellipsis), tile.words_role)]
    unit = pen.dim(f" {tile.unit}")
    if large is None:
        figure = [pen(tile.figure, tile.role, bold=True), unit]
        return [head, [], [], figure, [], [], foot] if is_large else [head, clip(figure, cells, ellipsis), foot]
    body: list[Row] = [[pen(row, tile.role, bold=True)] for row in large]
    body[-1] = clip([*body[-1], unit], cells, ellipsis)
    return [head, [], *_beside(pen, body, tile, cells), [], foot]


def _beside(pen: Pen, body: list[Row], tile: Tile, cells: int) -> list[Row]:
    """Put the trend at the right of a large figure, where there is room and a font for it."""
    used = max(width_of(row) for row in body)
    room = min(MOST_SPARK, cells - used - 2)
    if not tile.trend or room < LEAST_SPARK or pen.level is not Level.BRAILLE:
        return body
    line = spark_rows(tile.trend, room, tile.least_span)
    return [[*fit(row, cells - room - 1), pen.dim(part)] for row, part in zip(body, line, strict=True)]


_SHARES = (
    (SampleState.FRESH, PathKind.DIRECT),
    (SampleState.FRESH, PathKind.PEER_RELAY),
    (SampleState.FRESH, PathKind.DERP),
    (SampleState.FRESH, PathKind.UNKNOWN),
    (SampleState.STALE, PathKind.UNKNOWN),
    (SampleState.FAILED, PathKind.UNKNOWN),
)


def share_rows(pen: Pen, overview: Overview, cells: int) -> list[Row]:
    """Write the shares of all probed pairs as one line in their dashes, and below it what each piece means."""
    counts = {
        SampleState.STALE: overview.stale,
        SampleState.FAILED: overview.failed,
    }
    parts = [
        (LOOKS[state, path], counts.get(state, overview.paths.get(path, 0)))
        for state, path in _SHARES
        if counts.get(state, overview.paths.get(path, 0))
    ]
    room = cells - 2 * MARGIN - 8
    if not parts or room < 20:
        return []
    sizes = _share_cells([count for _, count in parts], room)
    bar: Row = [*blank(MARGIN), pen.dim("paths   ")]
    bar += [_piece(pen, look, size) for (look, _), size in zip(parts, sizes, strict=True)]
    return [bar, [*blank(MARGIN + 8), *_share_words(pen, parts, sizes, overview.probed, room)]]


def _piece(pen: Pen, look: Look, cells: int) -> Run:
    role = Role.TEXT if look.role is Role.LATENCY else look.role
    return pen(pen.glyph(look.strip) * cells, role)


def _share_cells(counts: Sequence[int], room: int) -> list[int]:
    """Share cells out: one at least for each, the largest gives what is missing."""
    total = sum(counts)
    sizes = [max(1, round(room * count / total)) for count in counts]
    sizes[sizes.index(max(sizes))] += room - sum(sizes)
    return sizes


def _share_words(pen: Pen, parts: Sequence[tuple[Look, int]], sizes: Sequence[int], total: int, room: int) -> Row:
    """Put each share under the beginning of its piece, or as near as the others allow."""
    items: list[Row] = []
    for look, count in parts:
        role = Role.TEXT if look.role is Role.LATENCY else look.role
        number = pen(f" {percent(count, total)} %", Role.DEAD if look.role is Role.DEAD else Role.STRONG, bold=True)
        items.append([pen(f"{pen.glyph(look.glyph)} ", role), pen.dim(look.words), number])
    widths = [width_of(item) for item in items]
    gap = 3 if sum(widths) + 3 * (len(items) - 1) <= room else 1
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    end = room + gap
    for place in reversed(range(len(items))):
        starts[place] = min(starts[place], end - gap - widths[place])
        end = starts[place]
    row: Row = []
    for item, start in zip(items, starts, strict=True):
        used = width_of(row)
        row += [*blank(max(start - used, gap if used else 0)), *item]
    return clip(row, room, pen.signs.ellipsis)


def strip_cells(cells: int) -> int:
    """Return how wide the strip of a row is: a fifth of a wide screen, so that sentences are not left alone."""
    return min(MOST_STRIP, max(LEAST_STRIP, cells // 5))


def problem_line(
    pen: Pen,
    place: int,
    problem: Problem,
    cells: int,
    *,
    is_selected: bool | None = None,
    strip: StripPicture | None = None,
) -> Row:
    """Write one thing to look at: its place, sign, sentence, what happened of late, since when, what opens it.

    On paper nothing opens and nothing is selected: then `is_selected` is None.
    """
    number = pen(f"{place:>2}", Role.CHROME)
    head = [
        number,
        pen("  "),
        problem_mark(pen, problem),
        pen("  "),
        *_sentence(pen, problem, is_selected=bool(is_selected)),
    ]
    tail: Row = []
    if cells >= STRIP_FROM and is_selected is not None:
        tail += [*(strip_row(pen, strip, strip_cells(cells)) if strip else blank(strip_cells(cells))), *blank(3)]
    when = problem.when or (strip.since if strip is not None else "")
    tail.append(pen.dim(fit_text(when, WHEN_CELLS, pen.signs.ellipsis)))
    if cells >= OPENS_FROM and is_selected is not None:
        opens = f"{problem.opens.value:>{OPENS_CELLS}}"
        tail += [*blank(2), pen.accent(opens) if is_selected else pen.dim(opens)]
    room = cells - 3 - MARGIN
    row = spread(head, tail, room, pen.signs.ellipsis)
    return selectable(pen, [*row, *blank(MARGIN - 1)], cells, is_selected=bool(is_selected))


def _sentence(pen: Pen, problem: Problem, *, is_selected: bool) -> Row:
    names = problem.subject or (problem.title,)
    row: Row = []
    for name in names:
        row += [pen.dim(f" {pen.signs.one_way} ")] if row else []
        row.append(pen.accent(name) if is_selected else pen.strong(name))
    return [*row, pen(f" {problem.sentence or problem.words}")]


def heading_row(pen: Pen, shown: int, total: int, cells: int, span_s: float | None, *, is_live: bool = True) -> Row:
    """Write the heading of the list."""
    count = f"{shown} of {total}" if shown < total else f"{total}"
    left = [pen.strong("worst now"), pen.dim(f"  {count}")]
    right: Row = []
    if cells >= STRIP_FROM and is_live:
        title = "" if span_s is None else f"last {format_age(span_s)}"
        right += [pen(fit_text(title, strip_cells(cells) + 3, ""), Role.CHROME)]
    right.append(pen(fit_text("since", WHEN_CELLS, ""), Role.CHROME))
    if cells >= OPENS_FROM and is_live:
        right += [*blank(2), pen(f"{'opens':>{OPENS_CELLS}}", Role.CHROME)]
    return [*blank(MARGIN), *spread(left, right, cells - 2 * MARGIN, pen.signs.ellipsis), *blank(MARGIN)]


def quiet_row(pen: Pen, overview: Overview, cells: int) -> Row:
    """Write what was looked at and is well: silence that one can trust."""
    items: list[tuple[str, str]] = []
    if overview.hosts and overview.answering == overview.hosts:
        items.append(("hosts", f"{overview.answering}/{overview.hosts}"))
    if not overview.failed and overview.fresh:
        items.append(("pairs", f"{overview.fresh:,}/{overview.probed:,}"))
    items += [("both ways", "")] if not overview.one_way and overview.fresh else []
    items += [("fast", f"p95 {format_ms(overview.p95_ms)} ms")] if overview.fresh and not overview.slow else []
    items += [("warnings", "none")] if not overview.warnings and overview.answering else []
    items += [("keys", "none expires soon")] if not overview.keys else []
    if overview.versions:
        first, last = overview.versions[0], overview.versions[-1]
        items.append(("versions", first if first == last else f"{first} to {last}"))
    parts: list[Row] = [[pen.strong("quiet")]]
    for words, value in items:
        part = [pen(pen.signs.check, Role.OK), pen.dim(f" {words}"), *([pen(f" {value}")] if value else [])]
        if width_of(joined([*parts, part], 3)) <= cells - 2 * MARGIN:
            parts.append(part)
    return [*blank(MARGIN), *joined(parts, 3)] if len(parts) > 1 else []


def verdict_row(pen: Pen, overview: Overview, cells: int) -> Row:
    """Write the one sentence."""
    mark = [pen(f"{pen.signs.check} ", Role.OK)] if overview.is_well else []
    room = cells - 2 * MARGIN - width_of(mark)
    parts = overview.verdict.split(", ")
    while len(parts) > 1 and width(", ".join(parts)) > room:
        parts.pop()  # whole parts or none: the list below says it all
    return [*blank(MARGIN), *mark, *clip([pen.strong(", ".join(parts))], room, pen.signs.ellipsis)]


def render_overview(  # noqa: PLR0913 - the screen shows that many things
    pen: Pen,
    overview: Overview,
    problems: Sequence[Problem],
    size: tuple[int, int],
    *,
    selected: int | None = None,
    strips: Mapping[int, StripPicture] | None = None,
    trends: Trends | None = None,
) -> Drawn:
    """Write the screen for a size: the list keeps ten rows where it can, the rest gives way before it.

    Nothing `selected` makes a listing of it, for paper.
    """
    cells, height = size
    strips, is_live = strips or {}, selected is not None
    top = _top(pen, overview, trends, (cells, height), min(len(problems), MOST_SHOWN))
    is_roomy = height - len(top) >= MOST_SHOWN + 6
    room = height - len(top) - 1 - (2 if is_roomy else 0) - (3 if is_roomy else 0)
    most = 2 * MOST_SHOWN if room >= 2 * MOST_SHOWN + 4 else MOST_SHOWN
    shown = min(len(problems), most, max(0, room))
    if shown < len(problems) and shown == room:
        shown -= 1  # for the row that counts the others
    first = _first_shown(selected, shown, len(problems))
    rows, places = list(top), dict[int, int]()
    if problems and shown > 0:
        span_s = next((strip.span_s for strip in strips.values()), None)
        rows += [heading_row(pen, shown, len(problems), cells, span_s, is_live=is_live), *([[]] if is_roomy else [])]
        for place in range(first, first + shown):
            places[len(rows)] = place
            problem, strip = problems[place], strips.get(place)
            is_selected = place == selected if is_live else None
            rows.append(problem_line(pen, place + 1, problem, cells, is_selected=is_selected, strip=strip))
        rows += [_more(pen, len(problems) - shown)] if shown < len(problems) else []
    elif not problems:
        rows.append([*blank(MARGIN), pen(pen.signs.check, Role.OK), pen.dim(" nothing to look at")])
    if len(rows) + 2 <= height and (quiet := quiet_row(pen, overview, cells)):
        rows += [[], quiet]
    return Drawn(rows[:height], places)


def _first_shown(selected: int | None, shown: int, total: int) -> int:
    """Scroll the list so that the selected entry is in it."""
    if selected is None or selected < shown:
        return 0
    return min(selected - shown + 1, max(0, total - shown))


def _more(pen: Pen, count: int) -> Row:
    return [*blank(MARGIN + 7), pen(f"{count} more", Role.CHROME)]


def _top(pen: Pen, overview: Overview, trends: Trends | None, size: tuple[int, int], wanted: int) -> list[Row]:
    """Write what stands above the list, as much of it as leaves the list its rows."""
    cells, height = size
    tiles = tiles_of(overview, trends)
    is_large = cells >= FIGURES_FROM[0] and height >= FIGURES_FROM[1] and not pen.is_ascii
    verdict = verdict_row(pen, overview, cells)
    if is_large:
        shares = share_rows(pen, overview, cells)
        return [*tile_rows(pen, tiles, cells, is_large=True), [], *([*shares, []] if shares else []), verdict, []]
    if height < 7 or cells < 40:
        return [verdict]
    if height < 10 or cells < 72:
        return [verdict, []]
    small = [*tile_rows(pen, tiles, cells, is_large=False), [], verdict, []]
    shares = share_rows(pen, overview, cells)
    with_shares = [*small[:4], *shares, [], *small[4:]]
    return with_shares if height - len(with_shares) >= wanted + FIGURE_ROWS + 2 else small
