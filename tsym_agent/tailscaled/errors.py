"""What can go wrong between us and a tailscaled that we run ourselves. Each says what to do next.

TailscaledError
├── ProgramNotFoundError   no tailscaled or tailscale on this machine
├── FolderError            the state folder cannot be used
│   └── FolderInUseError   another agent uses it now
├── StartError             the daemon ended, or did not answer in time
└── CommandError           `tailscale …` failed
    └── LoginError         the node did not get into the tailnet
"""

from __future__ import annotations

from tsym_agent.control.secrets import scrub
from tsym_agent.model.text import printable


class TailscaledError(Exception):
    """A tailscaled of our own that does not do what was asked; holds no secret."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = printable(scrub(message))
        """What was seen."""
        self.hint = printable(scrub(hint))
        """What a person does next; empty when there is nothing to add."""
        super().__init__(self.message + (f" ({self.hint})" if self.hint else ""))


class ProgramNotFoundError(TailscaledError):
    """There is no tailscaled or tailscale where one was looked for."""


class FolderError(TailscaledError):
    """The folder for state and socket cannot be used."""


class FolderInUseError(FolderError):
    """Another agent, or another app, keeps its node in this folder now."""


class StartError(TailscaledError):
    """The daemon ended, or did not answer in time."""


class CommandError(TailscaledError):
    """A `tailscale` command failed, or took too long."""


class LoginError(CommandError):
    """The node did not get into the tailnet."""
