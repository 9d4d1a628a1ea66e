"""The launch screen: choose a tool, fill in what it takes, see the line, run it, watch it, cancel it."""

from __future__ import annotations

import asyncio
import os
import shlex
from typing import ClassVar

from textual.message import Message

from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.launching.board import Board, Stage
from tsym_tui.ui.launching.children import Children, Run, find_program
from tsym_tui.ui.launching.forms import Form
from tsym_tui.ui.launching.tools import Tool, read_tools
from tsym_tui.ui.rows.launch import plain_board
from tsym_tui.ui.screens.tools import ToolScreen
from tsym_tui.ui.widgets.launchpane import Answered, ItemPicked, LaunchPane

DRAW_GAP_S = 0.05
"""Between two drawings of what a run says."""

SIDE_CELLS = 16

MODULES = {"tsym": "tsym_tui", "tsym-agent": "tsym_agent"}
"""How each program of ours is started where its script is not installed."""


class RunsChanged(Message):
    """A run said something, or ended."""

    def can_replace(self, message: Message) -> bool:
        """Drawing once shows it all."""
        return isinstance(message, RunsChanged)


class LaunchScreen(ToolScreen, inherit_bindings=False):
    """The sibling tools. What was started goes on when another screen is in front, and ends with the app."""

    SCOPE = Scope.LAUNCH
    TITLE = "Launch"
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.started = Children()
        self.board = Board(runs=self.started.runs)
        self._pane = LaunchPane(desk, self.board)
        self._is_drawing_due = False

    @property
    def pane(self) -> LaunchPane:
        """The one pane."""
        return self._pane

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are."""
        board = self.board
        name = board.run.tool.name if board.stage is Stage.WATCH and board.run is not None else ""
        if board.stage in {Stage.FILL, Stage.ASK} and board.form is not None:
            name = board.form.tool.name
        return (self.TITLE, name) if name else (self.TITLE,)

    def on_mount(self) -> None:
        """Look for tools."""
        super().on_mount()
        self.run_worker(self._find(), group="tools", description="looks for tools", exit_on_error=False)

    async def on_unmount(self) -> None:
        """End what was started: nothing outlives the app."""
        await self.started.aclose()

    async def _find(self) -> None:
        tree = getattr(self.app, "commands", None)
        found = await asyncio.to_thread(_all_tools, tree)
        self.board.tools, self.board.is_reading = found, False
        self._choose()

    def show(self) -> None:
        """Draw, with names hidden where that is wished."""
        self.board.words = self.desk.view.words
        super().show()

    def tick(self) -> None:
        """Let the clock of what runs go on."""
        super().tick()
        if any(run.runs for run in self.started.runs):
            self._pane.redraw()

    def _choose(self) -> None:
        """Show the form of the tool under the cursor, as it would be filled in."""
        item, form = self.board.item, self.board.form
        if isinstance(item, Tool) and (form is None or form.tool is not item):
            form = Form(item, os.environ)
            self._begin_with_our_hosts(form)
            self.board.form = form
        self._form_line()
        self.show()

    def _begin_with_our_hosts(self, form: Form) -> None:
        """Ask the simulation that is on screen, which no command would find by itself."""
        source = getattr(self.desk.source, "real", self.desk.source)  # a veiled one tells no folders
        specs = [host.spec for host in source.snapshot().hosts] if source is not None else []
        folders = dict.fromkeys(spec.partition("#")[0] for spec in specs if spec.startswith("sim:"))
        form.fill("host", shlex.join(folders))

    def _form_line(self) -> None:
        form = self.board.form
        if form is not None:
            program = find_program(form.tool.words[0] or "tsym", MODULES)[0]
            self.board.line = shlex.join([*program, *form.arguments()])

    # messages

    def on_item_picked(self, message: ItemPicked) -> None:
        """Choose what was clicked; clicked again, it opens."""
        is_again = message.place == self.board.at and self.board.stage is Stage.CHOOSE
        self._leave_to_list()
        self.board.at = message.place
        self._choose()
        if is_again:
            self.action_choose()

    def on_form_changed(self) -> None:
        """Write the line anew."""
        self._form_line()
        self.show()

    def on_answered(self, message: Answered) -> None:
        """Run it, or go back: to the form, then to the list."""
        if self.board.stage is Stage.ASK:
            self.board.stage = Stage.FILL
            if message.is_yes:
                self._run()
                return
            self.say("not run")
        else:
            self._leave_to_list()
        self.show()

    def on_runs_changed(self) -> None:
        """Draw what came, soon: a storm of lines is drawn a few times a second."""
        if not self._is_drawing_due:
            self._is_drawing_due = True
            self.set_timer(DRAW_GAP_S, self._draw)

    def _draw(self) -> None:
        self._is_drawing_due = False
        self.show()

    # keys

    def action_move(self, step: int) -> None:
        """Go to another item or field, or scroll the output."""
        board = self.board
        if board.stage is Stage.CHOOSE:
            board.move(step)
            self._choose()
            return
        if board.stage is Stage.FILL and board.form is not None:
            board.form.move(step)
        elif board.stage is Stage.WATCH:
            board.scroll(step, self._pane.room)
        self.show()

    def action_step(self, step: int) -> None:
        """Look at what is right or left of what is shown of long lines."""
        run = self.board.run if self.board.stage is Stage.WATCH else self.board.item
        if isinstance(run, Run):
            run.left = max(0, run.left + SIDE_CELLS * step)
            self.show()

    def action_page(self, step: int) -> None:
        """Move by a page."""
        self.action_move(step * max(1, self._pane.room - 1))

    def action_first(self) -> None:
        """Go to the first one; to the oldest line that is kept."""
        self.action_move(-1_000_000)

    def action_last(self) -> None:
        """Go to the last one; to the newest line, and follow."""
        self.action_move(1_000_000)

    def action_field(self, step: int) -> None:
        """Go to another field; from the list, into the form."""
        if self.board.stage is Stage.CHOOSE:
            self.action_choose()
        elif self.board.stage is Stage.FILL:
            self.action_move(step)

    def action_choose(self) -> None:
        """Open the form or the run, run what the form says, or go from an ended run to its form."""
        board, item = self.board, self.board.item
        if board.stage is Stage.FILL and board.form is not None:
            self._run_or_ask(board.form)
        elif board.stage is Stage.CHOOSE and isinstance(item, Run):
            board.run, board.stage = item, Stage.WATCH
        elif board.stage is Stage.CHOOSE and isinstance(item, Tool):
            self._open_form(item)
        elif board.stage is Stage.WATCH and board.run is not None and not board.run.runs:
            self._open_form(board.run.tool)
        self.show()

    def _open_form(self, tool: Tool) -> None:
        if tool.missing:
            return  # what to install stands beside it
        self.board.go_to(tool)
        self._choose()
        self.board.stage = Stage.FILL
        self.set_focus(self._pane)

    def _run_or_ask(self, form: Form) -> None:
        if form.first_trouble():
            return
        if form.changes:
            self.board.stage = Stage.ASK
        else:
            self._run()

    def _run(self) -> None:
        """Start what the form says, and watch it."""
        form = self.board.form
        if form is None:
            return
        shown, command = find_program(form.tool.words[0], MODULES)
        arguments = [self._real(word) for word in form.arguments()]
        run = self.started.start(
            form.tool,
            [*shown, *arguments],
            [*command, *arguments],
            lambda: void(self.post_message(RunsChanged())),
            columns=self._pane.output_cells,
        )
        self.board.run, self.board.stage = run, Stage.WATCH
        self.board.go_to(run)
        self.set_focus(None)
        self.show()

    def _real(self, word: str) -> str:
        """Return what is meant by a word: a pseudonym, while names are hidden, is nobody's name."""
        veil = self.desk.veil
        return veil.pseudonyms.real(word) if veil.is_on else word

    def action_cancel(self) -> None:
        """Interrupt the run that is watched, or the one under the cursor."""
        item = self.board.run if self.board.stage is Stage.WATCH else self.board.item
        if not isinstance(item, Run) or not item.runs:
            self.say("nothing runs here")
            return
        if item.is_cancelled:
            self.say("it was interrupted already, and is told more firmly every few seconds")
            return
        self.run_worker(item.cancel(), group="cancel", description=f"cancels {item.tool.name}", exit_on_error=False)
        self.say(f"interrupting {item.tool.name}")
        self.show()

    def action_back(self) -> None:
        """From a form or a run to the list, from there to the screen before."""
        if self.board.stage is Stage.CHOOSE:
            self.app.call_later(self.app.run_action, "last_screen")
            return
        self._leave_to_list()
        self.show()

    def _leave_to_list(self) -> None:
        self.board.stage = Stage.CHOOSE
        self.set_focus(None)

    def action_copy(self) -> None:
        """Copy the command line, or all that a run said."""
        self.app.copy_to_clipboard(plain_board(self.board))
        self.say("copied")


def _all_tools(tree: object) -> list[Tool]:
    """Describe the agent and every command; in a thread, since each command is imported for it."""
    from tsym_tui.ui.launching.agent import agent_tool

    return [agent_tool(), *read_tools(tree)]


def void(_: object) -> None:
    """Forget a result."""
