"""What happens and when: the events of a scenario played in order, and what holds at this moment because of them."""

from __future__ import annotations

import heapq
import itertools

import msgspec

from tsym_agent.sim.clock import DAY_S
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.schema import UNDOES, EventTable


class Change(msgspec.Struct, frozen=True):
    """An event that began or was undone."""

    at_s: float
    nodes: frozenset[str]
    """The nodes it is about."""


class Timeline:
    """The events of a scenario. Time only goes forward."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._order = itertools.count()
        self._pending: list[tuple[float, int, EventTable, bool]] = []
        self.lasting: list[EventTable] = []
        """Events that hold now, apart from the four below; of two that contradict the later one wins."""
        self.removed = self._not_added_yet()
        nodes = scenario.nodes.values()
        self.stopped = {node.name for node in nodes if node.daemon == "stopped"}
        self.closed = {node.name for node in nodes if node.socket == "closed"}
        self.offline = {node.name for node in nodes if not node.up}
        for event in scenario.events:
            self._push(event.at, event, began=True)
        for node in nodes:
            if (days := node.key_expires_days or 0) > 0:
                expiry = EventTable(kind="key-expired", at=days * DAY_S, on=node.name)
                self._push(expiry.at, expiry, began=True)

    @property
    def next_s(self) -> float | None:
        """When the next change is due; None = never."""
        return self._pending[0][0] if self._pending else None

    def advance(self, until_s: float) -> list[Change]:
        """Play everything that is due and return it in order."""
        changes = []
        while self._pending and self._pending[0][0] <= until_s:
            at_s, _, event, began = heapq.heappop(self._pending)
            if began and event.lasts is not None:
                self._push(at_s + event.lasts, event, began=False)
            if began and event.every is not None:
                self._push(at_s + event.every, event, began=True)
            changes.append(self._apply(at_s, event, began=began))
        return changes

    def _apply(self, at_s: float, event: EventTable, *, began: bool) -> Change:
        nodes = self._nodes(event)
        kind = UNDOES.get(event.kind, event.kind)
        affected = {
            "node-removed": self.removed,
            "daemon-stopped": self.stopped,
            "socket-closed": self.closed,
            "node-offline": self.offline,
        }.get(kind)
        if affected is None:
            self.lasting.append(event) if began else self.lasting.remove(event)
        elif began and kind == event.kind:
            affected |= nodes
        else:
            affected -= nodes
        return Change(at_s, nodes)

    def _nodes(self, event: EventTable) -> frozenset[str]:
        selectors = [event.on, event.source, event.target, *(event.between or ())]
        return frozenset().union(*(self._scenario.select(selector) for selector in selectors if selector))

    def _not_added_yet(self) -> set[str]:
        """Return the nodes whose first presence event adds them."""
        first: dict[str, str] = {}
        for event in sorted(self._scenario.events, key=lambda event: event.at):
            if event.kind in {"node-added", "node-removed"}:
                for name in self._scenario.select(event.on):
                    first.setdefault(name, event.kind)
        return {name for name, kind in first.items() if kind == "node-added"}

    def _push(self, at_s: float, event: EventTable, *, began: bool) -> None:
        heapq.heappush(self._pending, (at_s, next(self._order), event, began))
