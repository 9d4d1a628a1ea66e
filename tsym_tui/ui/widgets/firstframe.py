"""The first frame: one pane that looks like a screen before its first answer, and needs next to nothing to be there."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope, keys_of
from tsym_tui.ui.rows.header import HeaderFacts, render_header
from tsym_tui.ui.rows.keyrow import render_keys
from tsym_tui.ui.rows.pens import Row, blank
from tsym_tui.ui.widgets.panes import Pane


class FirstFrame(Pane):
    """Stands until the screens are loaded."""

    def __init__(self, desk: Desk, scope: Scope) -> None:
        super().__init__(desk, id="first")
        self._scope = scope

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write header, one sentence and the keys."""
        facts = HeaderFacts(crumbs=(self._scope.value.title(),), clock=f"{self.desk.clock():%H:%M:%S}")
        rows: list[Row] = [render_header(self.pen, facts, cells)]
        rows += [[], [], [*blank(4), self.pen.strong("looking for a tailscaled")]] if height > 5 else []
        rows += [[] for _ in range(height - len(rows) - 1)]
        return [*rows[: max(0, height - 1)], render_keys(self.pen, keys_of(self._scope, self.desk.keys), cells)]
