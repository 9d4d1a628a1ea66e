"""Going back and forward."""

from __future__ import annotations

from tests.ui.pictures import ref
from tsym_tui.ui.trail import MOST_PLACES, Place, Trail


def trail(*places: Place) -> Trail:
    made = Trail()
    for place in places:
        made.note(place)
    return made


def test_back_and_forward_again() -> None:
    walked = trail(Place("map"), Place("nodes"), Place("matrix"))

    assert [walked.step(step) for step in (-1, -1, -1, 1)] == [Place("nodes"), Place("map"), None, Place("nodes")]


def test_another_selection_is_the_same_place_with_the_newer_selection() -> None:
    walked = trail(Place("map", node=ref("a")), Place("map", node=ref("b")), Place("nodes"))

    assert walked.step(-1) == Place("map", node=ref("b"))
    assert walked.step(-1) is None


def test_going_elsewhere_forgets_what_lay_ahead() -> None:
    walked = trail(Place("map"), Place("nodes"))
    walked.step(-1)
    walked.note(Place("map", filter="tag:web"))

    assert walked.step(1) is None
    assert walked.step(-1) == Place("map")


def test_a_long_walk_is_bounded() -> None:
    walked = trail(*(Place(f"{number}") for number in range(500)))
    steps = sum(walked.step(-1) is not None for _ in range(500))

    assert steps == MOST_PLACES - 1
