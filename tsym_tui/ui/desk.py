"""What every pane needs to draw itself: one desk, made by the app and handed down.

Panes read it and never write it; handlers of the app and its screens change it and then ask the panes to redraw.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tsym_tui.ui.keys import KEYS, Key
from tsym_tui.ui.rows.pens import Pen
from tsym_tui.ui.settings import Settings

if TYPE_CHECKING:
    from tsym_tui.ui.hiding import Veil
    from tsym_tui.ui.line import LineHistory
    from tsym_tui.ui.source import SnapshotSource
    from tsym_tui.ui.views import View


def local_time() -> datetime:
    """Tell the time of day where the person sits."""
    return datetime.now().astimezone()


MOST_NOTICES = 500


class Notice(NamedTuple):
    """A sentence about what happened."""

    at: datetime
    words: str


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
        self.is_maximised = False
        """Whether the panes at the sides are hidden."""
        self.notices: deque[Notice] = deque(maxlen=MOST_NOTICES)
        """Such sentences, the newest last."""
        self._view: View | None = None
        self._veil: Veil | None = None
        self._lines: LineHistory | None = None

    def note(self, words: str) -> None:
        """Say what just happened, and keep it for the log."""
        self.notice = words
        self.notices.append(Notice(self.clock(), words))

    def forget_lines(self) -> None:
        """Forget the commands that were typed."""
        self._lines = None

    @property
    def lines(self) -> LineHistory:
        """Commands that were typed."""
        if self._lines is None:
            from tsym_tui.ui.line import LineHistory

            self._lines = LineHistory()
        return self._lines

    @property
    def view(self) -> View:
        """What the person looks at; made on first use, since the first frame does without."""
        if self._view is None:
            from tsym_tui.ui.views import View

            self._view = View()
            if self.settings.hide_names:
                self._view.hides_names, self._view.words = True, self.veil.words
        return self._view

    @property
    def veil(self) -> Veil:
        """What hides names; made on first use, as the view."""
        if self._veil is None:
            from tsym_tui.ui.hiding import Veil

            self._veil = Veil(self.state, is_on=self.settings.hide_names)
        return self._veil
