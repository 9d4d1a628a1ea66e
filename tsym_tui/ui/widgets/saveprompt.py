"""The prompt of `E`: a letter for the format, then the file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events

from tsym_agent.model.homes import at_home
from tsym_tui.fleet.filters import Completion
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.rows.pens import Row, blank, clip, joined
from tsym_tui.ui.widgets.lineprompt import LinePrompt

if TYPE_CHECKING:
    from tsym_tui.ui.app import TsymApp
    from tsym_tui.ui.saving import Target

_MOST_FILES = 50


class SavePrompt(LinePrompt):
    """Asks for a format and a file; where one is in the way, whether to overwrite it."""

    SIGN: ClassVar[str] = "save"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, id="save")
        self._suffix = ""
        """Empty until the format is chosen."""
        self._in_the_way: Path | None = None

    def open(self, text: str = "") -> None:
        """Ask for the format."""
        self._suffix, self._in_the_way = "", None
        super().open(text)

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the letters, or the path."""
        if self._suffix:
            return super().build(cells, height)
        from tsym_tui.ui.saving import LETTERS

        parts = [[self.pen.accent(letter), self.pen.dim(f" {name}")] for letter, (name, _) in LETTERS.items()]
        row = [*blank(2), self.pen("save this view as"), *blank(2), *joined(parts, 2)]
        return [clip(row, cells, self.pen.signs.ellipsis)]

    def said(self) -> Row:
        """Say what enter does."""
        return [self.pen("enter saves", Role.CHROME)]

    def offers(self, text: str) -> Completion:
        """Complete folders and files."""
        if not self._suffix:
            return Completion(len(text))
        head, slash, name = text.rpartition("/")
        try:
            names = sorted(
                f"{entry.name}/" if entry.is_dir() else entry.name
                for entry in at_home(head + slash or ".").iterdir()
                if entry.name.startswith(name) and (name or not entry.name.startswith("."))
            )
        except OSError:
            names = []
        return Completion(len(head + slash), tuple(names[:_MOST_FILES]))

    def press(self, event: events.Key) -> None:
        """Take a letter first, then edit the path."""
        if self._suffix:
            super().press(event)
            return
        from tsym_tui.ui.saving import LETTERS

        chosen = LETTERS.get(event.character or "")
        if chosen is None:
            self.leave()
            return
        self._suffix = chosen[1]
        self.put(self._default_name())
        self.redraw()

    def _default_name(self) -> str:
        from tsym_tui.ui import saving

        return saving.default_name(cast("TsymApp", self.app).front.SCOPE, self.desk.clock(), self._suffix)

    def changed(self) -> None:
        """Think of another file."""
        self._in_the_way = None
        super().changed()

    def enter(self) -> None:
        """Save, or say what is in the way; a second enter overwrites."""
        from tsym_tui.ui import saving

        try:
            target = self._target()
        except saving.SavingError as error:
            self.trouble = str(error)
            path = self._path()
            if os.path.isfile(path):  # noqa: PTH113 - a path's own question raises for what cannot be looked at
                self._in_the_way = path
                self.trouble += "; enter again overwrites it"
            self.redraw()
            return
        self.finish()
        saving.save_front(cast("TsymApp", self.app), target)

    def _target(self) -> Target:
        from tsym_tui.ui import saving

        path = self._path()
        format_ = next(name for name, suffix in saving.LETTERS.values() if suffix == self._suffix)
        return saving.check(saving.Target(path, format_, overwrites=path == self._in_the_way))

    def _path(self) -> Path:
        return at_home(self.line.text.strip())
