"""Logs or events of hosts as one stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.widget import Widget

from tsym_agent.model.ids import NodeRef
from tsym_tui.fleet.fanout import each
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.merging import Merger, Sieve
from tsym_tui.fleet.streaming import EVENTS, INNER_EVENTS, LOGS, Following, sources_of
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.pens import Row
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.rows.tail import entry_rows, tail_rows
from tsym_tui.ui.screens.tools import ToolScreen
from tsym_tui.ui.tails import Tail
from tsym_tui.ui.widgets.panes import Pane
from tsym_tui.ui.widgets.prompt import PromptClosed, SearchChanged, SearchPrompt

STREAMS: dict[str, tuple[str, Following]] = {
    "logs": ("Logs", LOGS),
    "events": ("Events", EVENTS),
    "inner-events": ("Inner events", INNER_EVENTS),
}

MOST_LEVEL = 2
"""Log lines are read up to this verbosity, so that showing details shows those that were said before, too."""


DRAW_GAP_S = 0.05
"""Between two drawings of what comes."""


class TailGrew(Message):
    """Something was said."""

    def can_replace(self, message: Message) -> bool:
        """Drawing once shows it all."""
        return isinstance(message, TailGrew)


class TailPane(Pane):
    """The newest entries, or those looked back at."""

    def __init__(self, desk: Desk, tail: Tail) -> None:
        super().__init__(desk, id="tool")
        self.tail = tail

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write it for a size."""
        return tail_rows(self.pen, self.tail, (cells, height), is_paused=self.desk.view.is_paused)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Look forward."""
        event.stop()
        self.tail.scroll(3)
        self.redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Look back."""
        event.stop()
        self.tail.scroll(-3)
        self.redraw()


class StreamScreen(ToolScreen, inherit_bindings=False):
    """Follows hosts until it is left."""

    SCOPE = Scope.STREAM
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def __init__(
        self, desk: Desk, name: str, asked: Sequence[Asked], everybody: Callable[[], tuple[Asked, ...]]
    ) -> None:
        super().__init__(desk)
        self._asked = tuple(asked)
        self._everybody = everybody
        self._is_drawing_due = False
        self.name_of_stream = name
        self.tail = Tail(tuple(one.host for one in asked))
        self._pane = TailPane(desk, self.tail)

    @property
    def pane(self) -> Pane:
        """The pane between header and keys."""
        return self._pane

    def compose_prompts(self) -> Iterable[Widget]:
        """Ask what to search for."""
        yield SearchPrompt(self.desk)

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are."""
        count = len(self._asked)
        return (STREAMS[self.name_of_stream][0], f"{count} host{'' if count == 1 else 's'}")

    def on_mount(self) -> None:
        """Begin to follow."""
        super().on_mount()
        self._follow()

    def show(self) -> None:
        """Draw, and hold what is shown while the display is held."""
        self.tail.hold(is_held=self.desk.view.is_paused)
        super().show()

    def _follow(self) -> None:
        self.run_worker(self._read(), group="stream", description="follows hosts", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        wanted = Following(STREAMS[self.name_of_stream][1].command, MOST_LEVEL)
        sources = sources_of(each(self._asked), wanted, self._everybody)
        merger = Merger(sources, sieve=Sieve(level=MOST_LEVEL))
        async with aclosing(merger.entries()) as entries:
            async for entry in entries:
                self.tail.take([entry])
                self.post_message(TailGrew())

    def on_tail_grew(self) -> None:
        """Draw what came, soon: a storm of lines is drawn a few times a second."""
        if not self._is_drawing_due:
            self._is_drawing_due = True
            self.set_timer(DRAW_GAP_S, self._draw)

    def _draw(self) -> None:
        self._is_drawing_due = False
        self.show()

    def action_move(self, step: int) -> None:
        """Look forward or back."""
        self.tail.scroll(step)
        self.show()

    def action_page(self, step: int) -> None:
        """Look a page forward or back."""
        self.tail.scroll(step * max(1, self._pane.size.height - 2))
        self.show()

    def action_first(self) -> None:
        """Look at the oldest that is kept."""
        self.tail.scroll(-len(self.tail.kept))
        self.show()

    def action_last(self) -> None:
        """Look at the newest, and follow."""
        self.action_follow_end()

    def action_follow_end(self) -> None:
        """Go to the newest and stay there; a held display goes on."""
        self.tail.back = 0
        if self.desk.view.is_paused:
            self.app.call_later(self.app.run_action, "pause")
        self.show()

    def action_level(self) -> None:
        """Show more details, or none again."""
        self.tail.level = (self.tail.level + 1) % (MOST_LEVEL + 1)
        self.say(f"log lines up to level {self.tail.level}")
        self.show()

    def action_wrap(self) -> None:
        """Show long lines whole, or cut."""
        self.tail.is_wrapped = not self.tail.is_wrapped
        self.show()

    def action_next_stream(self) -> None:
        """Follow the other thing, from now on."""
        names = list(STREAMS)
        self.turn_to(names[(names.index(self.name_of_stream) + 1) % len(names)])

    def turn_to(self, name: str) -> None:
        """Follow something on the same hosts, from now on."""
        if name == self.name_of_stream:
            return
        self.name_of_stream = name
        self.tail = Tail(self.tail.hosts, text=self.tail.text, level=self.tail.level, is_wrapped=self.tail.is_wrapped)
        self._pane.tail = self.tail
        self.show()
        self._follow()

    def take_veil(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:  # noqa: ARG002 - hosts are found by their specs
        """Follow the same hosts by the names that are shown now; what was said before goes, it has the others."""
        veil = self.desk.veil
        specs = {veil.real_host(one.host).spec for one in self._asked}
        self._asked = tuple(one for one in self._everybody() if veil.real_host(one.host).spec in specs)
        hosts, text = tuple(one.host for one in self._asked), veil.shown(self.tail.text)
        self.tail = Tail(hosts, text=text, level=self.tail.level, is_wrapped=self.tail.is_wrapped)
        self._pane.tail = self.tail
        self._follow()

    def action_filter(self) -> None:
        """Type what to search for."""
        self.add_class("-asking")
        self.query_one(SearchPrompt).open(self.tail.text)

    def on_search_changed(self, message: SearchChanged) -> None:
        """Search as typed."""
        self.tail.text, self.tail.back = message.text, 0
        self.show()

    def on_prompt_closed(self, message: PromptClosed) -> None:
        """Go back to the keys."""
        if not message.kept:
            self.tail.text = ""
        self.remove_class("-asking")
        self.set_focus(None)
        self.show()

    def action_copy(self) -> None:
        """Copy all that passes the filter."""
        places = {host.spec: place for place, host in enumerate(self.tail.hosts)}
        shown = self.tail.shown()
        pen, cells = self.desk.pen, 10_000
        written = [entry_rows(pen, one, places.get(one.host.spec, 0), 16, cells, wraps=False) for one in shown]
        rows = [row for rows in written for row in rows]
        self.app.copy_to_clipboard(plain_text(rows))
        self.say(f"copied {len(shown)} lines")
