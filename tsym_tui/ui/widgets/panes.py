"""A pane: a rectangle of rows that is built by a pure function and redrawn only where it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tsym_tui.graph.frame import ReadyRow, Run
from tsym_tui.graph.looks import Role
from tsym_tui.ui.crashes import name_and_words
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.rows.pens import Pen, Row, fit, wrap
from tsym_tui.ui.widgets.strips import InkStrip


class Pane(Widget):
    """Draws the rows that `build` returns. A subclass says what they are; who holds new values calls `redraw`."""

    DEFAULT_CSS: ClassVar[str] = "Pane { width: 1fr; height: 1fr; }"

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self.desk = desk
        self._rows: list[Sequence[Run]] = []
        self._strips: list[Strip] = []

    @property
    def pen(self) -> Pen:
        """The pen to write with."""
        return self.desk.pen

    def build(self, cells: int, height: int) -> Sequence[Sequence[Run]]:  # noqa: ARG002 - for subclasses
        """Return the rows for a size; fewer or narrower ones are filled up, more or wider ones cut."""
        return []

    @property
    def rows(self) -> list[Row]:
        """What is on screen, each row as wide as the pane."""
        return [fit(row, self.size.width, self.pen.signs.ellipsis) for row in self._rows]

    def redraw(self) -> None:
        """Build again, and paint the rows that are not as they were."""
        if not self.size.area:
            return
        self.show_rows(self._safely_built(self.size))

    def show_rows(self, rows: Sequence[Sequence[Run]], *, fills: bool = False) -> None:
        """Paint rows where they differ from those on screen; `fills` promises that each is as wide as the pane."""
        cells, height = self.size
        wanted: list[Sequence[Run]] = [row if isinstance(row, ReadyRow) else list(row) for row in rows[:height]]
        wanted += [[] for _ in range(height - len(rows))]
        background = self.pen.theme.colour(Role.BG)
        is_new = len(self._rows) != height or any(strip.cell_length != cells for strip in self._strips)
        changed = [y for y in range(height) if is_new or _differ(self._rows[y], wanted[y])]
        if not changed:
            return
        strips = self._strips if not is_new else [Strip.blank(cells)] * height
        for y in changed:
            row = wanted[y] if fills and wanted[y] else fit(wanted[y], cells, self.pen.signs.ellipsis)
            strips[y] = InkStrip(row, cells, background)
        self._rows, self._strips = wanted, strips
        self.refresh(*[Region(0, y, cells, 1) for y in changed])

    def forget(self) -> None:
        """Forget what is on screen, so that everything is painted again: the theme has changed."""
        self._rows, self._strips = [], []

    def on_resize(self) -> None:
        """Build for the new size."""
        self.redraw()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Hand out ready strips; Textual's own way would take them apart and filter them."""
        if len(self._strips) < crop.bottom:
            self._rows, self._strips = [], []
            self._paint_now()
        strips = self._strips[crop.y : crop.bottom]
        if crop.x == 0 and crop.width == self.size.width:
            return strips
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def _paint_now(self) -> None:
        """Build strips without asking for another paint: we are in one."""
        cells, height = self.size
        rows = self._safely_built(self.size)[:height]
        background = self.pen.theme.colour(Role.BG)
        self._rows = [*rows, *([] for _ in range(height - len(rows)))]
        self._strips = [InkStrip(fit(row, cells, self.pen.signs.ellipsis), cells, background) for row in self._rows]

    def _safely_built(self, size: Size) -> Sequence[Sequence[Run]]:
        """Build, or say in place what went wrong: one bad value must not take the screen away."""
        try:
            return self.build(size.width, size.height)
        except Exception as error:  # noqa: BLE001 - the edge where a pane's failure becomes a sentence
            self.log(error)
            lines = wrap(f"cannot draw this: {name_and_words(error)}", max(8, size.width - 4))
            return [[], *([self.pen("  "), self.pen(line, Role.WARN)] for line in lines)]


def _differ(row: Sequence[Run], other: Sequence[Run]) -> bool:
    """Whether rows may look different; ready ones that stayed the same are the same object."""
    if isinstance(row, ReadyRow) or isinstance(other, ReadyRow):
        return row is not other
    return row != other
