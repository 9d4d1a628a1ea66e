"""Exit codes of every command of ours, documented in docs/reference/json.md: scripts hold on to them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """The question was answered; a dead pair is an answer."""
    NO = 1
    """A command that judges says no: `ping TARGET` without a pong, or `--fail-on` found what it names."""
    USAGE = 2
    """Usage or configuration."""
    UNREACHABLE = 3
    """No host could be reached, or none is running."""
    DENIED = 4
    """Every host refused."""
    PARTIAL = 5
    """Some hosts failed or refused; the rest is printed."""
    BUG = 70
    """A bug of ours."""
    INTERRUPTED = 130
    """Ended by the keyboard."""
