"""A form being filled in: its texts, what is wrong with them, and the command line they make. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tsym_agent.server.redact import scrub_words
from tsym_tui.ui.launching.tools import Field, Kind, Tool
from tsym_tui.ui.linetext import LineText

LOOKS_SECRET = "that looks like a key or a password: an argument shows in every list of processes"  # noqa: S105 - words


@dataclass
class Form:
    """What is told a tool."""

    tool: Tool
    env: Mapping[str, str] = field(default_factory=dict)
    """The environment that the tool will inherit."""
    lines: list[LineText] = field(default_factory=list)
    at: int = 0
    trouble: str = ""
    """What is wrong with the field at the cursor, said when somebody wanted to run it."""

    def __post_init__(self) -> None:
        """Begin empty; a tool that would take the terminal is told not to."""
        self.lines = [LineText() for _ in self.tool.fields]
        for one, line in zip(self.tool.fields, self.lines, strict=True):
            if self.tool.needs and one.flag == self.tool.needs:
                line.insert("yes")

    @property
    def field(self) -> Field | None:
        """The field with the cursor; None when there is none at all."""
        return self.tool.fields[self.at] if self.tool.fields else None

    @property
    def line(self) -> LineText | None:
        """What is typed into it; None where nothing can be typed."""
        return None if self.field is None or self.field.is_secret else self.lines[self.at]

    def fill(self, name: str, text: str) -> None:
        """Write a value into a field, if there is such a field."""
        for place, one in enumerate(self.tool.fields):
            if one.name == name and not one.is_secret:
                self.lines[place] = LineText(text, len(text))

    def text_of(self, one: Field) -> str:
        """Return what is typed into a field."""
        return self.lines[self.tool.fields.index(one)].text.strip()

    def move(self, step: int) -> None:
        """Go to another field."""
        self.at = min(max(0, self.at + step), max(0, len(self.lines) - 1))
        self.trouble = ""

    def turn(self, step: int) -> None:
        """Take the next of the choices; nothing chosen is one of them."""
        one = self.field
        if one is None or not one.choices:
            return
        choices = ("", *one.choices)
        text = self.lines[self.at].text
        place = choices.index(text) if text in choices else 0
        chosen = choices[(place + step) % len(choices)]
        self.lines[self.at] = LineText(chosen, len(chosen))
        self.trouble = ""

    def jump(self, letter: str) -> None:
        """Take the next choice that begins with a letter."""
        one = self.field
        if one is None:
            return
        here = self.lines[self.at].text
        after = one.choices.index(here) + 1 if here in one.choices else 0
        for choice in (*one.choices[after:], *one.choices[:after]):
            if choice.casefold().startswith(letter.casefold()):
                self.lines[self.at] = LineText(choice, len(choice))
                self.trouble = ""
                return

    def source_of(self, one: Field) -> str:
        """Name the variable that sets a field when it is left empty; empty = none does."""
        return next((name for name in one.variables if self.env.get(name)), "")

    def complaint(self, one: Field) -> str:
        """Say what is wrong with a field; empty = nothing."""
        text = "" if one.is_secret else self.text_of(one)
        if not text:
            is_open = one.is_required and not one.is_secret and not self.source_of(one)
            return f"{one.flag or one.wants} is needed" if is_open else ""
        if any(scrub_words(part) != part for part in (text, *text.split())):
            return LOOKS_SECRET
        if one.choices:
            return "" if text in one.choices else f"choose {', '.join(one.choices)}"
        return self._value_complaint(one)

    def _value_complaint(self, one: Field) -> str:
        try:
            values = self._values(one)
        except ValueError as error:
            return f"{error}: quote as in a shell".lower()
        if one.takes > 1 and len(values) % one.takes:
            return f"{one.flag or one.name} takes {one.takes} values at a time"
        return next((words for value in values if (words := one.check(value))), "")

    def first_trouble(self) -> str:
        """Go to the first field that is wrong, and say why; empty = all is well."""
        if self.tool.needs and not any(f.flag == self.tool.needs and self.text_of(f) for f in self.tool.fields):
            self.trouble = f"it would take this terminal: run it here with {self.tool.needs}"
            return self.trouble
        for place, one in enumerate(self.tool.fields):
            if words := self.complaint(one):
                self.at, self.trouble = place, words
                return words
        self.trouble = ""
        return ""

    def arguments(self) -> list[str]:
        """Return the words behind the program: options as they stand in the form, then what stands for itself.

        What cannot be read yet is left out; `first_trouble` says what that is.
        """
        options: list[str] = []
        rest: list[str] = []
        for one in self.tool.fields:
            text = self.text_of(one)
            if not text or one.is_secret or self.complaint(one) == LOOKS_SECRET:
                continue
            if one.flag:
                options += self._option(one, text)
            else:
                rest += self._readable(one)
        dashed = ["--"] if any(word.startswith("-") for word in rest) else []
        return [*self.tool.words[1:], *options, *dashed, *rest]

    def _option(self, one: Field, text: str) -> list[str]:
        if one.kind in {Kind.SWITCH, Kind.TOGGLE}:
            return [one.flag] if text == "yes" else [one.denial] if text == "no" else []
        if one.kind is Kind.COUNT:
            return [one.flag] * int(text) if not self.complaint(one) else []
        values = self._readable(one)
        if one.takes > 1:
            return [
                part for at in range(0, len(values), one.takes) for part in (one.flag, *values[at : at + one.takes])
            ]
        return [part for value in values for part in _said(one.flag, value)]

    def _readable(self, one: Field) -> list[str]:
        try:
            return self._values(one)
        except ValueError:  # a quote that is not closed yet
            return []

    def _values(self, one: Field) -> list[str]:
        text = self.text_of(one)
        return shlex.split(text) if one.is_repeatable or one.takes > 1 else [text]

    @property
    def changes(self) -> Sequence[str]:
        """What running it changes, in words; none when it only looks."""
        given = {one.name for one in self.tool.fields if self.text_of(one) not in {"", "no"}}
        whole = [self.tool.changes] if self.tool.changes and not given & self.tool.harmless_with else []
        return [*whole, *(one.changes for one in self.tool.fields if one.changes and one.name in given)]


def _said(flag: str, value: str) -> list[str]:
    """Say an option; a value that begins with a dash would be taken for another one."""
    if not value.startswith("-"):
        return [flag, value]
    return [f"{flag}={value}"] if flag.startswith("--") else [flag + value]
