"""What can go wrong between us and a tailscaled. Each error says where, what, and what to do next.

LocalAPIError
├── DaemonNotFoundError      no socket where one was looked for
├── DaemonUnreachableError   a socket, and nobody behind it, or the stream broke
├── AccessDeniedError        the socket or the daemon refuses this user
├── DaemonNotReadyError      the daemon answers but is still starting, or has no netmap yet
├── NotSupportedError        this daemon is too old, or built without the feature
├── NoSuchObjectError        the endpoint exists, the thing asked for does not
├── RequestRefusedError      the daemon refuses the request as put
├── AnswerTimeoutError       no answer in time; for a ping that means loss
└── BadAnswerError           an answer that is not what the endpoint promises
"""

from __future__ import annotations

from tsym_agent.model.text import printable


class LocalAPIError(Exception):
    """A question to a tailscaled that was not answered."""

    def __init__(self, where: str, message: str, hint: str = "") -> None:
        super().__init__(printable(f"{where}: {message}" + (f" ({hint})" if hint else "")))
        self.where = where
        """The socket or address that was asked."""
        self.message = message
        """What was refused or missing."""
        self.hint = hint
        """What a person does next; empty when there is nothing to add."""


class DaemonNotFoundError(LocalAPIError):
    """There is no tailscaled socket where one was looked for."""


class DaemonUnreachableError(LocalAPIError):
    """Nobody listens behind the socket, or the stream broke."""


class AccessDeniedError(LocalAPIError):
    """The socket's permissions or the daemon refuse this user."""


class DaemonNotReadyError(LocalAPIError):
    """The daemon is still starting, or has no netmap yet."""


class NotSupportedError(LocalAPIError):
    """The daemon does not know this endpoint."""


class NoSuchObjectError(LocalAPIError):
    """The endpoint exists, the object asked for does not."""


class RequestRefusedError(LocalAPIError):
    """The daemon refuses the request as it was put, or failed on it."""


class AnswerTimeoutError(LocalAPIError):
    """No answer came in time."""


class BadAnswerError(LocalAPIError):
    """The answer is not what the endpoint promises."""

    def __init__(self, where: str, message: str, hint: str = "is it a tailscaled that listens there?") -> None:
        super().__init__(where, message, hint)


REFUSALS = (AccessDeniedError, DaemonNotReadyError, NoSuchObjectError, NotSupportedError, RequestRefusedError)
"""The daemon is well and will not say this: another question may be answered all the same."""
