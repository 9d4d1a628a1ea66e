"""What the dashes, glyphs and colours of a map mean, in one or two rows under it. Light: no numpy."""

from __future__ import annotations

from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.cells import width as cells_of
from tsym_tui.graph.frame import Frame, Run, pad_row
from tsym_tui.graph.looks import LOOKS, NODE_LOOKS, Level, NodeKind, Role, Stroke, signs
from tsym_tui.graph.themes import DARK, PLAIN, THRESHOLDS_MS, Theme

_Item = list[Run]

_GAP = Run("   ", PLAIN)

_SAMPLE_CELLS = {PathKind.DIRECT: 5, PathKind.PEER_RELAY: 10, PathKind.DERP: 5, PathKind.UNKNOWN: 10}
"""How long a piece of line shows its dash."""


def legend(  # noqa: PLR0913 - each is one independent choice with a default
    columns: int,
    theme: Theme = DARK,
    level: Level = Level.BRAILLE,
    *,
    most_rows: int = 2,
    thresholds_ms: tuple[float, ...] = THRESHOLDS_MS,
    unit: str = "ms",
    with_unknown: bool = False,
    with_nodes: bool = False,
    with_directions: bool = False,
) -> Frame:
    """Return the legend of a map: classes left, latency ramp right.

    Pieces of line are shown while everything fits `most_rows`, and dropped before that number is exceeded; glyphs and
    words are never dropped, so a narrow picture may need more rows. `with_unknown` adds paths that nobody named,
    `with_nodes` the markers of nodes, `with_directions`, where there is room, what stands beside a number whose two
    sides do not agree. The ramp is of a round trip unless `unit` names something else.
    """
    columns = max(1, columns)
    paths = [PathKind.DIRECT, PathKind.PEER_RELAY, PathKind.DERP, *([PathKind.UNKNOWN] if with_unknown else [])]
    ramp = _ramp(theme, level, thresholds_ms, unit)
    for with_lines, with_signs in ((True, with_directions), (True, False), (False, False)):
        items = _classes(paths, theme, level, with_lines=with_lines)
        items += _directions(theme, level) if with_signs else []
        items += _nodes(theme, level) if with_nodes else []
        rows = _wrap(items, ramp, columns)
        if len(rows) <= most_rows:
            break
    return Frame(columns, len(rows), [pad_row(row, columns) for row in rows])


def _wrap(items: list[_Item], ramp: _Item, columns: int) -> list[list[Run]]:
    """Break items into rows; the ramp stands at the right end of the last one, or below."""
    rows: list[list[Run]] = [[]]
    for item in items:
        if rows[-1] and _width(rows[-1]) + len(_GAP.text) + _width(item) > columns:
            rows.append([])
        rows[-1] += [_GAP, *item] if rows[-1] else item
    spare = columns - _width(rows[-1]) - _width(ramp)
    if spare < len(_GAP.text):
        return [*rows, ramp]
    rows[-1] += [Run(" " * spare, PLAIN), *ramp]
    return rows


def sample_of(stroke: Stroke, level: Level, cells: int) -> str:
    """Return a flat piece of line in its dash: what a legend shows and a table can repeat."""
    if level is Level.HALF:
        return "".join("▄" if drawn else " " for drawn in _dash_flags(stroke.half_dash, cells))
    if level is not Level.BRAILLE:
        char = stroke.ascii if level is Level.ASCII else stroke.plain
        on = _dash_flags(stroke.plain_dash, cells)
        return "".join(char if drawn else " " for drawn in on)
    dots = _dash_flags(stroke.dash, cells * 2)
    return "".join(
        chr(0x2800 + 2 * left + 16 * right) if left or right else " "
        for left, right in zip(dots[::2], dots[1::2], strict=True)
    )


def _dash_flags(dash: tuple[int, ...], count: int) -> list[bool]:
    if not dash:
        return [True] * count
    pattern = [position % 2 == 0 for position, length in enumerate(dash) for _ in range(length)]
    return [pattern[step % len(pattern)] for step in range(count)]


def _classes(paths: list[PathKind], theme: Theme, level: Level, *, with_lines: bool) -> list[_Item]:
    text, words = theme.style(Role.TEXT), theme.style(Role.DIM)
    items: list[_Item] = []
    for path in paths:
        look = LOOKS[SampleState.FRESH, path]
        line = sample_of(look.stroke, level, _SAMPLE_CELLS[path]) + " " if look.stroke and with_lines else ""
        items.append([Run(f"{line}{look.glyph.at(level)} ", text), Run(look.words, words)])
    dead, stale = LOOKS[SampleState.FAILED, PathKind.UNKNOWN], LOOKS[SampleState.STALE, PathKind.UNKNOWN]
    sign = sample_of(stale.stroke, level, 6).rstrip() if stale.stroke and with_lines else stale.glyph.at(level)
    items.append([Run(f"{dead.glyph.at(level)} ", theme.style(Role.DEAD)), Run(dead.words, words)])
    items.append([Run(f"{sign} ", theme.style(Role.STALE)), Run(stale.words, words)])
    return items


def _directions(theme: Theme, level: Level) -> list[_Item]:
    sign, text, words = signs(level), theme.style(Role.TEXT), theme.style(Role.DIM)
    glyphs = [LOOKS[SampleState.FRESH, path].glyph.at(level) for path in (PathKind.DIRECT, PathKind.DERP)]
    return [
        [Run(f"{sign.one_way} ", text), Run("one way only", words)],
        [Run(f"{sign.both_ways.join(glyphs)} ", text), Run("sides differ", words)],
    ]


def _nodes(theme: Theme, level: Level) -> list[_Item]:
    looks = [NODE_LOOKS[kind] for kind in (NodeKind.AGENT, NodeKind.PEER, NodeKind.SILENT)]
    return [
        [Run(f"{look.glyph.at(level)} ", theme.style(look.role)), Run(look.words, theme.style(Role.DIM))]
        for look in looks
    ]


def _ramp(theme: Theme, level: Level, thresholds_ms: tuple[float, ...], unit: str) -> _Item:
    """Return the six steps with their thresholds; without colour there are no steps to show."""
    words = theme.style(Role.DIM)
    if len({style.fg for style in theme.ramp}) == 1:
        return [Run("numbers are ms, round trip" if unit == "ms" else f"numbers are {unit}", words)]
    bar = "--" if level is Level.ASCII else "━━"
    runs = [Run(bar, theme.ramp[0])]
    for style, limit in zip(theme.ramp[1:], thresholds_ms, strict=True):
        runs += [Run(f"{limit:g}", words), Run(bar, style)]
    return [*runs, Run(f" {unit}", words)]


def _width(runs: list[Run]) -> int:
    return sum(cells_of(run.text) for run in runs)
