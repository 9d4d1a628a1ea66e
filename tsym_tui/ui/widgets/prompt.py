"""Rows that take the keys while they are open, where notices stand: a text to search for, a question of one letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.message import Message

from tsym_tui.fleet.filters import Filter
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.linetext import LineText
from tsym_tui.ui.rows.pens import Row, blank, clip, joined
from tsym_tui.ui.widgets.panes import Pane


class FilterChanged(Message):
    """The filter as typed so far, each time it can be read."""

    def __init__(self, wanted: Filter) -> None:
        super().__init__()
        self.wanted = wanted


class PromptClosed(Message):
    """The prompt is done; `kept` says whether its filter stays."""

    def __init__(self, *, kept: bool) -> None:
        super().__init__()
        self.kept = kept


class SortChosen(Message):
    """A column was named by its letter."""

    def __init__(self, letter: str) -> None:
        super().__init__()
        self.letter = letter


class SearchChanged(Message):
    """What to search for, as typed so far."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Prompt(Pane, can_focus=True):
    """A row that takes the keys while it is open."""

    DEFAULT_CSS: ClassVar[str] = "Prompt { height: 1; display: none; }"

    def takes(self, key: str) -> bool:
        """Whether a key is for the prompt; the others keep their meaning."""
        return self.display and key not in {"ctrl+z", "ctrl+q"}

    def start(self) -> None:
        """Take the keys from now on."""
        self.display = True
        self.screen.set_focus(self)
        self.redraw()

    def on_key(self, event: events.Key) -> None:
        """Act on a key and let nobody else have it."""
        if self.takes(event.key):
            event.stop()
            event.prevent_default()
            self.press(event)

    def press(self, event: events.Key) -> None:
        """Act on a key."""


class SearchPrompt(Prompt):
    """Takes a text to search for, and searches while it is typed."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, id="search")
        self.line = LineText()

    def open(self, text: str) -> None:
        """Start to type, with a text to change."""
        self.line = LineText(text, len(text))
        self.start()

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row
        """Write what was typed with its cursor."""
        before, under, after = self.line.around_cursor
        cursor = self.pen.cursor(under or " ")
        row = [*blank(2), self.pen.accent("/"), self.pen(" "), self.pen(before), cursor, self.pen(after)]
        hint = "a word or a pattern; small letters match any" if not self.line.text else ""
        return [clip([*row, *blank(3), self.pen(hint, Role.CHROME)], cells, self.pen.signs.ellipsis)]

    def press(self, event: events.Key) -> None:
        """Edit the text; enter keeps it, escape drops it."""
        if event.key in {"enter", "escape", "ctrl+c"}:
            self.display = False
            self.post_message(PromptClosed(kept=event.key == "enter"))
        elif self.line.press(event.key, event.character if event.is_printable else None):
            self.redraw()
            self.post_message(SearchChanged(self.line.text))

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text, its first line."""
        event.stop()
        self.line.insert(event.text.partition("\n")[0])
        self.redraw()
        self.post_message(SearchChanged(self.line.text))


class LetterPrompt(Prompt):
    """Asks for one letter."""

    def __init__(self, desk: Desk, question: str) -> None:
        super().__init__(desk, id="letters")
        self._question = question
        self._letters: Mapping[str, str] = {}

    def open(self, letters: Mapping[str, str]) -> None:
        """Ask for one of these, each with its word."""
        self._letters = letters
        self.start()

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row
        """Write the choices."""
        parts = [[self.pen.accent(letter), self.pen.dim(f" {word}")] for letter, word in self._letters.items()]
        return [
            clip([*blank(2), self.pen(self._question), *blank(2), *joined(parts, 2)], cells, self.pen.signs.ellipsis)
        ]

    def press(self, event: events.Key) -> None:
        """Take one key; any other than a letter of ours changes nothing."""
        self.display = False
        if event.character is not None and event.character in self._letters:
            self.post_message(SortChosen(event.character))
        self.post_message(PromptClosed(kept=True))
