"""Reading `console` blocks: `$ command`, then what it prints.

In what is shown, `…` stands for anything within a line and a line of `…` alone for any lines, also none. Trailing
blanks do not count. Other fences (`sh`, plain ones) are not run: they show what needs root, a network or a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One command of a page, and what the page says it prints."""

    page: Path
    line: int
    command: str
    shown: str

    def __str__(self) -> str:
        """Name the example for a test report."""
        return f"{self.page}:{self.line}: {self.command}"


def read_examples(page: Path) -> Iterator[Example]:
    """Yield the examples of one page in order."""
    text = page.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(text):
        first_line = text[: fence.start(1)].count("\n") + 1
        yield from _split(page, first_line, fence.group(1))


def _split(page: Path, first_line: int, block: str) -> Iterator[Example]:
    command, shown, at = None, list[str](), 0
    for number, line in enumerate(block.splitlines(), first_line):
        if line.startswith("$ "):
            if command is not None:
                yield Example(page, at, command, "\n".join(shown))
            command, shown, at = line[2:], [], number
        else:
            shown.append(line)
    if command is not None:
        yield Example(page, at, command, "\n".join(shown))


def matches(shown: str, printed: str) -> bool:
    """Say whether a program printed what the page shows."""
    pattern = "".join(
        "(?:[^\n]*\n)*?" if line.strip() == "…" else ".*".join(map(re.escape, line.rstrip().split("…"))) + "[ ]*\n"
        for line in shown.strip("\n").splitlines()
    )
    return re.fullmatch(pattern, printed.strip("\n") + "\n" if printed.strip() else "") is not None
