"""Changing looks and settings while the app runs: theme, glyphs, thresholds, levels of detail."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES
from textual.theme import Theme as TextualTheme

from tsym_tui.graph.looks import Role
from tsym_tui.graph.themes import THEMES, Theme
from tsym_tui.ui.settings import choose_level, choose_theme
from tsym_tui.ui.widgets.panes import Pane

if TYPE_CHECKING:
    from tsym_tui.ui.app import TsymApp


def textual_theme(theme: Theme) -> TextualTheme:
    """Say to Textual which background and letters a theme has; everything else is drawn by our pen.

    A theme without colours of its own borrows Textual's for 16 colours, whose style sheets want more than we name.
    """
    name = f"tsym-{theme.name}"
    background = theme.colour(Role.BG)
    if background is None:
        return replace(BUILTIN_THEMES["ansi-dark"], name=name)
    return TextualTheme(
        name=name,
        primary=theme.colour(Role.ACCENT) or background,
        foreground=theme.colour(Role.TEXT),
        background=background,
        surface=background,
        panel=background,
        dark=not theme.is_light,
    )


def repaint(screen: Screen[Any]) -> None:
    """Paint every pane of a screen again, whatever is thought to be on it."""
    for pane in screen.query(Pane):
        pane.forget()
        pane.refresh()


def wear(app: TsymApp, wanted: str) -> str:
    """Take a theme, `auto` as the terminal says; return its name."""
    name = choose_theme(wanted, app.env)
    app.desk.pen = structs.replace(app.desk.pen, theme=THEMES[name])
    theme = textual_theme(THEMES[name])
    app.register_theme(theme)
    app.theme = theme.name
    return name


def change(app: TsymApp, name: str, value: object) -> None:
    """Change one setting and let everything that shows it follow; raises `ValueError` for a value that cannot be."""
    desk = app.desk
    settings = structs.replace(desk.settings, **{name: value})
    desk.settings = settings
    if name == "thresholds_ms":
        desk.pen = structs.replace(desk.pen, thresholds_ms=settings.thresholds_ms)
    elif name == "hide_names":
        from tsym_tui.ui.unveiling import turn

        turn(app, hides=settings.hide_names)
    elif name == "glyphs":
        encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
        desk.pen = structs.replace(desk.pen, level=choose_level(settings.glyphs, app.env, encoding))
