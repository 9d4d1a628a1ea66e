"""The log of calls: what was asked of hosts, what it cost, and what the app said meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events

from tsym_tui.fleet.calls import CallLog
from tsym_tui.fleet.hostnames import host_names
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.calls import Ledger, Page, calls_rows
from tsym_tui.ui.rows.pens import Row
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.screens.tools import ToolScreen
from tsym_tui.ui.widgets.panes import Pane

COPY_CELLS = 160


def names_by_spec(desk: Desk) -> dict[str, str]:
    """Return what hosts are called by the specs that the log knows, which are never pseudonyms."""
    hosts = () if desk.view.digest is None else desk.view.digest.snapshot.hosts
    names = host_names(hosts)
    return {desk.veil.real_host(host).spec: names[host.spec] for host in hosts}


class CallsPane(Pane):
    """One page of the log."""

    def __init__(self, desk: Desk, ledger: Ledger) -> None:
        super().__init__(desk, id="tool")
        self.ledger = ledger

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write it for a size."""
        view = self.desk.view
        return calls_rows(self.pen, self.ledger, names_by_spec(self.desk), (cells, height), view.words)

    def scroll_by(self, rows: int) -> None:
        """Look further down, which is towards the newest where those stand last."""
        is_list = self.ledger.page in {Page.HOSTS, Page.QUESTIONS}
        self.ledger.back = max(0, self.ledger.back + (rows if is_list else -rows))
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down."""
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up."""
        event.stop()
        self.scroll_by(-3)


class CallsScreen(ToolScreen, inherit_bindings=False):
    """Costs nothing but looking: the log is kept whether anybody reads it or not."""

    SCOPE = Scope.CALLS
    TITLE = "Calls"
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def __init__(self, desk: Desk, log: CallLog) -> None:
        super().__init__(desk)
        self._pane = CallsPane(desk, Ledger(log, desk.notices))

    @property
    def pane(self) -> Pane:
        """The pane between header and keys."""
        return self._pane

    @property
    def ledger(self) -> Ledger:
        """What is looked at."""
        return self._pane.ledger

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are."""
        page = self.ledger.page
        return (self.TITLE,) if page is Page.CALLS else (self.TITLE, page.value)

    def show(self) -> None:
        """Draw, and hold what is shown while the display is held."""
        self.ledger.hold(is_held=self.desk.view.is_paused)
        super().show()

    def tick(self) -> None:
        """Show what was asked meanwhile."""
        self.show()

    def action_next_page(self, step: int) -> None:
        """Turn to another page."""
        self.ledger.turn(step)
        self.show()

    def action_move(self, step: int) -> None:
        """Scroll."""
        self._pane.scroll_by(step)

    def action_page(self, step: int) -> None:
        """Scroll a page."""
        self._pane.scroll_by(step * max(1, self._pane.size.height - 4))

    def action_first(self) -> None:
        """Scroll to the top."""
        self._pane.scroll_by(-(10**6))

    def action_last(self) -> None:
        """Scroll to the end."""
        self._pane.scroll_by(10**6)

    def action_copy(self) -> None:
        """Copy the page, all that is kept of it."""
        view, ledger = self.desk.view, self.ledger
        whole = Ledger(ledger.log, ledger.notices, ledger.page, held=ledger.held)
        height = len(ledger.log.recent) + len(ledger.log.sums) + len(ledger.notices) + 10
        rows = calls_rows(self.desk.pen, whole, names_by_spec(self.desk), (COPY_CELLS, height), view.words)
        self.app.copy_to_clipboard(plain_text(rows))
        self.say("copied this page")
