"""From what a person writes to a question: a command of the table, its values, and why it cannot be asked this way."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence

from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.parameters import Parameter, ValueKind
from tsym_agent.localapi.registry import COMMANDS, READS
from tsym_agent.model.hosts import Rights


class QuestionError(ValueError):
    """A question that cannot be asked; the text says what to write instead."""


def find_command(name: str) -> Command:
    """Return the read of that name; raise `QuestionError` for another word, and for what only acts."""
    found = COMMANDS.get(name)
    if found is None:
        close = difflib.get_close_matches(name, READS, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "`tsym get` lists them"
        raise QuestionError(f"there is no command {name!r}; {hint}")
    if found.acts:
        raise QuestionError(f"{name} acts on the daemon, and this only reads: run `tailscale debug {name}` there")
    if found.form is Form.STREAM:
        raise QuestionError(f"{name} has no end: {STREAM_COMMANDS[name]} shows it")
    return found


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
    kinds = {parameter.name: parameter.kind for parameter in command.parameters}
    for name, value in values.items():
        found = address_of(value) if kinds.get(name) in {ValueKind.IP, ValueKind.ADDRESS} else None
        resolved[name] = found or value
    try:
        command.question(resolved)
    except ValueError as error:
        raise QuestionError(f"{error}; {takes(command)}") from error
    return resolved


def right_words(command: Command) -> str:
    """Say whose question it is."""
    if command.right is Rights.WRITE:
        return "root or operator"
    return "any local user"
