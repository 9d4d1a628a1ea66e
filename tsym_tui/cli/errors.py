"""What ends a command with a message."""

from __future__ import annotations

from tsym_tui.cli.exits import Exit


class CommandError(Exception):
    """The command cannot go on; the text says why and what to do."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code


class ReaderLeftError(Exception):
    """Nobody reads our output any more, as in `tsym matrix | head`: end quietly."""
