"""What is wrong now."""

from __future__ import annotations

import msgspec

from tests.ui import pictures
from tests.ui.pictures import dead, host, node, pair, ref, snapshot
from tsym_agent.model.hosts import HostState
from tsym_agent.model.nodes import Node, Standing
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.ui.digests import digest
from tsym_tui.ui.problems import Kind, Problem, find_problems


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
        (Kind.RELAYED, "work-mbp", "DERP from 4 of 4"),
        (Kind.RELAYED, "phone", "relay from 3 of 4"),
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


def tagged(name: str, tag: str) -> Node:
    return node(name, tags=(tag,), owner=None)


def only(picture: Snapshot) -> Problem:
    """Return the one problem of a picture."""
    (problem,) = find_problems(digest(picture))
    return problem


def test_a_host_that_reaches_everybody_by_relay_is_named_instead_of_its_peers() -> None:
    names = ("b", "c", "d", "e")
    relayed = [pair("a", name, PathKind.DERP, 40) for name in names]
    fine = [pair("b", name) for name in ("a", "c", "d", "e")]
    problem = only(snapshot([node(name) for name in ("a", *names)], [*relayed, *fine], [host("a"), host("b")]))

    assert (problem.title, problem.words, problem.nodes) == ("a", "relayed to 4 of 4", (ref("a"),))


def test_a_host_that_reaches_nobody_is_named_once() -> None:
    names = ("b", "c", "d")
    lost = [dead("a", name) for name in names]
    fine = [pair("b", name) for name in ("a", "c", "d")]
    problem = only(snapshot([node(name) for name in ("a", *names)], [*lost, *fine], [host("a"), host("b")]))

    assert problem.sentence == "gets no answer from 3 of 3 nodes"


def test_nodes_of_a_tag_that_share_a_trouble_are_one_line() -> None:
    runners = ("r1", "r2", "r3")
    pairs = [pair(source, name, PathKind.DERP, 40) for source in ("a", "b") for name in runners]
    rest = [pair(source, f"x{place}") for source in ("a", "b") for place in range(4)]
    nodes = [node(name) for name in ("a", "b", "x0", "x1", "x2", "x3")] + [tagged(name, "tag:ci") for name in runners]
    problem = only(snapshot(nodes, pairs + rest, [host("a"), host("b")]))

    assert (problem.title, problem.words) == ("tag:ci", "3 of 3 relayed")
    assert set(problem.nodes) == {ref(name) for name in runners}


def test_pairs_of_one_trouble_between_two_sites_are_one_line() -> None:
    here, there = ("a", "b", "c"), ("x", "y", "z")
    nodes = [node(name, site="198.51.100.1") for name in here] + [node(name, site="198.51.100.2") for name in there]
    lost = [dead("a", "x"), dead("b", "y"), dead("c", "z")]
    keys = {one.key for one in lost}
    fine = [
        pair(one, two) for one in here for two in (*here, *there) if one != two and (ref(one), ref(two)) not in keys
    ]
    problem = only(snapshot(nodes, lost + fine, [host(name) for name in here]))

    assert (problem.title, problem.words) == ("198.51.100.1, 198.51.100.2", "3 pairs dead")
    assert len(problem.pairs) == 3


def test_of_many_dead_nodes_the_worst_have_a_line_each_and_the_others_one() -> None:
    names = [f"n{place}" for place in range(9)]
    pairs = [dead(source, name) for source in ("a", "b") for name in names]
    alive = [pair(source, f"x{place}") for source in ("a", "b") for place in range(30)]
    nodes = [node(name) for name in ("a", "b", *names)] + [node(f"x{place}") for place in range(30)]
    found = said(snapshot(nodes, pairs + alive, [host("a"), host("b")]))

    assert [title for _, title, _ in found] == ["n0", "n1", "n2", "6 more"]


def test_a_silent_host_that_is_dead_for_others_too_is_one_line() -> None:
    gone = host("c", state=HostState.FAILED, age_s=190.0)
    picture = snapshot(
        [node("a"), node("b"), node("c")], [dead("a", "c"), dead("b", "c")], [host("a"), host("b"), gone]
    )

    assert only(picture).sentence == "is silent, and dead from 2 of 2 hosts"


def test_a_host_that_never_said_who_it_is_is_matched_with_its_node_by_name() -> None:
    gone = host("c", ref=None, name="", state=HostState.FAILED, age_s=None)
    picture = snapshot(
        [node("a"), node("b"), node("c")], [pair("a", "c"), pair("b", "c")], [host("a"), host("b"), gone]
    )

    assert (only(picture).sentence, only(picture).nodes) == ("is silent, 2 other hosts reach it", (ref("c"),))


def test_one_way_names_the_direction_that_answers() -> None:
    assert only(two_hosts(dead("a", "b"), pair("b", "a"))).subject == ("b", "a")


def test_a_key_that_expires_today_stands_before_a_relayed_node() -> None:
    picture = two_hosts(pair("a", "c", PathKind.DERP, 40), pair("b", "c", PathKind.DERP, 40))
    soon = msgspec.structs.replace(picture.nodes[ref("a")], key_expiry="2025-03-01T20:00:00Z")
    found = find_problems(digest(msgspec.structs.replace(picture, nodes=picture.nodes | {ref("a"): soon})))

    assert [problem.kind for problem in found] == [Kind.EXPIRING, Kind.RELAYED]
