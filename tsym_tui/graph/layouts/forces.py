"""Springs along lines and repulsion between all nodes, with the repulsion read from a grid.

The forces are those of Fruchterman and Reingold. What makes them slow is that each node pushes each other one away;
here nodes are spread on a grid as charges, one convolution gives the push at every grid point, and each node reads the
four points around it. That costs the same for a thousand nodes as for a hundred, and an iteration is a few array
operations, so other threads get their turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.groups import TAGS_FIRST
from tsym_tui.graph.layouts.fitting import fit, settle_newcomers
from tsym_tui.graph.layouts.values import Arrangement, Points, Request
from tsym_tui.graph.model import TailnetGraph

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEAST_GRID, _MOST_GRID = 32, 128
"""Grid points along a side. About two for each node along a side tell neighbours apart; more cost without gain."""

_GRAVITY = 0.6
"""Draws everybody to the middle, so that parts that nothing ties together do not leave the picture."""

_ROUNDS, _ROUNDS_AGAIN = 60, 20
"""Iterations from nothing, and from an earlier picture. More of them changed neither edge lengths nor neighbours."""

_HEAT, _HEAT_AGAIN = 0.1, 0.03
"""The longest first step, in sides of the square; it cools to nothing."""

_FEW, _OUTSIDE = 20, 3.0
"""Of more nodes than `_FEW`, the outermost percent on each side count as far out."""

_SLICE = 2
"""Iterations between two looks at whether somebody still wants the answer, and between two steps of an animation."""


@dataclass(frozen=True, eq=False)
class Springs:
    """What pulls: two ends and a strength for each line."""

    first: Ints
    second: Ints
    strength: Floats


class Field:
    """Repulsion between nodes in a square, by a grid."""

    def __init__(self, count: int) -> None:
        wanted = 2 ** math.ceil(math.log2(2 * math.sqrt(max(count, 1))))
        self._side = side = min(_MOST_GRID, max(_LEAST_GRID, wanted))
        reach = np.fft.fftfreq(2 * side, 1 / (2 * side))
        across, down = reach[None, :], reach[:, None]
        squared = across**2 + down**2
        squared[0, 0] = 1.0
        self._kernel = np.fft.rfft2(across / squared) + 0j, np.fft.rfft2(down / squared) + 0j

    def push(self, points: Points) -> Points:
        """Return the sum over all others of (here - there) / distance squared, for each node."""
        side = self._side
        low = points.min(axis=0)
        cell = max(float((points.max(axis=0) - low).max()), 1e-9) / (side - 1.001)
        spot = (points - low) / cell
        corner = spot.astype(np.int64)
        right, below = (spot - corner).T
        at = corner[:, 1] * side + corner[:, 0]
        around = np.stack([at, at + 1, at + side, at + side + 1])
        share = np.stack([(1 - right) * (1 - below), right * (1 - below), (1 - right) * below, right * below])
        charge = np.bincount(around.ravel(), weights=share.ravel(), minlength=side * (side + 1) + 1)
        spectrum = np.fft.rfft2(charge[: side * side].reshape(side, side), s=(2 * side, 2 * side))
        pushed = np.empty_like(points)
        for axis, kernel in enumerate(self._kernel):
            force = np.fft.irfft2(spectrum * kernel, s=(2 * side, 2 * side))[:side, :side].ravel()
            pushed[:, axis] = (force.take(around, mode="clip") * share).sum(axis=0)
        return np.asarray(pushed / cell)


def relax(points: Points, springs: Springs, field: Field, heat: float, ideal: float) -> Points:
    """Move every node by its forces once, no farther than `heat`."""
    moved = ideal**2 * field.push(points) + _pull(points, springs, ideal)
    moved -= _GRAVITY * (points - points.mean(axis=0))
    length = np.maximum(np.hypot(moved[:, 0], moved[:, 1]), 0.01)
    return np.asarray(points + moved * (heat / length)[:, None])


def _pull(points: Points, springs: Springs, ideal: float) -> Points:
    """Return the springs' force on each node: the longer the line, the harder."""
    apart = points[springs.second] - points[springs.first]
    force = apart * (springs.strength * np.hypot(apart[:, 0], apart[:, 1]) / ideal)[:, None]
    count = len(points)
    pulled = np.empty_like(points)
    for axis in (0, 1):
        along = force[:, axis]
        pulled[:, axis] = np.bincount(springs.first, along, count) - np.bincount(springs.second, along, count)
    return pulled


def springs_of(graph: TailnetGraph) -> Springs:
    """Return the lines that somebody probes, as springs."""
    probed = graph.probed
    first, second = (ends[probed].astype(np.int64) for ends in graph.ends)
    return Springs(first, second, graph.pull[probed])


def _calmed(springs: Springs, count: int) -> Springs:
    """Weaken lines whose both ends have many: hosts that all know each other would be one knot."""
    degree = np.bincount(springs.first, minlength=count) + np.bincount(springs.second, minlength=count)
    fewer = np.minimum(degree[springs.first], degree[springs.second])
    return Springs(springs.first, springs.second, springs.strength / np.sqrt(np.maximum(fewer, 1)))


def force(request: Request) -> Arrangement:
    """Let springs and repulsion find places, from a start where groups stand around the middle.

    An early picture of the same question is where it starts again, with less heat.
    """
    graph = request.graph
    kept = request.kept()
    points = settle_newcomers(request, kept, by_group=False) if kept else _start(request)
    rounds, heat = (_ROUNDS_AGAIN, _HEAT_AGAIN) if kept else (_ROUNDS, _HEAT)
    springs, field = _calmed(springs_of(graph), len(points)), Field(len(points))
    ideal = 1 / math.sqrt(len(points))
    for done in range(rounds):
        points = relax(points, springs, field, heat * (1 - done / (rounds + 1)), ideal)
        if done % _SLICE == 0:
            request.step(fit(_gathered(points)))
    return Arrangement(fit(_gathered(points)))


def _gathered(points: Points) -> Points:
    """Bring the few that stand far out nearer, or everybody else would share what room they leave."""
    if len(points) < _FEW:
        return points
    low, high = np.percentile(points, [_OUTSIDE, 100 - _OUTSIDE], axis=0)
    margin = 0.15 * (high - low)
    return np.asarray(np.clip(points, low - margin, high + margin))


def _start(request: Request) -> Points:
    """Return groups around a circle, each member somewhere near its group's place."""
    grouping = request.groups(TAGS_FIRST)
    count = len(request.graph.nodes)
    angles = np.array(grouping.group_of(count)) * (math.tau / len(grouping.groups))
    reach = 0.3 if len(grouping.groups) > 1 else 0.0
    scatter = np.random.default_rng(request.seed).random((count, 2)) - 0.5
    return np.asarray(np.column_stack([np.cos(angles), np.sin(angles)]) * reach + scatter * (0.15 if reach else 1.0))
