"""A snapshot becomes lines, kinds, relays and groups."""

from __future__ import annotations

import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import both_ways, host, node, pair, ref, snapshot
from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.groups import (
    SITES_FIRST,
    TAGS_FIRST,
    Criterion,
    group_as_asked,
    group_by,
    group_nodes,
    subnet_of,
)
from tsym_tui.graph.looks import Direction, NodeKind
from tsym_tui.graph.model import TailnetGraph


def kinds_of(graph: TailnetGraph) -> dict[str, NodeKind]:
    return dict(zip(graph.names, graph.kinds, strict=True))


def test_both_directions_are_one_line() -> None:
    graph = TailnetGraph.from_snapshot(snapshot([node("a"), node("b")], both_ways("a", "b", 5)))

    assert len(graph.lines) == 1
    assert graph.line_between(ref("b"), ref("a")) == 0


def test_there_runs_from_the_first_end() -> None:
    back_only = pair("b", "a", PathKind.DIRECT, 5)
    graph = TailnetGraph.from_snapshot(snapshot([node("a"), node("b")], [back_only]))

    assert (graph.lines[0].there, graph.lines[0].back) == (None, back_only)


def test_pairs_of_hidden_nodes_are_left_out() -> None:
    graph = TailnetGraph.from_snapshot(snapshot([node("a")], [pair("a", "hidden", PathKind.DIRECT, 5)]))

    assert not graph.lines
    assert graph.line_between(ref("a"), ref("hidden")) is None


def test_a_node_has_a_line_to_each_other_end() -> None:
    graph = TailnetGraph.from_snapshot(scenes.home())
    laptop = graph.index[ref("laptop")]

    others = {graph.names[graph.other_end(line, laptop)] for line in graph.lines_of(laptop)}

    assert others == set(graph.names) - {"laptop"}


def test_the_home_tailnet_has_the_lines_of_the_picture() -> None:
    graph = TailnetGraph.from_snapshot(scenes.home())
    one_way = graph.lines[graph.line_between(ref("pi-kitchen"), ref("vps-fra")) or 0]

    assert len(graph.lines) == 22
    assert one_way.direction is Direction.THERE
    assert graph.regions == ("fra",)


def test_node_kinds_follow_hosts_and_probes() -> None:
    kinds = kinds_of(TailnetGraph.from_snapshot(scenes.home()))

    assert kinds["laptop"] is NodeKind.AGENT
    assert kinds["tv"] is NodeKind.PEER
    assert kinds["old-mac"] is NodeKind.DEAD


def test_a_host_that_does_not_answer_is_silent_not_dead() -> None:
    kinds = kinds_of(TailnetGraph.from_snapshot(scenes.company()))

    assert kinds["nyc-db-2"] is NodeKind.SILENT


def test_an_agent_that_reaches_nobody_is_not_dead_itself() -> None:
    lost = [pair("a", "b", PathKind.UNKNOWN, state=SampleState.FAILED)]
    kinds = kinds_of(TailnetGraph.from_snapshot(snapshot([node("a"), node("b")], lost, [host("a")])))

    assert kinds == {"a": NodeKind.AGENT, "b": NodeKind.DEAD}


def test_one_answer_keeps_a_node_alive() -> None:
    mixed = [pair("a", "c", PathKind.UNKNOWN, state=SampleState.FAILED), pair("b", "c", PathKind.DIRECT, 5)]
    kinds = kinds_of(TailnetGraph.from_snapshot(snapshot([node("a"), node("b"), node("c")], mixed)))

    assert kinds["c"] is NodeKind.PEER


@pytest.mark.parametrize("state", [HostState.STOPPED, HostState.DENIED, HostState.FAILED, HostState.NEEDS_LOGIN])
def test_every_way_of_not_answering_is_silent(state: HostState) -> None:
    graph = TailnetGraph.from_snapshot(snapshot([node("a")], [], [host("a", state)]))

    assert graph.kinds == (NodeKind.SILENT,)


def relay_of(nodes: list[Node], relay: str, *, endpoint: str | None = None) -> str | None:
    pairs = [
        pair("a", "b", PathKind.PEER_RELAY, 40, relay=relay),
        pair("a", "r", PathKind.DIRECT, 10, endpoint=endpoint),
    ]
    graph = TailnetGraph.from_snapshot(snapshot(nodes, pairs))
    found = int(graph.line_relay[graph.line_between(ref("a"), ref("b")) or 0])
    return None if found < 0 else graph.names[found]


def test_a_relay_is_found_by_the_address_others_reach_it_at() -> None:
    nodes = [node("a"), node("b"), node("r")]

    assert relay_of(nodes, "192.0.2.9:41641:vni:3", endpoint="192.0.2.9:41641") == "r"


def test_a_relay_is_found_by_its_own_address() -> None:
    nodes = [node("a"), node("b"), node("r", addresses=("100.64.0.9", "fd7a::9"))]

    assert relay_of(nodes, "[fd7a::9]:41641:vni:3") == "r"


def test_a_relay_is_found_by_a_site_of_one() -> None:
    nodes = [node("a"), node("b"), node("r", site="office 192.0.2.9")]

    assert relay_of(nodes, "192.0.2.9:41641:vni:3") == "r"


def test_a_relay_that_two_nodes_could_be_is_unknown() -> None:
    nodes = [node("a"), node("b", site="192.0.2.9"), node("r", site="192.0.2.9")]

    assert relay_of(nodes, "192.0.2.9:41641:vni:3") is None


def test_equal_short_names_are_told_apart() -> None:
    other = Tailnet("https://control.example", "second.ts.net")
    twins = [
        Node(ref=NodeRef(scenes.NET, StableNodeID("1")), name="web.home.ts.net"),
        Node(ref=NodeRef(scenes.NET, StableNodeID("2")), name="web.home.ts.net"),
        Node(ref=NodeRef(other, StableNodeID("1")), name="web.second.ts.net"),
        Node(ref=NodeRef(other, StableNodeID("3")), name="db.second.ts.net"),
    ]

    names = TailnetGraph.from_snapshot(snapshot(twins, [])).names

    assert names == ("web#1", "web#2", "web.second.ts.net", "db")


def test_networkx_gets_the_lines_that_were_probed() -> None:
    graph = TailnetGraph.from_snapshot(scenes.home()).networkx()

    assert graph.number_of_nodes() == 8
    assert graph.number_of_edges() == 21


def test_an_empty_snapshot_is_a_graph_too() -> None:
    graph = TailnetGraph.from_snapshot(snapshot([], []))

    assert (graph.nodes, tuple(graph.lines), graph.grouping().by) == ((), (), Criterion.NONE)


def test_sites_group_the_home() -> None:
    grouping = TailnetGraph.from_snapshot(scenes.home()).grouping()

    assert grouping.by is Criterion.SITE
    assert [(group.title, group.detail, len(group.members)) for group in grouping.groups] == [
        ("home", "192.168.1.0/24", 5),
        ("fra", "hetzner", 1),
        ("mobile", "carrier NAT", 1),
        ("office", "203.0.113.7", 1),
    ]


def test_tags_group_the_company_and_phones_stay_together() -> None:
    grouping = TailnetGraph.from_snapshot(scenes.company()).grouping(TAGS_FIRST)

    assert grouping.words == "grouped by tag"
    assert {group.title for group in grouping.groups} >= {"tag:web", "tag:db", "phones"}


def test_untagged_nodes_of_one_site_stay_together() -> None:
    tagged = [node(f"web-{i}", tags=("tag:web",)) for i in range(6)]
    office = [node(f"desk-{i}", site="198.51.100.40") for i in range(3)]
    roaming = [node(f"laptop-{i}", site=f"203.0.113.{i}") for i in range(2)]

    titles = {group.title: len(group.members) for group in group_nodes([*tagged, *office, *roaming], TAGS_FIRST).groups}

    assert titles == {"tag:web": 6, "198.51.100.40": 3, "no tag": 2}


def test_among_many_nodes_groups_of_one_become_one() -> None:
    crowd = [node(f"n{i}", site="198.51.100.1") for i in range(27)]
    alone = [node(f"m{i}", site=f"192.0.2.{i}") for i in range(5)]

    titles = [group.title for group in group_nodes([*crowd, *alone]).groups]

    assert titles == ["198.51.100.1", "other (5)"]
    assert len(group_nodes([*crowd[:6], *alone]).groups) == 6


def test_the_rarer_shared_tag_names_the_group() -> None:
    nodes = [node(f"n{i}", tags=("tag:prod", f"tag:{'web' if i < 2 else 'db'}", f"tag:only-{i}")) for i in range(4)]

    assert {group.title for group in group_by(nodes, Criterion.TAG).groups} == {"tag:web", "tag:db"}


@pytest.mark.parametrize(
    ("site", "subnet"),
    [
        ("home 192.168.1.0/24", "192.168.1.0/24"),
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("mobile carrier NAT", None),
        (None, None),
    ],
)
def test_the_subnet_of_a_place_is_its_network_or_the_block_around_its_address(
    site: str | None, subnet: str | None
) -> None:
    assert subnet_of(site) == subnet


def test_what_a_person_chose_groups_even_where_it_tells_little() -> None:
    nodes = [node(f"n{i}", owner="ann@example.com", site=f"203.0.113.{i}") for i in range(3)]

    assert [group.title for group in group_as_asked(nodes, Criterion.OWNER).groups] == ["ann@example.com"]
    assert [group.title for group in group_as_asked(nodes, Criterion.SUBNET).groups] == ["203.0.113.0/24"]


def test_a_criterion_that_says_nothing_is_passed_over() -> None:
    nodes = [node(f"n{i}", owner="ann@example.com", region="fra" if i < 3 else "nyc") for i in range(6)]

    assert group_nodes(nodes, SITES_FIRST).by is Criterion.REGION


def test_nothing_to_tell_nodes_apart_is_one_group_without_title() -> None:
    grouping = group_nodes([node("a"), node("b"), node("c")])

    assert (grouping.by, [group.title for group in grouping.groups], grouping.words) == (Criterion.NONE, [""], "")
