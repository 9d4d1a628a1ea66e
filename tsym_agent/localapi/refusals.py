"""The one border where a broken wire or a refusing answer becomes an error of ours.

LocalAPI says no in four shapes (plain text, and JSON under `error`, `Error` or `Err`) and tells "no such endpoint"
from "no such object" only by a body: Go's own `404 page not found`. Texts of the daemon are made printable and cut
short; the bodies of answers that do not parse are never quoted, since a status may hold a login link.

An agent says no in one shape, `application/problem+json` with a stable code, and passes its daemon's own refusals on as
they are. Its words and its hint are kept: it knows better than we what would help on its host.
"""

from __future__ import annotations

import errno

import msgspec

from tsym_agent.localapi.errors import (
    AccessDeniedError,
    AnswerTimeoutError,
    BadAnswerError,
    DaemonNotFoundError,
    DaemonNotReadyError,
    DaemonUnreachableError,
    LocalAPIError,
    NoSuchObjectError,
    NotSupportedError,
    RequestRefusedError,
)
from tsym_agent.model.text import printable
from tsym_agent.wire.client import Body
from tsym_agent.wire.errors import ConnectError, DisconnectedError, WireError, WireTimeoutError

START_HINT = "start it: sudo systemctl start tailscaled"
OPERATOR_HINT = "use sudo, or let this user in once: sudo tailscale set --operator=$USER"

NO_SUCH_ENDPOINT = frozenset({"404 page not found", "404 not found"})
BROWSER_GUARD = "invalid localapi request"
MAX_DAEMON_WORDS = 300
MAX_PROBLEM_WORDS = 1000
"""A hint may hold the grant that would help, to be pasted into a policy."""


class _Problem(msgspec.Struct, frozen=True):
    """An agent's refusal; a daemon never writes a `code`."""

    code: str
    detail: str = ""
    title: str = ""
    hint: str = ""


_PROBLEM = msgspec.json.Decoder(_Problem)

_MEANINGS: dict[int, tuple[type[LocalAPIError], str]] = {
    401: (AccessDeniedError, "another user holds this daemon, or its token has changed: try again"),
    404: (NoSuchObjectError, ""),
    501: (NotSupportedError, "this tailscaled was built without that feature"),
    503: (DaemonNotReadyError, "it is starting, or not connected: see `tailscale status`"),
}


_CODES: dict[str, type[LocalAPIError]] = {
    "not-allowed": AccessDeniedError,
    "not-granted": AccessDeniedError,
    "bad-host": AccessDeniedError,
    "daemon-denied": AccessDeniedError,
    "no-such-command": NotSupportedError,
    "no-such-page": NotSupportedError,
    "bad-parameter": RequestRefusedError,
    "method": RequestRefusedError,
    "too-many": DaemonNotReadyError,  # waiting mends it
    "daemon-unreachable": DaemonUnreachableError,
    "daemon-timeout": AnswerTimeoutError,
    "daemon-not-ready": DaemonNotReadyError,
    "not-supported": NotSupportedError,
    "no-such-object": NoSuchObjectError,
    "refused": RequestRefusedError,
    "bad-answer": BadAnswerError,
    "fault": RequestRefusedError,
}


def from_wire(where: str, error: WireError) -> LocalAPIError:
    """Say what a broken exchange means; the caller raises it `from` the wire's error."""
    match error:
        case ConnectError():
            return _from_connect(where, error.reason)
        case WireTimeoutError():
            return AnswerTimeoutError(
                where, f"{error}", "it may be busy: try again; if it stays so, restart tailscaled there"
            )
        case DisconnectedError():
            return DaemonUnreachableError(where, f"{error}", "tailscaled may have stopped or restarted: try again")
        case _:
            return BadAnswerError(where, f"{error}")


def from_answer(where: str, question: str, status: int, body: Body) -> LocalAPIError:
    """Say what a refusing answer of a daemon or an agent means. `question` is the endpoint's name."""
    problem = _read_problem(body)
    return _from_problem(where, question, status, problem) if problem else _from_daemon(where, question, status, body)


def daemon_words(body: Body) -> str:
    """Return the reason in a refusing body, whatever its shape; printable and short."""
    text = body[: 16 * 1024].decode("utf-8", "replace").strip()
    if text.startswith("{"):
        text = _error_member(body) or text
    return _shortened(text, MAX_DAEMON_WORDS)


def _from_daemon(where: str, question: str, status: int, body: Body) -> LocalAPIError:
    words = daemon_words(body)
    said = f"{question}: {words or f'HTTP {status}'}"
    if status == 404 and words in NO_SUCH_ENDPOINT:
        return NotSupportedError(
            where, f"this tailscaled has no {question}", "it is too old, or built without that feature"
        )
    if status == 503 and "not enabled" in words:  # routecheck, where the tailnet has not switched it on
        return NotSupportedError(where, said, "it is switched off on that node")
    if status == 403:
        return AccessDeniedError(where, said, _hint_for_denial(where, words))
    if status in _MEANINGS:
        kind, hint = _MEANINGS[status]
        return kind(where, said, hint)
    if 400 <= status < 600:
        return RequestRefusedError(where, said)
    return BadAnswerError(where, f"{question}: unexpected HTTP status {status}")


def _read_problem(body: Body) -> _Problem | None:
    if body[:1] != b"{":
        return None
    try:
        return _PROBLEM.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _from_problem(where: str, question: str, status: int, problem: _Problem) -> LocalAPIError:
    """Keep an agent's words. An unknown code, of a newer agent, means what its status means."""
    said = _shortened(problem.detail or problem.title, MAX_PROBLEM_WORDS) or f"{question}: HTTP {status}"
    hint = _shortened(problem.hint, MAX_PROBLEM_WORDS)
    by_status = AccessDeniedError if status == 403 else _MEANINGS.get(status, (RequestRefusedError, ""))[0]
    return _CODES.get(problem.code, by_status)(where, said, hint)


def _shortened(text: str, length: int) -> str:
    words = printable(" ".join(text.split()))
    return words if len(words) <= length else words[: length - 1] + "…"


def _error_member(body: Body) -> str:
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        found = next((raw for name, raw in members.items() if name.lower() in {"error", "err"}), None)
        return msgspec.json.decode(found, type=str) if found is not None else ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _from_connect(where: str, reason: OSError) -> LocalAPIError:
    is_path = where.startswith("/")
    match reason.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return DaemonNotFoundError(where, "there is no such socket", f"if tailscaled is installed, {START_HINT}")
        case errno.EACCES | errno.EPERM:
            return AccessDeniedError(where, "this user may not open the socket", "use sudo")
        case errno.ECONNREFUSED:
            hint = START_HINT if is_path else "is it running there, and is the port right?"
            return DaemonUnreachableError(where, "nobody listens", hint)
        case _:
            words = reason.strerror or str(reason) or type(reason).__name__
            return DaemonUnreachableError(where, f"cannot connect: {printable(words)}")


def _hint_for_denial(where: str, words: str) -> str:
    if words == BROWSER_GUARD:
        return "the daemon took us for a browser: does a proxy stand between?"
    if "sharing not enabled" in words:
        return "the tailnet policy must grant drive:share"
    if "password" in words:
        return "the token is not the current one: restart the Tailscale app"
    return _operator_hint(where)


def _operator_hint(where: str) -> str:
    """Say how the user the daemon sees gets its right to write: that user is on the daemon's machine."""
    way, _, rest = where.partition(":")
    match way:
        case "ssh":
            host = rest.partition(":/")[0]
            return f"let that user in once: ssh -t {host} 'sudo tailscale set --operator=$USER'"
        case "kube":
            return "the container must run as root for that"
        case _:
            return OPERATOR_HINT
