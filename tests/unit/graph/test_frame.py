"""Frames print as text and as escape codes; wide characters keep their columns."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tsym_tui.graph.cells import _NARROW, clip, clip_middle, settle, width
from tsym_tui.graph.frame import Depth, Frame, Run, pad_row, to_ansi, to_plain
from tsym_tui.graph.themes import PLAIN, Style

RED = Style(fg="#ff0000")


def one_row(*runs: Run, columns: int = 10) -> Frame:
    return Frame(columns, 1, [pad_row(runs, columns)])


@pytest.mark.parametrize(
    ("text", "settled", "cells"),
    [
        ("nas", "nas", 3),
        ("日本", "日本", 4),
        ("cafe\u0301", "café", 4),
        ("👩\u200d💻", "👩💻", 4),
        ("❤\ufe0f", "❤", 1),
        ("\x1b[31mred", "\ufffd[31mred", 8),
        ("a\u202eb", "a\ufffdb", 3),
    ],
    ids=["ascii", "wide", "combining", "joined emoji", "variation selector", "escape", "bidi override"],
)
def test_settled_text_has_a_width_that_every_terminal_shares(text: str, settled: str, cells: int) -> None:
    assert settle(text) == settled
    assert width(settle(text)) == cells


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("laptop", 6, "laptop"),
        ("laptop", 5, "lapt…"),
        ("日本語", 4, "日…"),
        ("日本語", 5, "日本…"),
        ("x", 0, ""),
        ("xy", 1, "…"),
    ],
)
def test_what_is_cut_shows_it(text: str, cells: int, expected: str) -> None:
    assert clip(text, cells) == expected
    assert width(clip(text, cells)) <= cells


def test_rows_fill_their_width_exactly() -> None:
    rows = [pad_row([Run("日本語", RED), Run("tail", PLAIN)], cells) for cells in range(1, 14)]

    assert [sum(width(run.text) for run in row) for row in rows] == list(range(1, 14))


def test_plain_text_drops_trailing_blanks() -> None:
    assert to_plain(one_row(Run("nas", RED))) == "nas\n"


def test_true_colour_is_written_as_it_is() -> None:
    assert to_ansi(one_row(Run("nas", RED), columns=3)) == "\x1b[38;2;255;0;0mnas\x1b[0m\n"


@pytest.mark.parametrize(
    ("depth", "codes"), [(Depth.EIGHT_BIT, "38;5;196"), (Depth.SIXTEEN, "91"), (Depth.NONE, "")], ids=str
)
def test_fewer_colours_take_the_nearest(depth: Depth, codes: str) -> None:
    expected = f"\x1b[{codes}mnas\x1b[0m\n" if codes else "nas\n"

    assert to_ansi(one_row(Run("nas", RED), columns=3), depth) == expected


def test_greys_stay_grey() -> None:
    grey = Style(fg="#66707d")

    assert "38;5;242" in to_ansi(one_row(Run("x", grey)), Depth.EIGHT_BIT)
    assert "\x1b[90m" in to_ansi(one_row(Run("x", grey)), Depth.SIXTEEN)


def test_named_colours_are_the_terminals_own() -> None:
    assert "\x1b[1;95m" in to_ansi(one_row(Run("x", Style(fg="bright_magenta", bold=True))), Depth.SIXTEEN)


def test_no_colour_keeps_weight() -> None:
    assert to_ansi(one_row(Run("x", Style(fg="#ff0000", bold=True)), columns=1), Depth.NONE) == "\x1b[1mx\x1b[0m\n"


def test_a_background_paints_every_cell() -> None:
    painted = to_ansi(one_row(Run("x", RED), columns=3), background="#0e1116")

    assert painted.count("48;2;14;17;22") == 2


def test_a_node_is_hit_on_its_cells_and_right_beside_them() -> None:
    frame = Frame(10, 1, [[Run(" " * 10, PLAIN)]], {(4, 0): 7})

    assert [frame.node_at(x, 0) for x in (2, 3, 4, 5, 6)] == [None, 7, 7, 7, None]


def test_every_character_that_is_measured_fast_takes_one_cell() -> None:
    fast = [chr(code) for code in range(0x110000) if _NARROW.fullmatch(chr(code))]

    assert {cell_len(char) for char in fast} == {1}
    assert len(fast) > 600


@pytest.mark.parametrize(
    ("name", "cells", "cut"),
    [
        ("ams-k8s-12", 10, "ams-k8s-12"),
        ("ams-k8s-12", 8, "ams…s-12"),
        ("ams-k8s-12", 5, "am…12"),
        ("ams-k8s-12", 4, "ams…"),
        ("ams-k8s-12", 0, ""),
        ("日本語-12", 7, "日…-12"),
    ],
)
def test_a_name_keeps_its_end_where_it_is_cut(name: str, cells: int, cut: str) -> None:
    assert clip_middle(name, cells) == cut
