"""Strips that know their ANSI text already: what our widgets hand to Textual.

Textual draws a line from segments: objects made, filtered and encoded one by one, which is most of the time of a frame
on a large map. Our rows are encoded once, colour changes only where a colour changes, and segments are built only if
somebody asks: an overlay that cuts the line, a screenshot, a mouse lookup. `render` and the slots of `Strip` are
semi-internal in Textual 8.2; a test holds both ways of drawing to the same cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import msgspec
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.strip import Strip

from tsym_tui.graph.frame import Changes, ReadyRow, Run
from tsym_tui.graph.themes import Style

_RESET = "\x1b[0m"
_PLAIN = Style()


@lru_cache(maxsize=4096)
def rich_style(style: Style) -> RichStyle:
    """Return the same look as Textual spells it."""
    return RichStyle(
        color=style.fg, bgcolor=style.bg, bold=style.bold or None, dim=style.dim or None, reverse=style.reverse or None
    )


@lru_cache(maxsize=4096)
def _colour_codes(colour: str, system: ColorSystem, *, is_foreground: bool) -> str:
    return ";".join(Color.parse(colour).downgrade(system).get_ansi_codes(is_foreground))


def _codes(style: Style, system: ColorSystem) -> list[str]:
    """Return the SGR codes that make a look out of none."""
    codes = [code for code, is_set in (("1", style.bold), ("2", style.dim), ("7", style.reverse)) if is_set]
    if style.fg is not None:
        codes.append(_colour_codes(style.fg, system, is_foreground=True))
    if style.bg is not None:
        codes.append(_colour_codes(style.bg, system, is_foreground=False))
    return codes


@lru_cache(maxsize=16384)
def change(old: Style, new: Style, system: ColorSystem) -> str:
    """Return the shortest sequence that turns one look into another."""
    if old == new:
        return ""
    if new == _PLAIN:
        return _RESET
    keeps = (old.bold, old.dim, old.reverse) == (new.bold, new.dim, new.reverse)
    if not keeps or (old.fg and not new.fg) or (old.bg and not new.bg):
        return f"\x1b[0;{';'.join(_codes(new, system))}m" if old != _PLAIN else f"\x1b[{';'.join(_codes(new, system))}m"
    codes = []
    if new.fg is not None and new.fg != old.fg:
        codes.append(_colour_codes(new.fg, system, is_foreground=True))
    if new.bg is not None and new.bg != old.bg:
        codes.append(_colour_codes(new.bg, system, is_foreground=False))
    return f"\x1b[{';'.join(codes)}m"


def encode(runs: Sequence[Run], system: ColorSystem, background: str | None = None) -> str:
    """Write runs as text with SGR sequences, ending plain.

    Where only the colour of the letters changes, blanks carry the old one on: nobody sees it, and a sequence is saved.
    """
    if isinstance(runs, ReadyRow):
        return runs.written(_changes(system), background)
    parts: list[str] = []
    current = _PLAIN
    for text, style in runs:
        wanted = style if style.bg is not None else _on(style, background)
        is_invisible = wanted.bg == current.bg and not (wanted.reverse or current.reverse) and text.isspace()
        if not is_invisible:
            parts.append(change(current, wanted, system))
            current = wanted
        parts.append(text)
    if current != _PLAIN:
        parts.append(_RESET)
    return "".join(parts)


@lru_cache(maxsize=8)
def _changes(system: ColorSystem) -> Changes:
    """Return what changes looks on a kind of terminal: always the same object, by which ready rows know their line."""
    return partial(change, system=system)


@lru_cache(maxsize=4096)
def _on(style: Style, background: str | None) -> Style:
    """Put a look on a background."""
    return style if background is None or style.bg is not None else msgspec.structs.replace(style, bg=background)


class InkStrip(Strip):
    """A line of runs, encoded once; its segments are made when asked for."""

    __slots__ = ("_background", "_ink", "_runs")

    def __init__(self, runs: Sequence[Run], width: int, background: str | None = None) -> None:
        super().__init__((), width)
        del self._segments  # the slot stays empty until somebody reads it: see __getattr__
        self._runs = runs if isinstance(runs, ReadyRow) else tuple(runs)
        self._background = background
        self._ink: tuple[ColorSystem, str] | None = None

    def __getattr__(self, name: str) -> list[Segment]:
        """Make the segments on first use; called for no other attribute that exists."""
        if name != "_segments":
            raise AttributeError(name)
        segments = [Segment(text, rich_style(_on(style, self._background))) for text, style in self._runs]
        self._segments = segments
        return segments

    def render(self, console: Console) -> str:
        """Return the ready text for a console."""
        system = console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001 - as Strip.render itself does
        if self._ink is None or self._ink[0] is not system:
            self._ink = (system, encode(self._runs, system, self._background))
        return self._ink[1]
