"""How a line bends through what relays it: a smooth curve through one waypoint."""

from __future__ import annotations

import numpy as np

from tsym_tui.graph.drawing.raster import Flags, Floats

STEPS = 14
"""Pieces of each half: at map sizes a piece is a few dots, below what an eye sees as an edge."""

_ALONG = np.linspace(0.0, 1.0, STEPS + 1)[:, None]
_STAY_A = 2 * _ALONG**3 - 3 * _ALONG**2 + 1
_LEAVE_A = _ALONG**3 - 2 * _ALONG**2 + _ALONG
_STAY_B = -2 * _ALONG**3 + 3 * _ALONG**2
_REACH_B = _ALONG**3 - _ALONG**2


def through(start: Floats, waypoint: Floats, end: Floats, past_node: Flags) -> Floats:
    """Return polylines from starts to ends by way of waypoints, shape (curves, points, 2); the rest is (curves, 2).

    Each passes its waypoint in the direction of the whole and leaves both ends towards it. Those that pass a relaying
    node (`past_node`) leave between that and the other end: so they part early from a line to the relay itself.
    """
    along = _unit(end - start)
    before, after = _length(waypoint - start), _length(end - waypoint)
    node = past_node[:, None]
    pass_by = along * np.minimum(before, after) * np.where(node, 0.5, 1.0)
    leave, reach = waypoint - start, end - waypoint
    leave = np.where(node, _unit(_unit(leave) + along) * before, leave)
    reach = np.where(node, _unit(_unit(reach) + along) * after, reach)
    first = _half(start, waypoint, leave, pass_by)
    second = _half(waypoint, end, pass_by, reach)
    return np.concatenate([first, second[:, 1:]], axis=1)


def _length(vector: Floats) -> Floats:
    return np.hypot(vector[:, :1], vector[:, 1:])


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.maximum(_length(vector), 1e-9))


def _half(start: Floats, end: Floats, leave: Floats, reach: Floats) -> Floats:
    return np.asarray(
        _STAY_A * start[:, None] + _LEAVE_A * leave[:, None] + _STAY_B * end[:, None] + _REACH_B * reach[:, None]
    )


def beside(start: Floats, end: Floats, relay: Floats, distance: Floats) -> Floats | None:
    """Return a waypoint near a relay, on the side of the straight line; None when that line passes close anyway.

    `distance` is how far from the relay, across and down.
    """
    along = end - start
    squared = float((along**2).sum())
    share = 0.0 if not squared else float(np.clip(((relay - start) * along).sum() / squared, 0.0, 1.0))
    towards = start + along * share - relay
    apart = float(np.hypot(*(towards / distance)))
    if apart <= 1.0:
        return None
    return np.asarray(relay + towards / apart)


def points_at(curve: Floats, shares: Floats) -> Floats:
    """Return the points after some shares of a polyline's length, shape (shares, 2)."""
    step = curve[1:] - curve[:-1]
    reached = np.zeros(len(curve))
    np.cumsum(np.hypot(step[:, 0], step[:, 1]), out=reached[1:])
    along = shares * reached[-1]
    return np.stack([np.interp(along, reached, curve[:, 0]), np.interp(along, reached, curve[:, 1])], axis=1)


_BEZIER = np.hstack([(1 - _ALONG) ** 3, 3 * (1 - _ALONG) ** 2 * _ALONG, 3 * (1 - _ALONG) * _ALONG**2, _ALONG**3])


def bezier(*points: Floats) -> Floats:
    """Return a cubic Bezier curve of four points as a polyline."""
    return np.asarray(_BEZIER @ np.stack(points))
