"""Where a person was: screen, selection and filter, to go back to and forward again. Pure."""

from __future__ import annotations

import msgspec

from tsym_agent.model.ids import NodeRef

MOST_PLACES = 100


class Place(msgspec.Struct, frozen=True):
    """One view of the tailnet."""

    screen: str
    is_open: bool = False
    """Whether the selection lies over it in full."""
    filter: str = ""
    only_problems: bool = False
    node: NodeRef | None = None
    peer: NodeRef | None = None

    def is_like(self, other: Place) -> bool:
        """Whether only the selection differs: moving through a list is no journey."""
        return msgspec.structs.replace(self, node=other.node, peer=other.peer) == other


class Trail:
    """The places, and which of them we are at."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._at = -1

    def note(self, place: Place) -> None:
        """Take note of where we are: a new place ends what lay ahead, another selection changes this one."""
        if self._places and self._places[self._at].is_like(place):
            self._places[self._at] = place
            return
        self._places = [*self._places[: self._at + 1], place][-MOST_PLACES:]
        self._at = len(self._places) - 1

    def step(self, step: int) -> Place | None:
        """Go back (-1) or forward (1); None where there is nothing more."""
        if not 0 <= self._at + step < len(self._places):
            return None
        self._at += step
        return self._places[self._at]
