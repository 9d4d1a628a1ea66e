"""Which hosts a command asks: those named, those of the hosts file, or this machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.files import NamedHost, read_hosts
from tsym_tui.cli.options import CONFIG_KEY
from tsym_tui.cli.places import hosts_file
from tsym_tui.fleet.specs import HostSpec, SpecError, parse_spec

LOCAL = NamedHost("local", "", ())


def choose_hosts(named: Iterable[str]) -> list[HostSpec]:
    """Return the hosts to ask: those named, else those of the hosts file, else this machine.

    A name or a tag of the hosts file stands for its entries.
    """
    listed = read_hosts(_hosts_file())
    wanted: list[NamedHost] = []
    for text in named:
        matching = [entry for entry in listed if text == entry.name or text in entry.tags]
        wanted += matching or [NamedHost(text, "", ())]
    return [_to_spec(entry) for entry in wanted or listed or [LOCAL]]


def _hosts_file() -> Path:
    context = click.get_current_context(silent=True)
    used = context.meta.get(CONFIG_KEY) if context else None
    return used.parent / "hosts.toml" if isinstance(used, Path) else hosts_file()


def _to_spec(entry: NamedHost) -> HostSpec:
    try:
        return parse_spec(entry.spec, label=entry.name, tags=entry.tags)
    except SpecError as error:
        raise CommandError(str(error)) from error
