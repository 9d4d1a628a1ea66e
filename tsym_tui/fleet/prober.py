"""Spending the probing budget: rounds go out when the plan says so, and their samples land in the book.

A pair's first round goes on until the pair has settled, since first pongs come by DERP; a later one only while nobody
answers, since a broken direct path is trusted for a while before DERP takes over. A round whose host cannot be
asked makes no samples: the host hears of the trouble and the pair just grows older.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import SampleState
from tsym_agent.model.snapshot import ProbeCost
from tsym_agent.probe import limits
from tsym_agent.probe.plan import Due, PairKey, Plan, probes_for
from tsym_agent.probe.settle import is_judged, is_settled
from tsym_agent.probe.sweep import Clock, Pinger, Round, Sender
from tsym_agent.probe.window import Sample
from tsym_tui.fleet.book import PairBook

TICK_S = 0.25
"""How late a pair may be probed after its turn has come."""

LARGE = 5_000
"""From so many pairs on a sample is drawn in a thread: it takes longer than a screen may stand still."""


class Vantage(Protocol):
    """A host as the prober sees it."""

    @property
    def client(self) -> Pinger | None:
        """Who sends the pings."""

    def report_trouble(self, trouble: LocalAPIError) -> None:
        """Hear that the host could not be asked."""

    def report_answer(self) -> None:
        """Hear that it could."""


class Prober:
    """Keeps all pairs of a plan probed."""

    def __init__(
        self,
        book: PairBook,
        plan: Plan,
        *,
        vantage_of: Callable[[NodeRef], Vantage | None],
        node_of: Callable[[NodeRef], Node | None],
        changed: Callable[[], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self.plan = plan
        self._book = book
        self._vantage_of = vantage_of
        self._node_of = node_of
        self._changed = changed
        self._clock = clock
        self._sender = Sender(clock=clock)
        self._rounds: set[PairKey] = set()
        self._sweep = 0
        self._sent: deque[tuple[float, int]] = deque()
        self._wake = asyncio.Event()
        self.quiet = asyncio.Event()
        """Set while no round is out and none is due."""

    @property
    def busy(self) -> frozenset[PairKey]:
        """Pairs whose rounds are out."""
        return frozenset(self._rounds)

    def cost(self) -> ProbeCost:
        """Say what probing costs now."""
        self._count_sent()
        per_minute = self._sent[-1][1] - self._sent[0][1] if self._sent else 0
        return ProbeCost(
            per_minute=float(per_minute),
            budget_per_minute=limits.PAIRS_PER_MINUTE * limits.PROBES_PER_SWEEP,
            sampled=self.plan.is_sampled,
        )

    def wake(self) -> None:
        """Have the plan looked at now: it has changed."""
        self.quiet.clear()
        self._wake.set()

    async def run(self) -> None:
        """Send what is due, for ever."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    await self._start_due(group)
                    self._count_sent()
                    self._wake.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(TICK_S):
                            await self._wake.wait()
        finally:
            self._rounds.clear()

    async def _start_due(self, group: asyncio.TaskGroup) -> None:
        if len(self.plan.pairs) > LARGE:
            await asyncio.to_thread(self.plan.choose, self._clock())
        due = [turn for turn in self.plan.due(self._clock()) if turn.pair not in self._rounds]
        if due:
            self._sweep += 1
            self.quiet.clear()
        for turn in due:
            self._rounds.add(turn.pair)
            task = group.create_task(self._run_round(turn, self._sweep), name="round")
            task.add_done_callback(lambda _, pair=turn.pair: self._end_round(pair))  # type: ignore[misc]  # bound now
        if not self._rounds:
            self.quiet.set()

    async def _run_round(self, turn: Due, sweep: int) -> None:
        source, target = turn.pair
        vantage, node = self._vantage_of(source), self._node_of(target)
        if vantage is None or vantage.client is None or node is None or not node.addresses:
            return
        probes = probes_for(node) if turn.is_sweep else 1
        window = self._book.window(turn.pair)
        is_first = turn.is_sweep and (window is None or not window.samples)
        planned = Round(
            source=source,
            target=target,
            ip=node.addresses[0],
            probes=probes,
            spacing_s=limits.FIRST_SPACING_S if is_first else limits.PROBE_SPACING_S,
            sweep=sweep if turn.is_sweep else 0,
        )
        is_dead = window is not None and window.state(self._clock()) is SampleState.FAILED
        needs_patience = (
            turn.is_sweep and not is_dead
        )  # no path of a dead pair is trusted: there is nothing to wait for
        enough = partial(is_settled if is_first else is_judged, lost_enough=probes) if needs_patience else None
        try:
            await self._sender.run(planned, vantage.client, partial(self._keep, turn.pair), enough)
        except LocalAPIError as trouble:
            vantage.report_trouble(trouble)
            self._changed()
            return
        vantage.report_answer()
        if turn.is_sweep:
            self._book.close_sweep(turn.pair, sweep)
            self._changed()

    def _keep(self, pair: PairKey, sample: Sample) -> None:
        self._book.add(pair, sample)
        self._changed()

    def _end_round(self, pair: PairKey) -> None:
        self._rounds.discard(pair)
        if not self._rounds:
            self._wake.set()

    def _count_sent(self) -> None:
        now_s = self._clock()
        if not self._sent or now_s - self._sent[-1][0] >= 1.0:
            self._sent.append((now_s, self._sender.sent))
        while len(self._sent) > 1 and now_s - self._sent[0][0] > 60.0:
            self._sent.popleft()
