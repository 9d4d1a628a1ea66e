"""What can go wrong between us and a control plane. Each error says where, what, and what to do next.

ControlError
├── NoCredentialsError       nothing was said that would let us in
├── BadCredentialsError      what was said does not fit together, or cannot be read
├── ControlUnreachableError  nobody answers at the URL, or it stayed overloaded until we gave up
├── NotAuthenticatedError    the credential is wrong, expired or revoked
├── NotPermittedError        the credential is good and may not do this: a scope is missing
├── ControlRefusedError      the request as put is refused, or the server failed on it
├── NoSuchThingError         the key or device asked for does not exist
├── NotOfferedError          this control plane has no such thing to ask for
└── BadControlAnswerError    an answer that is not what the API promises
"""

from __future__ import annotations

from tsym_agent.control.secrets import scrub
from tsym_agent.model.text import printable


class ControlError(Exception):
    """A question to a control plane that was not answered. Its texts hold no secret, whatever the server wrote."""

    def __init__(self, where: str, message: str, hint: str = "") -> None:
        self.where = printable(scrub(where))
        """Which control plane, or which setting."""
        self.message = printable(scrub(message))
        """What was refused or missing."""
        self.hint = printable(scrub(hint))
        """What a person does next; empty when there is nothing to add."""
        super().__init__(f"{self.where}: {self.message}" + (f" ({self.hint})" if hint else ""))


class NoCredentialsError(ControlError):
    """Nothing was said that would let us in."""


class BadCredentialsError(ControlError):
    """What was said does not fit together, or cannot be read."""


class ControlUnreachableError(ControlError):
    """Nobody answers at the URL, or it stayed overloaded until we gave up."""


class NotAuthenticatedError(ControlError):
    """The credential is wrong, expired or revoked."""


class NotPermittedError(ControlError):
    """The credential is good and may not do this."""


class ControlRefusedError(ControlError):
    """The request as put is refused, or the server failed on it: Headscale answers 500 for many a refusal."""


class NoSuchThingError(ControlError):
    """The key or device asked for does not exist."""


class NotOfferedError(ControlError):
    """This control plane has no such thing to ask for."""


class BadControlAnswerError(ControlError):
    """The answer is not what the API promises."""
