"""Writing to a terminal that is slow, stalled or gone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from io import TextIOWrapper

import pytest

from tsym_tui.ui.driver import TerminalOutput


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIOWrapper]]:
    """Make a pipe: where to read, and a text file to write."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as file:
        yield reading, file
    try:
        os.close(reading)
    except OSError:
        return  # the test closed it


def test_what_is_written_arrives_and_is_no_longer_counted(pipe: tuple[int, TextIOWrapper]) -> None:
    reading, file = pipe
    output = TerminalOutput(file, lambda: None)
    output.expect()
    assert output.backlog == 1
    output.write("⠑⢄⡀\x1b[0m")

    assert os.read(reading, 100).decode() == "⠑⢄⡀\x1b[0m"
    assert output.backlog == 0
    assert output.drain(0.0)


def test_a_reader_that_is_gone_is_told_once_and_later_writes_go_nowhere(pipe: tuple[int, TextIOWrapper]) -> None:
    reading, file = pipe
    told: list[str] = []
    output = TerminalOutput(file, lambda: told.append("gone"))
    os.close(reading)
    for _ in range(3):
        output.expect()
        output.write("x")

    assert told == ["gone"]
    assert output.is_gone
    assert output.backlog == 0


def test_draining_gives_up_on_a_reader_that_does_not_read(pipe: tuple[int, TextIOWrapper]) -> None:
    reading, file = pipe
    output = TerminalOutput(file, lambda: None)
    output.expect()
    writer = threading.Thread(target=output.write, args=("x" * 1_000_000,), daemon=True)
    writer.start()

    assert not output.drain(0.05)
    left = 1_000_000
    while left:
        left -= len(os.read(reading, 65536))
    assert output.drain(10.0)


def test_a_letter_that_the_encoding_lacks_becomes_a_question_mark() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="latin-1") as file:
        output = TerminalOutput(file, lambda: None)
        output.expect()
        output.write("é●")

    assert os.read(reading, 10) == b"\xe9?"
    os.close(reading)
