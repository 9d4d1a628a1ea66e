"""Which node lies in a direction, and what part of the map is seen."""

from __future__ import annotations

import random

import pytest

from tsym_tui.ui.steering import steer
from tsym_tui.ui.viewports import MOST_ZOOM, Viewport

CROSS = {"middle": (40.0, 12.0), "north": (41, 4), "south": (38, 20), "west": (10, 13), "east": (70, 11)}
MOVES = {"west": (-1, 0), "east": (1, 0), "north": (0, -1), "south": (0, 1)}


@pytest.mark.parametrize(("wanted", "move"), MOVES.items())
def test_each_direction_finds_who_lies_there(wanted: str, move: tuple[int, int]) -> None:
    assert steer(CROSS, "middle", *move) == wanted


def test_nobody_lies_beyond_the_last_one() -> None:
    assert steer(CROSS, "east", 1, 0) is None


def test_a_node_ahead_comes_before_a_nearer_one_askew() -> None:
    spots = {"here": (0.0, 0.0), "ahead": (20.0, 0.0), "askew": (6.0, 8.0)}

    assert steer(spots, "here", 1, 0) == "ahead"


def test_a_node_askew_is_found_when_nobody_is_ahead() -> None:
    assert steer({"here": (0.0, 0.0), "askew": (2.0, 30.0)}, "here", 1, 0) == "askew"


def test_from_nowhere_there_is_no_direction() -> None:
    assert steer(CROSS, "elsewhere", 1, 0) is None


@pytest.mark.parametrize("seed", range(5))
def test_every_node_can_be_reached(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    spots = {number: (float(chance.randrange(120)), float(chance.randrange(40))) for number in range(40)}
    reached, frontier = {0}, [0]
    while frontier:
        here = frontier.pop()
        found = {steer(spots, here, *move) for move in MOVES.values()} - {None} - reached
        reached |= {one for one in found if one is not None}
        frontier += [one for one in found if one is not None]

    assert len(reached) >= len(spots) - 1  # two in one column may hide one another


def test_zooming_in_and_out_again_shows_all() -> None:
    view = Viewport()
    for step in (1, 1, 1, -1, -1, -1):
        view = view.zoomed(step, (0.2, 0.9))

    assert view == Viewport()


def test_zoom_has_an_end() -> None:
    view = Viewport()
    for _ in range(40):
        view = view.zoomed(1, None)

    assert view.zoom == MOST_ZOOM


@pytest.mark.parametrize("spot", [(0.5, 0.5), (0.3, 0.6), (0.45, 0.4)])
def test_the_wheel_keeps_what_is_under_the_mouse(spot: tuple[float, float]) -> None:
    before = Viewport(0.5, 0.5, 4.0)
    after = before.zoomed_at(1, spot)

    for axis, (was, now) in enumerate(((before.x, after.x), (before.y, after.y))):
        assert was + (spot[axis] - 0.5) / before.zoom == pytest.approx(now + (spot[axis] - 0.5) / after.zoom)


@pytest.mark.parametrize("spot", [(0.0, 0.0), (1.0, 1.0), (0.5, 0.02)])
def test_centring_at_the_rim_stays_on_the_map(spot: tuple[float, float]) -> None:
    view = Viewport().centred([spot])

    assert view.holds(spot, 1.0)
    assert view == view.kept_inside()


def test_both_ends_of_a_centred_pair_are_seen() -> None:
    ends = [(0.1, 0.3), (0.5, 0.35)]
    view = Viewport(0.9, 0.9, 10.0).centred(ends)

    assert all(view.holds(end) for end in ends)


def test_a_pair_from_rim_to_rim_is_seen_from_afar() -> None:
    assert Viewport(0.2, 0.2, 4.0).centred([(0.0, 0.5), (1.0, 0.5)]) == Viewport()
