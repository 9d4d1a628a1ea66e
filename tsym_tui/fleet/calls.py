"""What was asked of hosts and what it cost: a bounded log of calls, and sums that are not bounded.

The log costs a microsecond a call and is read by nobody most of the time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tsym_agent.localapi.client import LocalClient
from tsym_agent.wire.client import Call, Observer
from tsym_tui.fleet.members import Connect, HostClient
from tsym_tui.fleet.specs import HostSpec

MOST_CALLS = 2000
"""Calls that are remembered one by one."""

LOCALAPI = "/localapi/v0/"


class Made(NamedTuple):
    """One call, or what a stream of answers said when it began and ended."""

    at_s: float
    """When it ended, as time since the epoch."""
    spec: str
    """Whom it asked, as its spec has it."""
    what: str
    """Method where it does not read, endpoint, parameters."""
    seconds: float
    received: int
    """Bytes of the answer."""
    outcome: str
    """The answer's status, `no answer`, `given up`, `broke`."""

    @property
    def is_good(self) -> bool:
        """Whether an answer came."""
        return self.outcome.startswith(("2", "304")) or self.outcome == "ended"


@dataclass(slots=True)
class CallSum:
    """What one kind of question cost at one host since the log began."""

    calls: int = 0
    failed: int = 0
    seconds: float = 0.0
    received: int = 0


def observed(connect: Connect, log: CallLog) -> Connect:
    """Return `connect`, with clients that tell the log of their calls."""

    async def connect_and_observe(spec: HostSpec) -> HostClient:
        client = await connect(spec)
        if isinstance(client, LocalClient):
            client.observe(log.observer(spec.text))
        return client

    return connect_and_observe


class CallLog:
    """Every call of a fleet, as its clients tell of them."""

    def __init__(self, *, clock: Callable[[], float] = time.time, most: int = MOST_CALLS) -> None:
        self._clock = clock
        self.began_s = clock()
        self.recent: deque[Made] = deque(maxlen=most)
        """The newest last."""
        self.sums: dict[tuple[str, str], CallSum] = {}
        """By spec and endpoint."""
        self.count = 0

    def observer(self, spec: str) -> Observer:
        """Return whom the client of a host tells of its calls."""
        return lambda call: self.take(spec, call)

    def take(self, spec: str, call: Call) -> None:
        """Take note of a call."""
        path, _, query = call.target.partition("?")
        name = path.removeprefix(LOCALAPI)
        verb = "" if call.method == "GET" else f"{call.method} "
        made = Made(self._clock(), spec, f"{verb}{name} {query}".rstrip(), call.seconds, call.received, call.outcome)
        self.recent.append(made)
        self.count += 1
        total = self.sums.get((spec, name))
        if total is None:
            total = self.sums[spec, name] = CallSum()
        total.calls += 1
        total.failed += not made.is_good
        total.seconds += call.seconds
        total.received += call.received

    def by_host(self) -> dict[str, CallSum]:
        """Add up what each host was asked."""
        return self._added(0)

    def by_name(self) -> dict[str, CallSum]:
        """Add up what each endpoint was asked."""
        return self._added(1)

    def _added(self, place: int) -> dict[str, CallSum]:
        sums: dict[str, CallSum] = {}
        for key, one in self.sums.items():
            total = sums.setdefault(key[place], CallSum())
            total.calls += one.calls
            total.failed += one.failed
            total.seconds += one.seconds
            total.received += one.received
        return sums
