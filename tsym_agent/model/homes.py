"""Paths as people write them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def at_home(path: str | Path) -> Path:
    """Return a path with `~` and `~USER` spelled out; a user who does not exist leaves it as it was written.

    Then whoever opens it says in their own words that there is no such file.
    """
    with suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)
