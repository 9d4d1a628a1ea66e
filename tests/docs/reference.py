"""Reference pages made from the commands themselves: `python -m tests.docs.reference` writes them anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from tsym_tui.cli.options import Setting
from tsym_tui.cli.root import COMMANDS, load_command, tsym

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def pages() -> dict[Path, str]:
    """Return each generated page and what it should hold."""
    return {REFERENCE / "commands.md": commands_page(), REFERENCE / "settings.md": settings_page()}


def commands_page() -> str:
    """Show each command's own help."""
    lines = ["# Commands", "", "Made from the commands; `tsym COMMAND --help` prints the same.", ""]
    lines += ["Exit codes and JSON: [JSON and exit codes](json.md). Environment and file: [settings](settings.md)."]
    for name, command in _commands():
        title = f"tsym {name}".strip()
        context = click.Context(command, info_name=title, max_content_width=96, terminal_width=96)
        lines += ["", f"## {title}", "", "```", command.get_help(context).strip(), "```"]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Show where each option may be set."""
    lines = [
        "# Settings",
        "",
        "Every option of a command is also an environment variable and a key of the settings file. The first of these",
        "that names a value wins: command line, environment, file, default. `tsym config` prints what is in force and",
        "where it comes from; `tsym locate` prints where the files are.",
        "",
        "`config.toml` lies in `$XDG_CONFIG_HOME/tsym` (or where `TSYM_CONFIG` says). Shared options may stand at its",
        "top level; an option of one command stands under that command:",
        "",
        "```toml",
        'theme = "light"',
        "",
        "[matrix]",
        "settle = 5.0",
        "```",
        "",
        "`hosts.toml` beside it names the hosts that are asked when no `--host` is given, one by one and by tag:",
        "",
        "```toml",
        "[[host]]",
        'spec = "unix:/var/run/tailscale/tailscaled.sock"',
        'name = "here"',
        'tags = ["edge"]',
        "```",
        "",
        "A key that no option reads is an error that names the file, the line and the key.",
        "",
        "`TS_SOCKET` names the socket of `local`, as it does for Tailscale's own container.",
    ]
    for name, command in _commands():
        options = [option for option in command.params if isinstance(option, Setting)]
        if options:
            lines += ["", f"## {f'tsym {name}'.strip()}", "", "| option | environment | file |", "|---|---|---|"]
            lines += [_row(name, command, option) for option in options]
    return "\n".join(lines) + "\n"


def _row(name: str, command: click.Command, option: Setting) -> str:
    variables = ", ".join(f"`{variable}`" for variable in option.variables(command))
    section = f"`[{name}]` " if name else ""
    return f"| `{'`, `'.join(option.opts)}` | {variables} | {section}`{option.name}` |"


def _commands() -> Iterator[tuple[str, click.Command]]:
    yield "", tsym
    for name in COMMANDS:
        command = load_command(name)
        assert command is not None
        yield name, command


def main() -> None:
    """Write the pages."""
    os.environ.pop("COLUMNS", None)
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
