"""What an agent says instead of an answer: RFC 9457 documents with a stable code, and words for a person.

Whatever a problem quotes (a daemon's complaint, a caller's own question) is scrubbed and made printable here, in the
one place they all pass.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tsym_agent import __version__
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    AnswerTimeoutError,
    BadAnswerError,
    DaemonNotReadyError,
    LocalAPIError,
    NoSuchObjectError,
    NotSupportedError,
    RequestRefusedError,
)
from tsym_agent.model.text import printable
from tsym_agent.server.redact import scrub_words
from tsym_agent.wire.exchange import Header, Response

AGENT_HEADER: Header = ("Tsym-Agent", __version__)
"""On every answer."""

MEDIA_TYPE = "application/problem+json"


class Code(StrEnum):
    """What programs tell problems apart by."""

    NOT_ALLOWED = "not-allowed"
    """For who you are."""
    NOT_GRANTED = "not-granted"
    """For what you may."""
    NO_SUCH_COMMAND = "no-such-command"
    BAD_PARAMETER = "bad-parameter"
    BAD_HOST = "bad-host"
    TOO_MANY = "too-many"
    METHOD = "method"
    NO_SUCH_PAGE = "no-such-page"
    DAEMON_UNREACHABLE = "daemon-unreachable"
    DAEMON_DENIED = "daemon-denied"
    """The daemon refuses the agent: a privileged agent would be let in."""
    DAEMON_TIMEOUT = "daemon-timeout"
    DAEMON_NOT_READY = "daemon-not-ready"
    """It starts, or has no netmap yet."""
    NOT_SUPPORTED = "not-supported"
    """The daemon is too old for it, or built without it."""
    NO_SUCH_OBJECT = "no-such-object"
    REFUSED = "refused"
    """By the daemon, as it was put."""
    BAD_ANSWER = "bad-answer"
    """Of the daemon."""
    FAULT = "fault"
    """Of ours."""


_KINDS: dict[Code, tuple[int, str]] = {
    Code.NOT_ALLOWED: (403, "You are not allowed here"),
    Code.NOT_GRANTED: (403, "You are not granted this"),
    Code.NO_SUCH_COMMAND: (404, "This agent knows no such command"),
    Code.BAD_PARAMETER: (400, "A parameter is not right"),
    Code.BAD_HOST: (403, "This agent does not go by that name"),
    Code.TOO_MANY: (429, "Too many requests"),
    Code.METHOD: (405, "Not with this method"),
    Code.NO_SUCH_PAGE: (404, "There is no such page"),
    Code.DAEMON_UNREACHABLE: (503, "tailscaled does not answer"),
    Code.DAEMON_DENIED: (403, "tailscaled refuses this agent"),
    Code.DAEMON_TIMEOUT: (504, "tailscaled did not answer in time"),
    Code.DAEMON_NOT_READY: (503, "tailscaled is not ready"),
    Code.NOT_SUPPORTED: (501, "This tailscaled cannot do that"),
    Code.NO_SUCH_OBJECT: (404, "tailscaled knows no such thing"),
    Code.REFUSED: (502, "tailscaled refused the question"),
    Code.BAD_ANSWER: (502, "tailscaled gave no proper answer"),
    Code.FAULT: (500, "The agent failed"),
}

_MEANINGS: tuple[tuple[type[LocalAPIError], Code], ...] = (
    (AccessDeniedError, Code.DAEMON_DENIED),
    (AnswerTimeoutError, Code.DAEMON_TIMEOUT),
    (DaemonNotReadyError, Code.DAEMON_NOT_READY),
    (NotSupportedError, Code.NOT_SUPPORTED),
    (NoSuchObjectError, Code.NO_SUCH_OBJECT),
    (RequestRefusedError, Code.REFUSED),
    (BadAnswerError, Code.BAD_ANSWER),
)

PRIVILEGED_HINT = "this needs an agent that runs privileged on that host: see docs/guides/agent.md"

_ENCODER = msgspec.json.Encoder()


class Problem(msgspec.Struct, frozen=True):
    """One refusal or failure; `problem()` fills in what its code already says."""

    status: int
    code: str
    """A `Code`."""
    title: str
    detail: str
    """What is wrong."""
    hint: str = ""
    """What a person does next; empty when there is nothing to add."""

    def body(self) -> bytes:
        """Return the document, fit to leave the machine."""
        return _ENCODER.encode(
            {
                "type": "about:blank",
                "title": self.title,
                "status": self.status,
                "detail": printable(scrub_words(self.detail)),
                "hint": printable(scrub_words(self.hint)),
                "code": self.code,
            }
        )

    def response(self, headers: tuple[Header, ...] = ()) -> Response:
        """Return the answer that carries it."""
        return Response(self.status, self.body(), (("Content-Type", MEDIA_TYPE), AGENT_HEADER, *headers))


class ProblemError(Exception):
    """Raised where a request cannot go on; whoever answers it sends the problem."""

    def __init__(self, problem: Problem, headers: tuple[Header, ...] = ()) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = headers
        """To send with it: `Retry-After`, …"""

    def response(self) -> Response:
        """Return the answer that carries it."""
        return self.problem.response(self.headers)


def problem(code: Code, detail: str, hint: str = "") -> Problem:
    """Make a problem with the status and title of its code."""
    status, title = _KINDS[code]
    return Problem(status, code, title, detail, hint)


def problem_of(error: LocalAPIError) -> Problem:
    """Say as a problem what went wrong between the agent and its daemon."""
    code = next((code for kind, code in _MEANINGS if isinstance(error, kind)), Code.DAEMON_UNREACHABLE)
    hint = PRIVILEGED_HINT if code is Code.DAEMON_DENIED else error.hint
    return problem(code, f"{error.where}: {error.message}", hint)
