"""First frame, and first graph, against the first frame of a bare Textual app."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.bench_start import TSYM
from tests.bench.harness import Figure, alternate, compare
from tests.bench.terminal import milliseconds_until
from tsym_agent.sim.process import SimProcess

WORD = re.compile(rb"painted")
HEADER = re.compile(rb"\x1b\[\?1049h.*tsym", re.DOTALL)
DOTS = re.compile(rb"\xe2[\xa0-\xa3][\x80-\xbf]")
"""A braille character: a piece of a line."""

LEAST_DOTS = 150
"""More than the legend has, even when it is painted a few times."""


def has_graph(seen: bytes) -> bool:
    """Say whether the lines of a map were painted."""
    return len(DOTS.findall(seen)) >= LEAST_DOTS


def measure() -> Iterator[Figure]:
    """Open the app on a simulated tailnet of eight nodes that is already running."""
    with tempfile.TemporaryDirectory(prefix="tsb") as folder, asyncio.Runner() as runner:
        sim = SimProcess("home", directory=Path(folder) / "s")
        runner.run(sim.__aenter__())
        try:
            yield from _measure(Path(folder))
        finally:
            runner.run(sim.__aexit__(None, None, None))


def _measure(folder: Path) -> Iterator[Figure]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
    bare = [sys.executable, "-m", "tests.bench.bare_app"]
    app = [TSYM, "--host", f"sim:{folder / 's'}"]
    word, frame, graph = alternate(
        lambda: milliseconds_until(WORD.search, bare, env),
        lambda: milliseconds_until(HEADER.search, app, env),
        lambda: milliseconds_until(has_graph, app, env),
    )
    yield compare("first-frame", frame, "ms", ("bare Textual app", word), "<= 1.25")
    yield compare("first-graph", graph, "ms", ("bare Textual app", word), "<= 3")
