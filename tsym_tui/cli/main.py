"""The entry point of `tsym`: every way a command can end becomes an exit code and at most one line.

A traceback never reaches a person: it goes into a log, and the line says where.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO

import click

from tsym_tui.cli.errors import CommandError, ReaderLeftError
from tsym_tui.cli.exits import Exit


def run() -> None:
    """Start the command line."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        _replace_what_cannot_be_written(stream)
    code = _invoke(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
    return int(code)


def _invoke(arguments: Sequence[str]) -> int:
    from tsym_tui.cli.root import tsym

    try:
        ended = tsym.main(list(arguments), prog_name="tsym", standalone_mode=False)
    except (ReaderLeftError, BrokenPipeError):
        _drop_output()
        return Exit.OK
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except CommandError as error:
        click.echo(f"tsym: {error}", err=True)
        return error.code
    except Exception as error:  # noqa: BLE001 - the last edge: whatever comes here is a bug, and a person is told so
        from tsym_tui.cli.bugs import report_bug

        return report_bug(error)
    return int(ended) if isinstance(ended, int) else Exit.OK


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
