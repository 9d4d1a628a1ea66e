"""From one placement to the next: what is drawn while a layout is under way, and the walk to it, if asked for.

Imports numpy: loaded when maps are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tsym_tui.graph.layouts import Placement, Size, place
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.ui.surveys import Survey

WALK_S = 0.6
"""How long a walk takes: long enough to follow a node with the eye."""

LEAST_STEP = 0.004
"""Share of the picture below which nobody sees a node move."""


def quick(graph: TailnetGraph, size: tuple[int, int]) -> Placement:
    """Return a placement that costs next to nothing, for when there is none yet."""
    return place(graph, "rings", size=size)


def fitted(placement: Placement, graph: TailnetGraph) -> Placement:
    """Return a placement for exactly the nodes of a graph: who left is dropped, newcomers wait in the middle."""
    refs = tuple(node.ref for node in graph.nodes)
    if placement.refs == refs:
        return placement
    known = {ref: row for row, ref in enumerate(placement.refs)}
    rows = np.array([known.get(ref, -1) for ref in refs], dtype=np.int64)
    positions = np.full((len(refs), 2), 0.5)
    positions[rows >= 0] = placement.positions[rows[rows >= 0]]
    return replace(placement, refs=refs, positions=positions, upright=None)


def on_the_way(survey: Survey, shown: Placement) -> Placement:
    """Return what to draw while a layout is under way: its newest step, else what was there before."""
    step = survey.step
    if step is None:
        return shown
    refs = tuple(node.ref for node in survey.graph.nodes)
    moving = Placement(survey.plan.layout, refs, step, Size(*survey.plan.size))
    return moving if refs == shown.refs else shown


@dataclass(frozen=True)
class Walk:
    """Nodes going from one placement to another, fast at first."""

    start: Placement
    end: Placement
    began_s: float

    def is_over(self, now_s: float) -> bool:
        """Whether everybody has arrived; also when nobody has far to go, or rows of text would have to fly."""
        if now_s - self.began_s >= WALK_S or self.end.layout == "arcs":
            return True
        return bool(np.abs(self._from() - self.end.positions).max(initial=0.0) < LEAST_STEP)

    def at(self, now_s: float) -> Placement:
        """Return where everybody is at a moment."""
        share = min(1.0, max(0.0, (now_s - self.began_s) / WALK_S))
        eased = 1.0 - (1.0 - share) ** 3
        between = self._from() * (1.0 - eased) + self.end.positions * eased
        return replace(self.end, positions=between, areas=(), upright=None)

    def _from(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Return the start of each node of the end; newcomers do not move."""
        known = {ref: row for row, ref in enumerate(self.start.refs)}
        rows = np.array([known.get(ref, -1) for ref in self.end.refs], dtype=np.int64)
        points: np.ndarray[tuple[int, int], np.dtype[np.float64]] = self.end.positions.copy()
        points[rows >= 0] = self.start.positions[rows[rows >= 0]]
        return points
