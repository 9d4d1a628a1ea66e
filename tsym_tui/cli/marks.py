"""What a command says of itself beside its help: for whoever starts it by a form, and asks before something changes."""

from __future__ import annotations

import click


class Marked(click.Command):
    """A command that changes something, or that takes the terminal."""

    def __init__(self, *arguments: object, changes: str = "", terminal: str = "", **attributes: object) -> None:
        """Say what it changes, to follow "it"; and the flag without which it needs a terminal of its own."""
        super().__init__(*arguments, **attributes)  # type: ignore[arg-type]  # click checks what it is given
        self.changes = changes
        self.terminal = terminal
