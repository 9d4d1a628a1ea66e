"""Standard output that cannot be written: closed, a pipe nobody reads, a full disk. None of them is a bug of ours."""

from __future__ import annotations

import errno
import os
import sys
from typing import TextIO

WRITE_FAILURES = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.EBADF})
"""What a write fails with when the place it goes to is at fault."""

NOWHERE_TO_PRINT = "standard output is closed: there is nowhere to print"


def ensure_stderr() -> None:
    """Let complaints go nowhere when standard error was closed, instead of failing."""
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - a device, for good


def drop_output() -> None:
    """Let nothing more be written to standard output, at exit least of all, where it would complain."""
    stdout: TextIO = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device, and a stream is wanted
        try:
            os.dup2(nowhere.fileno(), stdout.fileno())
        except (OSError, ValueError):
            return


def describe_write_failure(error: OSError) -> str:
    """Say why what was to be printed is lost."""
    return f"cannot write to standard output: {error.strerror}"
