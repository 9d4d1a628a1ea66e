"""What the launch screen shows: the tools, the runs, where the cursor is, and what a person is about to do. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from tsym_tui.ui.launching.children import Run
from tsym_tui.ui.launching.forms import Form
from tsym_tui.ui.launching.tools import Tool

Item: TypeAlias = "Tool | Run"


class Stage(Enum):
    """What the keys are for."""

    CHOOSE = auto()
    FILL = auto()
    ASK = auto()
    """A command that changes something waits for a yes."""
    WATCH = auto()


@dataclass
class Board:
    """All that the screen knows."""

    tools: list[Tool] = field(default_factory=list)
    runs: Sequence[Run] = ()
    stage: Stage = Stage.CHOOSE
    at: int = 0
    """The item with the cursor, in the order of `items`."""
    form: Form | None = None
    run: Run | None = None
    """The one that is watched."""
    line: str = ""
    """The command line that the form makes, as it would run."""
    words: Callable[[str], str] = str
    """Hides names in a text, while they are hidden."""
    is_reading: bool = True
    """Whether the tools are still being looked for."""

    @property
    def items(self) -> list[Item]:
        """Runs first, since they are going on; then tools, then questions."""
        return [
            *self.runs,
            *(one for one in self.tools if one.is_tool),
            *(one for one in self.tools if not one.is_tool),
        ]

    @property
    def item(self) -> Item | None:
        """The item with the cursor."""
        items = self.items
        return items[min(self.at, len(items) - 1)] if items else None

    def move(self, step: int) -> None:
        """Go to another item."""
        self.at = min(max(0, self.at + step), max(0, len(self.items) - 1))

    def go_to(self, item: Item) -> None:
        """Put the cursor on an item, if it is there."""
        self.at = next((place for place, one in enumerate(self.items) if one is item), self.at)

    def scroll(self, step: int, rows: int) -> None:
        """Look further on in what the watched run says; a negative step looks back."""
        if self.run is not None:
            most = max(0, len(self.run.output) - rows)
            self.run.back = min(max(0, self.run.back - step), most)
