"""What every pane needs to draw itself: one desk, made by the app and handed down.

Panes read it and never write it; handlers of the app and its screens change it and then ask the panes to redraw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from tsym_tui.graph.themes import THEMES
from tsym_tui.ui.rows.pens import Pen
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.source import SnapshotSource
from tsym_tui.ui.views import View


def local_time() -> datetime:
    """Tell the time of day where the person sits."""
    return datetime.now().astimezone()


@dataclass
class Desk:
    """The view, the pen, and the few services that drawing needs."""

    settings: Settings = field(default_factory=Settings)
    view: View = field(default_factory=View)
    pen: Pen = field(default_factory=lambda: Pen(THEMES["dark"]))
    source: SnapshotSource | None = None
    """None until it was opened."""
    clock: Callable[[], datetime] = local_time
    backlog: Callable[[], int] = lambda: 0
    """Writes the terminal has not taken yet: a large frame waits for them."""
    notice: str = ""
    """A sentence about what just happened, shown for a moment."""
