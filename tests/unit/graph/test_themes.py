"""Every theme can be read, and the themes for colour-blind eyes hold for those eyes."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from tests.unit.graph.eyes import EYES, contrast, distance
from tsym_tui.graph.hues import hue_of
from tsym_tui.graph.themes import THEME_ALIASES, THEMES, Role, Theme
from tsym_tui.ui.settings import Settings, choose_theme

COLOURED = [theme for theme in THEMES.values() if theme.colour(Role.BG) is not None]
DARK_ONES = [theme for theme in COLOURED if not theme.is_light]


def colour(theme: Theme, role: Role) -> str:
    """Return a role's colour, which is there."""
    found = theme.colour(role)
    assert found is not None
    return found


def ramp(theme: Theme) -> list[str]:
    """Return the six steps."""
    return [step.fg for step in theme.ramp if step.fg is not None]


def at_least(theme: Theme, role: Role) -> float:
    """Return the contrast on the background that the design asks of a role."""
    if theme.name == "high-contrast":
        return 3.0 if role is Role.RULE else 7.0
    wanted = {Role.CHROME: 3.2, Role.STALE: 3.6, Role.DIM: 5.3, Role.TEXT: 9.0, Role.STRONG: 15.0}
    return wanted.get(role, 3.9 if theme.is_light else 5.5)


READ = [role for role in Role if role not in {Role.BG, Role.POOL, Role.RAISED, Role.SELECTION, Role.RULE, Role.LATENCY}]


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
@pytest.mark.parametrize("role", READ)
def test_what_is_read_stands_out_from_the_background(theme: Theme, role: Role) -> None:
    assert round(contrast(colour(theme, role), colour(theme, Role.BG)), 1) >= at_least(theme, role)


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_every_step_of_the_ramp_stands_out_from_the_background(theme: Theme) -> None:
    least = 7.0 if theme.name == "high-contrast" else 4.3 if theme.is_light else 6.5
    found = [round(contrast(step, colour(theme, Role.BG)), 1) for step in ramp(theme)]

    assert min(found) >= least


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
@pytest.mark.parametrize("tint", [Role.RAISED, Role.SELECTION, Role.POOL])
def test_words_can_be_read_on_every_tint(theme: Theme, tint: Role) -> None:
    on_tint = [contrast(colour(theme, role), colour(theme, tint)) for role in (Role.TEXT, Role.STRONG, Role.DIM)]

    assert min(on_tint) >= 3.5


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_steps_dead_and_accent_are_apart_for_most_eyes(theme: Theme) -> None:
    steps = ramp(theme)

    assert min(distance(one, two) for one, two in pairwise(steps)) >= 6
    assert min(distance(colour(theme, Role.DEAD), step) for step in steps) >= 9
    assert min(distance(colour(theme, Role.ACCENT), step) for step in steps) >= 9
    assert distance(colour(theme, Role.DEAD), colour(theme, Role.ACCENT)) >= 15


FOR_EYES = [
    ("deuteranopia", "protan"),
    ("deuteranopia", "deutan"),
    ("deuteranopia", "tritan"),
    ("tritanopia", "tritan"),
]


@pytest.mark.parametrize(("name", "eyes"), FOR_EYES)
def test_neighbouring_steps_are_apart_for_the_eyes_a_theme_is_for(name: str, eyes: str) -> None:
    assert min(distance(one, two, eyes) for one, two in pairwise(ramp(THEMES[name]))) >= 6


@pytest.mark.parametrize(("name", "eyes"), FOR_EYES)
def test_dead_and_accent_are_apart_from_all_steps_for_the_eyes_a_theme_is_for(name: str, eyes: str) -> None:
    theme = THEMES[name]
    dead, accent = colour(theme, Role.DEAD), colour(theme, Role.ACCENT)

    assert min(distance(dead, step, eyes) for step in ramp(theme)) >= 6
    assert min(distance(accent, step, eyes) for step in ramp(theme)) >= 6
    assert distance(dead, accent, eyes) >= 15


def test_the_tritan_theme_serves_tritan_eyes_better_than_the_other() -> None:
    least = {
        name: min(distance(one, two, "tritan") for one, two in pairwise(ramp(THEMES[name])))
        for name in ("deuteranopia", "tritanopia")
    }

    assert least["tritanopia"] > least["deuteranopia"]


@pytest.mark.parametrize(
    ("theme", "eyes"), list(product(DARK_ONES, EYES)), ids=lambda value: getattr(value, "name", value)
)
def test_no_dark_theme_loses_dead_among_the_steps_for_any_eyes(theme: Theme, eyes: str) -> None:
    assert min(distance(colour(theme, Role.DEAD), step, eyes) for step in ramp(theme)) >= 3


def test_high_contrast_is_higher_than_dark_everywhere_it_is_read() -> None:
    dark, strong = THEMES["dark"], THEMES["high-contrast"]
    higher = [
        contrast(colour(strong, role), colour(strong, Role.BG)) > contrast(colour(dark, role), colour(dark, Role.BG))
        for role in READ
    ]

    assert all(higher)


@pytest.mark.parametrize(
    "theme", [theme for theme in THEMES.values() if theme.name != "mono"], ids=lambda one: one.name
)
def test_hosts_of_a_stream_have_eight_hues_of_their_own_in_every_coloured_theme(theme: Theme) -> None:
    assert len({hue_of(theme, place) for place in range(8)}) == 8


def test_an_old_name_of_a_theme_still_means_one() -> None:
    assert all(name in THEMES for name in THEME_ALIASES.values())
    assert choose_theme(Settings(theme="cb").theme, {}) == "deuteranopia"


def test_no_color_is_a_theme_without_colours() -> None:
    mono = THEMES[choose_theme("auto", {"NO_COLOR": "1", "TERM": "xterm-256color"})]

    assert {style.fg for style in (*mono.styles.values(), *mono.ramp)} == {None}
