"""The filter line: filters while it is typed, says what it cannot read and what there is, and completes with tab."""

from __future__ import annotations

from typing import ClassVar

from tsym_tui.fleet.filters import Completion, Filter, FilterError, complete, known_values, parse_filter
from tsym_tui.graph.looks import Role
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.rows.pens import Row
from tsym_tui.ui.widgets.lineprompt import LinePrompt
from tsym_tui.ui.widgets.prompt import FilterChanged, PromptClosed

HINT = "part of a name, tag: owner: os: path: rtt:> offline, ! for not; tab completes"


class FilterPrompt(LinePrompt):
    """Takes a filter, and filters while it is typed."""

    SIGN: ClassVar[str] = "/"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, id="prompt")

    def offers(self, text: str) -> Completion:
        """Complete keys, words and the values that nodes have."""
        view = self.desk.view
        return complete(text, () if view.digest is None else view.digest.snapshot.nodes.values())

    def said(self) -> Row:
        """Say how many nodes are left; of none, what there would be."""
        view = self.desk.view
        if not self.line.text:
            return [self.pen(HINT, Role.CHROME)]
        if view.digest is None or not view.filter:
            return []
        count = self.pen(f"{len(view.listed)} of {len(view.digest.order)}", Role.DIM)
        if view.listed:
            return [count]
        known = known_values(self.line.text, view.digest.snapshot.nodes.values())
        words = f"; there are {', '.join(known)}" if known and not self.offered.choices else ""
        return [self.pen("none left", Role.WARN), self.pen(words, Role.DIM)]

    def changed(self) -> None:
        """Read what was typed and tell."""
        try:
            wanted: Filter = parse_filter(self.line.text)
        except FilterError as error:
            self.trouble = str(error)
            self.redraw()
            return
        self.trouble = ""
        self.post_message(FilterChanged(wanted))

    def enter(self) -> None:
        """Keep the filter."""
        self.display = False
        self.post_message(PromptClosed(kept=True))

    def leave(self) -> None:
        """Drop the filter."""
        self.display = False
        self.post_message(PromptClosed(kept=False))
