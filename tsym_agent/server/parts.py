"""What an agent has beyond a filtered LocalAPI, each part made when it is first asked for.

An agent that nobody asks for logs need not know how to read them: that keeps its start short and its memory small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from tsym_agent.localapi.client import LocalClient
from tsym_agent.model.hello import AgentMode
from tsym_agent.model.payload import Body

if TYPE_CHECKING:
    from tsym_agent.server.events import Events
    from tsym_agent.server.hub import Hub
    from tsym_agent.server.logs import Logs
    from tsym_agent.server.metrics import Metrics
    from tsym_agent.server.pings import Pings


class Parts:
    """The parts beside one daemon."""

    def __init__(self, client: LocalClient, mode: AgentMode, gauges: Mapping[str, Callable[[], int]]) -> None:
        """Ask `client`; `gauges` are numbers of the agent for its metrics."""
        self._client = client
        self._mode = mode
        self._gauges = gauges

    @cached_property
    def hub(self) -> Hub:
        """Watches the daemon for all who watch."""
        from tsym_agent.server.hub import Hub

        return Hub(self._client)

    @cached_property
    def pings(self) -> Pings:
        """Runs ping jobs."""
        from tsym_agent.server.pings import Pings

        return Pings(self._client, self.note_ping)

    @cached_property
    def logs(self) -> Logs:
        """Taps the daemon's log."""
        from tsym_agent.server.logs import Logs

        return Logs(self._client)

    @cached_property
    def events(self) -> Events:
        """Hears what happens."""
        from tsym_agent.server.events import Events

        return Events(self._client)

    @cached_property
    def metrics(self) -> Metrics:
        """Counts."""
        from tsym_agent.server.metrics import Metrics

        gauges = {
            "watchers": lambda: self.hub.watchers if self._has("hub") else 0,
            "log_readers": lambda: self.logs.readers if self._has("logs") else 0,
            "event_listeners": lambda: self.events.readers if self._has("events") else 0,
        }
        return Metrics(self.hub, mode=self._mode, gauges={**gauges, **self._gauges})

    def note_ping(self, ip: str, kind: str, at: str, body: Body | None, error: str | None) -> None:
        """Tell whoever wants to know of a ping that went through this agent."""
        self.metrics.note_ping(ip, kind, at, body, error)
        if self._has("hub"):
            self.hub.note_ping(ip, kind, at, body, error)

    async def aclose(self) -> None:
        """End every stream."""
        for part in ("hub", "logs", "events"):
            if self._has(part):
                await getattr(self, part).aclose()

    def _has(self, part: str) -> bool:
        return part in self.__dict__
