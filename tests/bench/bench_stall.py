"""How long the app's loop stands still while numpy and networkx load, against loading them on the loop.

The worst lag of a run also holds every moment in which a shared machine gave the processor to somebody else, so
the best of the rounds is what the imports themselves cost.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Figure, alternate, compare
from tests.bench.terminal import milliseconds_until


def measure() -> Iterator[Figure]:
    """Open the app, wait for its map, and read the worst lag."""
    with tempfile.TemporaryDirectory(prefix="tsb") as folder:
        out = Path(folder) / "lag"
        on_loop, in_thread = alternate(lambda: _lag(out, "--on-the-loop"), lambda: _lag(out))
    yield compare("loop-stall", in_thread, "ms", ("the same imports on the loop", on_loop), "<= 50 ms")


def _lag(out: Path, *flags: str) -> float:
    out.unlink(missing_ok=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(out.parent), "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
    command = [sys.executable, "-m", "tests.bench.stall_probe", str(out), *flags]
    milliseconds_until(lambda _: out.exists() and out.read_text(encoding="utf-8"), command, env)
    return float(out.read_text(encoding="utf-8"))
