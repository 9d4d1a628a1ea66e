"""`tsym config`: every setting, its value, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import click
from click.core import ParameterSource

from tsym_tui.cli.options import CONFIG_KEY, Setting, look_options, shared_options


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
@shared_options("json")
@look_options
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> int:
    """Print every setting, its value, and where it comes from: the environment, the settings file, or the default."""
    from tsym_tui.cli.documents import emit_document
    from tsym_tui.cli.texts import Column, choose_pen, emit, table
    from tsym_tui.cli.wishes import Wishes, to_wishes
    from tsym_tui.graph.themes import Role

    wishes = to_wishes(given, Wishes)
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
