"""Start-up of the command line against a bare interpreter."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Figure, alternate, compare

TSYM = str(Path(sys.executable).parent / "tsym")


def measure() -> Iterator[Figure]:
    """Run `tsym --help` and `python -c pass` in turn."""
    bare, help_text, version = alternate(
        lambda: _run(sys.executable, "-c", "pass"),
        lambda: _run(TSYM, "--help"),
        lambda: _run(TSYM, "--version"),
        rounds=15,
    )
    yield compare("start-help", help_text, "ms", ("python -c pass", bare), "<= 8")
    yield compare("start-version", version, "ms", ("python -c pass", bare), "<= 8")


def _run(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000
