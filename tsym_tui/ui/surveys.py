"""Laying out beside everything else: one layout at a time, in a thread of its own that can be told to stop.

A layout of a large tailnet takes from milliseconds to many seconds. So whoever draws asks for a survey, waits for it a
moment, and draws what there was before while it goes on. The thread is a daemon: leaving the app never waits for it.
What was placed is remembered by layout, so that going back to one, or lifting a filter, finds the map as it was.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.groups import Criterion

if TYPE_CHECKING:
    from tsym_tui.graph.layouts import Placement
    from tsym_tui.graph.layouts.values import Points
    from tsym_tui.graph.model import TailnetGraph

PATIENCE_S = 0.35
"""How long drawing waits for a survey before it shows what there was: a word that comes and goes at once disturbs."""

FIRST_PATIENCE_S = 1.5
"""The same where there is no map yet: better a moment later than somewhere else first."""

STEP_S = 0.03
"""Rest after each step that is shown: more steps a second than this nobody sees, and terminals do not take."""

Question = tuple[str, Criterion | None, NodeRef | None]
"""Layout, grouping and focus: earlier positions are worth keeping for the same question only."""


class Plan(msgspec.Struct, frozen=True):
    """What a person chose that decides where nodes stand."""

    layout: str
    """A name of the registry, never `auto`."""
    size: tuple[int, int]
    rotation: float = 0.0
    """Degrees, clockwise."""
    focus: NodeRef | None = None
    group_by: Criterion | None = None
    attempt: int = 0
    """Another number asks for the layout anew, from no earlier positions, and shows its steps."""

    @property
    def question(self) -> Question:
        """What earlier placements are looked up by."""
        return (self.layout, self.group_by, self.focus)


class Survey:
    """One layout, under way or finished."""

    def __init__(self, plan: Plan, graph: TailnetGraph, began_s: float) -> None:
        self.plan = plan
        self.graph = graph
        self.began_s = began_s
        self.placement: Placement | None = None
        self.error: Exception | None = None
        self.step: Points | None = None
        """The newest positions on the way, where the layout tells and a fresh attempt was asked for."""
        self.is_awaited = False
        """Whether somebody has given it its moment already."""
        self._finished = threading.Event()
        self._cancelled = threading.Event()

    @property
    def is_finished(self) -> bool:
        """Whether it has come to its end, good or bad."""
        return self._finished.is_set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask it to stop; what it still finds is dropped."""
        self._cancelled.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; says whether it came."""
        return self._finished.wait(timeout_s)

    def run(self, previous: Placement | None) -> None:
        """Lay out; called once, in the thread."""
        from tsym_tui.graph.layouts import place

        plan = self.plan
        try:
            self.placement = place(
                self.graph,
                plan.layout,
                size=plan.size,
                previous=previous,
                rotation=plan.rotation,
                cancel=self._cancelled.is_set,
                on_step=self._take_step if plan.attempt else None,
                focus=None if plan.focus is None else self.graph.index.get(plan.focus),
                criterion=plan.group_by,
            )
        except Exception as error:  # noqa: BLE001 - the edge of a thread: whoever waits raises it
            self.error = error
        finally:
            self._finished.set()

    def _take_step(self, points: Points) -> None:
        """Keep the newest positions, and give a drawing time to be seen."""
        self.step = points.copy()
        self._cancelled.wait(STEP_S)


class Surveyor:
    """Keeps what was placed, and lays out again only when something that a layout looks at has changed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._current: Survey | None = None
        self._placed: dict[Question, Placement] = {}
        self.changes = 0
        """Grows with everything remembered, for who writes it to disk."""

    def remember(self, placed: Iterable[Placement]) -> None:
        """Take placements of another session for questions that have no answer yet."""
        self._placed = {**{(one.layout, one.criterion, one.focus): one for one in placed}, **self._placed}

    @property
    def remembered(self) -> list[Placement]:
        """Placements of whole pictures, the newest last."""
        return list(self._placed.values())

    def rename(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:
        """Keep everybody's place when names are hidden or shown; titles of areas are names, so they go."""
        self.cancel()
        self._current = None
        renamed = [
            replace(
                one,
                refs=tuple(ref_of(ref) for ref in one.refs),
                areas=(),
                focus=None if one.focus is None else ref_of(one.focus),
            )
            for one in self._placed.values()
        ]
        self._placed = {(one.layout, one.criterion, one.focus): one for one in renamed}

    def cancel(self) -> None:
        """Stop what is under way."""
        if self._current is not None and not self._current.is_finished:
            self._current.cancel()

    def survey(self, graph: TailnetGraph, plan: Plan, *, is_whole: bool) -> Survey:
        """Return the survey for a plan, begun now unless it is the current one; raises nothing: see `Survey.error`.

        One that is under way is let finish when only the tailnet has changed meanwhile, else a busy tailnet would never
        be laid out. `is_whole` says that nothing is filtered away: only such placements are remembered.
        """
        current = self._current
        if (
            current is not None
            and current.plan == plan
            and not current.is_cancelled
            and (not current.is_finished or is_same_ground(current.graph, graph))
        ):
            return current
        if current is not None and not current.is_finished:
            current.cancel()
        return self._begin(graph, plan, current, is_whole=is_whole)

    def _begin(self, graph: TailnetGraph, plan: Plan, current: Survey | None, *, is_whole: bool) -> Survey:
        is_anew = plan.attempt != (current.plan.attempt if current is not None else 0)
        previous = None if is_anew else self._placed.get(plan.question)
        begun = self._current = Survey(plan, graph, self._clock())
        thread = threading.Thread(
            target=self._run, args=(begun, previous, is_whole), name=f"layout {plan.layout}", daemon=True
        )
        thread.start()
        return begun

    def _run(self, survey: Survey, previous: Placement | None, is_whole: bool) -> None:
        survey.run(previous)
        if survey.placement is not None and not survey.is_cancelled and is_whole:
            self._placed.pop(survey.plan.question, None)
            self._placed[survey.plan.question] = survey.placement
            self.changes += 1


def is_same_ground(one: TailnetGraph, other: TailnetGraph) -> bool:
    """Whether two graphs have all in common that layouts look at: nodes, sites, tags, owners and regions."""
    if one is other or (one.nodes is other.nodes and one.regions == other.regions):
        return True
    if one.regions != other.regions or len(one.nodes) != len(other.nodes):
        return False
    return all(
        a is b or (a.ref == b.ref and a.site == b.site and a.tags == b.tags and a.owner == b.owner)
        for a, b in zip(one.nodes, other.nodes, strict=True)
    )
