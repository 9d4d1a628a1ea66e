"""Saving what is on the screen."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.ui import pictures
from tests.ui.pictures import ref
from tests.ui.running import Running, running
from tests.ui.test_commandline import keys
from tsym_tui.ui import saving
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.widgets.saveprompt import SavePrompt

NODES = Settings(theme="dark", glyphs="braille", start_screen="nodes")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(run: Running) -> list[str]:
    """Return everything the app said so far."""
    return [notice.words for notice in run.app.desk.notices]


async def saved(run: Running, path: Path) -> bytes:
    """Wait for a file, and return what is in it."""
    await run.until(lambda: f"saved {path.name}" in said(run), "the word")
    return path.read_bytes()  # noqa: ASYNC240 - a small file, in a test


async def test_a_letter_and_enter_save_under_a_name_that_says_what_and_when(here: Path) -> None:
    async with running(pictures.home()) as run:
        await run.press("E", "t", "enter")
        text = (await saved(run, here / "tsym-map-20250301-120409.txt")).decode()

    assert text.startswith("home.ts.net › Map\n2025-03-01 12:04:09")
    assert "work-mbp" in text
    assert "quit" not in text
    assert "dead" in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("letter", "begins"),
    [("s", b"<svg"), ("p", b"\x89PNG"), ("h", b"<!doctype html>"), ("j", b"{"), ("c", b"from_name")],
)
async def test_every_format_is_what_it_says(here: Path, letter: str, begins: bytes) -> None:
    async with running(pictures.home()) as run:
        await run.press("E", letter, "enter")
        path = here / f"tsym-map-20250301-120409.{saving.LETTERS[letter][1]}"

        assert begins in (await saved(run, path))[:60]


async def test_data_is_what_the_view_shows(here: Path) -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await run.press("slash", *keys("os:linux"), "enter", "E", "j", "enter")
        document = json.loads(await saved(run, here / "tsym-nodes-20250301-120409.json"))

    assert document["schema"] == "tsym/nodes/1"
    assert {node["os"] for node in document["nodes"]} == {"linux"}


async def test_details_save_the_selected_pair_alone(here: Path) -> None:
    async with running(pictures.home()) as run:
        await run.press("tab", "enter", "E", "c", "enter")
        rows = (await saved(run, here / "tsym-detail-20250301-120409.csv")).decode().splitlines()

    assert {frozenset(row.split(",")[:2]) for row in rows[1:]} == {frozenset({"laptop.home.ts.net", "nas.home.ts.net"})}


async def test_a_file_that_is_there_is_overwritten_only_when_enter_comes_again(here: Path) -> None:
    path = here / "tsym-map-20250301-120409.txt"
    path.write_text("mine", encoding="utf-8")
    async with running(pictures.home(), size=(160, 36)) as run:
        await run.press("E", "t", "enter")
        assert "is there already; enter again overwrites it" in run.text()
        assert path.read_text(encoding="utf-8") == "mine"

        await run.press("enter")
        assert b"work-mbp" in await saved(run, path)


async def test_another_name_forgets_what_was_in_the_way(here: Path) -> None:
    (here / "a.txt").write_text("mine", encoding="utf-8")
    (here / "aa.txt").write_text("mine too", encoding="utf-8")
    async with running(pictures.home()) as run:
        await run.press("E", "t", "ctrl+u", *keys("a.txt"), "enter", "home", "a", "enter")

        assert "aa.txt is there already" in run.text()
        assert (here / "aa.txt").read_text(encoding="utf-8") == "mine too"


async def test_any_other_key_leaves_without_a_file(here: Path) -> None:
    async with running(pictures.home()) as run:
        await run.press("E", "x")
        assert not run.app.screen.query_one(SavePrompt).display
        await run.press("E", "t", "escape")

    assert os.listdir(here) == []  # noqa: PTH208 - as above


async def test_the_line_saves_by_the_files_suffix_and_save_again_with_a_mark(here: Path) -> None:
    async with running(pictures.home(), size=(160, 36)) as run:
        await run.press("colon", *keys("save map.svg"), "enter")
        await saved(run, here / "map.svg")
        run.app.desk.notices.clear()
        await run.press("colon", *keys("save map.svg"), "enter")
        assert "map.svg is there already; save! overwrites it" in run.text()
        await run.press("escape", "colon", *keys("save! map.svg"), "enter")
        await saved(run, here / "map.svg")


async def test_a_report_may_be_read_by_those_whom_the_umask_lets(here: Path) -> None:
    before = os.umask(0o022)
    try:
        async with running(pictures.home()) as run:
            await run.press("E", "t", "enter")
            await saved(run, here / "tsym-map-20250301-120409.txt")
    finally:
        os.umask(before)

    assert (here / "tsym-map-20250301-120409.txt").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x.doc", "ends in"),
        ("nowhere/x.svg", "there is no folder nowhere"),
        ("", "write a file"),
        (f"{'x' * 300}.svg", "cannot write there: File name too long; write another file"),
    ],
)
def test_a_target_that_cannot_be_says_why(here: Path, text: str, words: str) -> None:
    assert here.is_dir()
    with pytest.raises(saving.SavingError, match=words):
        saving.read_target(text)


async def test_a_name_that_is_too_long_is_told_in_the_prompt(here: Path) -> None:
    async with running(pictures.home(), size=(160, 36)) as run:
        await run.press("E", "t")
        prompt = run.app.screen.query_one(SavePrompt)
        prompt.put("x" * 300)
        await run.press("enter")

        assert "File name too long" in prompt.trouble
    assert os.listdir(here) == []  # noqa: PTH208 - as above


async def test_a_blank_behind_a_name_is_no_other_name(here: Path) -> None:
    (here / "a.txt").write_text("mine", encoding="utf-8")
    async with running(pictures.home()) as run:
        await run.press("E", "t", "ctrl+u", *keys("a.txt "), "enter", "enter")

        assert b"work-mbp" in await saved(run, here / "a.txt")


async def test_a_view_without_data_says_which_formats_it_has(here: Path) -> None:
    async with running(pictures.home()) as run:
        await run.press("at", "E", "c", "enter")
        await run.until(lambda: any("this view has no csv" in words for words in said(run)), "the words")

    assert os.listdir(here) == []  # noqa: PTH208 - as above


async def test_tab_completes_folders(here: Path) -> None:
    (here / "reports").mkdir()
    async with running(pictures.home()) as run:
        await run.press("E", "t", "ctrl+u", *"rep", "tab")

        assert run.app.screen.query_one(SavePrompt).line.text == "reports/"
        assert run.app.desk.view.node == ref("laptop")
