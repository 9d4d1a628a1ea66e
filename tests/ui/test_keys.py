"""The key table."""

from __future__ import annotations

from collections import Counter

import pytest
from textual.app import App

from tests.ui import pictures
from tests.ui.running import running
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui import screens
from tsym_tui.ui.app import TsymApp
from tsym_tui.ui.keys import KEYS, SCREEN_KEYS, Scope, keys_of
from tsym_tui.ui.rows.helplist import render_help
from tsym_tui.ui.rows.keyrow import render_keys
from tsym_tui.ui.rows.pens import Pen, width_of
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.screens.calls import CallsScreen
from tsym_tui.ui.screens.detail import DetailScreen
from tsym_tui.ui.screens.help import HelpScreen
from tsym_tui.ui.screens.launch import LaunchScreen
from tsym_tui.ui.screens.map import MapScreen
from tsym_tui.ui.screens.matrix import MatrixScreen
from tsym_tui.ui.screens.nodes import NodesScreen
from tsym_tui.ui.screens.overview import OverviewScreen
from tsym_tui.ui.screens.palette import PaletteScreen
from tsym_tui.ui.screens.results import ResultsScreen
from tsym_tui.ui.screens.stream import StreamScreen

SCREENS: dict[Scope, type[TailnetScreen | HelpScreen | PaletteScreen]] = {
    Scope.OVERVIEW: OverviewScreen,
    Scope.NODES: NodesScreen,
    Scope.MATRIX: MatrixScreen,
    Scope.MAP: MapScreen,
    Scope.LAUNCH: LaunchScreen,
    Scope.DETAIL: DetailScreen,
    Scope.RESULTS: ResultsScreen,
    Scope.STREAM: StreamScreen,
    Scope.CALLS: CallsScreen,
    Scope.HELP: HelpScreen,
    Scope.PALETTE: PaletteScreen,
}


@pytest.mark.parametrize("scope", Scope)
def test_a_key_has_one_meaning_in_a_scope(scope: Scope) -> None:
    keys = Counter(key for meaning in keys_of(scope) for key, _ in meaning.binds)

    assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("scope", [Scope.OVERVIEW, Scope.NODES, Scope.MATRIX, Scope.MAP])
@pytest.mark.parametrize("key", ["w", "R", "T"])
def test_the_keys_of_pair_actions_to_come_are_free_on_main_screens(scope: Scope, key: str) -> None:
    assert key not in {bound for meaning in keys_of(scope) for bound, _ in meaning.binds}


def test_every_screen_has_its_number_and_every_number_its_screen() -> None:
    assert set(SCREEN_KEYS.values()) == set(screens.SCREENS)


@pytest.mark.parametrize("scope", SCREENS)
def test_every_action_of_a_scope_exists(scope: Scope) -> None:
    actions = {action.partition("(")[0] for meaning in keys_of(scope) for _, action in meaning.binds}
    missing = [
        action
        for action in actions
        if not hasattr(
            TsymApp if action.startswith("app.") else SCREENS[scope], f"action_{action.removeprefix('app.')}"
        )
    ]

    assert missing == []


@pytest.mark.parametrize("scope", SCREENS)
def test_the_help_names_every_key_of_its_screen(scope: Scope) -> None:
    text = plain_text(render_help(Pen(THEMES["mono"]), scope, "here"))

    assert [key.name for key in keys_of(scope) if key.name not in text] == []


@pytest.mark.parametrize("scope", SCREENS)
def test_help_and_key_row_need_nothing_but_ascii_where_there_is_no_more(scope: Scope) -> None:
    pen = Pen(THEMES["mono"], Level.ASCII)

    assert plain_text([*render_help(pen, scope, "here"), render_keys(pen, keys_of(scope), 400)]).isascii()


@pytest.mark.parametrize("cells", [80, 100, 120, 200])
@pytest.mark.parametrize("scope", SCREENS)
def test_the_key_row_fits_and_keeps_help_and_quit(scope: Scope, cells: int) -> None:
    row = render_keys(Pen(THEMES["mono"]), keys_of(scope), cells)
    text = plain_text([row])

    assert width_of(row) == cells
    assert scope in {Scope.HELP, Scope.PALETTE} or ("? keys" in text and "q quit" in text)


@pytest.mark.parametrize(("cells", "words"), [(30, "? keys : line q quit"), (20, "? keys q quit"), (10, "q quit")])
def test_a_narrow_key_row_keeps_the_way_out(cells: int, words: str) -> None:
    row = render_keys(Pen(THEMES["mono"]), keys_of(Scope.MAP), cells)

    assert plain_text([row]).split() == words.split()


def test_no_key_needs_a_chord_that_terminals_eat() -> None:
    safe = {
        "ctrl+c",
        "ctrl+q",
        "ctrl+z",
        "ctrl+t",
        "ctrl+p",
        "shift+tab",
        "shift+left",
        "shift+right",
        "shift+up",
        "shift+down",
    }
    chords = {key for meaning in KEYS for key, _ in meaning.binds if "+" in key}

    assert chords <= safe


async def test_textual_binds_nothing_behind_our_back() -> None:
    ours = {key for meaning in keys_of(Scope.MAP) for key, _ in meaning.binds}
    async with running(pictures.home()) as run:
        assert isinstance(run.app, App)
        assert set(run.app.active_bindings) <= ours
