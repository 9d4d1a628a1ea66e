"""`--hide-names`: pseudonyms in what a command prints, the same ones as in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsym_agent.model.snapshot import Snapshot
from tsym_tui.cli.places import state_folder

if TYPE_CHECKING:
    from tsym_tui.fleet.pseudonyms import Pseudonyms

HIDDEN_NOTE = "names are pseudonyms"
"""What a reader is told, as the app's own pages do."""


class Hiding:
    """Hides names in pictures, or leaves them as they are."""

    def __init__(self, *, hides: bool) -> None:
        self._names: Pseudonyms | None = None
        if hides:
            from tsym_tui.fleet.pseudonyms import Pseudonyms, read_salt

            self._names = Pseudonyms(read_salt(state_folder()))

    def hide(self, snapshot: Snapshot) -> Snapshot:
        """Return a picture as it is to be printed."""
        return snapshot if self._names is None else self._names.hide(snapshot)
