"""What a map shows and how: the questions a screen or a command line can ask of the drawing."""

from __future__ import annotations

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import DARK, PLAIN, PROBE_INTERVAL_S, STALE_AFTER_S, THRESHOLDS_MS, Theme

BUNDLES_ABOVE = 300
"""Above this many lines a plane is a hairball: bundles take over. A setting."""

TRUNKS_ABOVE = 30
"""A node in focus with more lines than this sends one trunk to each group instead. A setting."""


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
    hover: tuple[NodeRef, ...] = ()
    """What the mouse is over: a node, or the two of a line. Costs no new picture, only the rows it changes."""
    highlight: tuple[tuple[NodeRef, ...], ...] = ()
    """Paths to make stand out: each the nodes along it in order, one alone for just a node."""
    mini_map: bool = False
    """Show the whole in a corner and in it what is seen, while that is not all."""
    group_by: Criterion | None = None
    """What bundles and trunks gather by; None = what tells most of these nodes."""
    bundles_above: int = BUNDLES_ABOVE
    """With more lines than this to draw, the lines of all nodes but the one in focus become bundles to groups."""
    trunks_above: int = TRUNKS_ABOVE
    """A node in focus on such a picture, with more lines than this, sends one trunk to each group."""
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
