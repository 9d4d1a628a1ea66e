"""The help: the keys of this screen, then those that hold everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.fleet.filters import language_lines
from tsym_tui.ui.keys import KEYS, Key, Scope, keys_of
from tsym_tui.ui.rows.keyrow import written
from tsym_tui.ui.rows.pens import Pen, Row, fit_text

_KEY_CELLS = 13
_LABEL_CELLS = 18


def render_help(pen: Pen, scope: Scope, title: str, table: Sequence[Key] = KEYS) -> list[Row]:
    """Write the list; one row for each meaning, the keys of one meaning together."""
    keys = keys_of(scope, table)
    own = [key for key in keys if scope in key.scopes]
    shared = [key for key in keys if scope not in key.scopes]
    rows = [[pen.strong("keys"), pen.dim(f"  {title}")], [], *_table(pen, own)]
    if shared:
        rows += [[], [pen.dim("everywhere")], [], *_table(pen, shared)]
    if any(action == "filter" for key in own for _, action in key.binds):
        rows += [[], [pen.dim("filters, behind /")], [], *_language(pen)]
    return rows


def _language(pen: Pen) -> list[Row]:
    """Write the filter language from its one table."""
    return [
        [pen.accent(fit_text(example, _KEY_CELLS + _LABEL_CELLS, pen.signs.ellipsis)), pen.dim(words)]
        for example, words in language_lines()
    ]


def _table(pen: Pen, keys: Sequence[Key]) -> list[Row]:
    """Write one row a key."""
    dots = pen.signs.ellipsis
    return [
        [
            pen.accent(fit_text(written(pen, key), _KEY_CELLS, dots)),
            pen(fit_text(key.label, _LABEL_CELLS, dots)),
            pen.dim(key.help),
        ]
        for key in keys
    ]
