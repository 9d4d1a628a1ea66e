"""What all screens share: the frame, the faces, the prompts, and what keys mean everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from tsym_agent.model.ids import NodeRef
from tsym_tui.fleet.filters import Filter
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.faces import Face, face_rows
from tsym_tui.ui.rows.pens import Row
from tsym_tui.ui.rows.selection import full_rows, pair_history, plain_text
from tsym_tui.ui.widgets.commandline import CommandPrompt
from tsym_tui.ui.widgets.filterline import FilterPrompt
from tsym_tui.ui.widgets.frame import PANE_CELLS, FootPane, HeaderPane
from tsym_tui.ui.widgets.lists import NodePicked, PlainListPane, Scrolled
from tsym_tui.ui.widgets.panes import Pane
from tsym_tui.ui.widgets.prompt import FilterChanged, PromptClosed
from tsym_tui.ui.widgets.saveprompt import SavePrompt

NOTICE_S = 4.0
"""How long a sentence about what just happened is shown."""

LEAST_SIZE = (80, 24)
"""What the screens are made for; below it a plain list."""


class FacePane(Pane):
    """Loading, empty or failed."""

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - faces are short
        """Write the face."""
        view = self.desk.view
        return face_rows(self.pen, view.face, view.digest, view.trouble, cells)


class Moved(Message):
    """A person went on within a screen: to another filter, or to what is wrong."""


class TailnetScreen(Screen[None], inherit_bindings=False):
    """A screen that shows the tailnet. Subclasses say what stands in the body and what their own keys do."""

    SCOPE: ClassVar[Scope]
    AUTO_FOCUS = ""  # keys belong to the screen; only a prompt takes the focus, and gives it back
    TITLE = ""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - declared so by Textual
        (0, "-tiny"),
        (LEAST_SIZE[0], "-narrow"),
        (PANE_CELLS, "-medium"),
        (120, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (LEAST_SIZE[1], "-tall")]  # noqa: RUF012 - declared so by Textual
    DEFAULT_CSS: ClassVar[str] = """
    TailnetScreen {
        layout: vertical;
        overflow: hidden;
        #body { height: 1fr; }
        #face, #plain { display: none; }
        &.-faced #face { display: block; }
        &.-faced .data, &.-faced #plain { display: none; }
        &.-tiny, &.-short {
            .data { display: none; }
            HeaderPane, FootPane { height: 1; }
        }
        &.-asking FootPane { height: 2; }
        &.-asking.-tiny FootPane, &.-asking.-short FootPane { height: 1; }
        &.-tiny #plain, &.-short #plain { display: block; }
        &.-tiny.-faced #plain, &.-short.-faced #plain { display: none; }
        &.-narrow .right, &.-narrow .left, &.-medium .left { display: none; }
        &.-maximised .right, &.-maximised .left { display: none; }
    }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk

    def compose(self) -> ComposeResult:
        """Put the frame around the body."""
        yield HeaderPane(self.desk)
        with Horizontal(id="body"):
            yield FacePane(self.desk, id="face")
            yield PlainListPane(self.desk, lambda: self.order)
            yield from self.compose_body()
        yield FilterPrompt(self.desk)
        yield CommandPrompt(self.desk)
        yield SavePrompt(self.desk)
        yield from self.compose_prompts()
        yield FootPane(self.desk, self.SCOPE)

    def compose_body(self) -> Iterable[Widget]:
        """Return the panes between header and legend."""
        return ()

    def compose_prompts(self) -> Iterable[Widget]:
        """Return further prompts of this screen."""
        return ()

    @property
    def order(self) -> Sequence[NodeRef]:
        """The nodes in the order that this screen moves through them."""
        return self.desk.view.table

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are."""
        view = self.desk.view
        extra = [f"/{view.filter.text}"] if view.filter else []
        extra += ["only problems"] if view.only_problems else []
        extra += [f"{len(view.marked)} marked"] if view.marked else []
        return (self.TITLE, *extra)

    def show(self) -> None:
        """Draw everything that changed since it was drawn."""
        headers = self.query(HeaderPane)
        if not headers:
            return  # not composed yet, or being closed
        self.set_class(self.desk.view.face is not Face.DATA, "-faced")
        self.set_class(self.desk.is_maximised, "-maximised")
        headers.first().crumbs = self.crumbs
        for pane in self.query(Pane):
            pane.redraw()

    def take_veil(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:
        """Follow when names are hidden or shown; `ref_of` tells what a node's key is now."""

    def tick(self) -> None:
        """Let the clock go on."""
        for header in self.query(HeaderPane):
            header.redraw()

    def on_mount(self) -> None:
        """Draw for the first time."""
        self.show()

    def on_screen_resume(self) -> None:
        """Draw what happened while another screen was in front."""
        self.show()

    # what keys and the mouse do on every screen

    def on_node_picked(self, message: NodePicked) -> None:
        """Select what was clicked."""
        self.desk.view.select(message.ref)
        self.after_selection()

    def on_scrolled(self, message: Scrolled) -> None:
        """Move with the wheel."""
        self.action_move(message.step)

    def action_move(self, step: int) -> None:
        """Select another node."""
        self.desk.view.move(step, self.order)
        self.after_selection()

    def action_page(self, step: int) -> None:
        """Select a node a page away."""
        self.action_move(step * max(1, self.size.height - 9))

    def action_first(self) -> None:
        """Select the first node."""
        self.action_move(-len(self.desk.view.listed))

    def action_last(self) -> None:
        """Select the last node."""
        self.action_move(len(self.desk.view.listed))

    def action_pair(self, step: int) -> None:
        """Select another pair of the node."""
        self.desk.view.step_pair(step)
        self.after_selection()

    def after_selection(self) -> None:
        """Look closer at what is selected, and draw."""
        view, source = self.desk.view, self.desk.source
        if source is not None:
            source.look_at(() if view.pair is None else (view.pair, (view.pair[1], view.pair[0])))
        self.show()

    def action_filter(self) -> None:
        """Type a filter."""
        self.add_class("-asking")
        self.query_one(FilterPrompt).open(self.desk.view.filter.text)

    def on_filter_changed(self, message: FilterChanged) -> None:
        """Filter as typed."""
        self.desk.view.narrow(message.wanted)
        self.show()

    def on_prompt_closed(self, message: PromptClosed) -> None:
        """Go back to the keys."""
        if not message.kept:
            self.desk.view.narrow(Filter())
        self.remove_class("-asking")
        self.set_focus(None)
        self.post_message(Moved())
        self.show()

    def open_line(self, text: str = "") -> None:
        """Type a command."""
        self.add_class("-asking")
        self.query_one(CommandPrompt).open(text)

    def open_saving(self) -> None:
        """Ask how to save this view, and where."""
        self.add_class("-asking")
        self.query_one(SavePrompt).open()

    def take_setting(self, name: str) -> None:
        """Follow a setting that was changed, beyond drawing anew; nothing to do for most screens."""

    def action_maximise(self) -> None:
        """Hide the panes at the sides, or show them again."""
        if not self.query(".left, .right"):
            self.say("this screen has one pane only")
            return
        self.desk.is_maximised = not self.desk.is_maximised
        self.show()

    def action_mark(self) -> None:
        """Mark the selected host for commands, or unmark it, and go on to the next."""
        view = self.desk.view
        if view.node is None or view.digest is None:
            return
        if view.digest.sum_of(view.node).host is None and view.node not in view.marked:
            self.say(f"{view.digest.name_of(view.node)} is no host of ours: commands cannot run there")
            return
        view.toggle_mark(view.node)
        self.show()

    def action_unmark(self) -> None:
        """Unmark every host."""
        self.desk.view.marked.clear()
        self.show()

    def action_only_problems(self) -> None:
        """Hide what is well, or show it again."""
        view = self.desk.view
        self.post_message(Moved())
        view.narrow(only_problems=not view.only_problems)
        self.post_message(Moved())
        self.show()

    def action_back(self) -> None:
        """Undo the narrowest thing: the pair, then the filter."""
        view = self.desk.view
        if view.peer is not None:
            view.select(view.node)
            self.after_selection()
        elif view.is_narrowed:
            view.narrow(Filter(), only_problems=False)
            self.show()

    def action_copy(self) -> None:
        """Copy the selection as text."""
        view = self.desk.view
        if view.node is None:
            self.say("nothing is selected to copy")
            return
        rows = full_rows(self.desk.pen, view, pair_history(view, self.desk.source), 76)
        self.app.copy_to_clipboard(plain_text(rows))
        self.say("copied the selection")

    def say(self, words: str, *, stays: bool = False) -> None:
        """Show a sentence for a moment, or until the next one."""
        self.desk.note(words)
        self._redraw_foot()
        if not stays:
            self.app.set_timer(NOTICE_S, lambda: self._unsay(words))

    def _unsay(self, words: str) -> None:
        if self.desk.notice == words:
            self.desk.notice = ""
            self._redraw_foot()

    def _redraw_foot(self) -> None:
        """Draw it on the screen in front, which may be another one by now; an app that ends has none."""
        if not self.app.screen_stack:
            return
        for foot in self.app.screen.query(FootPane):
            foot.redraw()
