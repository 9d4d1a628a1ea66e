"""The truth table: each state and class has its own look, at every level, and two directions merge by rule."""

from __future__ import annotations

from itertools import product

import pytest

from tests.unit.graph.scenes import pair
from tsym_agent.model.hosts import HostState
from tsym_agent.model.nodes import Standing
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.looks import (
    HOST_WORDS,
    LOOKS,
    NODE_LOOKS,
    STANDING_WORDS,
    Direction,
    Level,
    Look,
    NodeKind,
    combine,
    look_of,
    signs,
)
from tsym_tui.graph.themes import THEMES, Role

ALL = list(product(SampleState, PathKind))
FRESH, STALE, FAILED, NEVER = SampleState.FRESH, SampleState.STALE, SampleState.FAILED, SampleState.NEVER
DIRECT, RELAY, DERP, UNKNOWN = PathKind.DIRECT, PathKind.PEER_RELAY, PathKind.DERP, PathKind.UNKNOWN


def sides() -> list[Pair | None]:
    return [None, *(pair("a", "b", path, state=state) for state, path in ALL)]


def test_every_state_and_class_has_a_look() -> None:
    assert set(LOOKS) == set(ALL)


@pytest.mark.parametrize("level", list(Level))
def test_no_mark_has_two_meanings(level: Level) -> None:
    marks = [look.mark(level) for look in LOOKS.values()]

    assert len(set(marks)) == len(ALL)


def test_no_words_have_two_meanings() -> None:
    assert len({look.words for look in LOOKS.values()}) == len(ALL)


def test_no_look_in_colour_has_two_meanings() -> None:
    looks = {(look.mark(), look.role, look.stroke and look.stroke.dash) for look in LOOKS.values()}

    assert len(looks) == len(ALL)


@pytest.mark.parametrize("level", list(Level))
def test_a_glyph_claims_a_class_only_of_a_fresh_pair(level: Level) -> None:
    claims: dict[str, set[object]] = {}
    for look in LOOKS.values():
        claims.setdefault(look.glyph.at(level), set()).add(look.path if look.state is FRESH else look.state)

    assert all(len(meant) == 1 for meant in claims.values())


@pytest.mark.parametrize(
    ("level", "attribute"), [(Level.BRAILLE, "dash"), (Level.BLOCK, "plain"), (Level.ASCII, "ascii")]
)
def test_a_stroke_claims_one_thing(level: Level, attribute: str) -> None:
    claims: dict[object, set[object]] = {}
    for look in LOOKS.values():
        if look.stroke:
            drawn = getattr(look.stroke, attribute)
            claims.setdefault(drawn, set()).add(look.path if look.state is FRESH else look.state)

    assert all(len(meant) == 1 for meant in claims.values()), level
    assert len(claims) == 6


def test_trunks_have_dashes_of_their_own_class() -> None:
    trunks = {look.stroke.trunk for look in LOOKS.values() if look.stroke}

    assert len(trunks) == 6


def test_only_a_fresh_look_has_a_latency_colour() -> None:
    assert {look.state for look in LOOKS.values() if look.role is Role.LATENCY} == {FRESH}


def test_a_pair_never_probed_has_no_line() -> None:
    assert {look.state for look in LOOKS.values() if look.stroke is None} == {NEVER}


@pytest.mark.parametrize("level", list(Level))
def test_node_glyphs_differ(level: Level) -> None:
    assert len({NODE_LOOKS[kind].glyph.at(level) for kind in NodeKind}) == len(NodeKind)


def test_ascii_is_ascii() -> None:
    signs_used = "".join(str(getattr(signs(Level.ASCII), field)) for field in signs(Level.ASCII).__struct_fields__)
    glyphs = "".join(look.mark(Level.ASCII) + (look.stroke.ascii if look.stroke else "") for look in LOOKS.values())
    nodes = "".join(look.glyph.ascii for look in NODE_LOOKS.values())

    assert (signs_used + glyphs + nodes).isascii()


def test_no_glyph_needs_braille_at_block_level() -> None:
    drawn = "".join(look.mark(Level.BLOCK) + (look.stroke.plain if look.stroke else "") for look in LOOKS.values())

    assert not any("\u2800" <= char <= "\u28ff" for char in drawn)


def test_every_state_of_hosts_and_nodes_has_words() -> None:
    assert set(HOST_WORDS) == set(HostState)
    assert set(STANDING_WORDS) == set(Standing)
    assert len(set(HOST_WORDS.values())) == len(HostState)
    assert len(set(STANDING_WORDS.values())) == len(Standing)


@pytest.mark.parametrize("level", list(Level))
def test_the_mark_of_a_line_tells_both_directions(level: Level) -> None:
    """No mark is shared by two different pairs of samples, but no pair at all reads like an unknown, unprobed one."""
    meanings: dict[str, set[tuple[Look, Look]]] = {}
    for there, back in product(sides(), repeat=2):
        meanings.setdefault(combine(there, back).mark(level), set()).add((look_of(there), look_of(back)))

    assert all(len(meant) == 1 for meant in meanings.values())
    assert len(meanings) == len(ALL) ** 2


def test_the_words_of_a_line_tell_both_directions() -> None:
    words: dict[str, set[tuple[Look, Look]]] = {}
    for there, back in product(sides(), repeat=2):
        if NEVER in {side.state for side in (there, back) if side is not None}:
            continue
        words.setdefault(combine(there, back).words("a", "b"), set()).add((look_of(there), look_of(back)))

    assert all(len(meant) == 1 for meant in words.values())


def test_a_side_without_agent_is_no_asymmetry() -> None:
    line = combine(pair("a", "b", DIRECT, 22), None)

    assert line.direction is Direction.EVEN
    assert (line.state, line.path, line.latency_ms) == (FRESH, DIRECT, 22)


@pytest.mark.parametrize("quiet", [None, pair("b", "a", UNKNOWN, state=NEVER)], ids=["no agent", "never probed"])
def test_a_failed_side_alone_is_dead(quiet: Pair | None) -> None:
    line = combine(pair("a", "b", DIRECT, state=FAILED), quiet)

    assert (line.state, line.direction) == (FAILED, Direction.EVEN)


@pytest.mark.parametrize(
    ("there", "back", "expected"),
    [
        ((FRESH, DIRECT), (FRESH, DIRECT), (FRESH, DIRECT, Direction.EVEN)),
        ((FRESH, DIRECT), (FRESH, DERP), (FRESH, DERP, Direction.EVEN)),
        ((FRESH, RELAY), (FRESH, DIRECT), (FRESH, RELAY, Direction.EVEN)),
        ((FRESH, UNKNOWN), (FRESH, DIRECT), (FRESH, DIRECT, Direction.EVEN)),
        ((FRESH, DIRECT), (FAILED, DERP), (FRESH, DIRECT, Direction.THERE)),
        ((FAILED, DIRECT), (FRESH, DERP), (FRESH, DERP, Direction.BACK)),
        ((FRESH, DIRECT), (STALE, DERP), (FRESH, DIRECT, Direction.EVEN)),
        ((STALE, DIRECT), (STALE, DERP), (STALE, DERP, Direction.EVEN)),
        ((FAILED, DIRECT), (STALE, DERP), (FAILED, DIRECT, Direction.EVEN)),
        ((FAILED, DIRECT), (FAILED, DIRECT), (FAILED, DIRECT, Direction.EVEN)),
        ((NEVER, DIRECT), (NEVER, UNKNOWN), (NEVER, DIRECT, Direction.EVEN)),
    ],
)
def test_two_sides_merge_to_the_worst_honest_look(
    there: tuple[SampleState, PathKind], back: tuple[SampleState, PathKind], expected: tuple[object, ...]
) -> None:
    line = combine(pair("a", "b", there[1], 10, state=there[0]), pair("b", "a", back[1], 10, state=back[0]))

    assert (line.state, line.path, line.direction) == expected


def test_the_slower_side_gives_the_number() -> None:
    assert combine(pair("a", "b", DIRECT, 3.1), pair("b", "a", DIRECT, 9)).latency_ms == 9


@pytest.mark.parametrize("state", [STALE, FAILED, NEVER])
def test_a_line_that_is_not_fresh_has_no_number(state: SampleState) -> None:
    line = combine(pair("a", "b", DIRECT, 3.1, state=state), pair("b", "a", DIRECT, 3.1, state=state))

    assert line.latency_ms is None
    assert line.look.role is not Role.LATENCY


def test_differing_classes_are_told() -> None:
    assert combine(pair("a", "b", DIRECT, 3), pair("b", "a", DERP, 40)).sides_differ
    assert not combine(pair("a", "b", DIRECT, 3), pair("b", "a", DIRECT, 40)).sides_differ
    assert not combine(pair("a", "b", DIRECT, 3), pair("b", "a", DERP, state=STALE)).sides_differ


def test_the_carrier_is_the_side_that_the_line_shows() -> None:
    slow = pair("b", "a", DERP, 40, region="fra")

    assert combine(pair("a", "b", DIRECT, 3), slow).carrier is slow


def test_no_pair_at_all_is_a_line_too() -> None:
    line = combine(None, None)

    assert (line.state, line.speaking, line.carrier) == (NEVER, (), None)


def test_the_ramp_has_six_colours_of_its_own_in_every_coloured_theme() -> None:
    for theme in THEMES.values():
        colours = {style.fg for style in theme.ramp}

        assert len(colours) == (1 if theme.name == "mono" else 6), theme.name
        assert theme.style(Role.DEAD).fg not in colours or theme.name == "mono"
        assert theme.style(Role.STALE).fg not in colours or theme.name == "mono"
