"""The whole truth table: both directions of every state and class, at every level, in every theme."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import host, node, pair
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.draw import MapOptions, draw_map
from tsym_tui.graph.frame import Run
from tsym_tui.graph.layouts import Placement, Size
from tsym_tui.graph.legend import sample_of
from tsym_tui.graph.looks import (
    LOOKS,
    NODE_LOOKS,
    Direction,
    Level,
    Line,
    Look,
    NodeKind,
    Style,
    Theme,
    combine,
    look_of,
)
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.themes import THEMES, Role

FRESH, STALE, FAILED, NEVER = SampleState.FRESH, SampleState.STALE, SampleState.FAILED, SampleState.NEVER
ALL = list(product(SampleState, PathKind))
EVERY_THEME = pytest.mark.parametrize("theme", list(THEMES.values()), ids=lambda theme: theme.name)
EVERY_LEVEL = pytest.mark.parametrize("level", list(Level))


def sides(source: str, target: str) -> list[Pair]:
    return [pair(source, target, path, 30, state=state) for state, path in ALL]


TABLE = [(there, back, combine(there, back)) for there, back in product(sides("a", "b"), sides("b", "a"))]
"""256 rows: both directions, and the line they make."""

Meaning = tuple[Look, Look]


def style_of(line: Line, theme: Theme) -> Style:
    """Return the style of a line's mark as lists and panes write it: latency for fresh, else the role's."""
    role = line.look.role
    return theme.latency(2) if role is Role.LATENCY else theme.style(role)


def looks_of_marks(level: Level, theme: Theme) -> dict[tuple[str, Style], set[Meaning]]:
    seen: dict[tuple[str, Style], set[Meaning]] = {}
    for there, back, line in TABLE:
        seen.setdefault((line.mark(level), style_of(line, theme)), set()).add((look_of(there), look_of(back)))
    return seen


@EVERY_LEVEL
@EVERY_THEME
def test_each_row_of_the_table_has_a_mark_of_its_own(level: Level, theme: Theme) -> None:
    seen = looks_of_marks(level, theme)

    assert len(seen) == len(TABLE)
    assert all(len(meant) == 1 for meant in seen.values())


@EVERY_LEVEL
def test_marks_need_no_colour_to_differ(level: Level) -> None:
    marks = {line.mark(level) for _, _, line in TABLE}

    assert len(marks) == len(TABLE)


@EVERY_LEVEL
def test_a_mark_is_short_and_fit_for_its_level(level: Level) -> None:
    marks = "".join(line.mark(level) for _, _, line in TABLE)

    assert max(len(line.mark(level)) for _, _, line in TABLE) <= 5
    assert level is not Level.ASCII or marks.isascii()


def dash_of(line: Line, level: Level) -> str:
    """Return what the line itself shows: a flat piece of it."""
    return sample_of(line.look.stroke, level, 24) if line.look.stroke else ""


def claim_of(line: Line) -> tuple[object, ...]:
    """Say what a drawn line claims: its class and which way if it is fresh, else only that it is dead or stale."""
    if line.state is not FRESH:
        return (line.state,)
    if line.direction is not Direction.EVEN:
        return line.state, line.path, line.direction
    return line.state, line.path, frozenset((look_of(line.there), look_of(line.back))) if line.sign() else None


@EVERY_LEVEL
def test_a_drawn_line_with_its_sign_claims_one_thing(level: Level) -> None:
    """Dash and sign alone, colours left out: each look stands for one claim, and each claim has one look and mirror."""
    seen: dict[tuple[str, Direction, frozenset[str]], set[tuple[object, ...]]] = {}
    for _, _, line in TABLE:
        mirrored = frozenset((line.sign(level), line.sign(level, forwards=False)))
        seen.setdefault((dash_of(line, level), line.direction, mirrored if line.state is FRESH else frozenset()), set())
        seen[dash_of(line, level), line.direction, mirrored if line.state is FRESH else frozenset()].add(claim_of(line))

    assert all(len(claims) == 1 for claims in seen.values())
    assert len({dash_of(line, level) for _, _, line in TABLE}) == 7  # four classes, stale, dead, none


@EVERY_LEVEL
def test_a_sign_stands_only_where_two_answers_differ(level: Level) -> None:
    for there, back, line in TABLE:
        differ = look_of(there) is not look_of(back)
        told = NEVER not in {there.state, back.state}
        one_way = {there.state, back.state} == {FRESH, FAILED}

        assert bool(line.sign(level)) == (differ and told and not one_way), line


@EVERY_LEVEL
@EVERY_THEME
def test_a_line_of_each_look_has_its_own_picture(level: Level, theme: Theme) -> None:
    """Drawn for real between two living hosts: no two claims give the same cells, glyphs and styles together."""
    seen: dict[tuple[Run, ...], set[tuple[object, ...]]] = {}
    for there, back, line in TABLE[::3]:
        runs = tuple(drawn(there, back, level, theme))
        seen.setdefault(runs, set()).add(claim_of(line) if line.state is not NEVER else (NEVER,))

    assert all(len(claims) == 1 for claims in seen.values())


def drawn(there: Pair, back: Pair, level: Level, theme: Theme) -> list[Run]:
    """Return the row between two hosts, both alive by what a third says."""
    alive = [pair("c", "a", PathKind.DIRECT, 5), pair("c", "b", PathKind.DIRECT, 5)]
    scene = scenes.snapshot([node(name) for name in "abc"], [there, back, *alive], [host(name) for name in "abc"])
    graph = TailnetGraph.from_snapshot(scene)
    size = Size(60, 9)
    spots = (np.array([[2, 2], [57, 2], [30, 8]]) + 0.5) / np.array(size)
    placement = Placement("test", tuple(graph.index), spots, size)
    return list(draw_map(graph, placement, size, MapOptions(level=level, theme=theme)).rows[2])


@EVERY_LEVEL
@EVERY_THEME
def test_a_nodes_marker_is_no_pairs_glyph(level: Level, theme: Theme) -> None:
    """A marker may look like a glyph of pairs only where both say the same: that nobody answers."""
    glyphs: dict[tuple[str, Style], set[SampleState]] = {}
    for look in LOOKS.values():
        styles = theme.ramp if look.role is Role.LATENCY else (theme.style(look.role),)
        for style in styles:
            glyphs.setdefault((look.glyph.at(level), style), set()).add(look.state)
    for kind, marker in NODE_LOOKS.items():
        same = glyphs.get((marker.glyph.at(level), theme.style(marker.role)), set())

        assert same <= ({FAILED} if kind is NodeKind.DEAD else set()), kind


@EVERY_LEVEL
@EVERY_THEME
def test_markers_of_nodes_differ_without_their_colours(level: Level, theme: Theme) -> None:
    plain = {look.glyph.at(level) for look in NODE_LOOKS.values()}

    assert len(plain) == len(NODE_LOOKS)
    assert len({(look.glyph.at(level), theme.style(look.role)) for look in NODE_LOOKS.values()}) == len(NODE_LOOKS)
