"""The map as a person feels it: memory, stalls, hover, bytes, a slow line, and keys while two hundred agents stream.

Everything but hovering is measured from outside, in a terminal of its own: the app marks each painted map in its
output, and the terminal takes the time when it has read the mark.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.bench_fleet import agents
from tests.bench.crowds import crowd
from tests.bench.harness import Figure, alternate, compare, timed
from tests.bench.map_terminal import MapTerminal, probe

SLOW_BYTES_PER_S = 500_000

HEADER = b"\x1b[?1049h"

STALL_LAYOUTS = 22
"""Presses of `L`: more than there are layouts."""


def measure() -> Iterator[Figure]:
    """Measure each in turn."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="tsb") as name:
        folder = Path(name)
        yield from _memory(folder)
        yield from _hover()
        yield from _stalls(folder)
        yield from _bytes(folder)
        yield from _slow_line(folder)
        yield from _streaming(folder)


def _memory(folder: Path) -> Iterator[Figure]:
    """Read what the process holds: at its first frame, with a map and nobody on it, and with many."""
    with MapTerminal([sys.executable, "-m", "tests.bench.bare_app"], folder, (120, 40)) as terminal:
        terminal.until(lambda: b"painted" in terminal.seen, "the bare app")
        bare = ("bare Textual app", terminal.resident_mib)
    with MapTerminal(probe("--crowd", "1x1"), folder, (120, 40)) as terminal:
        terminal.until(lambda: b"tsym" in terminal.seen, "the first frame")
        yield compare("map-memory-first-frame", terminal.resident_mib, "MiB", bare, "<= 50 MiB")
        terminal.until(lambda: b"crowd.ts.net" in terminal.seen, "the picture")
        terminal.rest(3.0)
        yield compare("map-memory-no-peers", terminal.resident_mib, "MiB", bare, "<= 75 MiB")
    for size, limit in (("1000x20", 100), ("5000x10", 160)):
        with MapTerminal(probe("--crowd", size, "--news", "10"), folder, (160, 50)) as terminal:
            terminal.until(lambda: _is_settled(terminal), "the map")
            terminal.rest(3.0)
            yield compare(f"map-memory-{size}", terminal.resident_mib, "MiB", bare, f"<= {limit} MiB")


def _hover() -> Iterator[Figure]:
    """Light one node after the other, against drawing the map anew."""
    from tsym_tui.graph.looks import Level
    from tsym_tui.graph.themes import DARK
    from tsym_tui.ui.maps import Cartographer, MapRequest, load_drawing
    from tsym_tui.ui.viewports import Viewport

    load_drawing()
    snapshot, cartographer = crowd(1000, 20), Cartographer()
    refs = list(snapshot.nodes)

    def draw(hover: int, x: float) -> None:
        request = MapRequest(
            snapshot=snapshot, size=(200, 50), theme=DARK, level=Level.BRAILLE, layout="force", bundles_above=1000,
            hover=(refs[hover],), viewport=Viewport(x, 0.5, 1.5),
        )  # fmt: skip
        cartographer.draw(request)

    draw(0, 0.5)
    turn = iter(range(1, 1_000_000))
    whole, lit = alternate(
        timed(lambda: draw(0, 0.4 + next(turn) % 100 / 1000), 5), timed(lambda: draw(next(turn) % 900, 0.5), 5)
    )
    yield compare("map-hover", lit, "ms", ("the map drawn anew", whole), "<= 5 ms")


def _stalls(folder: Path) -> Iterator[Figure]:
    """Go through every layout of a tailnet of 300 and keep the best of two rounds of each; name none: all must hold."""
    rounds = [_stall_round(folder) for _ in range(2)]
    idle = min(one[0] for one in rounds)
    worst = max(min(lags) for lags in zip(*(one[1] for one in rounds), strict=True))
    yield compare("map-stall-worst-layout", worst, "ms", ("nothing going on", idle), "<= 50 ms")


def _stall_round(folder: Path) -> tuple[float, list[float]]:
    with MapTerminal(probe("--crowd", "300x10"), folder, (120, 40)) as terminal:
        terminal.until(lambda: _is_settled(terminal), "the map")
        terminal.rest(1.0)
        idle = terminal.press("l").lag_ms
        lags = []
        for _ in range(STALL_LAYOUTS):
            seen = len(terminal.marks)
            terminal.type("L")
            wanted = terminal.keys
            terminal.rest_until_keys(wanted, 1.0)
            lags.append(max((mark.lag_ms for mark in terminal.marks[seen:]), default=0.0))
        return idle, lags


def _bytes(folder: Path) -> Iterator[Figure]:
    """See a map of a thousand lines whole and from nearer at 320x90, and count the bytes of each whole frame."""
    command = probe("--crowd", "120x9", "--layout", "force", "--lines", "1000000")
    with MapTerminal(command, folder, (320, 90)) as terminal:
        terminal.until(lambda: _is_settled(terminal), "the map")
        terminal.rest(1.0)
        taken = []
        for key in "+-+-+-":
            before = terminal.read_bytes
            taken.append((terminal.press(key).read_bytes - before) / 1024)
    cells = 320 * 90 / 1024
    yield compare("map-bytes-320x90", max(taken), "KiB", ("one byte a cell", cells), "<= 200 KiB")


def _slow_line(folder: Path) -> Iterator[Figure]:
    """Pan and zoom without a pause over a line of 500 KB/s, while the tailnet changes."""
    command = probe("--crowd", "120x9", "--layout", "force", "--lines", "1000000", "--news", "50")
    for size, name in (((120, 40), "120x40"), ((200, 50), "200x50")):
        with MapTerminal(command, folder, size, SLOW_BYTES_PER_S) as terminal:
            terminal.until(lambda: _is_settled(terminal), "the map")
            terminal.rest(1.0)
            before = terminal.read_bytes
            lags = _lags(terminal, "+" + "hl-+" * 12)
            frame = (terminal.read_bytes - before) / len(lags) / SLOW_BYTES_PER_S * 1000
        yield compare(f"map-slow-line-{name}", p95(lags), "ms p95", ("its bytes on that line", frame), "<= 250 ms")


def _streaming(folder: Path) -> Iterator[Figure]:
    """Steer while two hundred agents of a thousand peers send a delta a second each."""
    with agents() as ports, MapTerminal(probe("--agents", *ports), folder, (160, 50)) as terminal:
        terminal.until(lambda: _is_settled(terminal), "the map")
        terminal.rest(15.0)
        busy = _lags(terminal, "jklh" * 15, pause_s=0.1)
        lines = terminal.resident_mib
    with MapTerminal(probe("--crowd", "1000x20"), folder, (160, 50)) as terminal:
        terminal.until(lambda: _is_settled(terminal), "the map")
        terminal.rest(2.0)
        quiet = _lags(terminal, "jklh" * 8, pause_s=0.1)
    yield compare("map-key-to-paint-200x1000", p95(busy), "ms p95", ("nobody streams", p95(quiet)), "<= 50 ms")
    yield compare("map-memory-200x1000", lines, "MiB", ("a budget of its own", 400.0), "")


def _lags(terminal: MapTerminal, keys: str, pause_s: float = 0.0) -> list[float]:
    """Press keys one by one; return the milliseconds until each one's effect was read."""
    taken = []
    for key in keys:
        began = time.perf_counter()
        taken.append((terminal.press(key).at_s - began) * 1000)
        terminal.rest(pause_s)
    return taken


def p95(values: Sequence[float]) -> float:
    """Return the value that one in twenty exceeds."""
    return statistics.quantiles(values, n=20)[18]


def _is_settled(terminal: MapTerminal) -> bool:
    return bool(terminal.marks) and terminal.marks[-1].is_settled
