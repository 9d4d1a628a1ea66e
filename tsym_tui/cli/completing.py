"""What a shell completes behind options and commands, beyond what click knows: hosts, LocalAPI commands, layouts.

Loaded when a shell asks; whatever goes wrong there completes nothing, since a shell cannot show a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable

import click

from tsym_tui.cli.errors import CommandError

KINDS = ("local", "unix:", "agent:", "ssh:", "kube:", "sim:")
"""How a host's spec may begin."""


def hosts(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Complete names and tags of the hosts file, then the kinds of specs."""
    from tsym_tui.cli.files import read_hosts
    from tsym_tui.cli.places import hosts_file

    try:
        known = read_hosts(hosts_file())
    except CommandError:
        known = []
    return _among([*(host.name for host in known), *(tag for host in known for tag in host.tags), *KINDS], typed)


def local_commands(_ctx: click.Context, _argument: click.Parameter, typed: str) -> list[str]:
    """Complete what `tsym get` can ask."""
    from tsym_tui.fleet.questions import QUESTIONS

    return _among(QUESTIONS, typed)


def values(ctx: click.Context, _argument: click.Parameter, typed: str) -> list[str]:
    """Complete what the command behind `tsym get` takes: names, and the values of those that have few."""
    from tsym_tui.fleet.questions import QUESTIONS

    command = QUESTIONS.get(str(ctx.params.get("name") or ""))
    if command is None:
        return []
    name, equals, _ = typed.partition("=")
    if not equals:
        return _among([f"{parameter.name}=" for parameter in command.parameters], typed)
    found = [parameter for parameter in command.parameters if parameter.name == name]
    return _among([f"{name}={choice}" for parameter in found for choice in parameter.choices], typed)


def layouts(_ctx: click.Context, _option: click.Parameter, typed: str) -> list[str]:
    """Complete names of layouts."""
    from tsym_tui.graph.layouts import AUTO, LAYOUTS

    return _among([AUTO, *LAYOUTS], typed)


def _among(known: Iterable[str], typed: str) -> list[str]:
    return list(dict.fromkeys(one for one in known if one and one.startswith(typed)))
