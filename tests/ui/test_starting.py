"""What the first frame waits for, and what a bug leaves behind."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.ui import pictures
from tests.ui.fake_source import FakeSource
from tests.ui.running import quiet_app
from tsym_tui.cli import places
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui import crashes
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.pens import Pen
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.source import SnapshotSource
from tsym_tui.ui.widgets.firstframe import FirstFrame

HEAVY = (
    "tsym_tui.ui.screens",
    "tsym_tui.ui.views",
    "numpy",
    "networkx",
    "scipy",
    "tsym_tui.graph.draw",
    "tsym_tui.fleet.fleet",
    "h11",
    "click",
)


def loaded_by(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter and return what it imported of the heavy ones."""
    code = f"{statement}; import sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_app_is_there_before_numpy_networkx_and_the_fleet() -> None:
    assert loaded_by("import tsym_tui.ui.app") == set()


def test_drawing_does_not_load_scipy() -> None:
    assert "scipy" not in loaded_by("from tsym_tui.ui.maps import load_drawing; load_drawing()")


async def test_the_source_is_opened_behind_a_frame_that_is_there() -> None:
    seen: list[bool] = []

    async def open_source() -> SnapshotSource:
        seen.append(bool(app.screen_stack[0].query_one(FirstFrame)._strips))
        return FakeSource(pictures.home())

    app = quiet_app(FakeSource(pictures.home()))
    app._open = open_source
    async with app.run_test(size=(100, 30)) as pilot:
        while app.desk.view.picture is None:
            await pilot.pause()

    assert seen == [True]


def test_the_first_frame_says_that_it_is_looking_at_every_size() -> None:
    pane = FirstFrame(Desk(Settings(), Pen(THEMES["dark"]), clock=lambda: pictures.NOW), Scope.MAP)
    texts = {size: plain_text(pane.build(*size)) for size in ((120, 36), (80, 24), (20, 5), (10, 1))}

    assert all(text.count("\n") == height for (_, height), text in texts.items())
    assert "looking for a tailscaled" in texts[80, 24]
    assert "connecting 12:04:09" in texts[80, 24]
    assert "q quit" in texts[20, 5]


def test_a_bug_is_said_in_one_sentence_and_kept_in_a_file(tmp_path: Path) -> None:
    error = ZeroDivisionError("division by zero")

    report = crashes.write_report(error, tmp_path / "state")

    assert report is not None
    assert "ZeroDivisionError" in report.read_text(encoding="utf-8")
    assert str(report) in crashes.say(error, report)
    assert "Traceback" not in crashes.say(error, report)


def test_an_escape_sequence_in_a_bug_does_not_reach_the_terminal() -> None:
    said = crashes.say(RuntimeError("no good\n\x1b[2Jat all"), None)

    assert "RuntimeError: no good \N{REPLACEMENT CHARACTER}[2Jat all;" in said


def test_a_report_goes_to_the_temporary_files_where_the_state_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    report = crashes.write_report(ZeroDivisionError("division by zero"), Path("/dev/null/tsym"))

    assert report is not None
    assert report.parent == tmp_path
    assert report.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/ann"}, "/state/tsym"),
        ({"XDG_STATE_HOME": "state", "HOME": "/home/ann"}, "/home/ann/.local/state/tsym"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/ann"}, "/home/ann/.local/state/tsym"),
        ({"HOME": "/home/ann"}, "/home/ann/.local/state/tsym"),
        ({}, str(Path.home() / ".local/state/tsym")),
    ],
)
def test_our_state_is_where_the_commands_keep_theirs(env: dict[str, str], folder: str) -> None:
    assert crashes.state_folder(env) == places.state_folder(env) == Path(folder)


def test_a_bug_whose_report_cannot_be_written_is_said_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ZeroDivisionError("division by zero")
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null")

    assert crashes.write_report(error, Path("/dev/null/tsym")) is None
    assert "ZeroDivisionError" in crashes.say(error, None)


async def test_a_bug_in_a_handler_ends_the_app_with_70(monkeypatch: pytest.MonkeyPatch) -> None:
    app = quiet_app(FakeSource(pictures.home()))
    monkeypatch.setattr("tsym_tui.ui.app.TsymApp.action_pause", lambda _: 1 / 0)

    async def press_p() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            while app.desk.view.picture is None:
                await pilot.pause()
            await pilot.press("p")

    with pytest.raises(ZeroDivisionError):
        await press_p()
    assert app.return_code == crashes.EXIT_CODE
