"""Layouts: rings of a quarter of a million lines, forces against networkx's spring, and how long a loop stands still.

The quality of a picture is told by two numbers that do not depend on its size: how long lines are against any two
nodes, and how many of a node's eight nearest are of its group.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import networkx as nx
import numpy as np

from tests.bench.harness import Figure, alternate, compare, timed
from tests.bench.tailnets import full, planted
from tsym_tui.graph.layouts import LAYOUTS, Points, place
from tsym_tui.graph.model import TailnetGraph

NEAREST = 8
SPRING_ROUNDS = 50
"""networkx's own number."""

SEEDS = 2
"""A spring takes some ten seconds; its quality differs by two percent from seed to seed."""

STALL_ROUNDS, WELL_BELOW_MS = 6, 25.0
"""Work of others on the machine adds to a lag and never takes away; a layout that stayed well below is not asked again.
"""


def measure() -> Iterator[Figure]:
    """Measure rings, forces and stalls."""
    yield from _rings()
    yield from _forces()
    yield _stall()


def _rings() -> Iterator[Figure]:
    """Place 5,000 nodes and a quarter of a million lines, against one look at every line."""
    graph = full(5000, 50)
    first, second = graph.ends
    weights = graph.pull

    def look() -> object:
        return [np.bincount(ends, weights, len(graph.nodes)) for ends in (first, second)]

    for name, limit in (("rings", "<= 25 ms"), ("tags", "")):
        one_look, placed = alternate(timed(look, 3), timed(lambda name=name: place(graph, name)))  # type: ignore[misc]  # a lambda's default has no type
        yield compare(f"layout-{name}-5000", placed, "ms", (f"one pass over {len(graph.lines)} lines", one_look), limit)


def _forces() -> Iterator[Figure]:
    """Place 1,000 nodes whose groups can be found, and judge both pictures."""
    graph = planted(1000, 50, 10)
    whole = graph.networkx()

    def spring(seed: int) -> Points:
        found = nx.spring_layout(whole, method="force", iterations=SPRING_ROUNDS, seed=seed, weight="weight")
        return np.array([found[node] for node in range(len(whole))])

    ours = min(timed(lambda: place(graph, "force"))() for _ in range(5))
    start = time.perf_counter()
    theirs = [spring(seed) for seed in range(SEEDS)]
    spring_ms = (time.perf_counter() - start) * 1000 / SEEDS
    yield compare("layout-force-1000", ours, "ms", ("networkx's spring, 50 rounds", spring_ms), "<= 0.1")
    by_force = [quality(graph, place(graph, "force", seed=seed).positions) for seed in range(SEEDS)]
    by_spring = [quality(graph, points) for points in theirs]
    length, pure = np.mean(by_force, axis=0).tolist()
    their_length, their_purity = np.mean(by_spring, axis=0).tolist()
    words = "the same of networkx's spring"
    yield compare("layout-force-edge-length", length, "of any two", (words, their_length), "<= 1.02")
    yield compare("layout-force-purity", pure, "of 8 nearest", (words, their_purity), ">= 0.98")


def quality(graph: TailnetGraph, points: Points) -> tuple[float, float]:
    """Return the mean length of lines against any two nodes, and the share of the nearest that are of one's group."""
    first, second = (ends[graph.probed] for ends in graph.ends)
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    group = np.array(graph.grouped(None).group_of(len(points)))
    nearest = np.argsort(apart + 1e9 * np.eye(len(points)), axis=1)[:, :NEAREST]
    same = group[nearest] == group[:, None]
    return float(apart[first, second].mean() / apart.mean()), float(same.mean())


def _stall() -> Figure:
    """Find the layout that keeps a loop beside it waiting longest, each by its best round of a few."""
    lags = {name: _best_lag(name) for name in LAYOUTS}
    worst = max(lags, key=lambda name: lags[name])
    on_loop = _probe(worst, "--on-the-loop")
    print("  " + ", ".join(f"{name} {lag:.0f}" for name, lag in lags.items()), file=sys.stderr)
    return compare("layout-stall", lags[worst], "ms", (f"{worst}, the worst of all, on the loop", on_loop), "<= 50 ms")


def _best_lag(name: str) -> float:
    best = _probe(name)
    for _ in range(STALL_ROUNDS - 1):
        if best > WELL_BELOW_MS:
            best = min(best, _probe(name))
    return best


def _probe(name: str, *flags: str) -> float:
    command = [sys.executable, "-m", "tests.bench.layout_probe", name, *flags]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return float(answer.stdout.split()[0])
