"""The command line `:`: obeys when a line is finished, says in place what it cannot do, remembers what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events

from tsym_tui.fleet.filters import Completion
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.line import LineError, complete, hint_for
from tsym_tui.ui.rows.pens import Row
from tsym_tui.ui.widgets.lineprompt import LinePrompt

if TYPE_CHECKING:
    from tsym_tui.ui.app import TsymApp


class CommandPrompt(LinePrompt):
    """Takes a command."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, id="command")

    def open(self, text: str = "") -> None:
        """Start to type."""
        self.desk.lines.rewind()
        super().open(text)

    def offers(self, text: str) -> Completion:
        """Complete words, names and values."""
        from tsym_tui.ui import obeying

        return complete(text, obeying.known(cast("TsymApp", self.app)))

    def said(self) -> Row:
        """Say what may follow."""
        typed = self.line.text
        if self.offered.choices and typed and not typed.endswith(" "):
            return []  # what the word may become needs the room
        hint = hint_for(typed)
        return [self.pen(hint, Role.CHROME)] if hint else []

    def press(self, event: events.Key) -> None:
        """Go through the lines of before, or edit."""
        if event.key in {"up", "down"}:
            self.put(self.desk.lines.step(-1 if event.key == "up" else 1, self.line.text))
            self.changed()
        elif event.key == "backspace" and not self.line.text:
            self.leave()
        else:
            super().press(event)

    def enter(self) -> None:
        """Obey, or say what is wrong and stay. What is typed behind the line is for the screen that it leads to."""
        text = self.line.text.strip()
        if not text.strip(": "):
            self.finish()
            return
        from tsym_tui.ui import obeying

        try:
            deed = obeying.prepare(cast("TsymApp", self.app), text)
        except LineError as error:
            self.trouble = str(error)
            self.redraw()
            return
        self.desk.lines.add(text)
        self.finish()
        deed()
