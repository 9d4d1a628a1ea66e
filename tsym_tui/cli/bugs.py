"""Bugs of ours: a line for the person, the traceback for whoever mends it."""

from __future__ import annotations

import sys

import click

from tsym_agent.model.text import printable
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.places import state_folder


def report_bug(error: BaseException) -> Exit:
    """Write the traceback to the crash log, say one line, and return the exit code of bugs."""
    from tsym_tui.ui.crashes import write_report

    cause = _innermost(error)
    report = write_report(error, state_folder(), f"tsym {' '.join(sys.argv[1:])}")
    where = f"details in {report}" if report else "its details could be written nowhere"
    click.echo(f"tsym: a bug of ours: {type(cause).__name__}: {printable(str(cause))} ({where})", err=True)
    return Exit.BUG


def _innermost(error: BaseException) -> BaseException:
    """Return what a group of failed tasks was about."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
