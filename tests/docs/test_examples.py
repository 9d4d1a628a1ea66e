"""Every command that the docs show is run, and prints what they show."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import Example, matches, read_examples
from tsym_agent.sim.process import SimProcess

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = [example for page in PAGES for example in read_examples(page)]
PATIENCE_S = 60


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Give a home folder in which `tsym sim --dir ~/sim` is running, as the pages ask for."""
    with tempfile.TemporaryDirectory(prefix="tsd") as folder:
        home = Path(folder)
        sim = SimProcess("home", directory=home / "sim")
        with asyncio.Runner() as runner:
            runner.run(sim.__aenter__())
            try:
                yield home
            finally:
                runner.run(sim.__aexit__(None, None, None))


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_page_shows_what_the_command_prints(example: Example, home: Path) -> None:
    finished = subprocess.run(
        ["bash", "-c", example.command],
        cwd=home,
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert matches(example.shown, finished.stdout), f"{example}\nprinted:\n{finished.stdout}"


def test_the_pages_have_examples_to_run() -> None:
    assert len(EXAMPLES) > 10


def _environment(home: Path) -> dict[str, str]:
    keep = {key: os.environ[key] for key in ("LANG", "LC_ALL", "TERM") if key in os.environ}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return keep | {"HOME": str(home), "PATH": path, "COLUMNS": "100", "PYTHONUTF8": "1"}
