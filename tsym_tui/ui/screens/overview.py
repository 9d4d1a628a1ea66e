"""The overview: is the tailnet well, and what are the things to look at, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.widget import Widget

from tsym_agent.model.ids import NodeRef
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.problemvalues import Opens, Problem
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.overviewpane import OverviewPane, ProblemPicked


class OverviewScreen(TailnetScreen, inherit_bindings=False):
    """Numbers, a sentence, and the worst things; each opens where one looks closer."""

    SCOPE = Scope.OVERVIEW
    TITLE = "Overview"
    BINDINGS: ClassVar = bindings_of(SCOPE)
    DEFAULT_CSS: ClassVar[str] = """
    OverviewScreen {
        &.-tiny #overview, &.-short #overview { display: block; }
        &.-tiny #plain, &.-short #plain { display: none; }
        &.-tiny.-faced #overview, &.-short.-faced #overview { display: none; }
    }
    """

    def compose_body(self) -> Iterable[Widget]:
        """Return the one pane."""
        yield OverviewPane(self.desk, id="overview", classes="data")

    @property
    def _pane(self) -> OverviewPane:
        return self.query_one(OverviewPane)

    def on_problem_picked(self, message: ProblemPicked) -> None:
        """Select what was clicked; clicked again, it opens."""
        if message.place == self._pane.place:
            self.action_open_worst()
        else:
            self._pane.go(message.place)

    def take_veil(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:  # noqa: ARG002 - places stay, whatever names are
        """Stay on the same place of the list."""
        self._pane.go(self._pane.place)

    def action_move(self, step: int) -> None:
        """Select another problem."""
        self._pane.go(self._pane.place + step)

    def action_page(self, step: int) -> None:
        """Select a problem ten further."""
        self.action_move(10 * step)

    def action_first(self) -> None:
        """Select the worst."""
        self._pane.go(0)

    def action_last(self) -> None:
        """Select the least bad."""
        self._pane.go(len(self._pane.problems) - 1)

    def action_open_worst(self) -> None:
        """Open the screen where the selected problem is seen best, with what it is about selected."""
        problem = self._pane.chosen
        if problem is None:
            self.say("nothing to look at")
            return
        if not problem.nodes:
            self.say(f"{problem.title} has not said which node it is: `tsym hosts` tells what to do about it")
            return
        self._select(problem)
        self.app.run_worker(self._open(problem), group="open", description="opens a problem", exclusive=True)

    async def _open(self, problem: Problem) -> None:
        action = "app.show('matrix')" if problem.opens is Opens.MATRIX else "app.open"
        await self.app.run_action(action)

    def _select(self, problem: Problem) -> None:
        """Select the pair, else the node; what a filter had left out comes back."""
        view = self.desk.view
        if not set(problem.nodes[:2]) & set(view.listed):
            view.narrow(type(view.filter)(), only_problems=False)
        view.select(*(problem.pairs[0] if problem.pairs else (problem.nodes[0], None)))
        source = self.desk.source
        if source is not None and view.pair is not None:
            source.look_at((view.pair, view.pair[::-1]))

    def action_copy(self) -> None:
        """Copy the overview as text."""
        pane = self._pane
        self.app.copy_to_clipboard(plain_text(pane.build(max(80, pane.size.width), 60)))
        self.say("copied the overview")
