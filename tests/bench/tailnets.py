"""Tailnets for the layouts to place: a full one, one with a shape, and one whose lines need not cross."""

from __future__ import annotations

import random

from tests.unit.graph.scenes import DIRECT, both_ways, host, large, node, pair, snapshot
from tsym_tui.graph.model import TailnetGraph

LINKS = 3
"""Hosts that a node of a planted tailnet has lines to."""

STRANGERS = 0.15
"""Share of these lines that go to hosts of any group."""


def full(count: int, hosts: int) -> TailnetGraph:
    """Return a tailnet in which every host probes every node."""
    return TailnetGraph.from_snapshot(large(count, hosts))


def planted(count: int, hosts: int, groups: int, seed: int = 5) -> TailnetGraph:
    """Return a tailnet whose nodes mostly talk to hosts of their own group: a shape that a layout can find."""
    rng = random.Random(seed)  # noqa: S311 - a seeded scene, not a secret
    nodes = [node(f"n{i}", tags=(f"tag:g{i % groups}",)) for i in range(count)]
    pairs = []
    for each in range(count):
        own = [other for other in range(hosts) if other % groups == each % groups and other != each]
        chosen: set[int] = set()
        while len(chosen) < LINKS:
            chosen.add(rng.randrange(hosts) if rng.random() < STRANGERS else rng.choice(own))
        pairs += [pair(f"n{other}", f"n{each}", DIRECT, rng.random() * 20) for other in chosen - {each}]
    return TailnetGraph.from_snapshot(snapshot(nodes, pairs, [host(f"n{i}") for i in range(hosts)]))


def tree(count: int, hosts: int) -> TailnetGraph:
    """Return a tailnet in which every node has a line to one host, and hosts to the one before."""
    nodes = [node(f"n{i}", tags=(f"tag:g{i % 8}",)) for i in range(count)]
    pairs = [each for i in range(1, count) for each in both_ways(f"n{i % hosts if i >= hosts else i - 1}", f"n{i}", 5)]
    return TailnetGraph.from_snapshot(snapshot(nodes, pairs, [host(f"n{i}") for i in range(hosts)]))
