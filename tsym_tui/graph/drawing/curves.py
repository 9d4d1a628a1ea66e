"""How a line bends through what relays it: a smooth curve through one waypoint."""

from __future__ import annotations

import numpy as np

from tsym_tui.graph.drawing.raster import Floats

STEPS = 18
"""Pieces of each half: at map sizes a piece is a few dots, below what an eye sees as an edge."""

_ALONG = np.linspace(0.0, 1.0, STEPS + 1)[:, None]
_STAY_A = 2 * _ALONG**3 - 3 * _ALONG**2 + 1
_LEAVE_A = _ALONG**3 - 2 * _ALONG**2 + _ALONG
_STAY_B = -2 * _ALONG**3 + 3 * _ALONG**2
_REACH_B = _ALONG**3 - _ALONG**2


def through(start: Floats, waypoint: Floats, end: Floats, *, straight_ends: bool = False) -> Floats:
    """Return a polyline from start to end that passes the waypoint in the direction of the whole.

    It leaves both ends towards the waypoint, or with `straight_ends` towards the other end: then it parts early from a
    line to the waypoint itself.
    """
    along = end - start
    length = float(np.hypot(*along))
    shorter = min(float(np.hypot(*(waypoint - start))), float(np.hypot(*(end - waypoint))))
    pass_by = along / length * shorter if length else np.zeros(2)
    leave, reach = (along * 0.6, along * 0.6) if straight_ends else (waypoint - start, end - waypoint)
    first = _half(start, waypoint, leave, pass_by)
    second = _half(waypoint, end, pass_by, reach)
    return np.concatenate([first, second[1:]])


def _half(start: Floats, end: Floats, leave: Floats, reach: Floats) -> Floats:
    return np.asarray(_STAY_A * start + _LEAVE_A * leave + _STAY_B * end + _REACH_B * reach)


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


def point_at(curve: Floats, share: float) -> Floats:
    """Return the point after a share of a polyline's length."""
    lengths = np.hypot(*np.diff(curve, axis=0).T)
    total = float(lengths.sum())
    if not total:
        return np.asarray(curve[0])
    reached = np.cumsum(lengths)
    piece = min(int(np.searchsorted(reached, share * total)), len(lengths) - 1)
    into = (share * total - (reached[piece] - lengths[piece])) / max(lengths[piece], 1e-9)
    return np.asarray(curve[piece] + (curve[piece + 1] - curve[piece]) * into)


def bezier(*points: Floats) -> Floats:
    """Return a cubic Bezier curve of four points as a polyline."""
    a, b, c, d = points
    t = _ALONG
    return np.asarray((1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d)
