"""The overview as a pane: keeps its place in the list, and counts large pictures away from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import events
from textual.message import Message

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import SampleState
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.overviews import Overview, overview_of
from tsym_tui.ui.problemvalues import Problem
from tsym_tui.ui.rows.nodelist import nothing_left
from tsym_tui.ui.rows.overview import render_overview
from tsym_tui.ui.rows.pens import Row, blank
from tsym_tui.ui.rows.timestrips import StripPicture, strip_pictures
from tsym_tui.ui.trends import Trends
from tsym_tui.ui.views import Picture
from tsym_tui.ui.widgets.lists import Scrolled
from tsym_tui.ui.widgets.panes import Pane

COUNTED_AT_ONCE = 5_000
"""Pairs that are counted within a frame; more of them in a thread."""

MOST_STRIPS = 20


class ProblemPicked(Message):
    """Somebody clicked a thing that is wrong."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place


class OverviewPane(Pane):
    """Tiles, sentence, list."""

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id, classes=classes)
        self.place = 0
        """Which problem is selected."""
        self.trends = Trends()
        self._chosen: Problem | None = None
        self._overview: tuple[Picture, Overview] | None = None
        self._counting: Picture | None = None
        """The large picture that is being counted, or was: once is enough, however often the pane is drawn."""
        self._places: dict[int, int] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is listed: all that is wrong, or what concerns the nodes that the filter leaves."""
        view = self.desk.view
        if view.picture is None:
            return ()
        if not view.filter:
            return view.picture.problems
        kept = set(view.listed)
        return tuple(problem for problem in view.picture.problems if kept & set(problem.nodes))

    @property
    def chosen(self) -> Problem | None:
        """The selected one."""
        problems = self.problems
        return problems[self.place] if self.place < len(problems) else None

    def go(self, place: int) -> None:
        """Select another one."""
        self.place = min(max(0, place), max(0, len(self.problems) - 1))
        self._chosen = self.chosen
        self.redraw()

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the screen from the newest numbers there are."""
        picture = self.desk.view.picture
        overview = self._counted()
        if picture is None or overview is None:
            return [[], [*blank(3), self.pen.dim("counting")]]
        if (text := self.desk.view.filter.text) and not self.desk.view.listed:
            return [[], *nothing_left(self.pen, text)]
        problems = self.problems
        self._stay(problems)
        self.trends.take(overview, picture.snapshot.generated_at)
        drawn = render_overview(
            self.pen,
            overview,
            problems,
            (cells, height),
            selected=self.place,
            strips=self._lately(problems),
            trends=self.trends,
        )
        self._places = drawn.places
        return drawn.rows

    def _stay(self, problems: Sequence[Problem]) -> None:
        """Keep the selection on what was selected, wherever it stands now."""
        if self._chosen is not None:
            same = (place for place, one in enumerate(problems) if _is_same(one, self._chosen))
            self.place = next(same, self.place)
        self.place = min(self.place, max(0, len(problems) - 1))

    def _counted(self) -> Overview | None:
        """Return the numbers of the picture; those of the one before while a large one is being counted."""
        picture = self.desk.view.picture
        if picture is None:
            return None
        if self._overview is None or self._overview[0] is not picture:
            if len(picture.snapshot.pairs) <= COUNTED_AT_ONCE:
                self._overview = (picture, overview_of(picture.digest, picture.problems))
            elif self._counting is not picture:
                self._counting = picture
                self.run_worker(self._count(picture), group="overview", description="counts pairs", exclusive=True)
        return None if self._overview is None else self._overview[1]

    async def _count(self, picture: Picture) -> None:
        counted = await asyncio.to_thread(overview_of, picture.digest, picture.problems)
        self._overview = (picture, counted)
        if self.desk.view.picture is picture:
            self.redraw()

    def _lately(self, problems: Sequence[Problem]) -> dict[int, StripPicture]:
        """Show what happened to the pair that tells most of each problem."""
        source = self.desk.source
        if source is None:
            return {}
        histories = []
        for problem in problems[:MOST_STRIPS]:
            pair = telling_pair(self.desk.view.picture, problem)
            histories.append(source.history(pair) if pair is not None else ())
        strips = strip_pictures(histories)
        return {place: strip for place, strip in enumerate(strips) if strip is not None}

    def on_click(self, event: events.Click) -> None:
        """Select what is under the mouse; a second click opens it."""
        place = self._places.get(event.y)
        if place is not None:
            self.post_message(ProblemPicked(place))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move on."""
        event.stop()
        self.post_message(Scrolled(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move back."""
        event.stop()
        self.post_message(Scrolled(-1))


def _is_same(one: Problem, other: Problem) -> bool:
    """Whether two pictures speak of one thing."""
    return one.kind is other.kind and one.nodes[:2] == other.nodes[:2] and one.title == other.title


_TELLING = {SampleState.FAILED: 0, SampleState.STALE: 1, SampleState.FRESH: 2, SampleState.NEVER: 3}


def telling_pair(picture: Picture | None, problem: Problem) -> tuple[NodeRef, NodeRef] | None:
    """Return the pair whose history shows a problem best; None for one that is not about paths."""
    if picture is None or not problem.nodes or problem.kind.is_of_papers:
        return None
    pairs = picture.snapshot.pairs
    if problem.pairs:
        first = problem.pairs[0]
        candidates = [key for key in (first, first[::-1]) if key in pairs]
    else:
        digest = picture.digest
        near = digest.incoming.get(problem.nodes[0], ()) or digest.outgoing.get(problem.nodes[0], ())
        candidates = [pair.key for pair in near]
    wanted = [key for key in candidates if pairs[key].path is problem.path and pairs[key].state is SampleState.FRESH]
    return min(wanted or candidates, key=lambda key: _TELLING[pairs[key].state], default=None)
