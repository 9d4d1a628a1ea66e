"""The legend names every class, and colours where there are some."""

from __future__ import annotations

import pytest

from tsym_tui.graph.frame import to_plain
from tsym_tui.graph.legend import legend, sample_of
from tsym_tui.graph.looks import LOOKS, Level
from tsym_tui.graph.themes import DARK, MONO


def test_a_wide_legend_is_one_row_with_pieces_of_line() -> None:
    frame = legend(120)

    assert frame.height == 1
    assert to_plain(frame) == (
        "⠒⠒⠒⠒⠒ ● direct   ⠒⠒⠒⠒  ⠒⠒⠒⠒ ◆ peer relay   ⠒⠂ ⠒⠂ ▲ DERP   ✕ dead   ⠂ ⠐  ⠂ stale".ljust(94)
        + "━━5━━20━━50━━100━━200━━ ms\n"
    )


@pytest.mark.parametrize("columns", [10, 30, 50, 80, 120, 200])
@pytest.mark.parametrize("level", list(Level))
def test_no_width_drops_a_word(columns: int, level: Level) -> None:
    text = to_plain(legend(columns, level=level, with_nodes=True, with_unknown=True))

    assert all(len(row) <= columns for row in text.splitlines())
    if columns >= 30:
        words = ("direct", "peer relay", "DERP", "path unknown", "dead", "stale", "no host", "silent host", "200")
        assert all(word in text for word in words)


def test_without_colour_the_legend_says_what_numbers_are() -> None:
    assert to_plain(legend(80, MONO, Level.ASCII)).rstrip().endswith("numbers are ms, round trip")


def test_colours_of_the_ramp_are_the_lines_own() -> None:
    styles = [run.style for run in legend(120).rows[0] if run.text == "━━"]

    assert tuple(styles) == DARK.ramp


@pytest.mark.parametrize("level", list(Level))
def test_pieces_of_line_differ(level: Level) -> None:
    strokes = {look.stroke for look in LOOKS.values() if look.stroke}

    assert len({sample_of(stroke, level, 14) for stroke in strokes}) == len(strokes)


@pytest.mark.parametrize(
    ("level", "marks"), [(Level.BRAILLE, "→ ●⇄▲"), (Level.BLOCK, "→ ●⇄▲"), (Level.ASCII, "> D<>R")]
)
def test_directions_are_named_where_there_is_room(level: Level, marks: str) -> None:
    text = to_plain(legend(160, level=level, with_directions=True))

    assert all(f"{mark} " in text for mark in marks.split())
    assert "one way only" in text
    assert "sides differ" in text
    assert to_plain(legend(120, most_rows=1, with_directions=True)) == to_plain(legend(120, most_rows=1))
