"""What a person can set about the looks, and what is chosen when they leave it open.

Pure functions of the environment, so that each choice is a line in a table of tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite

import msgspec

from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THEME_ALIASES, THEMES, THRESHOLDS_MS

AUTO = "auto"

THEME_NAMES = (AUTO, *THEMES, *THEME_ALIASES)
GLYPH_NAMES = (AUTO, *(level.value for level in Level))

_PLAIN_TERMINALS = ("dumb", "vt", "unknown")
_SIXTEEN_COLOUR_TERMINALS = ("linux", "ansi", "cygwin", "xterm-16color", "rxvt-16color", "screen.linux")


class Settings(msgspec.Struct, frozen=True):
    """Settings of the app; `auto` is chosen from the terminal."""

    theme: str = AUTO
    glyphs: str = AUTO
    layout: str = AUTO
    start_screen: str = "map"
    thresholds_ms: tuple[float, ...] = THRESHOLDS_MS
    """Where a latency takes the next step of the ramp: five rising numbers."""
    trunks_above: int = 30
    """From this many nodes on, lines of a selected node run in trunks."""
    bundles_above: int = 300
    """From this many lines on, lines are drawn as bundles between groups."""
    animate: bool = False
    """Whether a new layout is walked to."""
    mini_map: bool = False
    hide_names: bool = False
    """Whether pseudonyms stand for names and addresses."""
    keys: Mapping[str, str] = {}
    """Other keys for an action, by its name; several are parted by blanks."""

    def __post_init__(self) -> None:
        if self.theme not in THEME_NAMES:
            raise ValueError(f"no theme {self.theme!r}: there are {', '.join(THEME_NAMES)}")
        if self.glyphs not in GLYPH_NAMES:
            raise ValueError(f"no glyphs {self.glyphs!r}: there are {', '.join(GLYPH_NAMES)}")
        if not are_thresholds(self.thresholds_ms):
            raise ValueError("thresholds: write five rising numbers above 0, in milliseconds")


def are_thresholds(numbers: Sequence[float]) -> bool:
    """Whether numbers can part the six steps of the ramp."""
    rises = all(low < high for low, high in pairwise(numbers))
    return len(numbers) == len(THRESHOLDS_MS) and rises and numbers[0] > 0 and isfinite(numbers[-1])


def choose_theme(wanted: str, env: Mapping[str, str]) -> str:
    """Return the theme to draw with: NO_COLOR wins over everything but a theme that was named.

    A light background is only known where the terminal says so (COLORFGBG, set by rxvt, Konsole and some others).
    """
    if wanted != AUTO:
        return THEME_ALIASES.get(wanted, wanted)
    term = env.get("TERM", "")
    if env.get("NO_COLOR") or term.startswith(_PLAIN_TERMINALS):
        return "mono"
    if term in _SIXTEEN_COLOUR_TERMINALS or not _has_many_colours(term, env):
        return "ansi16"
    background = env.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if background in {"7", "15"} else "dark"


def _has_many_colours(term: str, env: Mapping[str, str]) -> bool:
    """Whether the terminal claims 256 colours or more; most that can say so by name or by COLORTERM."""
    if env.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return True
    return any(sign in term for sign in ("256", "direct", "kitty", "alacritty", "ghostty", "wezterm", "foot"))


def choose_level(wanted: str, env: Mapping[str, str], encoding: str) -> Level:
    """Return what the font and the encoding can show; braille unless something says no."""
    if wanted != AUTO:
        return Level(wanted)
    if encoding.lower().replace("-", "") not in {"utf8", "utf8sig"}:
        return Level.ASCII
    term = env.get("TERM", "")
    if term.startswith(_PLAIN_TERMINALS):
        return Level.ASCII
    return Level.ASCII if term in {"linux", "screen.linux", "cygwin"} else Level.BRAILLE
