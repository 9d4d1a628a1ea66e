"""What is wrong now."""

from __future__ import annotations

import msgspec

from tests.ui import pictures
from tests.ui.pictures import dead, host, node, pair, ref, snapshot
from tsym_agent.model.hosts import HostState
from tsym_agent.model.nodes import Standing
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.ui.digests import digest
from tsym_tui.ui.problems import Kind, find_problems


def said(picture: Snapshot) -> list[tuple[Kind, str, str]]:
    """Return what a picture's problems say."""
    return [(problem.kind, problem.title, problem.words) for problem in find_problems(digest(picture))]


def two_hosts(*pairs: Pair) -> Snapshot:
    """Put pairs between a and b, and from both to c."""
    return snapshot([node("a"), node("b"), node("c")], list(pairs), [host("a"), host("b")])


def test_the_home_tailnet_has_these_problems_in_this_order() -> None:
    assert said(pictures.home()) == [
        (Kind.DEAD, "old-mac", "dead from 4 of 4"),
        (Kind.ONE_WAY, "pi-kitchen, vps-fra", "one way only"),
        (Kind.RELAYED, "phone", "relay from 3 of 4"),
        (Kind.RELAYED, "work-mbp", "DERP from 4 of 4"),
        (Kind.STALE, "vps-fra, tv", "stale for 6 min"),
        (Kind.EXPIRING, "work-mbp", "key expires in 2 d"),
    ]


def test_a_healthy_tailnet_has_none() -> None:
    assert said(two_hosts(pair("a", "b"), pair("b", "a"), pair("a", "c"), pair("b", "c"))) == []


def test_a_node_that_may_not_take_part_is_said_once_and_explains_its_dead_pairs() -> None:
    picture = two_hosts(dead("a", "c"), dead("b", "c"))
    nodes = picture.nodes | {ref("c"): msgspec.structs.replace(picture.nodes[ref("c")], standing=Standing.LOCKED_OUT)}

    assert said(msgspec.structs.replace(picture, nodes=nodes)) == [(Kind.BARRED, "c", "locked out")]


def test_a_pair_that_only_one_host_cannot_reach_is_named_with_both_ends() -> None:
    problems = said(two_hosts(dead("a", "c"), pair("b", "c")))

    assert problems == [(Kind.DEAD, "a, c", "others reach it")]


def test_a_node_that_is_slow_from_everywhere_is_named_once() -> None:
    assert said(two_hosts(pair("a", "c", ms=310), pair("b", "c", ms=290))) == [(Kind.SLOW, "c", "slow from 2 of 2")]


def test_a_slow_direct_pair_is_named() -> None:
    assert said(two_hosts(pair("a", "c", ms=310))) == [(Kind.SLOW, "a, c", "slow, 310 ms")]


def test_a_single_relayed_pair_names_its_relay() -> None:
    assert said(two_hosts(pair("a", "c", PathKind.DERP, 40))) == [(Kind.RELAYED, "a, c", "by DERP fra")]


def test_a_silent_host_explains_its_stale_pairs() -> None:
    gone = host("a", state=HostState.FAILED, age_s=190.0, error="connection refused")
    stale = pair("a", "b", state=SampleState.STALE, age_s=190.0)
    picture = snapshot([node("a"), node("b")], [stale], [gone])

    assert said(picture) == [(Kind.HOST, "a", "silent for 3 min")]


def test_a_host_that_never_answered_is_named_by_the_end_of_its_spec() -> None:
    gone = host("a", ref=None, name="", state=HostState.DENIED, age_s=None)

    assert said(snapshot([], [], [gone])) == [(Kind.HOST, "a", "refuses us")]
