"""Orders by behaviour: what acts alike side by side, and the worst first. Deterministic and cheap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsym_tui.ui.rows.matrixcells import NO_STEP, Codes, Keys, Kind, Numbers, TileLook

CHAIN_MOST = 400
"""Up to here each next one is the nearest of all that are left; above, one principal direction decides."""

POWER_STEPS = 30

FAR = 100.0
"""How far apart two are of which nothing is known that could be compared."""

_WEIGHTS = {Kind.RELAY: 4.0, Kind.DERP: 6.0, Kind.DEAD: 14.0, Kind.STALE: -3.0}
"""How far a kind stands from a well pair, in steps of the latency ramp."""

_BADNESS = {Kind.UNKNOWN: 1.0, Kind.STALE: 2.0, Kind.SLOW: 3.0, Kind.RELAY: 4.0, Kind.DERP: 6.0, Kind.DEAD: 12.0}


def profiles(keys: Keys, kinds: Codes) -> Numbers:
    """Return how each row behaves towards each column, as numbers that are near where behaviour is; NaN = unknown."""
    weights = np.zeros(len(Kind), dtype=np.float32)
    for kind, weight in _WEIGHTS.items():
        weights[kind] = weight
    steps = keys >> TileLook.STEP & 7
    features = np.where(steps == NO_STEP, 0, steps).astype(np.float32) + weights[kinds]
    return np.where(kinds <= Kind.NEVER, np.float32(np.nan), features)


def mean_of(features: Numbers) -> Numbers:
    """Return the behaviour of several as one; NaN where none of them has any."""
    known = (~np.isnan(features)).sum(axis=0)
    sums = np.nansum(features, axis=0)
    return np.where(known > 0, sums / np.maximum(1, known), np.nan).astype(np.float32)


def seriate(features: Numbers) -> list[int]:
    """Return the rows in an order in which neighbours are alike; of equals the first comes first."""
    count = len(features)
    if count < 3:
        return list(range(count))
    along = _principal(features)
    if count > CHAIN_MOST:
        return [int(place) for place in np.argsort(along, kind="stable")]
    return _chain(features, int(np.argmin(along)))


def _principal(features: Numbers) -> NDArray[np.float64]:
    """Project rows on their main direction, found by power iteration from a fixed start; unknown counts as usual."""
    centred = np.nan_to_num(features - mean_of(features)).astype(np.float64)
    direction = np.linspace(1.0, 2.0, centred.shape[1])
    for _ in range(POWER_STEPS):
        direction = centred.T @ (centred @ direction)
        norm = float(np.linalg.norm(direction))
        if norm == 0:
            break
        direction /= norm
    along: NDArray[np.float64] = centred @ direction
    return along


def _chain(features: Numbers, start: int) -> list[int]:
    """Walk from one row to the nearest that is left, by what is known of both."""
    left = np.ones(len(features), dtype=bool)
    order = [start]
    left[start] = False
    for _ in range(len(features) - 1):
        apart = np.abs(features - features[order[-1]])
        known = (~np.isnan(apart)).sum(axis=1)
        distances = np.where(known > 0, np.nansum(apart, axis=1) / np.maximum(1, known), FAR)
        order.append(int(np.argmin(np.where(left, distances, np.inf))))
        left[order[-1]] = False
    return order


def badness(kinds: Codes, severity: Numbers) -> list[float]:
    """Return how bad each row is: by its bad cells first, of equals by its worst figure."""
    weights = np.zeros(len(Kind), dtype=np.float32)
    for kind, weight in _BADNESS.items():
        weights[kind] = weight
    asked = np.maximum(1, (kinds > Kind.NEVER).sum(axis=1))
    scores = weights[kinds].sum(axis=1) / asked + severity.max(axis=1, initial=0.0) / 1000
    return [float(score) for score in scores]
