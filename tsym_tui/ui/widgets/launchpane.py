"""The pane of the launch screen: list, form and output, and what keys do while a form is filled in."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from tsym_tui.ui.desk import Desk
from tsym_tui.ui.launching.board import Board, Stage
from tsym_tui.ui.rows.launch import BESIDE_CELLS, LIST_CELLS, launch_rows, output_room, place_of
from tsym_tui.ui.rows.pens import Row
from tsym_tui.ui.widgets.panes import Pane


class ItemPicked(Message):
    """Somebody clicked on a tool or a run."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place


class FormChanged(Message):
    """Something else stands in the form."""


class Answered(Message):
    """A question was answered; no also leaves a form."""

    def __init__(self, *, is_yes: bool) -> None:
        super().__init__()
        self.is_yes = is_yes


class LaunchPane(Pane, can_focus=True):
    """List, form and output. Takes the keys while a form is filled in: letters are text then."""

    def __init__(self, desk: Desk, board: Board) -> None:
        super().__init__(desk, id="tool")
        self.board = board

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write it for a size."""
        return launch_rows(self.pen, self.board, (cells, height))

    def on_key(self, event: events.Key) -> None:
        """Type into the form, or answer its question; keys with a meaning of their own go on to the bindings."""
        if not self.takes(event):
            return
        event.stop()
        event.prevent_default()
        self.redraw()

    def takes(self, event: events.Key) -> bool:
        """Act on a key as the form does; says whether it meant anything there."""
        board, form = self.board, self.board.form
        if form is None or board.stage not in {Stage.FILL, Stage.ASK} or event.key in {"ctrl+z", "ctrl+q"}:
            return False
        if board.stage is Stage.ASK:
            self.post_message(Answered(is_yes=event.character == "y"))
            return True
        if event.key == "ctrl+c":
            self.post_message(Answered(is_yes=False))
            return True
        character = event.character if event.is_printable else None
        field = form.field
        if field is not None and field.choices:
            if event.key in {"left", "right", "space", "backspace"}:
                form.turn(-1 if event.key in {"left", "backspace"} else 1)
            elif character is not None:
                form.jump(character)
            else:
                return False
        elif form.line is None or not form.line.press(event.key, character):
            return character is not None  # where nothing can be typed, letters mean nothing
        form.trouble = ""
        self.post_message(FormChanged())
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text, its first line."""
        form = self.board.form
        if self.board.stage is Stage.FILL and form is not None and form.line is not None:
            event.stop()
            form.line.insert(event.text.partition("\n")[0])
            self.post_message(FormChanged())

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        place = place_of(self.board, (self.size.width, self.size.height), (event.x, event.y))
        if place is not None:
            self.post_message(ItemPicked(place))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go on."""
        event.stop()
        self.scroll_board(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go back."""
        event.stop()
        self.scroll_board(-3)

    def scroll_board(self, step: int) -> None:
        """Move the output, else the cursor."""
        if self.board.stage is Stage.WATCH:
            self.board.scroll(step, self.room)
            self.redraw()

    @property
    def room(self) -> int:
        """The rows of output on screen."""
        cells, height = self.size
        inner = cells - LIST_CELLS - 5 if cells >= BESIDE_CELLS else cells - 4
        return output_room(self.board.run, inner, height) if self.board.run is not None else height

    @property
    def output_cells(self) -> int:
        """The cells of a row of output."""
        cells = self.size.width
        return max(20, cells - LIST_CELLS - 5 if cells >= BESIDE_CELLS else cells - 4)
