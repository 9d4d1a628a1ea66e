"""Groups of commands that come with an extra: there or not, `tsym NAME` answers, and says what to install."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

import click

from tsym_agent import __version__
from tsym_tui.cli.errors import CommandError


class MissingGroup(click.Command):
    """Stands where a group would be; whatever it is asked, it says how to get that."""

    def __init__(self, name: str, missing: str, help: str) -> None:  # noqa: A002 - click's word
        super().__init__(
            name,
            callback=self._complain,
            help=help,
            short_help=help,
            add_help_option=False,
            params=[click.Argument(["words"], nargs=-1, type=click.UNPROCESSED, expose_value=False)],
            context_settings={"ignore_unknown_options": True},
        )
        self.missing = missing

    def _complain(self) -> NoReturn:
        raise CommandError(self.missing)


def load_group(name: str, module: str, extra: str, help: str) -> click.Command:  # noqa: A002 - click's word
    """Return a group, or what stands for it while something it needs is not installed."""
    try:
        command = import_module(module).command
    except ModuleNotFoundError as error:
        return MissingGroup(name, _words(name, module, extra, error), help)
    assert isinstance(command, click.Command)  # noqa: S101 - a test imports those there are
    return command


def is_installed(module: str) -> bool:
    """Whether a group came with this installation; what it needs beside itself is seen when it is loaded."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _offered() -> Sequence[str]:
    """Return the extras that this very version has."""
    from importlib.metadata import PackageNotFoundError, metadata  # a third of the time of `tsym --help`

    try:
        return metadata("tsym").get_all("Provides-Extra") or ()
    except PackageNotFoundError:
        return ()


def _words(name: str, module: str, extra: str, error: ModuleNotFoundError) -> str:
    install = f"pip install 'tsym[{extra}]'"
    if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
        if extra not in _offered():
            return f"`tsym {name}` is not in tsym {__version__}: a later one brings it with the extra `{extra}`"
        return f"`tsym {name}` is not installed: the extra `{extra}` brings it: {install}"
    return f"`tsym {name}` needs {error.name}, which the extra `{extra}` brings: {install}"
