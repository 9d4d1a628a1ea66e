"""The entry point of `tsym`: every way a command can end becomes an exit code and at most one line.

A traceback never reaches a person: it goes into a log, and the line says where.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from tsym_agent.console import NOWHERE_TO_PRINT, WRITE_FAILURES, describe_write_failure, drop_output, ensure_stderr
from tsym_tui.cli.errors import CommandError, ReaderLeftError
from tsym_tui.cli.exits import Exit


def run() -> None:
    """Start the command line."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    ensure_stderr()
    if sys.stdout is None:
        click.echo(f"tsym: {NOWHERE_TO_PRINT}", err=True)
        return Exit.USAGE
    for stream in (sys.stdout, sys.stderr):
        _replace_what_cannot_be_written(stream)
    code = _invoke(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
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
            drop_output()
            return Exit.OK
        case click.ClickException():
            error.show()
            return Exit.USAGE
        case CommandError():
            click.echo(f"tsym: {error}", err=True)
            return error.code
        case OSError(errno=number) if number in WRITE_FAILURES:
            return _cannot_write(error)
        case _:
            from tsym_tui.cli.bugs import report_bug

            return report_bug(error)


def _cannot_write(error: OSError) -> Exit:
    """Say that what was to be printed is lost: a full disk is nobody's bug."""
    drop_output()
    click.echo(f"tsym: {describe_write_failure(error)}", err=True)
    return Exit.USAGE


def _replace_what_cannot_be_written(stream: object) -> None:
    """Names may hold what the terminal's encoding lacks: better a question mark than no answer."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
