"""The frame around every screen: header, hairlines, notice, legend and keys."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.graph.legend import legend
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope, keys_of
from tsym_tui.ui.rows.faces import Face
from tsym_tui.ui.rows.header import HeaderFacts, Mood, render_header
from tsym_tui.ui.rows.keyrow import render_keys
from tsym_tui.ui.rows.pens import Row, blank
from tsym_tui.ui.widgets.panes import Pane


class HeaderPane(Pane):
    """Row 0."""

    DEFAULT_CSS = "HeaderPane { height: 1; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, id="header")
        self.crumbs: tuple[str, ...] = ()

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row
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


class Hairline(Pane):
    """One column between the map and a side pane."""

    DEFAULT_CSS = "Hairline { width: 1; }"

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one column
        """Draw the line."""
        return [[self.pen("|" if self.pen.is_ascii else "│", Role.RULE)]] * height


class NoticePane(Pane):
    """The row above the legend: blank, or what just happened, or what went wrong with looking."""

    DEFAULT_CSS = "NoticePane { height: 1; }"

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row
        """Write the notice."""
        view = self.desk.view
        if view.trouble is not None and view.face is Face.DATA:
            return [[*blank(2), self.pen("! ", Role.WARN), self.pen(view.trouble)]]
        return [[*blank(3), self.pen.dim(self.desk.notice)]] if self.desk.notice else [[]]


class LegendPane(Pane):
    """What glyphs, dashes and colours mean."""

    DEFAULT_CSS = "LegendPane { height: 1; }"

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row
        """Write the legend."""
        drawn = legend(cells - 5, self.pen.theme, self.pen.level, most_rows=1)
        return [[*blank(3), *row] for row in drawn.rows[:1]]


class KeysPane(Pane):
    """The last row."""

    DEFAULT_CSS = "KeysPane { height: 1; }"

    def __init__(self, desk: Desk, scope: Scope) -> None:
        super().__init__(desk, id="keys")
        self._keys = keys_of(scope)

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row
        """Write the keys."""
        return [render_keys(self.pen, self._keys, cells)]
