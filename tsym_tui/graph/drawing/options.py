"""What a map shows and how: the questions a screen or a command line can ask of the drawing."""

from __future__ import annotations

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import DARK, PLAIN, PROBE_INTERVAL_S, STALE_AFTER_S, THRESHOLDS_MS, Theme

MOST_LINES = 300
"""Above this many lines a plane is a hairball: bundles take over. A setting."""


class View(msgspec.Struct, frozen=True):
    """Which part of the unit square fills the picture."""

    x: float = 0.5
    """What stands in the middle."""
    y: float = 0.5
    zoom: float = 1.0


class MapOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but the graph, its placement and the size."""

    theme: Theme = DARK
    level: Level = Level.BRAILLE
    selected: tuple[NodeRef, ...] = ()
    """One node, or the two of a pair, whose line is then drawn twice as wide."""
    focus: NodeRef | None = None
    """The node whose lines are drawn; the others' become a faint texture. On arcs None takes the first agent."""
    view: View = View()
    most_lines: int = MOST_LINES
    only_problems: bool = False
    """Leave out fresh, direct, fast lines that work both ways."""
    numbers: bool = True
    texture: bool = True
    """Draw what others see as faint lines, where the theme has colours: in plain text nothing is faint."""
    thresholds_ms: tuple[float, ...] = THRESHOLDS_MS
    interval_s: float = PROBE_INTERVAL_S
    stale_after_s: float = STALE_AFTER_S

    @property
    def has_texture(self) -> bool:
        """Whether faint lines can be told from others."""
        return self.texture and self.level is Level.BRAILLE and self.theme.ramp[0] != PLAIN
