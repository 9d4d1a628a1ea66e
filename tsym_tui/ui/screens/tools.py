"""What screens share that show something else than the tailnet's picture: answers, logs, events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.worker import Worker, WorkerState

from tsym_agent.model.ids import NodeRef
from tsym_tui.ui.crashes import name_and_words
from tsym_tui.ui.rows.keyrow import render_keys
from tsym_tui.ui.rows.pens import Row
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.commandline import CommandPrompt
from tsym_tui.ui.widgets.frame import FootPane, HeaderPane
from tsym_tui.ui.widgets.panes import Pane
from tsym_tui.ui.widgets.saveprompt import SavePrompt


class ToolFootPane(FootPane):
    """What just happened, and the keys: there is no legend to give."""

    DEFAULT_CSS: ClassVar[str] = "ToolFootPane { height: 2; }"

    @property
    def legend_row(self) -> Row:
        """Return nothing: there is no legend to give."""
        return []

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write the rows there is room for, from the last one up."""
        return [self._notice(), render_keys(self.pen, self._keys, cells)][-height:]


class ToolScreen(TailnetScreen, inherit_bindings=False):
    """A screen over the others; what it shows is there whatever the picture is."""

    DEFAULT_CSS: ClassVar[str] = """
    ToolScreen {
        #tool { height: 1fr; }
        &.-tiny HeaderPane, &.-short HeaderPane { height: 1; }
        &.-tiny ToolFootPane, &.-short ToolFootPane { height: 1; }
        &.-asking ToolFootPane { height: 1; }
    }
    """

    def compose(self) -> ComposeResult:
        """Put the frame around the one pane."""
        yield HeaderPane(self.desk)
        yield self.pane
        yield CommandPrompt(self.desk)
        yield SavePrompt(self.desk)
        yield from self.compose_prompts()
        yield ToolFootPane(self.desk, self.SCOPE)

    @property
    def pane(self) -> Pane:
        """The pane between header and keys."""
        raise NotImplementedError

    @property
    def order(self) -> Sequence[NodeRef]:
        """Nodes are not what is moved through here."""
        return ()

    def show(self) -> None:
        """Draw everything that changed since it was drawn."""
        headers = self.query(HeaderPane)
        if not headers:
            return
        headers.first().crumbs = self.crumbs
        for pane in self.query(Pane):
            pane.redraw()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say so when what fills this screen broke: it would look as if hosts were silent."""
        if event.state is WorkerState.ERROR:
            self.log(event.worker.error)
            self.say(f"a bug of ours: {name_and_words(event.worker.error or RuntimeError())}", stays=True)

    def action_back(self) -> None:
        """Go back to where we came from."""
        self.app.pop_screen()
