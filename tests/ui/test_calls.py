"""The log of calls on the screen."""

from __future__ import annotations

import pytest

from tests.ui import pictures
from tests.ui.running import running
from tsym_agent.wire.client import Call
from tsym_tui.fleet.calls import CallLog
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui.rows.calls import Ledger, Page, calls_rows, format_bytes
from tsym_tui.ui.rows.pens import Pen, width_of
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.screens.calls import CallsScreen

PEN = Pen(THEMES["mono"], Level.ASCII)


def log() -> CallLog:
    made = CallLog(clock=lambda: 0.0)
    for number in range(30):
        made.take("unix:/nas", Call("GET", "/localapi/v0/status", 0.0125, 2048, "200"))
        made.take("unix:/tv", Call("POST", f"/localapi/v0/ping?ip=100.64.0.{number}", 5.0, 0, "no answer"))
    return made


def text(ledger: Ledger, size: tuple[int, int] = (100, 20)) -> str:
    rows = calls_rows(PEN, ledger, {"unix:/nas": "nas", "unix:/tv": "tv"}, size, str)
    return plain_text(rows)


def test_calls_stand_with_host_question_and_cost_the_newest_last() -> None:
    last = text(Ledger(log())).splitlines()[-2]

    assert last.split()[1:] == ["tv", "POST", "ping", "ip=100.64.0.29", "5,000.0", "no", "answer"]


def test_sums_name_the_costliest_first() -> None:
    rows = text(Ledger(log(), page=Page.HOSTS)).splitlines()

    assert rows[3].split() == ["tv", "30", "30", "5,000.0", "0", "B"]
    assert rows[4].split() == ["nas", "30", "12.5", "61", "kB"]


def test_everything_is_counted_in_the_first_row() -> None:
    assert "60 calls   30 failed   61 kB" in text(Ledger(log()))


@pytest.mark.parametrize("page", Page)
@pytest.mark.parametrize("size", [(20, 5), (59, 10), (80, 24), (200, 60)])
def test_no_size_is_too_small(page: Page, size: tuple[int, int]) -> None:
    rows = calls_rows(PEN, Ledger(log(), page=page), {}, size, str)

    assert len(rows) <= size[1]
    assert max(width_of(row) for row in rows) <= size[0]


def test_what_is_to_be_hidden_is_not_written() -> None:
    rows = calls_rows(PEN, Ledger(log()), {"unix:/tv": "tv"}, (100, 20), lambda words: words.replace("100.64", "x"))

    assert "100.64" not in plain_text(rows)


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (2048, "2.0 kB"), (61_440, "61 kB"), (5 * 10**9, "5.0 GB")]
)
def test_bytes_are_short(count: int, words: str) -> None:
    assert format_bytes(count) == words


async def test_the_screen_shows_calls_sums_and_what_was_said() -> None:
    async with running(pictures.home()) as run:
        run.source.calls.take("unix:/nas", Call("GET", "/localapi/v0/derpmap", 0.01, 100, "200"))
        await run.press("r", "at")
        assert isinstance(run.app.screen, CallsScreen)
        assert "derpmap" in run.text()

        await run.press("shift+tab")
        assert "probing every pair" in run.text()


async def test_a_held_display_holds_the_log() -> None:
    async with running(pictures.home()) as run:
        await run.press("at", "p")
        run.source.calls.take("unix:/nas", Call("GET", "/localapi/v0/derpmap", 0.01, 100, "200"))
        await run.press("j")
        assert "derpmap" not in run.text()

        await run.press("p")
        assert "derpmap" in run.text()
