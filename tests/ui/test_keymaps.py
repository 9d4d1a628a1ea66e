"""Other keys: how they are written, what is refused, and what comes of them."""

from __future__ import annotations

import pytest
from textual.keys import _character_to_key

from tests.ui import pictures
from tests.ui.running import running
from tsym_tui.ui.keymaps import KeysError, action_name, check, key_name, keymap_of, listed, names_of, remapped, shown
from tsym_tui.ui.keys import KEYS, Key, Scope, keys_of
from tsym_tui.ui.settings import Settings


def named(name: str, keys: tuple[Key, ...], scope: Scope) -> list[str]:
    """Return the keys of an action in a scope."""
    return [bound for key in keys_of(scope, keys) for bound, action in key.binds if names_of(key).get(name) == action]


@pytest.mark.parametrize("character", [chr(code) for code in range(0x21, 0x7F)])
def test_a_character_is_called_as_textual_calls_it_and_shown_as_it_is(character: str) -> None:
    assert key_name(character) == _character_to_key(character)
    assert shown(key_name(character)) == character


@pytest.mark.parametrize(
    ("text", "name"),
    [("esc", "escape"), ("PgDn", "pagedown"), ("ctrl+g", "ctrl+g"), ("ctrl+shift+up", "ctrl+shift+up"), ("F5", "f5")],
)
def test_keys_have_names(text: str, name: str) -> None:
    assert key_name(text) == name


@pytest.mark.parametrize("text", ["entr", "super+x", "hello"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeysError, match="key"):
        key_name(text)


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("app.show('map')", "show-map"),
        ("move(1)", "move-down"),
        ("zoom(0)", "zoom-fit"),
        ("zoom(-1)", "zoom-out"),
        ("pan(0, -1)", "pan-up"),
        ("pair(-1)", "pair-back"),
        ("only_problems", "only-problems"),
    ],
)
def test_an_action_has_a_name_that_can_be_written(action: str, name: str) -> None:
    assert action_name(action) == name


def test_an_action_stands_once_in_a_scope() -> None:
    for scope in Scope:
        actions = [action for key in keys_of(scope) for action in {action for _, action in key.binds}]

        assert len(actions) == len(set(actions)), scope


def test_the_table_as_it_is_has_no_conflict() -> None:
    check(KEYS)


def test_other_keys_take_the_place_of_those_before() -> None:
    keys = remapped({"probe": "P"})

    assert named("probe-now", keys, Scope.MAP) == ["P"]


def test_a_letter_for_lists_stays_text_in_the_palette() -> None:
    keys = remapped({"choose": "ctrl+g J", "back": "esc Q"})

    assert named("choose", keys, Scope.PALETTE) == ["ctrl+g"]
    assert named("back", keys, Scope.DETAIL) == ["escape", "Q"]


def test_an_action_of_one_screen_can_be_given_a_key_there_alone() -> None:
    keys = remapped({"matrix.only-problems": "X"})

    assert named("only-problems", keys, Scope.MATRIX) == ["X"]
    assert named("only-problems", keys, Scope.MAP) == ["exclamation_mark"]


def test_keys_can_be_exchanged() -> None:
    keys = remapped({"probe": "p", "pause": "r"})

    assert named("pause", keys, Scope.MAP) == ["r"]


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"probe": "p"}, "p would mean both probe-now and pause"),
        ({"quit": ""}, "leave needs a key"),
        ({"proeb": "P"}, "no action is called 'proeb'; did you mean 'probe'?"),
        ({"mapp.layout": "Y"}, "there is no screen 'mapp'"),
        ({"map.pause": "Y"}, "pause is not of that screen alone"),
        ({"palette.choose": "y"}, "letters are text on palette"),
        ({"probe": "entr"}, "probe: no key is called 'entr'; did you mean 'enter'?"),
    ],
)
def test_a_wish_that_cannot_be_granted_says_why(wishes: dict[str, str], words: str) -> None:
    with pytest.raises(KeysError) as raised:
        remapped(wishes)

    assert words in str(raised.value)


def test_textual_is_told_of_what_differs_and_nothing_else() -> None:
    keymap = keymap_of(remapped({"layout": "Y"}))

    assert keymap_of(KEYS) == {}
    assert keymap == {"map.layout": "Y"}


def test_every_name_that_is_listed_can_be_given_another_key() -> None:
    for name, *_ in listed(KEYS):
        assert "f12" in dict(bind for key in remapped({name: "f12"}) for bind in key.binds), name


async def test_the_app_acts_on_other_keys_and_shows_them() -> None:
    settings = Settings(theme="dark", glyphs="braille", keys={"pause": "P", "only-problems": "X"})
    async with running(pictures.home(), settings=settings, size=(200, 36)) as run:
        await run.press("exclamation_mark", "p")
        before = (run.app.desk.view.only_problems, run.app.desk.view.is_paused)
        await run.press("X", "P")
        view = run.app.desk.view

        assert (before, view.only_problems, view.is_paused) == ((False, False), True, True)
        assert "X only problems" in run.text()
