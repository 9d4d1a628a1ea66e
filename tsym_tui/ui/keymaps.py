"""Other keys for what keys do: as a person writes them in `[keys]` of the settings file, checked, and told to Textual.

Pure. A name is that of an action (`move-down`, `zoom-in`, `show-map`) or, where a key has one meaning only, its word in
the key row (`probe`, `only-problems`); `map.layout` means the one of that screen alone. A value is one key or several,
parted by blanks, each as it is typed (`Y`, `!`) or called (`space`, `ctrl+g`, `pagedown`); none takes the keys away.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from tsym_tui.ui.keys import KEYS, Key, Scope, keys_of

NO_KEY = "none"
"""Stands for no key at all: Textual takes an empty list for no wish."""

_LEAVES = frozenset({"app.leave", "close"})
"""What must keep a key, or nobody gets out again."""

_TEXT = frozenset({Scope.PALETTE})
"""Where letters are text: only keys that write nothing can mean something there."""

_NAMED = frozenset(
    {
        *("escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"),
        *("up", "down", "left", "right"),
        *(f"f{number}" for number in range(1, 13)),
    }
)
_ALIASES = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "ins": "insert"}
_SHOWN = {
    "escape": "esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
_CALLED = {  # where Textual's names are not those of Unicode
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "low_line": "underscore",
}

_ONE_STEP = {"move": ("up", "down"), "page": ("up", "down"), "step": ("left", "right"), "zoom": ("out", "in")}
_TWO_STEPS = {(-1, 0): "left", (1, 0): "right", (0, -1): "up", (0, 1): "down"}


class KeysError(ValueError):
    """A wish that cannot be granted; the text says which, and what to write."""

    def __init__(self, words: str, wish: str = "") -> None:
        super().__init__(words)
        self.wish = wish
        """What was wished for; empty where two wishes collide."""


def key_name(text: str) -> str:
    """Return a key as Textual names it; raise `KeysError` for what is no key."""
    *held, last = text.split("+") if len(text) > 1 else [text]
    last = last if last or not held else "+"
    if len(last) == 1:
        name = _name_of_character(last)
    else:
        name = _ALIASES.get(last.casefold(), last.casefold())
        if name not in _NAMED and name not in _CHARACTERS:
            close = difflib.get_close_matches(name, [*_NAMED, *_ALIASES, *_CHARACTERS], n=1)
            raise KeysError(f"no key is called {text!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
    if any(one not in {"ctrl", "shift", "alt"} for one in held):
        raise KeysError(f"{text!r}: only ctrl+, shift+ and alt+ may stand before a key")
    return "+".join([*sorted(held, key=("alt", "ctrl", "shift").index), name])


def shown(key: str) -> str:
    """Return a key, named as Textual does, as key row and help write it."""
    *held, last = key.split("+")
    return "+".join([*held, _SHOWN.get(last) or _CHARACTERS.get(last, last)])


def _name_of_character(character: str) -> str:
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _CALLED.get(name, name)


_CHARACTERS = {_name_of_character(chr(code)): chr(code) for code in range(0x21, 0x7F)}
"""What Textual calls the characters of a plain keyboard."""


def action_name(action: str) -> str:
    """Return an action's name in settings: `app.show('map')` is `show-map`, `move(1)` is `move-down`."""
    verb, _, rest = action.removeprefix("app.").partition("(")
    words = [verb.replace("_", "-")]
    values = [value.strip(" '\"") for value in rest.rstrip(")").split(",") if value.strip()]
    numbers = [int(value) for value in values if re.fullmatch(r"-?\d+", value)]
    if len(numbers) != len(values):
        words += values
    elif len(numbers) == 1:
        back, on = _ONE_STEP.get(verb, ("back", "next"))
        words.append("fit" if numbers[0] == 0 else on if numbers[0] > 0 else back)
    elif len(numbers) == 2:
        words.append(_TWO_STEPS.get((numbers[0], numbers[1]), "-".join(values)))
    return "-".join(words)


def names_of(key: Key) -> dict[str, str]:
    """Return the names of what a meaning does, and the action that each is of."""
    return {action_name(action): action for _, action in key.binds}


def label_of(key: Key) -> str:
    """Return the word of a meaning in the key row, as settings may have it; empty where it stands for several."""
    is_one = len({action for _, action in key.binds}) == 1
    return slug(key.label) if is_one else ""


def slug(words: str) -> str:
    """Write words as a name without blanks: `only problems` is `only-problems`."""
    return re.sub(r"[^a-z0-9]+", "-", words.casefold()).strip("-")


def remapped(wishes: Mapping[str, str], keys: Sequence[Key] = KEYS) -> tuple[Key, ...]:
    """Return the table with other keys; raise `KeysError` for a name, a key or a conflict that cannot be."""
    table = tuple(keys)
    for name, text in wishes.items():
        try:
            table = _with(table, name, [key_name(part) for part in text.split()])
        except KeysError as error:
            words = str(error)
            raise KeysError(words if repr(name) in words else f"{name}: {words}", name) from error
    if wishes:
        check(table)
    return table


def check(keys: Sequence[Key]) -> None:
    """Raise `KeysError` when a key means two things somewhere, or nothing leads out."""
    for scope in Scope:
        meanings: dict[str, str] = {}
        for key in keys_of(scope, keys):
            for bound, action in key.binds:
                if bound in meanings:
                    first, second = meanings[bound], action_name(action)
                    where = "everywhere" if scope is Scope.EVERYWHERE else f"on {scope.value}"
                    raise KeysError(
                        f"{shown(bound)} would mean both {first} and {second} {where}; give one of them another key"
                    )
                meanings[bound] = action_name(action)


def _with(keys: Sequence[Key], name: str, bound: Sequence[str]) -> tuple[Key, ...]:
    """Give everything that is called so these keys."""
    scope_name, _, plain = name.rpartition(".")
    if scope_name and scope_name not in set(Scope):
        raise KeysError(f"there is no screen {scope_name!r}: there are {', '.join(Scope)}")
    scope = Scope(scope_name) if scope_name else None
    there = [key for key in keys if scope is None or scope in key.scopes]
    found = [key for key in there if plain in names_of(key)] or [key for key in there if plain == label_of(key)]
    if not found:
        raise KeysError(_unknown(name, plain, scope, keys))
    result: list[Key] = []
    for key in keys:
        if key not in found:
            result.append(key)
            continue
        if scope is not None and key.scopes != {scope}:
            result.append(msgspec.structs.replace(key, scopes=key.scopes - {scope}))
            key = msgspec.structs.replace(key, scopes=frozenset({scope}))  # noqa: PLW2901 - the part that is changed
        fitting = bound if not key.scopes <= _TEXT else [one for one in bound if not _is_text(one)]
        if scope is not None and len(fitting) < len(bound):
            raise KeysError(f"letters are text on {scope.value}; take a key that writes nothing")
        result.append(
            _rebound(key, names_of(key).get(plain, key.binds[0][1]), fitting) if fitting or not bound else key
        )
    return tuple(result)


def _is_text(bound: str) -> bool:
    return len(bound) == 1 or bound in _CHARACTERS or bound == "space"


def _rebound(key: Key, action: str, bound: Sequence[str]) -> Key:
    if not bound and action in _LEAVES:
        raise KeysError(f"{action_name(action)} needs a key, or nobody gets out again")
    binds: list[tuple[str, str]] = []
    for one in dict.fromkeys(each for _, each in key.binds):
        binds += [(other, one) for other in bound] if one == action else [bind for bind in key.binds if bind[1] == one]
    firsts: dict[str, str] = {}
    for other, one in binds:
        firsts.setdefault(one, shown(other))
    return msgspec.structs.replace(key, name=" ".join(firsts.values()) or "(no key)", binds=tuple(binds))


def _unknown(name: str, plain: str, scope: Scope | None, keys: Sequence[Key]) -> str:
    there = [key for key in keys if scope is None or scope in key.scopes]
    known = sorted({name for key in there for name in (*names_of(key), label_of(key)) if name})
    close = difflib.get_close_matches(plain, known, n=1)
    if scope is not None and any(plain in {*names_of(key), label_of(key)} for key in keys):
        return f"{plain} is not of that screen alone; write it without {scope.value!r}"
    return f"no action is called {name!r}; " + (
        f"did you mean {close[0]!r}?" if close else "`tsym config --keys` lists them"
    )


def keymap_of(keys: Sequence[Key]) -> dict[str, str]:
    """Return what Textual must be told: the keys of each binding that are not those it was made with."""
    keymap: dict[str, str] = {}
    for scope in Scope:
        now, before = _by_action(keys_of(scope, keys)), _by_action(keys_of(scope))
        for action, bound in before.items():
            if (wanted := now.get(action, ())) != bound:
                keymap[f"{scope}.{action}"] = ",".join(wanted) or NO_KEY
    return keymap


def _by_action(keys: Iterable[Key]) -> dict[str, tuple[str, ...]]:
    bound: dict[str, tuple[str, ...]] = {}
    for key in keys:
        for one, action in key.binds:
            bound[action] = (*bound.get(action, ()), one)
    return bound


def names_by_scope(keys: Sequence[Key] = KEYS) -> Iterator[tuple[str, list[str]]]:
    """Yield each scope and the names that actions of its own have there: everything that settings may name."""
    for scope in Scope:
        own = [key for key in keys if scope in key.scopes]
        yield scope.value, sorted({name for key in own for name in (*names_of(key), label_of(key)) if name})


def listed(keys: Sequence[Key]) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, keys, where they mean it and what it does: everything that can be given other keys."""
    for key in keys:
        where = " ".join(scope.value for scope in Scope if scope in key.scopes)
        actions = dict.fromkeys(action for _, action in key.binds)
        for action in actions:
            yield action_name(action), " ".join(one for one, other in key.binds if other == action), where, key.help
