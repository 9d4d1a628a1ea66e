"""A bug of ours: written to a file for us, said in one sentence to the person. Never a traceback on the terminal."""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tsym_agent.model.text import printable

EXIT_CODE = 70
"""As documented: a bug of ours."""


def state_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return where our state lives; the specification says that a relative path in the variable is to be ignored."""
    base = Path(env.get("XDG_STATE_HOME", ""))
    return (base if base.is_absolute() else Path(env.get("HOME") or Path.home()) / ".local" / "state") / "tsym"


def write_report(error: BaseException, folder: Path, about: str = "the app") -> Path | None:
    """Write the traceback to a file that only its owner may read; return its place, None when it has none.

    `folder` keeps the newest report alone; where it cannot be written, a file of its own goes to the temporary files.
    """
    text = f"{datetime.now(UTC).isoformat(timespec='seconds')} {about}\n{''.join(traceback.format_exception(error))}"
    body = text.encode("utf-8", "backslashreplace")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "crash.log"
        path.unlink(missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError:
        try:
            file, name = tempfile.mkstemp(prefix="tsym-crash-", suffix=".log")  # a known name could be somebody's trap
        except OSError:
            return None
        path = Path(name)
    try:
        with open(file, "wb") as report:  # noqa: PTH123 - a descriptor, not a path
            report.write(body)
    except OSError:
        return None
    return path


def words_of(error: BaseException) -> str:
    """Return an exception's own words, on one line and safe to print: they may quote what a stranger sent."""
    return printable(" ".join(str(error).split()))


def name_and_words(error: BaseException) -> str:
    """Return the words of an exception that nobody expected, behind its type's name."""
    return f"{type(error).__name__}: {words_of(error)}"


def say(error: BaseException, report: Path | None) -> str:
    """Say what happened and what to do."""
    where = f"; please report it with {report}" if report is not None else "; please report it"
    return f"tsym: a bug of ours ended the app: {name_and_words(error)}{where}"
