"""The palette without a screen: what there is to run, which of it a person means, the values they fill in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from tsym_agent.localapi.commands import Command
from tsym_agent.localapi.parameters import Parameter
from tsym_agent.model.hosts import Rights
from tsym_tui.fleet.fanout import obstacle
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.questions import QUESTIONS, QuestionError, checked
from tsym_tui.ui.keys import KEYS, SCREEN_KEYS, Key, Scope, keys_of
from tsym_tui.ui.linetext import LineText


class ChoiceKind(StrEnum):
    """What running it does."""

    ASK = "ask"
    """Asks hosts, and shows their answers."""
    FOLLOW = "follow"
    """Follows hosts."""
    ACT = "act"
    """Does what a key does."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to run."""

    kind: ChoiceKind
    name: str
    words: str
    note: str = ""
    """Whose question it is, or which key does the same."""
    obstacle: str = ""
    """Why none of the hosts would run it, else how many would not; empty = all would."""
    is_barred: bool = False
    """Whether none would."""
    command: Command | None = None
    action: str = ""
    """As bindings name it."""


FOLLOWED = (
    ("logs", "the daemons' logs as they are written", "logs"),
    ("events", "states, health, who comes and goes, keys, wishes", "ipn-bus"),
    ("inner-events", "events inside the daemons", "bus-events"),
)
"""What can be followed: its name here, words, and the command of the table."""

NOT_LISTED = frozenset({"move", "page", "first", "last", "step", "pan", "app.palette", "close", "app.help"})
"""Actions that make sense only as keys."""


def choices_for(
    asked: Sequence[Asked], scope: Scope, streams: dict[str, Command], keys: Sequence[Key] = KEYS
) -> tuple[Choice, ...]:
    """List everything: questions, streams, then what the keys of the screen in front do."""
    questions = [_ask(command, asked) for command in QUESTIONS.values() if not command.body]
    followed = [_follow(name, words, streams[stream], asked) for name, words, stream in FOLLOWED]
    acts = [
        Choice(kind=ChoiceKind.ACT, name=key.label, words=key.help, note=f"key {key.name}", action=key.binds[0][1])
        for key in keys_of(scope, keys)
        if len({action for _, action in key.binds}) == 1 and key.binds[0][1].partition("(")[0] not in NOT_LISTED
    ]
    screens = [
        Choice(kind=ChoiceKind.ACT, name=name, words="the screen", note=f"key {key}", action=f"app.show('{name}')")
        for key, name in SCREEN_KEYS.items()
    ]
    return (*followed[:2], *questions, followed[2], *screens, *acts)


def _ask(command: Command, asked: Sequence[Asked]) -> Choice:
    words, is_barred = _obstacles(command, asked)
    note = "root or operator" if command.right is Rights.WRITE else ""
    return Choice(
        kind=ChoiceKind.ASK,
        name=command.name,
        words=command.words,
        note=note,
        obstacle=words,
        is_barred=is_barred,
        command=command,
    )


def _follow(name: str, words: str, command: Command, asked: Sequence[Asked]) -> Choice:
    return msgspec.structs.replace(_ask(command, asked), kind=ChoiceKind.FOLLOW, name=name, words=words)


def _obstacles(command: Command, asked: Sequence[Asked]) -> tuple[str, bool]:
    reasons = [reason for one in asked if (reason := obstacle(command, one)) is not None]
    if not reasons:
        return "", False
    if len(reasons) == len(asked):
        return reasons[0], True
    return f"{len(reasons)} of {len(asked)} hosts will not: {reasons[0]}", False


def matching(choices: Sequence[Choice], text: str) -> list[Choice]:
    """Return what a person may mean, the best first: by the beginning of the name, its letters, then its words."""
    wanted = text.casefold().strip()
    if not wanted:
        return list(choices)
    ranked = [(rank, place) for place, choice in enumerate(choices) if (rank := _rank(choice, wanted)) is not None]
    return [choices[place] for _, place in sorted(ranked)]


def _rank(choice: Choice, wanted: str) -> int | None:
    name, words = choice.name.casefold(), choice.words.casefold()
    if name.startswith(wanted):
        return 0
    if wanted in name:
        return 1
    if all(part in words for part in wanted.split()):
        return 2
    return 3 if _has_letters(name, wanted) else None


def _has_letters(name: str, wanted: str) -> bool:
    """Whether the letters stand in the name in this order."""
    letters = iter(name)
    return all(letter in letters for letter in wanted)


@dataclass(slots=True)
class FormFields:
    """The values of a command, being filled in."""

    command: Command
    lines: list[LineText] = field(default_factory=list)
    at: int = 0
    """The field with the cursor."""
    trouble: str = ""

    def __post_init__(self) -> None:
        self.lines = [LineText() for _ in self.command.parameters]

    @property
    def parameter(self) -> Parameter:
        """The one with the cursor."""
        return self.command.parameters[self.at]

    @property
    def line(self) -> LineText:
        """What was typed for it."""
        return self.lines[self.at]

    def move(self, step: int) -> None:
        """Go to another field, round at the ends."""
        self.at = (self.at + step) % len(self.lines)

    def next_choice(self) -> None:
        """Put the next of a parameter's choices into its field."""
        choices = self.parameter.choices
        if choices:
            place = choices.index(self.line.text) + 1 if self.line.text in choices else 0
            text = choices[place % len(choices)]
            self.lines[self.at] = LineText(text, len(text))

    def values(self, address_of: dict[str, str]) -> dict[str, str] | None:
        """Return the checked values; None when one is wrong, and then `trouble` says which and the cursor is there."""
        typed = {
            parameter.name: line.text.strip()
            for parameter, line in zip(self.command.parameters, self.lines, strict=True)
            if line.text.strip()
        }
        try:
            found = checked(self.command, typed, lambda name: address_of.get(name.casefold()))
        except QuestionError as error:
            self.trouble = str(error).partition("; ")[0]
            names = [parameter.name for parameter in self.command.parameters]
            self.at = next((place for place, name in enumerate(names) if self._is_about(name)), self.at)
            return None
        self.trouble = ""
        return found

    def _is_about(self, name: str) -> bool:
        return self.trouble.startswith(f"{name}=") or self.trouble.startswith(f"{self.command.name} needs {name}:")
