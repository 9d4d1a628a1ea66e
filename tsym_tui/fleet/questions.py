"""From what a person writes to a question: a command of the table, its values, and why it cannot be asked this way."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.parameters import Parameter, ValueKind
from tsym_agent.localapi.registry import COMMANDS, READS
from tsym_agent.model.hosts import Rights
from tsym_agent.model.paths import PingKind
from tsym_agent.model.pingjob import MOST_COUNT, PingJob
from tsym_agent.probe.limits import timeout_of

PING_TYPES = ("disco", "TSMP", "ICMP", "peerapi")

PING = msgspec.structs.replace(
    COMMANDS["ping"],
    words="pings, to one node or to every peer",
    parameters=(
        Parameter("ip", "a Tailscale IP or a node's name; nothing = every peer", ValueKind.IP),
        Parameter("type", "disco unless told", ValueKind.CHOICE, choices=PING_TYPES),
        Parameter("count", "pings to each, 1 unless told", ValueKind.NUMBER, least=1, most=MOST_COUNT),
        Parameter("delay", "ms between two pings to one node, 200 unless told", ValueKind.NUMBER, most=60_000),
        Parameter("size", "bytes of a disco ping (1.48)", ValueKind.NUMBER, most=65_500),
    ),
    sends="packets to the peers",
)
"""As people ask it: of many peers at once, and more than once. A daemon is asked one ping at a time."""

QUESTIONS = MappingProxyType(
    {name: PING if name == PING.name else command for name, command in READS.items() if command.form is not Form.STREAM}
)
"""What can be asked and has an end, by name, in the order of lists."""


class QuestionError(ValueError):
    """A question that cannot be asked; the text says what to write instead."""


def find_command(name: str) -> Command:
    """Return the read of that name; raise `QuestionError` for another word, and for what only acts."""
    found = COMMANDS.get(name)
    if found is None:
        close = difflib.get_close_matches(name, QUESTIONS, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "`tsym get` lists them"
        raise QuestionError(f"there is no command {name!r}; {hint}")
    if found.acts:
        raise QuestionError(f"{name} acts on the daemon, and this only reads: run `tailscale debug {name}` there")
    if found.form is Form.STREAM:
        raise QuestionError(f"{name} has no end: {STREAM_COMMANDS[name]} shows it")
    return QUESTIONS[name]


STREAM_COMMANDS = {
    "logs": "`tsym logs`",
    "bus-events": "`tsym events --source bus`",
    "ipn-bus": "`tsym events`",
}
"""What to run for the streams of the table."""


def read_values(command: Command, words: Sequence[str]) -> dict[str, str]:
    """Read `KEY=VALUE` and plain values, which go to the parameters in their order; raise `QuestionError`.

    Values are not checked yet: some may be names to look up first.
    """
    by_name = {parameter.name: parameter for parameter in command.parameters}
    values: dict[str, str] = {}
    plain: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in values:
            raise QuestionError(f"{name} is given twice; {takes(command)}")
        if equals and name in by_name:
            values[name] = value
        else:
            plain.append(word)
    free = [name for name in by_name if name not in values]
    if len(plain) > len(free):
        raise QuestionError(f"{command.name} does not take {plain[len(free)]!r}; {takes(command)}")
    return values | dict(zip(free, plain, strict=False))


def takes(command: Command) -> str:
    """Say what a command takes."""
    if not command.parameters:
        return f"{command.name} takes nothing"
    return f"write {command.name} {' '.join(usage_of(parameter) for parameter in command.parameters)}"


def usage_of(parameter: Parameter) -> str:
    """Write a parameter as in a line of usage."""
    text = f"{parameter.name}={'|'.join(parameter.choices) if len(parameter.choices) in range(1, 8) else '…'}"
    return text if parameter.is_required else f"[{text}]"


def checked(
    command: Command, values: Mapping[str, str], address_of: Callable[[str], str | None] = lambda _: None
) -> dict[str, str]:
    """Check values and look up names where an address is wanted; raise `QuestionError` saying what is wrong."""
    resolved = {}
    named = {parameter.name for parameter in command.parameters if takes_names(parameter)}
    for name, value in values.items():
        found = address_of(value) if name in named else None
        resolved[name] = found or value
    try:
        command.question(resolved)
    except ValueError as error:
        is_about_name = any(str(error).startswith(f"{name}=") for name in named)
        raise QuestionError(f"{error}{OR_A_NAME if is_about_name else ''}; {takes(command)}") from error
    return resolved


OR_A_NAME = " or the name of a node"


def takes_names(parameter: Parameter) -> bool:
    """Whether a name is looked up where the parameter wants an address."""
    return parameter.kind in {ValueKind.IP, ValueKind.ADDRESS}


def wanted_words(parameter: Parameter) -> str:
    """Say what may be written for a parameter."""
    return f"{parameter.wanted}{OR_A_NAME if takes_names(parameter) else ''}"


def right_words(command: Command) -> str:
    """Say whose question it is."""
    if command.right is Rights.WRITE:
        return "root or operator"
    return "any local user"


def ping_job(values: Mapping[str, str], timeout_s: float | None = None) -> PingJob:
    """Return what the checked values of a ping ask for, but its targets; `timeout_s` None = as its kind needs."""
    kind = next(
        (kind for kind in PingKind if kind.value.lower() == values.get("type", "disco").lower()), PingKind.DISCO
    )
    return PingJob(
        type=kind,
        count=int(values.get("count", "1")),
        spacing_ms=int(values.get("delay", "200")),
        timeout_ms=min(30_000, int(1000 * (timeout_of(kind) if timeout_s is None else timeout_s))),
        size=int(values.get("size", "0")),
    )
