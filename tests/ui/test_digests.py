"""What a picture adds up to, node by node."""

from __future__ import annotations

import msgspec

from tests.ui import pictures
from tests.ui.pictures import dead, host, node, pair, ref, snapshot
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.looks import NodeKind
from tsym_tui.ui.digests import digest


def test_a_node_shows_the_commonest_class_and_the_median_of_who_reaches_it() -> None:
    sums = digest(pictures.home()).sum_of(ref("phone"))

    assert (sums.state, sums.path, sums.median_ms) == (SampleState.FRESH, PathKind.PEER_RELAY, 61)


def test_of_two_equally_common_classes_the_worse_one_shows() -> None:
    picture = snapshot([node("a"), node("b"), node("c")], [pair("a", "c"), pair("b", "c", PathKind.DERP, 50)], [])

    assert digest(picture).sum_of(ref("c")).path is PathKind.DERP


def test_a_stale_or_failed_pair_lends_no_number() -> None:
    sums = digest(pictures.home()).sum_of(ref("old-mac"))

    assert (sums.state, sums.median_ms, sums.paths) == (SampleState.FAILED, None, frozenset())


def test_one_answer_makes_a_node_reachable_whatever_others_say() -> None:
    picture = snapshot([node("a"), node("b"), node("c")], [pair("a", "c"), dead("b", "c")], [])
    sums = digest(picture).sum_of(ref("c"))

    assert (sums.state, sums.fresh, sums.failed) == (SampleState.FRESH, 1, 1)


def test_a_node_that_nobody_may_probe_is_not_counted_as_wanted() -> None:
    never = pair("a", "phone", PathKind.UNKNOWN, None, state=SampleState.NEVER, age_s=None, samples=0)
    waiting = msgspec.structs.replace(never, target=ref("b"))
    picture = snapshot([node("a"), node("b"), node("phone", os="iOS")], [never, waiting], [host("a")])

    assert digest(picture).wanted_pairs == 1


def test_a_node_that_reaches_others_is_not_dead() -> None:
    picture = snapshot([node("a"), node("b")], [dead("a", "b"), pair("b", "a")], [host("a"), host("b")])

    assert digest(picture).kind_of(ref("b")) is NodeKind.AGENT


def test_equal_short_names_are_told_apart() -> None:
    nodes = [node("web"), node("web2", name="web.other.ts.net"), node("x"), node("y", name="x.home.ts.net")]
    names = digest(snapshot(nodes, [], [])).names

    assert sorted(names.values()) == ["web.home.ts.net", "web.other.ts.net", "x#nxCNTRL", "x#nyCNTRL"]


def test_hosts_come_first_and_numbers_in_names_count_by_value() -> None:
    nodes = [node("web-10"), node("web-2"), node("zeta")]
    order = digest(snapshot(nodes, [], [host("zeta")])).order

    assert order == (ref("zeta"), ref("web-2"), ref("web-10"))


def test_a_peer_relay_is_recognised_by_where_it_was_reached() -> None:
    relayed = pair("a", "b", PathKind.PEER_RELAY, 20, peer_relay="203.0.113.5:7777:vni:1")
    reached = pair("a", "relay", endpoint="203.0.113.5:41641")
    picture = snapshot([node("a"), node("b"), node("relay")], [relayed, reached], [host("a")])

    assert digest(picture).relay_of(relayed) == ref("relay")


def test_an_address_with_two_nodes_behind_it_is_nobodys() -> None:
    relayed = pair("a", "b", PathKind.PEER_RELAY, 20, peer_relay="203.0.113.5:7777:vni:1")
    reached = [pair("a", name, endpoint="203.0.113.5:41641") for name in ("c", "d")]
    nodes = [node(name) for name in "abcd"]

    assert digest(snapshot(nodes, [relayed, *reached], [host("a")])).relay_of(relayed) is None


def test_characters_of_no_width_are_dropped_from_names_so_that_columns_hold() -> None:
    names = digest(snapshot([node("a", name="a\u200d\u0301b.home.ts.net")], [], [])).names

    assert names[ref("a")] == "ab"
