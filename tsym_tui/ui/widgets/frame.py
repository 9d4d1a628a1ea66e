"""The frame around every screen: the header above, notice, legend and keys below."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.graph.frame import Frame
from tsym_tui.graph.legend import legend
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope, keys_of
from tsym_tui.ui.rows.faces import Face
from tsym_tui.ui.rows.header import HeaderFacts, Mood, render_header
from tsym_tui.ui.rows.keyrow import render_keys
from tsym_tui.ui.rows.pens import Row, blank, spread
from tsym_tui.ui.rows.selection import selection_line
from tsym_tui.ui.widgets.panes import Pane

PANE_CELLS = 84
"""From this width on a right pane shows the selection."""


class HeaderPane(Pane):
    """Row 0, and a blank one where there is room."""

    DEFAULT_CSS = "HeaderPane { height: 2; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, id="header")
        self.crumbs: tuple[str, ...] = ()

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row, the rest blank
        """Write the header from the picture and the clock."""
        view = self.desk.view
        clock = f"{self.desk.clock():%H:%M:%S}"
        if view.digest is None:
            facts = HeaderFacts(crumbs=self.crumbs, mood=view.mood, clock=clock)
            return [render_header(self.pen, facts, cells)]
        sums, snapshot = view.digest, view.digest.snapshot
        tailnets = snapshot.tailnets
        name = tailnets[0].name if tailnets else ""
        facts = HeaderFacts(
            tailnet=f"{name} +{len(tailnets) - 1}" if len(tailnets) > 1 else name,
            crumbs=self.crumbs,
            hosts=len(snapshot.hosts),
            answering=sums.answering,
            fresh_pairs=sums.fresh_pairs,
            wanted_pairs=sums.wanted_pairs,
            hidden=snapshot.hidden,
            per_minute=snapshot.cost.per_minute,
            sampled=snapshot.cost.sampled,
            mood=view.mood,
            clock=f"{snapshot.generated_at.astimezone():%H:%M:%S}" if view.mood is Mood.PAUSED else clock,
        )
        return [render_header(self.pen, facts, cells)]


class FootPane(Pane):
    """The last rows: what just happened, what looks mean, which keys there are. A small pane keeps the keys."""

    DEFAULT_CSS = "FootPane { height: 3; }"

    def __init__(self, desk: Desk, scope: Scope) -> None:
        super().__init__(desk, id="foot")
        self.ramp: tuple[tuple[float, ...], str] | None = None
        """Thresholds and unit of the colours, where they are not of a round trip."""
        self._keys = keys_of(scope, desk.keys)
        self._drawn: tuple[tuple[object, ...], Frame, Row] | None = None
        """What the legend and the key row were drawn for, and they: news do not change them."""

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the rows there is room for, from the last one up."""
        drawn, keys = self._standing(cells)
        notice = self._notice()
        if not notice and len(drawn.rows) > 1:  # too narrow for one row: the ramp takes the blank one
            ramp = [run for run in drawn.rows[1] if not run.text.isspace()]
            left = selection_line(self.pen, self.desk.view) if cells < PANE_CELLS else []
            notice = [*blank(3), *spread(left, ramp, cells - 5, self.pen.signs.ellipsis)]
        rows = [notice, [*blank(3), *drawn.rows[0]], keys]
        return rows[-height:]

    @property
    def legend_row(self) -> Row:
        """What looks mean, in one row; empty where there is nothing to explain."""
        drawn, _ = self._standing(self.size.width)
        return [*blank(3), *drawn.rows[0]]

    def _standing(self, cells: int) -> tuple[Frame, Row]:
        """Return the legend and the key row, drawn once for as long as they stay the same."""
        pen = self.pen
        wanted = (cells, pen.theme.name, pen.level, pen.thresholds_ms, self.ramp)
        if self._drawn is None or self._drawn[0] != wanted:
            self._drawn = (wanted, self._legend(cells), render_keys(pen, self._keys, cells))
        return self._drawn[1:]

    def _legend(self, cells: int) -> Frame:
        steps, unit = self.ramp or (self.pen.thresholds_ms, "ms")
        return legend(
            max(1, cells - 5),
            self.pen.theme,
            self.pen.level,
            most_rows=1,
            thresholds_ms=steps,
            unit=unit,
            with_directions=True,
        )

    def _notice(self) -> Row:
        """Say what just happened, or what went wrong with looking."""
        view = self.desk.view
        if view.trouble is not None and view.face is Face.DATA:
            return [*blank(2), self.pen("! ", Role.WARN), self.pen(view.trouble)]
        return [*blank(3), self.pen.dim(self.desk.notice)] if self.desk.notice else []
