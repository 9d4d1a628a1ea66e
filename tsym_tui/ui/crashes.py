"""A bug of ours: written to a file for us, said in one sentence to the person. Never a traceback on the terminal."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

EXIT_CODE = 70
"""As documented: a bug of ours."""


def state_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return where our state lives."""
    base = env.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "tsym"


def write_report(error: BaseException, folder: Path) -> Path | None:
    """Write the traceback to a file and return its place; None when it cannot be written."""
    path = folder / "crash.log"
    text = "".join(traceback.format_exception(error))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{datetime.now(UTC).isoformat(timespec='seconds')}\n{text}", encoding="utf-8")
    except OSError:
        return None
    return path


def say(error: BaseException, report: Path | None) -> str:
    """Say what happened and what to do."""
    where = f"; please report it with {report}" if report is not None else "; please report it"
    return f"tsym: a bug of ours ended the app: {type(error).__name__}: {error}{where}"
