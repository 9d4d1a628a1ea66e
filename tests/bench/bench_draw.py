"""Drawing the map: panning with thousands of lines, hover, new colours, and the graph of a large mesh.

The baseline of a frame is the least work that it could be: as many dots, one by one in order along each line, scattered
into an empty picture by numpy, with nothing computed before and nothing read out after. Frames hold lines, names and
rows as text with escape codes, ready for a terminal.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count

import msgspec
import numpy as np
from rich.color import ColorSystem

from tests.bench.harness import Figure, alternate, compare
from tests.bench.scenes import ring
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.draw import MapOptions, View, draw_map
from tsym_tui.graph.drawing.raster import CHUNK, walk
from tsym_tui.graph.frame import Frame, Run
from tsym_tui.graph.layouts import Placement, Size, place
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.themes import DARK, Role
from tsym_tui.ui.widgets.strips import encode

SIZE = Size(320, 90)
GROUND = DARK.colour(Role.BG)
ALL_LINES = 1_000_000

SCENES = ((100, 11, 1_000, "<= 12 ms"), (260, 20, 5_000, "<= 20 ms"), (520, 20, 10_000, "<= 33 ms"))
"""Nodes, hosts, about how many lines that makes, and what a frame may take."""


def measure() -> Iterator[Figure]:
    """Pan, hover, recolour, and read large snapshots."""
    gc.collect()
    gc.freeze()  # as the app does: else collections of what the scenes hold are measured
    try:
        for nodes, hosts, lines, limit in SCENES:
            yield from _frames(ring(nodes, hosts), lines, limit)
        yield from _changes(ring(5_000, 50))
        yield from _memory()
    finally:
        gc.unfreeze()


def _frames(scene: Snapshot, lines: int, limit: str) -> Iterator[Figure]:
    """Pan with all lines drawn; report the best frame, the worst hundredth and the bytes."""
    graph = TailnetGraph.from_snapshot(scene)
    placement = place(graph, "circular", size=SIZE)
    steps = count()
    frames: list[Frame] = []

    def pan() -> None:
        view = View(0.5 + 0.002 * (next(steps) % 50), 0.5, 1.1)
        frames[:] = [draw_map(graph, placement, SIZE, MapOptions(view=view, bundles_above=ALL_LINES))]
        _encode(frames[0].rows)

    frame, scatter = alternate(timed(pan), timed(_scatter(graph, placement)), rounds=15)
    yield compare(f"pan-{lines}", frame, "ms", ("scatter of its dots", scatter), limit)
    taken = sorted(timed(pan)() for _ in range(60))
    yield compare(f"pan-{lines}-p99", taken[-1], "ms", ("median frame", taken[len(taken) // 2]), "<= 2")
    size = sum(len(line.encode()) for line in _encode(frames[0].rows)) / 1024
    yield compare(f"bytes-{lines}", size, "KiB", ("one byte a cell", SIZE.width * SIZE.height / 1024), "<= 200 KiB")


def timed(function: Callable[[], object]) -> Callable[[], float]:
    """Wrap a function so that calling it returns the milliseconds of processor time it takes.

    Drawing waits for nobody, so on a quiet machine that is the time on the clock; on a shared one it is what that
    would be.
    """

    def measure() -> float:
        start = time.process_time()
        function()
        return (time.process_time() - start) * 1000

    return measure


def _encode(rows: Sequence[Sequence[Run]]) -> list[str]:
    return [encode(row, ColorSystem.TRUECOLOR, GROUND) for row in rows]


def _scatter(graph: TailnetGraph, placement: Placement) -> Callable[[], None]:
    """Return the least that drawing so many dots could be."""
    dots = placement.positions * np.array([SIZE.width * 2 - 1, SIZE.height * 4 - 1])
    first, second = graph.ends
    chunks = [samples.y.astype(np.intp) * SIZE.width * 2 + samples.x for samples in walk(dots[first], dots[second])]
    assert all(chunk.size <= 2 * CHUNK for chunk in chunks)

    def scatter() -> None:
        picture = np.zeros(SIZE.width * 2 * SIZE.height * 4, dtype=np.uint8)
        for chunk in chunks:
            picture[chunk] = 1

    return scatter


def _changes(scene: Snapshot) -> Iterator[Figure]:
    """Move the mouse, hear new samples, read a snapshot: of five thousand nodes as they are drawn by default."""
    graph = TailnetGraph.from_snapshot(scene)
    placement = place(graph, "tags", size=SIZE)

    @timed
    def whole() -> None:
        graph.lineage.clear()
        _encode(draw_map(graph, placement, SIZE).rows)

    refs = list(scene.nodes)
    turns = count()
    shown = draw_map(graph, placement, SIZE)

    def hover() -> None:
        under = MapOptions(hover=(refs[next(turns) * 37 % len(refs)],))
        _encode([row for row, was in _both(draw_map(graph, placement, SIZE, under), shown) if row is not was])

    lit, drawn = alternate(timed(hover), whole, rounds=15)
    yield compare("hover-5000", lit, "ms", ("the whole picture anew", drawn), "<= 5 ms")
    news = [
        msgspec.structs.replace(pair, p50_ms=120.0) for pair in list(scene.pairs.values())[:: len(scene.pairs) // 10]
    ]
    other = graph.updated(msgspec.structs.replace(scene, pairs=scene.pairs | {pair.key: pair for pair in news}))
    both = (graph, other)

    def recolour() -> None:
        before = draw_map(both[0], placement, SIZE)
        _encode([row for row, was in _both(draw_map(other, placement, SIZE), before) if row is not was])

    again, drawn = alternate(timed(recolour), whole, rounds=15)
    yield compare("recolour-5000", again / 2, "ms", ("the whole picture anew", drawn), "<= 5 ms")
    changed = msgspec.structs.replace(scene, pairs=scene.pairs | {pair.key: pair for pair in news})
    read, updated, walked = alternate(
        timed(lambda: TailnetGraph.from_snapshot(scene)),
        timed(lambda: graph.updated(changed)),
        timed(lambda: [pair.state for pair in scene.pairs.values()]),
        rounds=5,
    )
    yield compare("graph-250k", read, "ms", ("reading one field of each pair", walked), "<= 40")
    yield compare("graph-delta", updated, "ms", ("reading it whole", read), "<= 0.2")


def _both(one: Frame, other: Frame) -> Iterator[tuple[Sequence[Run], Sequence[Run]]]:
    return zip(one.rows, other.rows, strict=True)


def _memory() -> Iterator[Figure]:
    """Measure what the graph of a large mesh takes beside the snapshot that it is of."""
    command = [sys.executable, "-m", "tests.bench.graph_memory", "5000", "50"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    snapshot, graph = (float(word) for word in done.stdout.split()[:2])
    yield compare("graph-memory", graph, "MiB", ("its snapshot", snapshot), "<= 48 MiB")
