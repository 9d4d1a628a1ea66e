"""The shape of the settings file as a JSON schema, made from the options themselves: for editors that check TOML."""

from __future__ import annotations

import click

from tsym_tui.cli.options import Setting, Thresholds

JSON = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KEY_LIST: JSON = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def settings_schema() -> JSON:
    """Describe `config.toml`: shared options, a table for each command, and `[keys]`."""
    from tsym_tui.cli.root import COMMANDS, load_command, tsym

    tables = {name: _table(found) for name in COMMANDS if (found := load_command(name)) is not None}
    return {
        "$schema": DIALECT,
        "title": "tsym config.toml",
        "type": "object",
        "properties": {
            **_options(tsym),
            **{name: table for name, table in tables.items() if table["properties"]},
            "keys": _keys(),
        },
        "additionalProperties": False,
    }


def _table(command: click.Command) -> JSON:
    return {"type": "object", "properties": _options(command), "additionalProperties": False}


def _options(command: click.Command) -> JSON:
    return {option.name: _value(option) for option in command.params if isinstance(option, Setting) and option.name}


def _value(option: Setting) -> JSON:
    """Describe one option's value."""
    one = _type(option)
    described: JSON = {"description": option.help or ""}
    if option.multiple:
        return described | {"anyOf": [one, {"type": "array", "items": one}]}
    if isinstance(option.default, (str, int, float, bool)):
        described["default"] = option.default
    return described | one


def _type(option: Setting) -> JSON:
    kind = option.type
    if option.is_flag or isinstance(kind, click.types.BoolParamType):
        return {"type": "boolean"}
    if isinstance(kind, click.Choice):
        return {"enum": [str(choice) for choice in kind.choices]}
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        bounds = {"minimum": kind.min, "maximum": kind.max}
        name = "integer" if isinstance(kind, click.IntRange) else "number"
        return {"type": name} | {key: value for key, value in bounds.items() if value is not None}
    if isinstance(kind, Thresholds):
        number = {"type": "number", "exclusiveMinimum": 0}
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": number, "minItems": 5, "maxItems": 5}]}
    return {"type": "string"}


def _keys() -> JSON:
    """Describe `[keys]`: every action by its name, those of one screen below its name."""
    from tsym_tui.ui.keymaps import names_by_scope

    scopes = dict(names_by_scope())
    everywhere = sorted({name for names in scopes.values() for name in names})
    tables = {
        scope: {"type": "object", "properties": dict.fromkeys(names, KEY_LIST), "additionalProperties": False}
        for scope, names in scopes.items()
    }
    return {
        "type": "object",
        "description": "Other keys for actions: a key or several, parted by blanks or as a list; none takes them away.",
        "properties": {**dict.fromkeys(everywhere, KEY_LIST), **tables},
        "additionalProperties": False,
    }
