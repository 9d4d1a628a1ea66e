"""The entry point of `tsym`: every way a command can end becomes an exit code and at most one line.

A traceback never reaches a person: it goes into a log, and the line says where.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import TextIO

import click

from tsym_tui.cli.errors import CommandError, ReaderLeftError
from tsym_tui.cli.exits import Exit

_WRITE_FAILURES = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.EBADF})


def run() -> None:
    """Start the command line."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - a device, for good
    if sys.stdout is None:
        click.echo("tsym: standard output is closed: there is nowhere to print", err=True)
        return Exit.USAGE
    for stream in (sys.stdout, sys.stderr):
        _replace_what_cannot_be_written(stream)
    code = _invoke(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    except OSError as error:
        code = _cannot_write(error)
    return int(code)


def _invoke(arguments: Sequence[str]) -> int:
    from tsym_tui.cli.root import tsym

    try:
        ended = tsym.main(list(arguments), prog_name="tsym", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last edge: whatever is not known there is a bug of ours
        return _explain(error)
    return int(ended) if isinstance(ended, int) else Exit.OK


def _explain(error: Exception) -> Exit:
    """Say in one line how a command ended, and return its exit code."""
    match error:
        case ReaderLeftError() | BrokenPipeError():
            _drop_output()
            return Exit.OK
        case click.ClickException():
            error.show()
            return Exit.USAGE
        case CommandError():
            click.echo(f"tsym: {error}", err=True)
            return error.code
        case OSError(errno=number) if number in _WRITE_FAILURES:
            return _cannot_write(error)
        case _:
            from tsym_tui.cli.bugs import report_bug

            return report_bug(error)


def _cannot_write(error: OSError) -> Exit:
    """Say that what was to be printed is lost: a full disk is nobody's bug."""
    _drop_output()
    click.echo(f"tsym: cannot write to standard output: {error.strerror}", err=True)
    return Exit.USAGE


def _replace_what_cannot_be_written(stream: object) -> None:
    """Names may hold what the terminal's encoding lacks: better a question mark than no answer."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _drop_output() -> None:
    """Let nothing be written at exit, where it would complain about the closed pipe."""
    stdout: TextIO = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device, and a stream is wanted
        try:
            os.dup2(nowhere.fileno(), stdout.fileno())
        except (OSError, ValueError):
            return
