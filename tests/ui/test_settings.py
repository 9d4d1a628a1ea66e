"""What is chosen when a person leaves it open."""

from __future__ import annotations

import pytest

from tsym_tui.graph.looks import Level
from tsym_tui.ui.settings import Settings, choose_level, choose_theme


@pytest.mark.parametrize(
    ("wanted", "env", "expected"),
    [
        ("auto", {"TERM": "xterm-256color"}, "dark"),
        ("auto", {"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        ("auto", {"TERM": "xterm"}, "ansi16"),
        ("auto", {"TERM": "screen"}, "ansi16"),
        ("auto", {"TERM": "linux"}, "ansi16"),
        ("auto", {"TERM": "tmux-256color", "COLORFGBG": "0;15"}, "light"),
        ("auto", {"TERM": "xterm-256color", "COLORFGBG": "15;0"}, "dark"),
        ("auto", {"TERM": "xterm-256color", "NO_COLOR": "1"}, "mono"),
        ("auto", {"TERM": "xterm-256color", "NO_COLOR": ""}, "dark"),
        ("auto", {"TERM": "dumb"}, "mono"),
        ("auto", {"TERM": "vt100"}, "mono"),
        ("auto", {}, "ansi16"),
        ("light", {"TERM": "linux", "NO_COLOR": "1"}, "light"),
    ],
)
def test_a_theme_is_chosen_by_the_terminal_unless_it_is_named(wanted: str, env: dict[str, str], expected: str) -> None:
    assert choose_theme(wanted, env) == expected


@pytest.mark.parametrize(
    ("wanted", "term", "encoding", "expected"),
    [
        ("auto", "xterm-256color", "utf-8", Level.BRAILLE),
        ("auto", "xterm-256color", "UTF8", Level.BRAILLE),
        ("auto", "linux", "utf-8", Level.ASCII),
        ("auto", "xterm", "ISO-8859-1", Level.ASCII),
        ("auto", "vt100", "utf-8", Level.ASCII),
        ("block", "linux", "ascii", Level.BLOCK),
    ],
)
def test_glyphs_are_those_the_terminal_can_show(wanted: str, term: str, encoding: str, expected: Level) -> None:
    assert choose_level(wanted, {"TERM": term}, encoding) is expected


def test_a_setting_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(ValueError, match="dark, light, high-contrast"):
        Settings(theme="pink")
    with pytest.raises(ValueError, match="braille, half, block, ascii"):
        Settings(glyphs="emoji")
