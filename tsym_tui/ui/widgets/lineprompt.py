"""A prompt of one line: what is typed with its cursor, what is wrong with it, and how it may go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events

from tsym_tui.fleet.filters import Completion
from tsym_tui.graph.cells import width
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.linetext import LineText
from tsym_tui.ui.rows.pens import Row, blank, clip, width_of
from tsym_tui.ui.widgets.prompt import Prompt

MOST_SHOWN = 12
"""Completions in one row; the others come as the word grows."""

LEAST_TYPED = 20
"""Cells that a line keeps for what is typed, whatever is said about it."""


class LinePrompt(Prompt):
    """Takes a line and completes it with tab. Subclasses say how it goes on, and what enter and escape do."""

    SIGN: ClassVar[str] = ":"

    def __init__(self, desk: Desk, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id)
        self.line = LineText()
        self.trouble = ""
        """What is wrong with the line."""
        self.offered = Completion(0)
        """What the word under the cursor may become; kept while tab goes through it."""
        self._taken = -1
        """Which of them stands in the line; -1 = none, it is as typed."""

    def open(self, text: str = "") -> None:
        """Start to type, with a line to change."""
        self.put(text)
        self.trouble = ""
        self.start()

    def put(self, text: str) -> None:
        """Replace the line."""
        self.line = LineText(text, len(text))
        self.look_up()

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row
        """Write what was typed with its cursor, and what is wrong with it or how it may go on."""
        before, under, after = self.line.around_cursor
        room = max(LEAST_TYPED, cells // 2) if width(before) > cells - LEAST_TYPED else cells
        if width(before) > room:
            before = self.pen.signs.ellipsis + before[-room:]  # the end is what is being typed
        cursor = self.pen.cursor(under or " ")
        row = [*blank(2), self.pen.accent(self.SIGN), self.pen(" "), self.pen(before), cursor, self.pen(after)]
        word = [self.pen(self.trouble, Role.WARN)] if self.trouble else [*self.said(), *self._ways_on()]
        return [clip([*row, *(blank(3) if width_of(word) else []), *word], cells, self.pen.signs.ellipsis)]

    def _ways_on(self) -> Row:
        """Offer what the word may become; what tab has put in stands out."""
        choices = self.offered.choices
        if not choices or (len(choices) == 1 and self._taken < 0 and self._is_whole(choices[0])):
            return []
        first = max(0, self._taken - MOST_SHOWN + 1)
        row: Row = blank(3)
        for place, choice in enumerate(choices[first : first + MOST_SHOWN], start=first):
            row += [self.pen.accent(choice) if place == self._taken else self.pen(choice, Role.CHROME), *blank(2)]
        return row

    def _is_whole(self, choice: str) -> bool:
        return self.line.text[self.offered.start :] == choice

    def press(self, event: events.Key) -> None:
        """Edit the line; enter and escape end it, tab completes."""
        if event.key == "enter":
            self.enter()
        elif event.key in {"escape", "ctrl+c"}:
            self.leave()
        elif event.key in {"tab", "shift+tab"}:
            self._complete(-1 if event.key == "shift+tab" else 1)
        elif self.line.press(event.key, event.character if event.is_printable else None):
            self.look_up()
            self.changed()

    def _complete(self, step: int) -> None:
        """Put in what comes next of what was offered; what several share first."""
        choices, start = self.offered.choices, self.offered.start
        if not choices:
            return
        typed = self.line.text[start:]
        shared = _shared_start(choices)
        if self._taken < 0 and len(shared) > len(typed):
            word = shared
        else:
            self._taken = (self._taken + step) % len(choices) if self._taken >= 0 or step > 0 else len(choices) - 1
            word = choices[self._taken]
        self.line = LineText(self.line.text[:start] + word, start + len(word))
        if len(choices) == 1:
            self.look_up()  # done with this word: what follows it comes next
        self.changed()

    def look_up(self) -> None:
        """Find out how the line may go on."""
        self.offered = self.offers(self.line.text) if self.line.at == len(self.line.text) else Completion(0)
        self._taken = -1

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text, its first line."""
        event.stop()
        self.line.insert(event.text.partition("\n")[0])
        self.look_up()
        self.changed()

    def finish(self) -> None:
        """Give the keys back."""
        self.display = False
        self.screen.remove_class("-asking")
        self.screen.set_focus(None)

    # for subclasses

    def offers(self, text: str) -> Completion:
        """Say how a line may go on."""
        return Completion(len(text))

    def said(self) -> Row:
        """Say what a person wants to know about the line."""
        return []

    def changed(self) -> None:
        """Act on another line."""
        self.trouble = ""
        self.redraw()

    def enter(self) -> None:
        """Act on the finished line."""

    def leave(self) -> None:
        """Drop the line."""
        self.finish()


def _shared_start(choices: Sequence[str]) -> str:
    """Return what all choices begin with."""
    first, last = min(choices), max(choices)
    length = next((place for place, char in enumerate(first) if last[place : place + 1] != char), len(first))
    return first[:length]
