"""How the numbers of the overview went of late: kept while the app runs, a point now and then. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from tsym_agent.model.paths import PathKind
from tsym_tui.ui.overviews import Overview

EVERY_S = 10.0
MOST_POINTS = 360
"""An hour."""

LEAST_POINTS = 6
"""Fewer are no trend."""


@dataclass
class Trends:
    """One list of values for each number, oldest first."""

    reachable: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_POINTS))
    hosts: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_POINTS))
    direct: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_POINTS))
    median_ms: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_POINTS))
    _last: datetime | None = None

    def take(self, overview: Overview, at: datetime) -> None:
        """Note the numbers of a picture, unless the last ones are still new, or nothing was probed yet."""
        is_new = self._last is not None and abs((at - self._last).total_seconds()) < EVERY_S
        if is_new or not overview.probed:
            return
        self._last = at
        self.reachable.append(100 * overview.fresh / overview.probed)
        self.direct.append(100 * overview.paths.get(PathKind.DIRECT, 0) / overview.probed)
        self.hosts.append(overview.answering)
        if overview.median_ms is not None:
            self.median_ms.append(overview.median_ms)
