"""Going back and forward through the app: `[` and `]`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tsym_tui.fleet.filters import parse_filter
from tsym_tui.ui.screens.detail import DetailScreen
from tsym_tui.ui.trail import Place, Trail

if TYPE_CHECKING:
    from tsym_tui.ui.app import TsymApp


class Walk:
    """Remembers where a person was in one app, and goes there again."""

    def __init__(self, app: TsymApp) -> None:
        self._app = app
        self._trail = Trail()
        self._is_going = False

    def note(self) -> None:
        """Take note of where we are; called before and after each step elsewhere."""
        if self._app.current and not self._is_going:
            self._trail.note(self._here())

    def _here(self) -> Place:
        app, view = self._app, self._app.desk.view
        is_open = any(isinstance(screen, DetailScreen) for screen in app.screen_stack)
        return Place(app.current, is_open, view.filter.text, view.only_problems, view.node, view.peer)

    def step(self, step: int) -> bool:
        """Go back (-1) or forward (1); False where there is nothing more."""
        self.note()
        place = self._trail.step(step)
        if place is None:
            return False
        with self._unnoted():
            self._go(place)
        return True

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one step of several: the way back leads past them all."""
        self.note()
        with self._unnoted():
            yield
        self.note()

    @contextmanager
    def _unnoted(self) -> Iterator[None]:
        self._is_going = True
        try:
            yield
        finally:
            self._is_going = False

    def _go(self, place: Place) -> None:
        app, view = self._app, self._app.desk.view
        view.narrow(parse_filter(place.filter), only_problems=place.only_problems)
        known = {} if view.digest is None else view.digest.snapshot.nodes
        if place.node in known:
            view.select(place.node, place.peer if place.peer in known else None)
        app.action_show(place.screen)
        app.front.after_selection()
        if place.is_open:
            app.action_open()
