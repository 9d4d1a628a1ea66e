"""`tsym config`: every setting, its value, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import click
from click.core import ParameterSource

from tsym_tui.cli.options import CONFIG_KEY, KEYS_KEY, Setting, look_options, shared_options

if TYPE_CHECKING:
    from tsym_tui.cli.wishes import Wishes


class Effective(NamedTuple):
    """A setting as it would hold now."""

    command: str
    """Empty for the app and everything shared."""
    key: str
    value: object
    origin: str
    variable: str
    """The environment variable that would set it."""


@click.command("config", short_help="Print every setting, its value, and where it comes from.")
@click.option("--keys", "lists_keys", is_flag=True, help="Print the keys of the app, with those of the file.")
@click.option("--schema", "wants_schema", is_flag=True, help="Print the JSON schema of the settings file.")
@shared_options("json")
@look_options
@click.pass_context
def command(ctx: click.Context, /, lists_keys: bool, wants_schema: bool, **given: object) -> int:
    """Print every setting, its value, and where it comes from: the environment, the settings file, or the default.

    With --keys, what keys do in the app and the names that [keys] of the file knows them by; with --schema, the shape
    of the file for editors that check it.
    """
    from tsym_tui.cli.documents import emit_document
    from tsym_tui.cli.texts import Column, choose_pen, emit, table
    from tsym_tui.cli.wishes import Wishes, to_wishes
    from tsym_tui.graph.themes import Role

    wishes = to_wishes(given, Wishes)
    if wants_schema:
        from tsym_tui.cli.schema import settings_schema

        emit_document(settings_schema(), wishes)
        return 0
    if lists_keys:
        return _print_keys(ctx, wishes)
    found = list(effective_settings(ctx))
    if wishes.wants_json:
        emit_document({"schema": "tsym/settings/1", "settings": [setting._asdict() for setting in found]}, wishes)
        return 0
    pen = choose_pen(wishes)
    lines = [
        [
            pen.run(f"{setting.command}.{setting.key}" if setting.command else setting.key, Role.STRONG),
            pen.run(_spelled(setting.value)),
            pen.run(setting.origin, Role.DIM if setting.origin == "default" else Role.OK),
            pen.run(setting.variable, Role.DIM),
        ]
        for setting in found
    ]
    columns = [Column("SETTING"), Column("VALUE", most=40), Column("FROM", most=200), Column("VARIABLE")]
    emit(pen.write(table(pen, columns, lines)))
    return 0


def _print_keys(ctx: click.Context, wishes: Wishes) -> int:
    """Print what can be given other keys, one row an action."""
    from tsym_tui.cli.documents import emit_document
    from tsym_tui.cli.texts import Column, choose_pen, emit, table
    from tsym_tui.graph.themes import Role
    from tsym_tui.ui.keymaps import listed, remapped, shown

    rows = [
        (name, " ".join(shown(key) for key in keys.split()), where, meaning)
        for name, keys, where, meaning in listed(remapped(ctx.meta.get(KEYS_KEY, {})))
    ]
    if wishes.wants_json:
        entries = [dict(zip(("name", "keys", "screens", "meaning"), row, strict=True)) for row in rows]
        emit_document({"schema": "tsym/keys/1", "keys": entries}, wishes)
        return 0
    pen = choose_pen(wishes)
    roles = (Role.STRONG, Role.ACCENT, Role.DIM, Role.TEXT)
    lines = [[pen.run(text, role) for text, role in zip(row, roles, strict=True)] for row in rows]
    columns = [Column("ACTION"), Column("KEYS"), Column("SCREENS", most=40), Column("MEANING", most=80)]
    emit(pen.write(table(pen, columns, lines)))
    return 0


def effective_settings(ctx: click.Context) -> Iterator[Effective]:
    """Yield the settings of the app, then of every command, as they hold without a command line."""
    from tsym_tui.cli.root import COMMANDS, load_command, tsym

    root = ctx.find_root()
    defaults = root.default_map or {}
    file = ctx.meta[CONFIG_KEY]
    for name, found in (("", tsym), *((name, load_command(name)) for name in COMMANDS)):
        if found is None:
            continue
        table = defaults.get(name, {}) if name else defaults
        with click.Context(found, default_map=dict(table)) as context:
            for option in found.params:
                if isinstance(option, Setting) and option.name:
                    value, source = option.consume_value(context, {})
                    yield Effective(
                        name,
                        option.name,
                        option.type_cast_value(context, value if _is_set(value) else None),
                        _origin(source, option, found, str(file)),
                        option.variables(found)[0],
                    )
    for name, keys in ctx.meta.get(KEYS_KEY, {}).items():
        yield Effective("keys", name, keys, str(file), "")


def _is_set(value: object) -> bool:
    """Whether click found a value: it marks missing ones with a member of an enum of its own."""
    return type(value).__module__.partition(".")[0] != "click"


def _origin(source: ParameterSource, option: Setting, command_: click.Command, file: str) -> str:
    if source is ParameterSource.ENVIRONMENT:
        import os

        return next(name for name in option.variables(command_) if os.environ.get(name))
    return file if source is ParameterSource.DEFAULT_MAP else "default"


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return " ".join(str(one) for one in value)
    return "" if value is None else str(value)
