"""The allow-list: from a request's own bytes to one question of the registry, or a refusal. Deny by default.

Nothing of a request travels on. Its method, endpoint and parameters choose a command and give it values; what is sent
upstream is spelled anew from those, so that no encoding, no duplicate and no body can mean one thing here and another
to the daemon. The endpoint is compared as it came, never percent-decoded: a daemon decodes, and `st%61tus` is nobody's
way to ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlencode

from tsym_agent.localapi.commands import Command, Question
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.text import printable
from tsym_agent.server.problems import Code, ProblemError, problem
from tsym_agent.wire.exchange import Request

PREFIX = "/localapi/v0/"
MOST_TARGET = 4096
"""Bytes of a target: the longest question there is takes a quarter of that."""
MOST_BODY = 16 * 1024
"""Bytes of a body, for the two commands that want one: a key's ID, a link."""

_QUIET_BUS = ~(1 << 0 | 1 << 3)
"""Bits a caller may not set on the IPN bus: engine updates make the daemon poll for every watcher, whatever its mask,
and the initial netmap can be many megabytes."""

_ENCODED = re.compile(r"[!-~]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Asked(NamedTuple):
    """What a caller wants, as a command and what is sent upstream for it."""

    command: Command
    question: Question
    target: str
    """The question as a request target upstream."""
    narrower: tuple[Command, ...] = ()
    """Commands that ask the very same and mean only a part of the answer."""
    body: bytes = b""

    def within(self, permits: Callable[[Command], bool]) -> Asked | None:
        """Return it as what a caller may ask: whole, as a part of itself, or not at all.

        Who is granted `health` alone asks `status?peers=false` like everybody, and is given that part of it.
        """
        for command in (self.command, *self.narrower):
            if permits(command):
                return self if command is self.command else self._replace(command=command, narrower=())
        return None


def read_question(request: Request) -> Asked:
    """Read what a request asks for; raise `ProblemError` for everything the registry does not hold."""
    asked = _asked(request.method, request.target)
    if not request.body:
        return asked
    if not asked.command.body:
        raise _bad(f"{asked.command.name} takes no body: its parameters stand in the query")
    if len(request.body) > MOST_BODY:
        raise _bad(f"{asked.command.name} takes a body of at most {MOST_BODY} bytes")
    return asked._replace(body=request.body)


def target_of(question: Question) -> str:
    """Write a question as a request target."""
    query = urlencode(question.query)
    return f"{PREFIX}{question.path}?{query}" if query else PREFIX + question.path


@lru_cache(maxsize=128)  # most questions are asked again and again
def _asked(method: str, target: str) -> Asked:
    endpoint, query = _endpoint_and_query(target)
    candidates, rest = _candidates(endpoint)
    values = _values(query)
    chosen = [command for command in _of_method(candidates, method) if _has_fixed(command, values)]
    if not chosen:
        raise _unknown(f"{_shown(endpoint)} with these parameters")
    command = next((command for command in chosen if not command.part), chosen[0])
    narrower = tuple(other for other in chosen if other is not command and _takes(other, values))
    question = _question(command, values, rest)
    return Asked(command, question, target_of(question), narrower)


def _by_path(commands: Iterable[Command]) -> Mapping[str, tuple[Command, ...]]:
    """Index commands by endpoint."""
    found: dict[str, tuple[Command, ...]] = {}
    for command in commands:
        found[command.path] = (*found.get(command.path, ()), command)
    return found


_COMMANDS = _by_path(COMMANDS.values())
_PATH_PARAMETER = {
    command.path: parameter.name
    for command in COMMANDS.values()
    for parameter in command.parameters
    if parameter.in_path
}


def _endpoint_and_query(target: str) -> tuple[str, str]:
    if len(target) > MOST_TARGET:
        raise ProblemError(problem(Code.BAD_PARAMETER, f"a question of more than {MOST_TARGET} bytes"))
    if not target.startswith(PREFIX):
        raise ProblemError(
            problem(Code.NO_SUCH_PAGE, f"{_shown(target)} is not here", f"LocalAPI commands are under {PREFIX}")
        )
    endpoint, _, query = target.removeprefix(PREFIX).partition("?")
    return endpoint, query


def _candidates(endpoint: str) -> tuple[tuple[Command, ...], str]:
    """Return the commands of an endpoint, and what follows it where the rest of the path is a parameter."""
    if found := _COMMANDS.get(endpoint):
        return found, ""
    path, slash, rest = endpoint.partition("/")
    if path + slash in _PATH_PARAMETER and rest:
        return _COMMANDS[path + slash], rest
    raise _unknown(_shown(endpoint))


def _of_method(candidates: tuple[Command, ...], method: str) -> list[Command]:
    if found := [command for command in candidates if command.method == method]:
        return found
    wanted = ", ".join(sorted({command.method for command in candidates}))
    raise ProblemError(
        problem(Code.METHOD, f"{_shown(method)} is not how {candidates[0].path} is asked", f"ask with {wanted}"),
        (("Allow", wanted),),
    )


def _has_fixed(command: Command, values: Mapping[str, str]) -> bool:
    return all(values.get(name) == value for name, value in command.fixed)


def _takes(command: Command, values: Mapping[str, str]) -> bool:
    """Whether a command would ask with all these values: `health` is a `status` without peers."""
    known = {name for name, _ in command.fixed} | {parameter.name for parameter in command.parameters}
    return values.keys() <= known


def _values(query: str) -> dict[str, str]:
    """Read a query, each name once and each value decoded once."""
    values: dict[str, str] = {}
    for piece in query.split("&") if query else ():
        name, equals, value = piece.partition("=")
        if not equals:
            raise _bad(f"{_shown(piece) or 'nothing'!r} stands in the query without a value")
        if name in values:
            raise _bad(f"{_shown(name)} is given twice")
        values[name] = _decoded(name, value)
    return values


def _decoded(name: str, value: str) -> str:
    if not _ENCODED.fullmatch(value) or _BAD_ESCAPE.search(value):
        raise _bad(f"the value of {_shown(name)} is not percent-encoded")
    if "%" not in value and "+" not in value:
        return value
    try:
        return unquote_to_bytes(value.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise _bad(f"the value of {_shown(name)} is not UTF-8") from None


def _question(command: Command, values: dict[str, str], rest: str) -> Question:
    fixed = dict(command.fixed)
    given = {name: value for name, value in values.items() if name not in fixed}
    in_path = _PATH_PARAMETER.get(command.path)
    if in_path in given:
        raise _bad(f"{in_path} belongs in the path, after {command.path}")
    if in_path and rest:
        given[in_path] = rest
    try:
        question = command.question(given)
    except ValueError as error:
        raise _bad(str(error)) from None
    if command.name == "ipn-bus" and "mask" in question.query:
        question.query["mask"] = str(int(question.query["mask"]) & _QUIET_BUS)
    return question


def _unknown(what: str) -> ProblemError:
    return ProblemError(problem(Code.NO_SUCH_COMMAND, f"{what} is not among its commands", "GET /v1/hello lists them"))


def _bad(detail: str) -> ProblemError:
    return ProblemError(problem(Code.BAD_PARAMETER, detail))


def _shown(text: str) -> str:
    text = printable(text)
    return text if len(text) <= 80 else text[:79] + "…"
