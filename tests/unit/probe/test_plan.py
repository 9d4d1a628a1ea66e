"""Whom to probe, and when."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.unit.probe.fakes import ref
from tsym_agent.model.nodes import Hidden, Node, Standing
from tsym_agent.probe.limits import LOOKED_AT_EVERY_S, PROBES_PER_SWEEP, SWEEP_EVERY_S, SWEEP_SPREAD
from tsym_agent.probe.plan import Due, PairKey, Plan, is_probed, is_shown, probes_for, sample_pairs, weight_of


def node(**changes: object) -> Node:
    fields: dict[str, object] = {"ref": ref("n"), "name": "n", "addresses": ("100.64.0.1",)}
    return Node(**(fields | changes))  # type: ignore[arg-type]  # test brevity


def mesh(hosts: int, peers: int) -> list[PairKey]:
    return [(ref(f"h{host}"), ref(f"p{peer}")) for host in range(hosts) for peer in range(peers)]


@pytest.mark.parametrize(
    ("peer", "named", "everything", "probed"),
    [
        (node(), False, False, True),
        (node(os="iOS"), False, False, False),
        (node(os="android"), True, False, True),
        (node(os="tvOS"), False, True, True),
        (node(hidden=Hidden.UNUSED_EXIT), False, False, False),
        (node(hidden=Hidden.SHARED_IN), False, True, True),
        (node(online=False), False, False, True),
        (node(standing=Standing.EXPIRED), False, False, True),
        (node(standing=Standing.LOCKED_OUT), False, True, False),
        (node(addresses=()), True, True, False),
    ],
    ids=[
        "plain", "phone", "phone by name", "television with --all", "unused exit", "shared in with --all", "offline",
        "expired", "locked out", "no address",
    ],
)  # fmt: skip
def test_who_is_probed(peer: Node, named: bool, everything: bool, probed: bool) -> None:
    assert is_probed(peer, named=named, everything=everything) is probed


def test_phones_are_shown_although_nobody_probes_them() -> None:
    assert is_shown(node(os="iOS"))


def test_hidden_nodes_are_shown_with_everything() -> None:
    assert is_shown(node(hidden=Hidden.UNUSED_EXIT), everything=True)


def test_an_offline_peer_gets_one_probe_a_sweep() -> None:
    assert (probes_for(node(online=False)), probes_for(node(online=None))) == (1, PROBES_PER_SWEEP)


def test_a_small_mesh_is_due_whole_at_once() -> None:
    plan = Plan()
    plan.update(mesh(3, 4))

    assert len(plan.due(0.0)) == 12


def test_a_swept_pair_is_not_due_again_before_its_time() -> None:
    plan = Plan()
    plan.update(mesh(3, 4))
    plan.due(0.0)

    assert not plan.due(SWEEP_EVERY_S * (1 - SWEEP_SPREAD) - 0.1)


def test_every_pair_is_due_again_after_a_sweep_interval() -> None:
    plan = Plan()
    plan.update(mesh(3, 4))
    plan.due(0.0)

    assert len(plan.due(SWEEP_EVERY_S)) == 12


def test_sweeps_spread_out_by_themselves() -> None:
    plan = Plan()
    plan.update(mesh(10, 20))
    plan.due(0.0)

    assert 0 < len(plan.due(SWEEP_EVERY_S * (1 - SWEEP_SPREAD / 2))) < 200


def test_a_new_pair_is_due_at_once() -> None:
    plan = Plan()
    plan.update(mesh(1, 1))
    plan.due(0.0)
    plan.update(mesh(1, 2))

    assert plan.due(1.0) == [Due(mesh(1, 2)[1], is_sweep=True)]


def test_an_asked_pair_is_due_at_once() -> None:
    plan, pair = Plan(), mesh(1, 1)[0]
    plan.update([pair])
    plan.due(0.0)
    plan.ask([pair])

    assert plan.due(1.0) == [Due(pair, is_sweep=True)]


def test_a_looked_at_pair_gets_a_probe_every_few_seconds() -> None:
    plan, pair = Plan(), mesh(1, 1)[0]
    plan.update([pair])
    plan.looked_at = frozenset({pair})
    plan.due(0.0)

    assert [plan.due(at_s) for at_s in (1.0, LOOKED_AT_EVERY_S)] == [[], [Due(pair, is_sweep=False)]]


def test_looking_at_a_pair_that_must_not_be_probed_sends_nothing() -> None:
    plan = Plan()
    plan.looked_at = frozenset(mesh(1, 1))

    assert not plan.due(0.0)


def test_a_large_mesh_is_sampled_within_its_budget() -> None:
    plan = Plan(budget=100)
    plan.update(mesh(10, 40))

    assert (plan.is_sampled, len(plan.due(0.0))) == (True, 100)


def test_hosts_that_arrive_one_by_one_do_not_break_the_budget() -> None:
    plan, pairs = Plan(budget=100), mesh(10, 40)
    started = 0
    for hosts in range(1, 11):
        plan.update(pairs[: hosts * 40])
        started += len(plan.due(float(hosts)))

    assert started == 100


def test_the_next_minute_has_a_budget_of_its_own() -> None:
    plan = Plan(budget=100)
    plan.update(mesh(10, 40))
    plan.due(0.0)

    assert len(plan.due(60.0)) == 100


def test_marked_pairs_come_on_top_of_a_sample() -> None:
    plan, pairs = Plan(budget=100), mesh(10, 40)
    plan.update(pairs)
    plan.marked = frozenset(pairs)

    assert len(plan.due(0.0)) == 400


def test_a_sample_is_the_same_for_the_same_minute() -> None:
    weights = {pair: weight_of(pair) for pair in mesh(10, 40)}

    assert sample_pairs(weights, 7, 100) == sample_pairs(weights, 7, 100)


def test_a_sample_keeps_every_peer_seen_by_the_same_hosts() -> None:
    weights = {pair: weight_of(pair) for pair in mesh(10, 40)}
    kept = sample_pairs(weights, 1, 100) & sample_pairs(weights, 2, 100) & sample_pairs(weights, 3, 100)

    assert {target for _, target in kept} == {target for _, target in weights}


def test_a_sample_reaches_every_pair_in_time() -> None:
    weights = {pair: weight_of(pair) for pair in mesh(10, 40)}
    seen: Counter[PairKey] = Counter()
    for minute in range(60):
        seen.update(sample_pairs(weights, minute, 100))

    assert set(seen) == set(weights)


def test_a_sample_smaller_than_the_peers_still_fits_its_budget() -> None:
    weights = {pair: weight_of(pair) for pair in mesh(2, 100)}

    assert len(sample_pairs(weights, 1, 50)) == 50


def test_a_host_that_leaves_does_not_move_the_others() -> None:
    weights = {pair: weight_of(pair) for pair in mesh(10, 40)}
    fewer = {pair: weight for pair, weight in weights.items() if pair[0] != ref("h0")}
    steady = [sample_pairs(pairs, 1, 80) & sample_pairs(pairs, 2, 80) for pairs in (weights, fewer)]

    assert {pair for pair in steady[0] if pair[0] != ref("h0")} <= steady[1]
