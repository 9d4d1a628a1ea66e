"""The filter line: filters while it is typed, says what it cannot read and what there is, and completes with tab."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from tsym_tui.fleet.filters import Completion, Filter, FilterError, complete, known_values, parse_filter
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.linetext import LineText
from tsym_tui.ui.rows.pens import Row, blank, clip
from tsym_tui.ui.widgets.prompt import FilterChanged, Prompt, PromptClosed

HINT = "part of a name, tag: owner: os: path: rtt:> offline, ! for not; tab completes"
MOST_SHOWN = 12
"""Completions in one row; the others come as the word grows."""


class FilterPrompt(Prompt):
    """Takes a filter, and filters while it is typed."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, id="prompt")
        self.line = LineText()
        self._trouble = ""
        self._offered = Completion(0)
        """What the word under the cursor may become; kept while tab goes through it."""
        self._taken = -1
        """Which of them stands in the line; -1 = none, it is as typed."""

    def open(self, text: str) -> None:
        """Start to type, with a filter to change."""
        self.line = LineText(text, len(text))
        self._trouble = ""
        self._look_up()
        self.start()

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - one row
        """Write what was typed with its cursor, and what is wrong with it or how it may go on."""
        before, under, after = self.line.around_cursor
        cursor = self.pen.cursor(under or " ")
        row = [*blank(2), self.pen.accent("/"), self.pen(" "), self.pen(before), cursor, self.pen(after)]
        word = [self.pen(self._trouble, Role.WARN)] if self._trouble else [*self._found(), *self._ways_on()]
        return [clip([*row, *blank(3), *word], cells, self.pen.signs.ellipsis)]

    def _found(self) -> Row:
        """Say how many nodes are left; of none, what there would be."""
        view = self.desk.view
        if not self.line.text:
            return [self.pen(HINT, Role.CHROME)]
        if view.digest is None or not view.filter:
            return []
        count = self.pen(f"{len(view.listed)} of {len(view.digest.order)}", Role.DIM)
        if view.listed:
            return [count]
        known = known_values(self.line.text, view.digest.snapshot.nodes.values())
        words = f"; there are {', '.join(known)}" if known and not self._offered.choices else ""
        return [self.pen("none left", Role.WARN), self.pen(words, Role.DIM)]

    def _ways_on(self) -> Row:
        """Offer what the word may become; what tab has put in stands out."""
        choices = self._offered.choices
        if not choices or (len(choices) == 1 and self._taken < 0 and self._is_whole(choices[0])):
            return []
        first = max(0, self._taken - MOST_SHOWN + 1)
        row: Row = blank(3)
        for place, choice in enumerate(choices[first : first + MOST_SHOWN], start=first):
            row += [self.pen.accent(choice) if place == self._taken else self.pen(choice, Role.CHROME), *blank(2)]
        return row

    def _is_whole(self, choice: str) -> bool:
        return self.line.text[self._offered.start :] == choice

    def press(self, event: events.Key) -> None:
        """Edit the line; enter keeps the filter, escape drops it, tab completes."""
        if event.key in {"enter", "escape", "ctrl+c"}:
            self.display = False
            self.post_message(PromptClosed(kept=event.key == "enter"))
        elif event.key in {"tab", "shift+tab"}:
            self._complete(-1 if event.key == "shift+tab" else 1)
        elif self.line.press(event.key, event.character if event.is_printable else None):
            self._look_up()
            self._read()

    def _complete(self, step: int) -> None:
        """Put in what comes next of what was offered; what several share first."""
        choices, start = self._offered.choices, self._offered.start
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
            self._look_up()  # done with this word: a key's values come next
        self._read()

    def _look_up(self) -> None:
        """Find out how the line may go on."""
        view = self.desk.view
        nodes = () if view.digest is None else view.digest.snapshot.nodes.values()
        at_end = self.line.at == len(self.line.text)
        self._offered = complete(self.line.text, nodes) if at_end else Completion(0)
        self._taken = -1

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text, its first line."""
        event.stop()
        self.line.insert(event.text.partition("\n")[0])
        self._look_up()
        self._read()

    def _read(self) -> None:
        """Read what was typed and tell."""
        try:
            wanted: Filter = parse_filter(self.line.text)
        except FilterError as error:
            self._trouble = str(error)
            self.redraw()
            return
        self._trouble = ""
        self.post_message(FilterChanged(wanted))


def _shared_start(choices: Sequence[str]) -> str:
    """Return what all choices begin with."""
    first, last = min(choices), max(choices)
    length = next((place for place, char in enumerate(first) if last[place : place + 1] != char), len(first))
    return first[:length]
