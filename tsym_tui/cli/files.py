"""The settings file and the hosts file: read strictly, complained about with file, line and key.

Most people have neither, so what reading them needs is imported when there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import click

from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.places import can_see

Table = dict[str, object]


class NamedHost(NamedTuple):
    """An entry of the hosts file."""

    spec: str
    name: str
    tags: tuple[str, ...]


class Config(NamedTuple):
    """What the settings file says."""

    defaults: Table
    """Values of options, by command; those of the top level hold for every command that has them."""
    keys: dict[str, str]
    """Keys of the app by action, as `tsym_tui.ui.keymaps` reads them."""


def read_config(path: Path) -> Config:
    """Read `config.toml`; raise `CommandError` for anything that no option would read."""
    from tsym_tui.cli.root import COMMANDS, load_command, tsym

    text, tables = _read(path)
    keys = _keys(path, text, tables.pop("keys", {}))
    shared = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    defaults: Table = _checked(path, text, tsym, "", shared)
    for name, table in tables.items():
        if isinstance(table, dict):
            command = load_command(name)
            if command is None:
                known = [*COMMANDS, "keys"]
                raise _complaint(path, _line_of(text, name, None), f"there is no command [{name}]", name, known)
            defaults[name] = _checked(path, text, command, name, table)
    for name in COMMANDS:
        defaults[name] = shared | _table_of(defaults.get(name))
    return Config(defaults, keys)


def _keys(path: Path, text: str, table: object) -> dict[str, str]:
    """Read `[keys]`: a key or several for each action, `[keys.SCREEN]` for those of one screen."""
    if not isinstance(table, dict):
        raise _complaint(path, _line_of(text, "", "keys"), "write keys under [keys]")
    if not table:
        return {}
    from tsym_tui.ui.keymaps import KeysError, remapped

    wishes: dict[str, str] = {}
    lines: dict[str, int | None] = {}
    for section, name, value in _key_entries("keys", table):
        wish = f"{section}.{name}".removeprefix("keys.")
        listed = value if isinstance(value, list) else [value]
        wishes[wish] = " ".join(str(one) for one in listed)
        lines[wish] = _line_of(text, section, name)
        if not all(isinstance(one, str) for one in listed):
            raise _complaint(path, lines[wish], f"{wish}: write a key as a text, or a list of them")
    try:
        remapped(wishes)
    except KeysError as error:
        raise _complaint(path, lines.get(error.wish, _line_of(text, "keys", None)), f"[keys] {error}") from error
    return wishes


def _key_entries(section: str, table: object) -> Iterator[tuple[str, str, object]]:
    """Yield section, name and value of `[keys]` and of the tables in it."""
    if isinstance(table, dict):
        for name, value in table.items():
            if isinstance(value, dict):
                yield from _key_entries(f"{section}.{name}", value)
            else:
                yield section, str(name), value


def _table_of(value: object) -> Table:
    return dict(value) if isinstance(value, dict) else {}


def _checked(path: Path, text: str, command: click.Command, section: str, table: Table) -> Table:
    """Check that a command has these options and that the values fit."""
    from tsym_tui.cli.options import Setting

    options = {option.name: option for option in command.params if isinstance(option, Setting) and option.name}
    context = click.Context(command)
    checked: Table = {}
    for key, value in table.items():
        line = _line_of(text, section, key)
        option = options.get(key)
        if option is None:
            where = f"[{section}]" if section else "the top level"
            raise _complaint(path, line, f"{where} has no key {key!r}", key, options)
        listed = [value] if option.multiple and not isinstance(value, list) else value
        if option.is_flag and not isinstance(value, bool):
            raise _complaint(path, line, f"{key}: write true or false")
        try:
            option.type_cast_value(context, listed)
        except click.BadParameter as error:
            raise _complaint(path, line, f"{key}: {error.message}") from error
        checked[key] = listed
    return checked


def read_hosts(path: Path) -> list[NamedHost]:
    """Read `hosts.toml`; none without the file."""
    if not can_see(path):
        return []
    text, tables = _read(path)
    for key in tables.keys() - {"host"}:
        raise _complaint(
            path, _line_of(text, "", key) or _line_of(text, key, None), f"no key {key!r} is known", key, ["host"]
        )
    entries = tables.get("host", [])
    if not isinstance(entries, list):
        raise _complaint(path, _line_of(text, "host", None), "write hosts as [[host]]")
    return [_host(path, text, entry) for entry in entries]


_HOST_KEYS = ("spec", "name", "tags")


def _host(path: Path, text: str, entry: object) -> NamedHost:
    if not isinstance(entry, dict):
        raise _complaint(path, None, "write hosts as [[host]]")
    for key in entry.keys() - set(_HOST_KEYS):
        raise _complaint(path, _line_of(text, "host", key), f"[[host]] has no key {key!r}", key, _HOST_KEYS)
    spec, name, tags = entry.get("spec"), entry.get("name", ""), entry.get("tags", [])
    if not isinstance(spec, str) or not spec:
        raise _complaint(path, _line_of(text, "host", None), 'a [[host]] needs a spec, such as spec = "local"')
    if not isinstance(name, str):
        raise _complaint(path, _line_of(text, "host", "name"), "name: write a text")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise _complaint(path, _line_of(text, "host", "tags"), "tags: write a list of texts")
    return NamedHost(spec, name, tuple(tags))


def _read(path: Path) -> tuple[str, Table]:
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError as error:
        raise CommandError(f"{path}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: not UTF-8: {error.reason}") from error
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{path}: not TOML: {error}") from error


def _complaint(
    path: Path, line: int | None, message: str, wrong: str = "", known: Iterable[object] = ()
) -> CommandError:
    """Say where and what, and what was probably meant."""
    import difflib

    names = [str(name) for name in known]
    close = difflib.get_close_matches(wrong, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; it knows {', '.join(sorted(names))}" if names else ""
    return CommandError(f"{path}{f':{line}' if line else ''}: {message}{hint}")


def _line_of(text: str, section: str, key: str | None) -> int | None:
    """Find the line of a key, or of its section; None when it is written in a way that we do not search for."""
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?\s*\"?([^\]\"]+?)\"?\s*\]", line):
            current = header[1]
            if key is None and current == section:
                return number
        elif key is not None and current == section and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
            return number
    return None
