"""Exit codes, and which of several stands for all."""

from __future__ import annotations

from tsym_agent.exits import Exit

__all__ = ["Exit", "worst"]

_FIRST = (Exit.BUG, Exit.INTERRUPTED, Exit.USAGE, Exit.UNREACHABLE, Exit.DENIED, Exit.PARTIAL, Exit.NO, Exit.OK)


def worst(*codes: Exit) -> Exit:
    """Return the one code that stands for several; OK for none."""
    return min(codes, key=_FIRST.index, default=Exit.OK)
