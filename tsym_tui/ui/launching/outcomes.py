"""What an exit code means, in words. Pure."""

from __future__ import annotations

import signal

from tsym_agent.exits import Exit
from tsym_tui.ui.launching.tools import Tool

WORDS: dict[int, str] = {
    Exit.OK: "done",
    Exit.NO: "it judged, and says no",
    Exit.USAGE: "it was asked wrongly, or a setting is wrong",
    Exit.UNREACHABLE: "no host could be reached",
    Exit.DENIED: "every host refused",
    Exit.PARTIAL: "some hosts failed or refused; the rest is printed",
    Exit.BUG: "a bug of ours",
    Exit.INTERRUPTED: "interrupted",
}
"""Of every command of ours."""


def outcome(tool: Tool, code: int) -> str:
    """Say how a child ended."""
    if code < 0:
        return f"ended by {_signal_name(-code)}"
    words = tool.outcomes.get(code) or WORDS.get(code)
    return f"exit {code}: {words}" if words else f"exit {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
