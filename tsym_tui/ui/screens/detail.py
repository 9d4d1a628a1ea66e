"""The selection over the whole screen: in place of a right pane on small terminals, more than it on large ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.details import FullDetailPane


class DetailScreen(TailnetScreen, inherit_bindings=False):
    """A pair or a node in full."""

    SCOPE = Scope.DETAIL
    TITLE = "Details"
    BINDINGS: ClassVar = bindings_of(SCOPE)
    DEFAULT_CSS: ClassVar[str] = """
    DetailScreen {
        &.-tiny #full, &.-short #full { display: block; }
        &.-tiny #plain, &.-short #plain { display: none; }
    }
    """

    def compose_body(self) -> Iterable[Widget]:
        """Return the one pane."""
        yield FullDetailPane(self.desk, id="full", classes="data")

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are: what is selected."""
        view = self.desk.view
        if view.digest is None or view.node is None:
            return (self.TITLE,)
        name = view.digest.name_of(view.node)
        if view.peer is None:
            return ("Node", name)
        return ("Pair", f"{name} {self.desk.pen.signs.both_ways} {view.digest.name_of(view.peer)}")

    @property
    def _pane(self) -> FullDetailPane:
        return self.query_one(FullDetailPane)

    def action_move(self, step: int) -> None:
        """Scroll."""
        self._pane.scroll_by(step)

    def action_page(self, step: int) -> None:
        """Scroll a page."""
        self._pane.scroll_by(step * max(1, self._pane.size.height - 1))

    def action_first(self) -> None:
        """Scroll to the top."""
        self._pane.scroll_by(-self._pane.top)

    def action_last(self) -> None:
        """Scroll to the end."""
        self._pane.scroll_by(10_000)

    def action_back(self) -> None:
        """Go back to where we came from."""
        self.app.pop_screen()
