"""What can go wrong on the wire, whatever the byte stream is.

WireError
├── ConnectError        no stream could be opened; its cause is the `OSError`
├── DisconnectedError   the stream ended before the message did
├── ProtocolError       the other side does not speak HTTP/1.1
├── TooLargeError       a head or a body over its bound
└── WireTimeoutError    the message was not complete in time
"""

from __future__ import annotations


class WireError(Exception):
    """A message that could not be exchanged."""


class ConnectError(WireError):
    """No stream could be opened; `reason` is what the system said."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason.strerror or str(reason) or type(reason).__name__)
        self.reason = reason


class DisconnectedError(WireError):
    """The stream ended before the message did."""

    def __init__(self, message: str, *, nothing_received: bool = False) -> None:
        super().__init__(message)
        self.nothing_received = nothing_received
        """True when not one byte of an answer came: a kept connection that the other side had closed looks so."""


class ProtocolError(WireError):
    """The other side does not speak HTTP/1.1."""


class TooLargeError(WireError):
    """A head or a body is over its bound."""


class WireTimeoutError(WireError):
    """The message was not complete in time."""
