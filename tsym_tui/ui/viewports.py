"""Which part of the map is seen, and how near. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

MOST_ZOOM = 16.0

ZOOM_STEP = 1.5

CLOSE_UP = 2.25
"""How near `centred` goes when all of the map is seen: there would be nothing to centre."""

PAIR_SHARE = 0.6
"""How much of the picture lies between the two ends of a pair that is centred."""


class Viewport(msgspec.Struct, frozen=True):
    """The middle of what is seen, in the unit square, and how near."""

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0

    def zoomed(self, step: int, centre: tuple[float, float] | None) -> Viewport:
        """Go nearer or farther, towards `centre` when it is given; farthest shows all."""
        if step == 0:
            return Viewport()
        zoom = min(MOST_ZOOM, max(1.0, self.zoom * (ZOOM_STEP if step > 0 else 1 / ZOOM_STEP)))
        if zoom <= 1.01:
            return Viewport()
        x, y = centre if centre is not None and step > 0 else (self.x, self.y)
        return Viewport(x, y, zoom).kept_inside()

    def zoomed_at(self, step: int, spot: tuple[float, float]) -> Viewport:
        """Go nearer or farther and keep what is at `spot`, in shares of the picture, where it is: the mouse's way."""
        here = self.x + (spot[0] - 0.5) / self.zoom, self.y + (spot[1] - 0.5) / self.zoom
        farther = self.zoomed(step, None)
        if farther.zoom <= 1:
            return farther
        x, y = here[0] - (spot[0] - 0.5) / farther.zoom, here[1] - (spot[1] - 0.5) / farther.zoom
        return Viewport(x, y, farther.zoom).kept_inside()

    def panned(self, across: int, down: int) -> Viewport:
        """Move by a quarter of what is seen; stays on the map."""
        return Viewport(self.x + across * 0.25 / self.zoom, self.y + down * 0.25 / self.zoom, self.zoom).kept_inside()

    def centred(self, spots: Sequence[tuple[float, float]]) -> Viewport:
        """Put a node, or the middle of two, in the middle; goes near enough to have something to move in."""
        if not spots:
            return self
        zoom = self.zoom if self.zoom > 1 else CLOSE_UP
        x, y = (sum(spot[axis] for spot in spots) / len(spots) for axis in (0, 1))
        apart = max((abs(spot[axis] - middle) * 2 for spot in spots for axis, middle in ((0, x), (1, y))), default=0.0)
        if apart > 0:
            zoom = max(1.0, min(zoom, PAIR_SHARE / apart))
        return Viewport(x, y, zoom).kept_inside() if zoom > 1.01 else Viewport()

    def holds(self, spot: tuple[float, float], share: float = 0.9) -> bool:
        """Whether a place is seen, and not at the very edge."""
        half = share / 2 / self.zoom
        return abs(spot[0] - self.x) <= half and abs(spot[1] - self.y) <= half

    def kept_inside(self) -> Viewport:
        """Move back onto the map."""
        half = 0.5 / self.zoom
        return Viewport(min(max(self.x, half), 1 - half), min(max(self.y, half), 1 - half), self.zoom)


FROM_AFAR = Viewport()
