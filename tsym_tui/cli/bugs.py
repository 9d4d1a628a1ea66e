"""Bugs of ours: a line for the person, the traceback for whoever mends it."""

from __future__ import annotations

import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

import click

from tsym_agent.model.text import printable
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.places import state_folder


def report_bug(error: BaseException) -> Exit:
    """Write the traceback to the crash log, say one line, and return the exit code of bugs."""
    cause = _innermost(error)
    text = (
        f"{datetime.now(UTC).isoformat()} tsym {' '.join(sys.argv[1:])}\n{''.join(traceback.format_exception(error))}"
    )
    click.echo(
        f"tsym: a bug of ours: {type(cause).__name__}: {printable(str(cause))} (details in {_keep(text)})", err=True
    )
    return Exit.BUG


def _innermost(error: BaseException) -> BaseException:
    """Return what a group of failed tasks was about."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _keep(text: str) -> Path:
    """Write the log where state lives, else where temporary files do; only its owner may read it."""
    for folder in (state_folder(), Path(tempfile.gettempdir())):
        path = folder / "crash.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return path
    return Path("nowhere: no folder could be written")
