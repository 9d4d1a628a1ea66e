"""Reference pages made from the commands themselves: `python -m tests.docs.reference` writes them anew."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click

from tests.docs import agentpages
from tsym_agent.server.options import EPILOG, FLAGS, Flag
from tsym_agent.server.problems import Code, problem
from tsym_agent.server.routes import EVENT_COMMANDS, HEALTH_PATH, LOCALAPI_PREFIX, ROUTES, Route
from tsym_tui.cli.options import Setting
from tsym_tui.cli.root import COMMANDS, load_command, tsym
from tsym_tui.cli.schema import settings_schema
from tsym_tui.ui.keymaps import listed, shown
from tsym_tui.ui.keys import KEYS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def pages() -> dict[Path, str]:
    """Return each generated page and what it should hold."""
    return {
        REFERENCE / "commands.md": commands_page(),
        REFERENCE / "settings.md": settings_page(),
        REFERENCE / "keys.md": keys_page(),
        REFERENCE / "settings.schema.json": json.dumps(settings_schema(), indent=2, ensure_ascii=False) + "\n",
        REFERENCE / "agent.md": agent_page(),
        REFERENCE / "localapi.md": agentpages.commands_of_daemons(),
        REFERENCE / "metrics.md": agentpages.metrics(),
    }


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
        "A key that no option reads is an error that names the file, the line and the key. An editor that checks TOML",
        "takes [the schema](settings.schema.json), which `tsym config --schema` prints. `[keys]` gives actions other",
        "keys: [Keys](keys.md).",
        "",
        '`eval "$(tsym completion bash)"` (or `zsh`) in a shell\'s start-up file completes commands, options, hosts of',
        "`hosts.toml` and what `tsym get` can ask; `tsym completion fish` goes to a file in fish's `completions`.",
        "",
        "`TS_SOCKET` names the socket of `local`, as it does for Tailscale's own container.",
    ]
    for name, command in _commands():
        options = [option for option in command.params if isinstance(option, Setting)]
        if options:
            lines += ["", f"## {f'tsym {name}'.strip()}", "", "| option | environment | file |", "|---|---|---|"]
            lines += [_row(name, command, option) for option in options]
    return "\n".join(lines) + "\n"


def keys_page() -> str:
    """List what keys do, and what settings call it."""
    lines = [
        "# Keys",
        "",
        "Made from the key table; `?` in the app shows the keys of the screen in front, `tsym config --keys` all that",
        "are in force. A key has one meaning in a screen.",
        "",
        "`[keys]` in `config.toml` gives an action other keys, by the name in this table or, where an action has one",
        "meaning only, by its word in the key row; `[keys.map]` does so on that screen alone. Several keys are parted",
        "by blanks or written as a list, none takes the keys away:",
        "",
        "```toml",
        "[keys]",
        'probe = "P"',
        'only-problems = "! ctrl+e"',
        "",
        "[keys.map]",
        'layout = ["L", "Y"]',
        "```",
        "",
        "Two meanings for one key are refused, and the message names both.",
        "",
        "| name | keys | screens | |",
        "|---|---|---|---|",
    ]
    for name, keys, where, words in listed(KEYS):
        marks = " ".join(f"`{shown(key)}`" if key != "grave_accent" else "`` ` ``" for key in keys.split())
        lines.append(f"| `{name}` | {marks.replace('|', chr(92) + '|')} | {where} | {words} |")
    return "\n".join(lines) + "\n"


def agent_page() -> str:
    """Show what the agent can be told, and what it answers."""
    lines = [
        "# tsym-agent",
        "",
        "Made from the agent; `tsym-agent --help` prints the same. [Put an agent on a host](../guides/agent.md) says",
        "how to run it, [Who may ask what](../guides/who-may-ask.md) whom it lets in.",
        "",
        "The first of these that names a value wins: command line, environment variables in this order, default. Flags",
        "without a default in this table are empty. A switch alone means true; `--logout=false` turns one off.",
        "",
        "| flag | environment | default | |",
        "|---|---|---|---|",
        *(_agent_row(flag) for flag in FLAGS),
        "",
        "The auth key of an own node is no flag, since other users of a machine can read those: it comes from",
        "`TS_AUTHKEY` or the file that `--auth-key-file` names. `tsym-agent --check [--json]` finds the tailscaled it",
        "would stand beside and says how that stands; `--version` prints the version.",
        "",
        "```",
        EPILOG.partition("\n\n")[2].strip(),
        "```",
        "",
        "## What it answers",
        "",
        "| path | method | needs the command | |",
        "|---|---|---|---|",
        f"| `{HEALTH_PATH}` | GET | nothing, not even to be known | `ok` |",
        *(
            f"| `{path}` | {route.method} | {_needs(path, route)} | {_PAGE_WORDS[path]} |"
            for path, route in ROUTES.items()
        ),
        f"| `{LOCALAPI_PREFIX}…` | as the command | that command | tailscaled's own answer, without its secrets |",
        "",
        "Refusals are `application/problem+json` with a `code`; `detail` and `hint` are for people.",
        "",
        "| code | |",
        "|---|---|",
        *(f"| `{code.value}` | HTTP {(said := problem(code, '')).status}: {said.title} |" for code in Code),
    ]
    return "\n".join(lines) + "\n"


_PAGE_WORDS = {
    "/v1/hello": "who the agent is, who you are to it, what would run and why the rest would not",
    "/v1/watch": "NDJSON: a snapshot, then what changes; `samples=0` leaves out pings",
    "/v1/ping": "a job of many pings, NDJSON results as they come",
    "/v1/logs": "NDJSON: the log of tailscaled up to `level` (0 to 9)",
    "/v1/events": "NDJSON: what happens; `source` is `ipn` or `bus`",
    "/metrics": "for Prometheus; nodes with `--metrics-tag` may read it, too",
}


def _agent_row(flag: Flag) -> str:
    short = f"`-{flag.short}`, " if flag.short else ""
    shown = f"--{flag.name}" if flag.is_switch else f"--{flag.name} {flag.metavar}"
    variables = ", ".join(f"`{variable}`" for variable in flag.variables)
    default = f"`{flag.default}`" if flag.default else ""
    return f"| {short}`{shown}` | {variables} | {default} | {flag.words} |"


def _needs(path: str, route: Route) -> str:
    if path == "/v1/events":
        return ", ".join(f"`{command}` ({source})" for source, command in EVENT_COMMANDS.items())
    return f"`{route.command}`" if route.command else "any: to be let in"


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
