"""The one border where a broken wire or a refusing answer becomes an error of ours.

LocalAPI says no in four shapes (plain text, and JSON under `error`, `Error` or `Err`) and tells "no such endpoint"
from "no such object" only by a body: Go's own `404 page not found`. Texts of the daemon are made printable and cut
short; the bodies of answers that do not parse are never quoted, since a status may hold a login link.
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

_MEANINGS: dict[int, tuple[type[LocalAPIError], str]] = {
    401: (AccessDeniedError, "another user holds this daemon, or its token has changed: try again"),
    404: (NoSuchObjectError, ""),
    501: (NotSupportedError, "this tailscaled was built without that feature"),
    503: (DaemonNotReadyError, "it is starting, or not connected: see `tailscale status`"),
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
    """Say what a refusing answer means. `question` is the endpoint's name."""
    words = daemon_words(body)
    said = f"{question}: {words or f'HTTP {status}'}"
    if status == 404 and words in NO_SUCH_ENDPOINT:
        return NotSupportedError(
            where, f"this tailscaled has no {question}", "it is too old, or built without that feature"
        )
    if status == 503 and "not enabled" in words:  # routecheck, where the tailnet has not switched it on
        return NotSupportedError(where, said, "it is switched off on that node")
    if status == 403:
        return AccessDeniedError(where, said, _hint_for_denial(words))
    if status in _MEANINGS:
        kind, hint = _MEANINGS[status]
        return kind(where, said, hint)
    if 400 <= status < 600:
        return RequestRefusedError(where, said)
    return BadAnswerError(where, f"{question}: unexpected HTTP status {status}")


def daemon_words(body: Body) -> str:
    """Return the reason in a refusing body, whatever its shape; printable and short."""
    text = body[: 16 * 1024].decode("utf-8", "replace").strip()
    if text.startswith("{"):
        text = _error_member(body) or text
    words = printable(" ".join(text.split()))
    return words if len(words) <= MAX_DAEMON_WORDS else words[: MAX_DAEMON_WORDS - 1] + "…"


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


def _hint_for_denial(words: str) -> str:
    if words == BROWSER_GUARD:
        return "the daemon took us for a browser: does a proxy stand between?"
    if "sharing not enabled" in words:
        return "the tailnet policy must grant drive:share"
    if "password" in words:
        return "the token is not the current one: restart the Tailscale app"
    return OPERATOR_HINT
