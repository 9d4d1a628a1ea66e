"""Colours that tell hosts apart in merged streams. They mean nothing else, and the host's name always stands beside.

None of them is a state's, the accent, or a step of the latency ramp's hot end.
"""

from __future__ import annotations

from tsym_tui.graph.themes import Role, Style, Theme

_HUES: dict[str, tuple[str, ...]] = {
    "dark": ("#7aa8f0", "#6cc4b8", "#c79af0", "#b8bd6a", "#dd98c6", "#d3ad7f", "#84cbe6", "#a6a6c8"),
    "light": ("#2f5fb3", "#1f7a6e", "#7a45b0", "#6b7012", "#a04480", "#8a5a1c", "#1f7394", "#5b5b85"),
    "high-contrast": ("#8fbcff", "#7fe0d2", "#dcb4ff", "#d6dc7a", "#ffb0e4", "#f0c890", "#96e2ff", "#c4c4ea"),
    "deuteranopia": ("#6ea8ff", "#d9c27a", "#a9c6df", "#8f8fb8", "#e0d5b0", "#5f86c4", "#b8b8b8", "#c9a860"),
    "tritanopia": ("#4fc3c7", "#f2b8b0", "#a6d8d6", "#e88d84", "#c9c9c9", "#6f9fa2", "#f5d5cf", "#b98f8a"),
    "ansi16": ("cyan", "magenta", "blue", "green", "bright_cyan", "bright_magenta", "bright_blue", "bright_green"),
}


def hue_of(theme: Theme, place: int) -> Style:
    """Return the look of the host at a place of the list; after the last hue they begin again."""
    hues = _HUES.get(theme.name)
    return Style(fg=hues[place % len(hues)]) if hues else theme.style(Role.TEXT)
