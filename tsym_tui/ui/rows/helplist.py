"""The help: the keys of this screen, then those that hold everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from tsym_tui.ui.keys import KEYS, Key, Scope, keys_of
from tsym_tui.ui.rows.pens import Pen, Row, fit_text

_KEY_CELLS = 11
_LABEL_CELLS = 18


def render_help(pen: Pen, scope: Scope, title: str, table: Sequence[Key] = KEYS) -> list[Row]:
    """Write the list; one row for each meaning, the keys of one meaning together."""
    keys = keys_of(scope, table)
    own = [key for key in keys if scope in key.scopes]
    shared = [key for key in keys if scope not in key.scopes]
    rows = [[pen.strong("keys"), pen.dim(f"  {title}")], [], *_table(pen, own)]
    if shared:
        rows += [[], [pen.dim("everywhere")], [], *_table(pen, shared)]
    return rows


def _table(pen: Pen, keys: Sequence[Key]) -> list[Row]:
    """Write one row a key."""
    return [
        [pen.accent(fit_text(key.name, _KEY_CELLS)), pen(fit_text(key.label, _LABEL_CELLS)), pen.dim(key.help)]
        for key in keys
    ]
