"""A JSON value as a tree that folds: one line a member, the cursor on one of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from tsym_tui.graph.cells import settle
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import Glyph, Role
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, emphasised, fit, on

Path: TypeAlias = tuple[str | int, ...]

OPEN, CLOSED = Glyph("▾", "▾", "-"), Glyph("▸", "▸", "+")

OPEN_DEPTH = 2
"""So many levels stand open at first."""


class TreeLine(msgspec.Struct, frozen=True):
    """One member."""

    path: Path
    value: object
    is_branch: bool
    is_open: bool = False

    @property
    def depth(self) -> int:
        """How far it is indented."""
        return len(self.path) - 1


@dataclass
class Tree:
    """A value, what of it is open, and where the cursor is. A newer value keeps both."""

    value: object = None
    turned: set[Path] = field(default_factory=set)
    """Branches that are not as they stand at first."""
    at: Path = ()
    top: int = 0
    _lines: tuple[TreeLine, ...] | None = None

    def show(self, value: object) -> None:
        """Take a newer value."""
        if value != self.value:
            self.value, self._lines = value, None

    @property
    def lines(self) -> tuple[TreeLine, ...]:
        """Every line that is not folded away."""
        if self._lines is None:
            self._lines = tuple(self._walk(self.value, ()))
        return self._lines

    def _walk(self, value: object, path: Path) -> Iterator[TreeLine]:
        for key, member in members(value):
            here = (*path, key)
            is_branch = bool(members(member))
            is_open = is_branch and self.is_open(here)
            yield TreeLine(here, member, is_branch, is_open)
            if is_open:
                yield from self._walk(member, here)

    def is_open(self, path: Path) -> bool:
        """Whether a branch stands open."""
        return (len(path) <= OPEN_DEPTH) != (path in self.turned)

    @property
    def row(self) -> int:
        """The line the cursor is on: the member itself, or the branch it is folded away in."""
        lines = self.lines
        best = 0
        for row, line in enumerate(lines):
            if line.path == self.at:
                return row
            if line.path == self.at[: len(line.path)]:
                best = row
        return best

    @property
    def here(self) -> TreeLine | None:
        """The line under the cursor."""
        return self.lines[self.row] if self.lines else None

    def move(self, step: int) -> None:
        """Go to another line."""
        if self.lines:
            self.at = self.lines[min(max(0, self.row + step), len(self.lines) - 1)].path

    def fold(self) -> None:
        """Fold the branch under the cursor or unfold it; on a leaf, fold what it stands in."""
        line = self.here
        if line is None:
            return
        path = line.path if line.is_branch else line.path[:-1]
        if path:
            self.turned ^= {path}
            self.at = path
            self._lines = None

    def fold_all(self) -> None:
        """Fold every branch; unfold all when all are folded."""
        branches = list(_branches(self.value, ()))
        wants_open = not any(self.is_open(path) for path in branches)
        self.turned = {path for path in branches if (len(path) <= OPEN_DEPTH) != wants_open}
        self._lines = None
        self.move(0)


def members(value: object) -> Sequence[tuple[str | int, object]]:
    """Return what is inside of a value; nothing inside of a leaf."""
    if isinstance(value, Mapping):
        return [(str(key), member) for key, member in value.items()]
    return list(enumerate(value)) if isinstance(value, list | tuple) else []


def _branches(value: object, path: Path) -> Iterator[Path]:
    for key, member in members(value):
        if members(member):
            yield (*path, key)
            yield from _branches(member, (*path, key))


def copied(line: TreeLine) -> str:
    """Return what is copied of a member: a text as it is, everything else as JSON."""
    if isinstance(line.value, str):
        return line.value
    return msgspec.json.format(msgspec.json.encode(line.value), indent=2 if line.is_branch else 0).decode()


def tree_rows(pen: Pen, tree: Tree, cells: int, height: int) -> list[Row]:
    """Write the lines on screen around the cursor, and under them where it stands."""
    lines, cursor = tree.lines, tree.row
    if not lines:
        return [[pen.dim("nothing to show yet")]]
    room = max(1, height - 2)
    tree.top = min(max(tree.top, cursor - room + 1), cursor, max(0, len(lines) - room))
    shown = lines[tree.top : tree.top + room]
    rows = [tree_row(pen, line, cells, is_here=tree.top + y == cursor) for y, line in enumerate(shown)]
    rows += [[] for _ in range(height - 1 - len(rows))]
    crumb = f" {pen.signs.crumb} ".join(settle(str(part)) for part in lines[cursor].path)
    place = pen(f"{cursor + 1} of {len(lines)}  ", Role.CHROME)
    return [*rows, clip([place, pen.dim(crumb)], cells, pen.signs.ellipsis)]


def tree_row(pen: Pen, line: TreeLine, cells: int, *, is_here: bool = False) -> Row:
    """Write one member: its key and its value, or how much is inside."""
    key = settle(str(line.path[-1]))
    sign = pen.glyph(OPEN if line.is_open else CLOSED) if line.is_branch else " "
    row: Row = [*blank(2 * line.depth), pen.dim(f"{sign} "), pen.accent(key) if is_here else pen.dim(key)]
    if line.is_branch:
        count = len(members(line.value))
        row += [pen(f"  {'[' if isinstance(line.value, list | tuple) else '{'}{count}", Role.CHROME)]
        row += [pen("]" if isinstance(line.value, list | tuple) else "}", Role.CHROME)]
    else:
        row += [*blank(2), _leaf(pen, line.value)]
    kept = fit(row, cells - 1, pen.signs.ellipsis)
    if not is_here:
        return [*blank(1), *kept]
    tint = pen.theme.colour(Role.SELECTION)
    inner = [pen.accent(pen.signs.selected_row), *kept[: len(kept)]]
    return on(inner, tint) if tint else emphasised(inner)


def _leaf(pen: Pen, value: object) -> Run:
    if isinstance(value, str):
        return pen(settle(value)) if value else pen('""', Role.CHROME)
    if value is None or not isinstance(value, bool | int | float):  # null, or a branch without anything inside
        return pen(msgspec.json.encode(value).decode(), Role.CHROME)
    return pen(msgspec.json.encode(value).decode(), Role.STRONG)
