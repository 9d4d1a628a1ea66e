"""What every pane needs to draw itself: one desk, made by the app and handed down.

Panes read it and never write it; handlers of the app and its screens change it and then ask the panes to redraw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tsym_tui.ui.keys import KEYS, Key
from tsym_tui.ui.rows.pens import Pen
from tsym_tui.ui.settings import Settings

if TYPE_CHECKING:
    from tsym_tui.ui.source import SnapshotSource
    from tsym_tui.ui.views import View


def local_time() -> datetime:
    """Tell the time of day where the person sits."""
    return datetime.now().astimezone()


def _keys(wishes: Mapping[str, str]) -> tuple[Key, ...]:
    if not wishes:
        return KEYS
    from tsym_tui.ui.keymaps import remapped

    return remapped(wishes)


class Desk:
    """The view, the pen, and the few services that drawing needs."""

    def __init__(self, settings: Settings, pen: Pen, *, clock: Callable[[], datetime] = local_time) -> None:
        self.settings = settings
        self.pen = pen
        self.clock = clock
        self.keys = _keys(settings.keys)
        """What keys mean, with those that the person chose."""
        self.source: SnapshotSource | None = None
        """None until it was opened."""
        self.backlog: Callable[[], int] = lambda: 0
        """Tells how many writes the terminal has not taken yet: a large frame waits for them."""
        self.state: Path | None = None
        """The folder where things are kept between sessions; None = nothing is kept."""
        self.notice = ""
        """A sentence about what just happened, shown for a moment."""
        self._view: View | None = None

    @property
    def view(self) -> View:
        """What the person looks at; made on first use, since the first frame does without."""
        if self._view is None:
            from tsym_tui.ui.views import View

            self._view = View()
        return self._view
