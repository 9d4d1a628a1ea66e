"""Lines as arrays say what lines as values say, and the graph of a newer picture is the one read afresh."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import product

import msgspec
import numpy as np
import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import host, node, pair, ref, snapshot
from tsym_agent.model.hosts import HostState
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.edges import DIRECTIONS, MOST_KEPT, PATHS, STATES
from tsym_tui.graph.looks import NodeKind, combine
from tsym_tui.graph.model import TailnetGraph

FRESH, STALE, FAILED, NEVER = SampleState.FRESH, SampleState.STALE, SampleState.FAILED, SampleState.NEVER


def optional(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def every_side(source: str, target: str, *, latency_ms: float, age_s: float) -> list[Pair | None]:
    sides: list[Pair | None] = [None]
    for state, path in product(SampleState, PathKind):
        sides.append(pair(source, target, path, latency_ms, state=state, age_s=age_s))
        sides.append(msgspec.structs.replace(pair(source, target, path, None, state=state), age_s=None))
    return sides


def test_arrays_merge_directions_as_values_do() -> None:
    """The whole table of both directions, each with and without numbers, in one graph of a line each."""
    table = list(
        product(every_side("a", "b", latency_ms=3, age_s=7), every_side("b", "a", latency_ms=9, age_s=4)),
    )[1:]
    pairs, expected = [], []
    for place, (there, back) in enumerate(table):
        ends = f"a{place:04d}", f"b{place:04d}"
        moved = [
            msgspec.structs.replace(side, source=ref(ends[way]), target=ref(ends[1 - way])) if side else None
            for way, side in enumerate((there, back))
        ]
        pairs += [side for side in moved if side]
        expected.append(combine(*moved))
    graph = TailnetGraph.from_snapshot(
        snapshot([node(f"{end}{place:04d}") for place in range(len(table)) for end in "ab"], pairs)
    )

    edges = graph.edges
    carriers = dict(graph.lines.carriers(np.arange(len(edges), dtype=np.int32), edges))
    for place, line in enumerate(expected):
        assert (STATES[edges.state[place]], PATHS[edges.path[place]]) == (line.state, line.path), line
        assert DIRECTIONS[edges.direction[place]] is line.direction, line
        assert optional(edges.latency_ms[place]) == line.latency_ms, line
        assert optional(edges.age_s[place]) == line.age_s, line
        assert bool(edges.differs[place]) == line.sides_differ, line
        assert carriers.get(place) is line.carrier, line
        assert graph.lines[place] == line


def assert_same(one: TailnetGraph, other: TailnetGraph) -> None:
    assert (one.nodes, one.names, one.kinds, one.regions) == (other.nodes, other.names, other.kinds, other.regions)
    assert dict(one.index) == dict(other.index)
    for name in one.edges.__dataclass_fields__:
        if name not in {"there", "back", "_lines_of_pairs"}:
            np.testing.assert_array_equal(getattr(one.edges, name), getattr(other.edges, name), name)
    np.testing.assert_array_equal(one.line_region, other.line_region)
    np.testing.assert_array_equal(one.line_relay, other.line_relay)
    assert list(one.lines) == list(other.lines)


def with_pairs(scene: Snapshot, news: Iterable[Pair]) -> Snapshot:
    """Return a picture with some pairs renewed; the others are the same objects in the same order."""
    return msgspec.structs.replace(scene, pairs=scene.pairs | {each.key: each for each in news})


def shaken(scene: Snapshot, rng: random.Random) -> Snapshot:
    """Return a picture in which a few pairs changed in any way, and now and then a node."""
    news = []
    for old in rng.sample(list(scene.pairs.values()), 5):
        path, state = rng.choice(list(PathKind)), rng.choice(list(SampleState))
        changes: dict[str, object] = {"path": path, "state": state, "p50_ms": rng.choice([None, 3.0, 80.0])}
        changes["derp_region"] = rng.choice(["fra", "nyc", "sin"]) if path is PathKind.DERP else None
        changes["peer_relay"] = "203.0.113.50:41641:vni:9" if path is PathKind.PEER_RELAY else None
        changes["endpoint"] = rng.choice([None, "203.0.113.50:41641", "192.0.2.1:1"])
        news.append(msgspec.structs.replace(old, **changes))
    newer = with_pairs(scene, news)
    if rng.random() < 0.3:
        one = rng.choice(list(scene.nodes.values()))
        renamed = msgspec.structs.replace(one, name=f"{rng.choice('xyz')}.home.ts.net")
        newer = msgspec.structs.replace(newer, nodes=newer.nodes | {one.ref: renamed})
    return newer


@pytest.mark.parametrize("scene", [scenes.home(), scenes.company()], ids=["home", "company"])
def test_updating_again_and_again_is_the_same_as_reading_afresh(scene: Snapshot) -> None:
    rng = random.Random(3)  # noqa: S311 - a seeded scene, not a secret
    graph = TailnetGraph.from_snapshot(scene)
    for _ in range(25):
        scene = shaken(scene, rng)
        graph = graph.updated(scene)

        assert_same(graph, TailnetGraph.from_snapshot(scene))


def test_a_picture_that_says_the_same_is_the_same_graph() -> None:
    graph = TailnetGraph.from_snapshot(scenes.home())
    copy = msgspec.structs.replace(scenes.home(), pairs=dict(scenes.home().pairs), revision=2)

    assert graph.updated(copy) is graph


def test_a_change_keeps_every_other_line_and_all_nodes() -> None:
    scene = scenes.home()
    graph = TailnetGraph.from_snapshot(scene)
    before = list(graph.lines[:])
    one = pair("laptop", "nas", PathKind.DERP, 90, region="nyc")

    after = graph.updated(with_pairs(scene, [one]))
    changed = [place for place, line in enumerate(after.lines[:]) if line is not before[place]]

    assert changed == [graph.line_between(ref("laptop"), ref("nas"))]
    assert after.nodes is graph.nodes
    assert after.index is graph.index
    assert after.edges.first is graph.edges.first
    assert after.regions == ("fra", "nyc")


def test_nodes_that_come_and_go_keep_the_lines_of_the_others() -> None:
    scene = scenes.home()
    graph = TailnetGraph.from_snapshot(scene)
    nas = graph.lines[graph.line_between(ref("laptop"), ref("nas")) or 0]
    nodes = {key: each for key, each in scene.nodes.items() if key != ref("tv")} | {ref("new"): node("new")}
    pairs = {key: each for key, each in scene.pairs.items() if ref("tv") not in key}
    newer = msgspec.structs.replace(scene, nodes=nodes, pairs=pairs)

    after = graph.updated(newer)

    assert_same(after, TailnetGraph.from_snapshot(newer))
    assert after.lines[after.line_between(ref("laptop"), ref("nas")) or 0] is nas


def test_as_many_other_pairs_are_other_lines() -> None:
    nodes = [node(name) for name in "abc"]
    graph = TailnetGraph.from_snapshot(snapshot(nodes, [pair("a", "b")]))
    newer = snapshot(nodes, [pair("a", "c")])

    assert_same(graph.updated(newer), TailnetGraph.from_snapshot(newer))


def test_a_host_that_goes_silent_is_told_without_other_news() -> None:
    scene = snapshot([node("a"), node("b")], [pair("a", "b")], [host("a")])
    graph = TailnetGraph.from_snapshot(scene)

    after = graph.updated(msgspec.structs.replace(scene, hosts=(host("a", HostState.FAILED),)))

    assert after.kinds == (NodeKind.SILENT, NodeKind.PEER)


def test_lines_are_kept_only_so_far() -> None:
    graph = TailnetGraph.from_snapshot(scenes.large())
    for place in range(len(graph.lines)):
        graph.lines[place]

    assert len(graph.lines) > MOST_KEPT >= len(graph.lines.kept)


def test_a_line_is_the_same_value_when_asked_for_again() -> None:
    lines = TailnetGraph.from_snapshot(scenes.home()).lines

    assert lines[3] is lines[3]
    assert lines[-1] is lines[len(lines) - 1]
    with pytest.raises(IndexError):
        lines[len(lines)]


@pytest.mark.parametrize("state", list(SampleState))
def test_pull_is_strong_where_packets_are_quick(state: SampleState) -> None:
    graph = TailnetGraph.from_snapshot(snapshot([node("a"), node("b")], [pair("a", "b", latency_ms=5, state=state)]))

    assert graph.pull.tolist() == [4.5 if state is FRESH else 0.2]
