"""Each caller has a share, and no more."""

from __future__ import annotations

import pytest

from tsym_agent.server.budgets import UNBOUNDED_RATE, Bound, Budgets, Cost
from tsym_agent.server.problems import ProblemError

SMALL = {
    Cost.PLAIN: Bound(rate=2, burst=3, at_once=10, in_all=10),
    Cost.PROBE: Bound(rate=1, burst=9, at_once=2, in_all=3),
    Cost.STREAM: Bound(rate=1, burst=9, at_once=1, in_all=9),
}


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def spend(budgets: Budgets, caller: str, cost: Cost, times: int) -> None:
    for _ in range(times):
        budgets.take(caller, cost).release()


def test_a_burst_passes_and_one_more_is_told_when_to_come_back() -> None:
    budgets = Budgets(SMALL, clock=Clock())
    spend(budgets, "a", Cost.PLAIN, 3)
    with pytest.raises(ProblemError) as caught:
        budgets.take("a", Cost.PLAIN)

    assert (caught.value.problem.status, caught.value.problem.code) == (429, "too-many")
    assert caught.value.headers == (("Retry-After", "1"),)


def test_others_and_other_kinds_notice_nothing() -> None:
    budgets = Budgets(SMALL, clock=Clock())
    spend(budgets, "a", Cost.PLAIN, 3)

    spend(budgets, "b", Cost.PLAIN, 3)
    spend(budgets, "a", Cost.PROBE, 1)


def test_time_fills_it_up_again_and_never_over_the_burst() -> None:
    clock = Clock()
    budgets = Budgets(SMALL, clock=clock)
    spend(budgets, "a", Cost.PLAIN, 3)
    clock.now_s = 1000
    spend(budgets, "a", Cost.PLAIN, 3)

    with pytest.raises(ProblemError):
        budgets.take("a", Cost.PLAIN)


def test_only_so_many_at_once_until_one_ends() -> None:
    budgets = Budgets(SMALL, clock=Clock())
    first = budgets.take("a", Cost.STREAM)
    with pytest.raises(ProblemError):
        budgets.take("a", Cost.STREAM)
    first.release()

    budgets.take("a", Cost.STREAM)


def test_all_callers_together_are_bounded() -> None:
    budgets = Budgets(SMALL, clock=Clock())
    leases = [budgets.take(caller, Cost.PROBE) for caller in "abc"]
    with pytest.raises(ProblemError):
        budgets.take("d", Cost.PROBE)
    leases[0].release()

    budgets.take("d", Cost.PROBE)


def test_a_lease_is_given_back_once() -> None:
    budgets = Budgets(SMALL, clock=Clock())
    lease = budgets.take("a", Cost.PLAIN)
    lease.release()
    lease.release()

    assert budgets.under_way[Cost.PLAIN] == 0


def test_callers_who_rest_are_forgotten() -> None:
    clock = Clock()
    budgets = Budgets(SMALL, clock=clock)
    held = budgets.take("held", Cost.STREAM)
    for number in range(3000):
        clock.now_s += 10
        spend(budgets, f"caller {number}", Cost.PLAIN, 1)

    assert len(budgets._buckets) <= 1024
    with pytest.raises(ProblemError):
        budgets.take("held", Cost.STREAM)
    held.release()


def test_a_developer_is_not_slowed_down() -> None:
    spend(Budgets(UNBOUNDED_RATE), "dev", Cost.PLAIN, 30_000)
