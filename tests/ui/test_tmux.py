"""The installed program in tmux on a simulated tailnet, as somebody meets it over SSH."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.tmux import Tmux

TSYM = str(Path(sys.executable).parent / "tsym")


@pytest.fixture(autouse=True)
def needs_tmux() -> None:
    if shutil.which("tmux") is None and os.environ.get("CI") != "true":
        pytest.skip("there is no tmux here")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux([TSYM, "demo"], env={"HOME": str(tmp_path)}) as tmux:
        tmux.wait_for("home.ts.net", "Map", "laptop", "live")
        yield tmux


def test_every_screen_is_a_key_away(demo: Tmux) -> None:
    for key, words in {
        "1": ("Overview", "pairs reachable"),
        "2": ("Nodes", "handshake"),
        "3": ("Matrix", "path"),
        "4": ("Map", "nodes 8"),
        "9": ("Launch", "tsym-agent"),
    }.items():
        demo.press(key)
        demo.wait_for(*words)


def test_it_ends_with_q_and_gives_the_terminal_back(demo: Tmux) -> None:
    demo.press("q")

    assert demo.exit_code() == 0


def test_a_filter_narrows_what_is_shown_until_escape(demo: Tmux) -> None:
    demo.press("2")
    demo.wait_for("Nodes", "pi-kitchen")
    demo.press("/", "n", "a", "s", "Enter")
    demo.wait_for("/nas")

    assert "● pi-kitchen" not in demo.text()

    demo.press("Escape")
    demo.wait_for("● pi-kitchen")


def test_the_command_line_speaks_the_names_of_the_cli(demo: Tmux) -> None:
    demo.press(":")
    demo.press(*"matrix")
    demo.press("Enter")

    demo.wait_for("Matrix")


def test_it_follows_the_window_down_to_a_list(demo: Tmux) -> None:
    for width, height in ((200, 60), (80, 24), (40, 10), (20, 5), (120, 40)):
        demo.resize(width, height)
    demo.wait_for("Map", "laptop")

    demo.resize(20, 5)
    demo.wait_for("tsym")


@pytest.mark.parametrize("term", ["xterm", "screen", "linux", "xterm-256color"])
def test_it_shows_the_map_whatever_the_terminal_says_it_is(tmp_path: Path, term: str) -> None:
    with Tmux([TSYM, "demo"], size=(100, 30), term=term, env={"HOME": str(tmp_path)}) as tmux:
        tmux.wait_for("home.ts.net", "Map", "laptop", "live")
        tmux.press("q")

        assert tmux.exit_code() == 0
