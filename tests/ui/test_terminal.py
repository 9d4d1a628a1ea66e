"""The app in a real terminal: it gives it back in every way to end."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.terminal import Terminal

LEAVES_ALTERNATE = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"
MOUSE_OFF = (b"\x1b[?1000l", b"\x1b[?1003l")


def command(mark: Path, picture: str = "home") -> list[str]:
    """Return how to start the app on a picture that stands still."""
    return [sys.executable, "-m", "tests.ui.run_app", picture, str(mark)]


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Name the file that says that the source was closed."""
    return tmp_path / "closed"


@pytest.fixture
def terminal(mark: Path) -> Iterator[Terminal]:
    """Start the app and wait for its map."""
    with Terminal(command(mark)) as running:
        running.until_shown("work-mbp")
        yield running


def was_given_back(terminal: Terminal) -> bool:
    """Whether screen, cursor, mouse and modes are as before."""
    after = terminal.output.rpartition(b"\x1b[?1049h")[2]
    restored = all(code in after for code in (LEAVES_ALTERNATE, SHOWS_CURSOR, *MOUSE_OFF))
    return restored and terminal.attributes == terminal.attributes_before


def test_q_ends_it_and_gives_the_terminal_back(terminal: Terminal, mark: Path) -> None:
    terminal.type("q")

    assert terminal.ends() == 0
    assert was_given_back(terminal)
    assert mark.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(terminal: Terminal, mark: Path, number: signal.Signals) -> None:
    terminal.signal(number)

    assert terminal.ends() == 128 + number
    assert was_given_back(terminal)
    assert mark.exists()


def test_a_lost_terminal_ends_it_and_closes_the_source(terminal: Terminal, mark: Path) -> None:
    terminal.hang_up()

    assert terminal.ends() == 128 + signal.SIGHUP
    assert mark.exists()


def test_a_lost_terminal_ends_it_also_without_a_signal(mark: Path) -> None:
    with Terminal(command(mark), is_controlling=False) as terminal:
        terminal.until_shown("work-mbp")
        terminal.hang_up()

        assert terminal.ends() == 128 + signal.SIGHUP
        assert mark.exists()


def test_ctrl_z_gives_the_terminal_back_and_fg_draws_again(terminal: Terminal) -> None:
    terminal.type("\x1a")
    terminal.stops()
    assert was_given_back(terminal)

    terminal.screen.reset()
    terminal.signal(signal.SIGCONT)
    terminal.until_shown("work-mbp")
    terminal.type("q")

    assert terminal.ends() == 0
    assert was_given_back(terminal)


def test_a_stop_from_outside_does_not_spoil_the_modes(terminal: Terminal) -> None:
    terminal.signal(signal.SIGSTOP)
    terminal.stops()
    terminal.signal(signal.SIGCONT)
    terminal.type("q")

    assert terminal.ends() == 0
    assert was_given_back(terminal)


def test_a_terminal_that_does_not_read_cannot_hold_it(terminal: Terminal, mark: Path) -> None:
    for columns in range(100, 180):
        terminal.resize(columns, 40)
        time.sleep(0.01)  # the pace of a hand on a window: each size is a full frame that nobody reads
    terminal.signal(signal.SIGTERM)

    assert terminal.process.wait(timeout=20) == 128 + signal.SIGTERM
    assert mark.exists()


def test_a_storm_of_resizes_ends_in_a_picture_of_the_last_size(terminal: Terminal) -> None:
    for step in range(60):
        terminal.resize(20 + step * 2 % 130, 5 + step % 40)
        terminal.read(0)
    terminal.resize(120, 36)
    terminal.until(lambda: "wrong now" in terminal.text and "q quit" in terminal.screen.display[35], "the last picture")
    terminal.type("q")

    assert terminal.ends() == 0


def test_a_terminal_of_20x5_gets_a_list_and_a_word(mark: Path) -> None:
    with Terminal(command(mark), size=(20, 5)) as terminal:
        terminal.until_shown("80x24 shows more")
        assert "laptop" in terminal.text
        terminal.type("q")

        assert terminal.ends() == 0


COLOUR = re.compile(rb"\x1b\[[0-9;]*\b(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8;[25])[0-9;]*m")


def test_no_color_means_none_at_all(mark: Path) -> None:
    with Terminal(command(mark), env={"NO_COLOR": "1"}) as terminal:
        terminal.until_shown("work-mbp")
        terminal.type("?")
        terminal.until_shown("everywhere")
        terminal.type("qq")

        assert terminal.ends() == 0
        assert COLOUR.search(terminal.output) is None


def test_a_linux_console_gets_ascii_and_sixteen_colours(mark: Path) -> None:
    with Terminal(command(mark), env={"TERM": "linux", "COLORTERM": ""}) as terminal:
        terminal.until_shown("work-mbp")
        terminal.type("q")

        assert terminal.ends() == 0
        assert terminal.output.isascii()
        assert re.search(rb"[\[;][34]8;", terminal.output) is None
        assert COLOUR.search(terminal.output) is not None


@pytest.mark.parametrize("term", ["xterm", "screen", "ansi"])
def test_a_terminal_that_claims_few_colours_gets_sixteen(mark: Path, term: str) -> None:
    with Terminal(command(mark), env={"TERM": term, "COLORTERM": ""}) as terminal:
        terminal.until_shown("work-mbp")
        terminal.type(":nodes os:linux\r")
        terminal.until_shown("/os:linux")
        terminal.type("q")

        assert terminal.ends() == 0
        assert re.search(rb"[\[;][34]8;", terminal.output) is None
        assert COLOUR.search(terminal.output) is not None
        assert was_given_back(terminal)


def test_a_vt100_gets_ascii_and_no_colour(mark: Path) -> None:
    with Terminal(command(mark), env={"TERM": "vt100", "COLORTERM": ""}) as terminal:
        terminal.until_shown("work-mbp")
        terminal.type("?")
        terminal.until_shown("everywhere")
        terminal.type("q:")
        terminal.until_shown("map tag:web")
        terminal.type("q\r")

        assert terminal.ends() == 0
        assert terminal.output.isascii()
        assert COLOUR.search(terminal.output) is None


def test_a_dumb_terminal_is_told_what_prints_the_same() -> None:
    with Terminal([sys.executable, "-m", "tsym_tui", "demo"], env={"TERM": "dumb"}) as terminal:
        assert terminal.ends() == 2
        assert b"cannot be painted on; `tsym matrix`" in terminal.output
        assert b"\x1b" not in terminal.output


def test_the_mouse_can_be_left_to_the_terminal(mark: Path) -> None:
    with Terminal([*command(mark), "--no-mouse"]) as terminal:
        terminal.until_shown("work-mbp")
        terminal.type("q")

        assert terminal.ends() == 0
        assert b"\x1b[?1000h" not in terminal.output


def test_a_program_without_utf8_gets_ascii(mark: Path) -> None:
    env = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"}
    with Terminal(command(mark), env=env) as terminal:
        terminal.until_shown("work-mbp")
        terminal.type("q")

        assert terminal.ends() == 0
        assert terminal.output.isascii()


def test_the_mouse_selects_what_it_clicks(terminal: Terminal) -> None:
    terminal.resize(120, 36)
    terminal.until_shown("wrong now")
    row = next(place for place, line in enumerate(terminal.screen.display) if "vps-fra" in line[:23])
    for end in "Mm":
        terminal.type(f"\x1b[<0;8;{row + 1}{end}")
    terminal.until(lambda: "tag:server" in terminal.text, "the clicked node's details")


def test_keys_typed_ahead_reach_the_prompt_they_open(terminal: Terminal) -> None:
    terminal.type("/q2\r")
    terminal.until_shown("no node")
    assert terminal.process.poll() is None
    terminal.type("\x1b")
    terminal.until(lambda: "no node" not in terminal.text, "the filter's end")  # `q` right behind it would be alt+q
    terminal.type("q")

    assert terminal.ends() == 0
