"""The last row of every screen: the keys that mean something here."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.ui.keys import Key
from tsym_tui.ui.rows.header import GAP, MARGIN
from tsym_tui.ui.rows.pens import Pen, Row, blank, joined, spread, width_of


def render_keys(pen: Pen, keys: Sequence[Key], cells: int) -> Row:
    """Write the key row: this screen's keys left, help and quit right; the last ones go where there is no room."""
    inner = cells - 2 * MARGIN
    left = [_say(pen, key) for key in sorted((key for key in keys if key.rank > 0), key=lambda key: key.rank)]
    ends = [_say(pen, key) for key in sorted((key for key in keys if key.rank < 0), key=lambda key: key.rank)]
    while len(ends) > 1 and width_of(joined(ends, GAP)) > inner:
        ends.pop(-2)  # the way out goes last
    right = joined(ends, GAP)
    while left and width_of(joined(left, GAP)) + GAP + width_of(right) > inner:
        left.pop()
    return [*blank(MARGIN), *spread(joined(left, GAP), right, inner), *blank(MARGIN)]


def _say(pen: Pen, key: Key) -> Row:
    return [pen.accent(written(pen, key)), pen.dim(f" {key.label}")]


def written(pen: Pen, key: Key) -> str:
    """Return how the keys are written with the glyphs there are."""
    if not pen.is_ascii:
        return key.name
    name = key.name.replace("↑↓←→", "arrows")
    for arrow, word in (("↑", "up"), ("↓", "down"), ("←", "left"), ("→", "right")):
        name = name.replace(arrow, word)
    return name
