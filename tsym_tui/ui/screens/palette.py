"""The palette: type part of a command's name, fill in what it takes, run it on the marked hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tsym_tui.graph.looks import Role
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.choices import Choice, ChoiceKind, FormFields, matching
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope, keys_of
from tsym_tui.ui.linetext import LineText
from tsym_tui.ui.rows.keyrow import render_keys
from tsym_tui.ui.rows.palette import ROOMY_ROWS, form_rows, palette_rows
from tsym_tui.ui.rows.pens import Row, blank, fit, on
from tsym_tui.ui.widgets.panes import Pane


class Chosen(NamedTuple):
    """What a person wants to run."""

    choice: Choice
    values: dict[str, str]


class PalettePane(Pane, can_focus=True):
    """The list, or the form of the chosen command, on raised ground. Takes the keys."""

    def __init__(self, desk: Desk, choices: Sequence[Choice], where: str, addresses: Mapping[str, str]) -> None:
        super().__init__(desk, id="palette")
        self._choices = tuple(choices)
        self._where = where
        self._addresses = dict(addresses)
        self.line = LineText()
        self.found = list(choices)
        self.at = 0
        self.form: FormFields | None = None
        self._picked: Choice | None = None

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the list or the form, with an edge at its left."""
        chrome = 3 if height - 3 >= ROOMY_ROWS else 0
        size = (cells - 4, height - chrome)
        if self.form is None:
            rows = palette_rows(self.pen, self.line, self.found, self.at, self._where, size)
        else:
            rows = form_rows(self.pen, self.form, self._where, size)
        tint = self.pen.theme.colour(Role.RAISED)
        edge = self.pen.accent(self.pen.signs.selected_row)
        keys = render_keys(self.pen, keys_of(Scope.PALETTE, self.desk.keys), cells - 1)
        written: list[Row] = [[*blank(2), *row] for row in rows[: height - chrome]]
        whole = [[], *written, [], keys] if chrome else written
        return [on(fit([edge, *row], cells, self.pen.signs.ellipsis), tint) for row in whole[:height]]

    def on_key(self, event: events.Key) -> None:
        """Type; the keys with a meaning of their own are left to the bindings."""
        line = self.line if self.form is None else self.form.line
        if line.press(event.key, event.character if event.is_printable else None):
            event.stop()
            event.prevent_default()
            self._typed()

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text, its first line."""
        event.stop()
        line = self.line if self.form is None else self.form.line
        line.insert(event.text.partition("\n")[0])
        self._typed()

    def _typed(self) -> None:
        if self.form is None:
            self.found, self.at = matching(self._choices, self.line.text), 0
        else:
            self.form.trouble = ""
        self.redraw()

    def move(self, step: int) -> None:
        """Choose another one, or go to another field."""
        if self.form is not None:
            self.form.move(step)
        elif self.found:
            self.at = min(max(0, self.at + step), len(self.found) - 1)
        self.redraw()

    def complete(self) -> None:
        """Take the chosen name, or the next choice of a field."""
        if self.form is not None:
            if self.form.parameter.choices:
                self.form.next_choice()
            else:
                self.form.move(1)
        elif self.found:
            name = self.found[self.at].name
            self.line = LineText(name, len(name))
            self.found, self.at = matching(self._choices, name), 0
        self.redraw()

    def choose(self) -> Chosen | None:
        """Return what is to be run; None while values are wanted first."""
        if self.form is not None and self._picked is not None:
            values = self.form.values(self._addresses)
            self.redraw()
            return None if values is None else Chosen(self._picked, values)
        if not self.found:
            return None
        picked = self.found[self.at]
        if picked.kind is ChoiceKind.ASK and picked.command is not None and picked.command.parameters:
            self.form, self._picked = FormFields(picked.command), picked
            self.redraw()
            return None
        return Chosen(picked, {})

    def leave_form(self) -> bool:
        """Go back to the list; says whether there was a form."""
        had_form, self.form = self.form is not None, None
        self.redraw()
        return had_form


class PaletteScreen(ModalScreen[Chosen | None], inherit_bindings=False):
    """Lies over the screen that asked for it; ends with what was chosen."""

    BINDINGS: ClassVar = bindings_of(Scope.PALETTE)
    DEFAULT_CSS: ClassVar[str] = """
    PaletteScreen {
        align: center top;
        background: $background 70%;
        &:ansi { background: ansi_default; }
        PalettePane { width: 96; max-width: 100%; height: 24; max-height: 95%; margin-top: 1; }
    }
    """

    def __init__(self, desk: Desk, choices: Sequence[Choice], where: str, addresses: Mapping[str, str]) -> None:
        super().__init__()
        self.pane = PalettePane(desk, choices, where, addresses)

    def compose(self) -> ComposeResult:
        """Show the list."""
        yield self.pane

    def on_mount(self) -> None:
        """Give the list the keys."""
        self.set_focus(self.pane)

    def action_move(self, step: int) -> None:
        """Choose another one."""
        self.pane.move(step)

    def action_complete(self) -> None:
        """Take the name, or the next choice."""
        self.pane.complete()

    def action_choose(self) -> None:
        """Run it, or ask for its values."""
        chosen = self.pane.choose()
        if chosen is not None:
            self.dismiss(chosen)

    def action_close(self) -> None:
        """Go back to the list, then to the screen before."""
        if not self.pane.leave_form():
            self.dismiss(None)
