"""Strips that are encoded once: the same cells as Textual's own way, in every way that Textual may take them apart."""

from __future__ import annotations

import io
import random

import msgspec
import pyte
import pytest
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from tsym_tui.graph.drawing.canvas import Canvas
from tsym_tui.graph.frame import Frame, Run
from tsym_tui.graph.themes import PLAIN, Style
from tsym_tui.ui.rows.pens import width_of
from tsym_tui.ui.widgets.strips import InkStrip, encode, rich_style

BACKGROUND = "#0e1116"
LOOKS = [
    PLAIN,
    Style(fg="#57a1b6"),
    Style(fg="#57a1b6", bold=True),
    Style(fg="#f67140", bg="#151a21"),
    Style(bg="#2a2740"),
    Style(dim=True),
    Style(reverse=True),
    Style(fg="bright_blue", bold=True),
    Style(fg="green", reverse=True),
]
TEXTS = ["abc", " ", "   ", "●", "⠑⢄⡀", "客厅", "x y", "━━"]


def some_runs(seed: int) -> list[Run]:
    """Make up a line."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [Run(chance.choice(TEXTS), chance.choice(LOOKS)) for _ in range(12)]


def their_strip(runs: list[Run]) -> Strip:
    """Make the strip that Textual would have made."""
    segments = []
    for text, style in runs:
        # made anew each time: a rich style remembers its codes of the first terminal it was written for
        look = rich_style.__wrapped__(msgspec.structs.replace(style, bg=style.bg or BACKGROUND))
        segments.append(Segment(text, look))
    return Strip(segments, width_of(runs))


def console(system: str = "truecolor") -> Console:
    return Console(file=io.StringIO(), color_system=system, force_terminal=True, legacy_windows=False)  # type: ignore[arg-type]  # one of rich's names


def cells(ansi: str) -> list[tuple[object, ...]]:
    """Draw a line on a terminal and read it back: what a blank's letters would look like does not count."""
    screen = pyte.Screen(120, 1)
    pyte.Stream(screen).feed(ansi)
    seen: list[tuple[object, ...]] = []
    for place in range(120):
        cell = screen.buffer[0][place]
        is_visible = cell.data != " " or cell.reverse
        seen.append((cell.data, cell.bg, cell.reverse, *((cell.fg, cell.bold) if is_visible else ())))
    return seen


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("system", ["truecolor", "256", "standard"])
def test_a_line_drawn_our_way_is_the_line_drawn_their_way(seed: int, system: str) -> None:
    runs = some_runs(seed)

    ours = InkStrip(runs, width_of(runs), BACKGROUND).render(console(system))

    assert cells(ours) == cells(their_strip(runs).render(console(system)))


@pytest.mark.parametrize("seed", range(10))
def test_a_line_that_was_cut_is_the_same_line_cut(seed: int) -> None:
    runs = some_runs(seed)
    ours, theirs = InkStrip(runs, width_of(runs), BACKGROUND), their_strip(runs)

    for start, end in ((0, 5), (3, 9), (7, None)):
        assert cells(ours.crop(start, end).render(console())) == cells(theirs.crop(start, end).render(console()))
    cut = [part.render(console()) for part in ours.divide([4, ours.cell_length])]
    assert [cells(part) for part in cut] == [
        cells(part.render(console())) for part in theirs.divide([4, theirs.cell_length])
    ]


def test_segments_are_made_only_when_somebody_asks() -> None:
    strip = InkStrip(some_runs(1), 30, BACKGROUND)
    strip.render(console())
    with pytest.raises(AttributeError):
        object.__getattribute__(strip, "_segments")

    assert list(strip) != []


def test_no_style_reaches_into_the_next_line() -> None:
    runs = [Run("x", Style(fg="#57a1b6", bold=True))]

    assert InkStrip(runs, 1, BACKGROUND).render(console()).endswith("\x1b[0m")


def test_a_colour_is_written_once_for_as_long_as_it_lasts() -> None:
    style = Style(fg="#57a1b6")
    runs = [Run("ab", style), Run("  ", PLAIN), Run("cd", style)]

    assert InkStrip(runs, 6, BACKGROUND).render(console()).count("\x1b[") == 2


def test_a_terminal_of_few_colours_gets_codes_it_knows() -> None:
    runs = [Run("x", Style(fg="#57a1b6"))]

    text = InkStrip(runs, 1, None).render(console("standard"))

    assert "38;" not in text
    assert ColorSystem.STANDARD is console("standard")._color_system


def some_picture(seed: int) -> Frame:
    """Scribble on a canvas."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    canvas = Canvas(40, 8)
    for _ in range(60):
        canvas.write(chance.randrange(-4, 40), chance.randrange(8), chance.choice(TEXTS), chance.choice(LOOKS))
    canvas.tint(5, 2, 20, 5, "#2a2740")
    return canvas.frame()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("background", [BACKGROUND, None], ids=str)
@pytest.mark.parametrize("system", [ColorSystem.TRUECOLOR, ColorSystem.STANDARD], ids=lambda system: system.name)
def test_rows_that_are_ready_are_written_as_their_runs_are(
    seed: int, background: str | None, system: ColorSystem
) -> None:
    for row in some_picture(seed).rows:
        assert encode(row, system, background) == encode(list(row), system, background)


def test_a_ready_row_has_the_cells_of_its_strip() -> None:
    for row in some_picture(3).rows:
        strip = InkStrip(row, 40, BACKGROUND)

        assert cells(strip.render(console())) == cells(InkStrip(list(row), 40, BACKGROUND).render(console()))
        assert strip.text == "".join(run.text for run in row)
