"""Typing a filter: what the line says of it, and how tab completes it."""

from __future__ import annotations

import pytest

from tests.ui import pictures
from tests.ui.running import Running, running
from tsym_tui.fleet.filters import language_lines
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.widgets.filterline import FilterPrompt


def typed(run: Running) -> str:
    return run.app.screen.query_one(FilterPrompt).line.text


def prompt_row(run: Running) -> str:
    return next(line for line in run.text().splitlines() if line.startswith("  / "))


NODES = Settings(theme="dark", glyphs="braille", start_screen="nodes")


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (("t", "a", "tab"), "tag:"),
        (("t", "a", "tab", "tab"), "tag:server"),
        (("o", "f", "tab"), "offline"),
        ((*"os:m", "tab"), "os:macOS"),
        ((*"path:d", "tab"), "path:dead"),
        ((*"path:d", "tab", "tab"), "path:derp"),
        ((*"path:d", "tab", "shift+tab"), "path:direct"),
        ((*"path:de", "tab", "tab", "tab"), "path:dead"),
        ((*"nas", "tab"), "nas"),
        ((*"!ta", "tab"), "!tag:"),
    ],
)
async def test_tab_completes(keys: tuple[str, ...], text: str) -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await run.press("slash", *[{":": "colon", "!": "exclamation_mark"}.get(key, key) for key in keys])

        assert typed(run) == text


async def test_a_completed_filter_filters() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await run.press("slash", *"tag", "tab", "tab", "enter")

        assert run.app.desk.view.filter.text == "tag:server"
        assert [run.app.desk.view.digest.name_of(ref) for ref in run.app.desk.view.listed] == ["vps-fra"]  # type: ignore[union-attr]  # there is a picture


async def test_the_line_offers_what_a_word_may_become() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await run.press("slash", *"path", "colon", "d")

        assert "path:dead  path:derp  path:direct" in prompt_row(run)


async def test_an_unknown_term_is_named_with_those_there_are_while_it_is_typed() -> None:
    async with running(pictures.home(), settings=NODES, size=(160, 36)) as run:
        await run.press("slash", *"colour", "colon", "r")

        assert "no such term colour: (there are tag: owner: os:" in prompt_row(run)


async def test_a_value_that_nobody_has_is_answered_with_those_there_are() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await run.press("slash", *"os", "colon", *"solaris")

        assert "none left; there are iOS, linux, macOS, tvOS" in prompt_row(run)


async def test_the_help_explains_the_whole_language() -> None:
    async with running(pictures.home(), settings=NODES, size=(100, 100)) as run:
        await run.press("question_mark")
        text = run.text()

        assert [example for example, words in language_lines() if example not in text or words not in text] == []
