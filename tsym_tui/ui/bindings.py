"""From the key table to Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tsym_tui.ui.keys import Scope, keys_of


def bindings_of(scope: Scope) -> list[BindingType]:
    """Return the bindings of a screen; none is shown by Textual, since the key row is ours.

    Keys for the same action share an ID, so that `keymaps` can give it others.
    """
    return [
        Binding(key, action, meaning.label, show=False, tooltip=meaning.help, id=f"{scope}.{action}")
        for meaning in keys_of(scope)
        for key, action in meaning.binds
    ]
