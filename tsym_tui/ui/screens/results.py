"""What hosts answered to a command, as the answers come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from msgspec import structs
from textual import events
from textual.message import Message

from tsym_agent.localapi.commands import Form
from tsym_agent.model.ids import NodeRef
from tsym_tui.fleet.fanout import Answer, Job, ask_one, each, fan_out
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.hostnames import file_name
from tsym_tui.fleet.pinging import Round, ping_from
from tsym_tui.fleet.questions import PING, ping_job
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.pens import Row
from tsym_tui.ui.rows.results import answer_rows, result_rows
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.runs import Run, title_of
from tsym_tui.ui.screens.tools import ToolScreen
from tsym_tui.ui.widgets.panes import Pane

COPY_CELLS = 100_000
"""Width of an answer that is copied: nothing has to fit."""


class AnswerCame(Message):
    """A host answered, or will not."""

    def __init__(self, run: Run, answer: Answer) -> None:
        super().__init__()
        self.run = run
        self.answer = answer


class ResultsPane(Pane):
    """Hosts and answers."""

    def __init__(self, desk: Desk, run: Run) -> None:
        super().__init__(desk, id="tool")
        self.run = run

    def build(self, cells: int, height: int) -> Sequence[Row]:
        """Write it for a size."""
        return result_rows(self.pen, self.run, (cells, height))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the answer down."""
        event.stop()
        self.run.top += 3
        self.redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the answer up."""
        event.stop()
        self.run.top -= 3
        self.redraw()


class ResultsScreen(ToolScreen, inherit_bindings=False):
    """One command, many hosts. Leaving it cancels what is still asked."""

    SCOPE = Scope.RESULTS
    TITLE = "Run"
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def __init__(self, desk: Desk, job: Job, asked: Sequence[Asked]) -> None:
        super().__init__(desk)
        self._asked = tuple(asked)
        self.state = Run(job, tuple(one.host for one in asked))
        self._pane = ResultsPane(desk, self.state)

    @property
    def pane(self) -> Pane:
        """The pane between header and keys."""
        return self._pane

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are: what was asked, and how it is shown."""
        extra = ["differences"] if self.state.only_differences else ["raw"] if self.state.is_raw else []
        return (self.TITLE, title_of(self.state.job), *extra)

    def on_mount(self) -> None:
        """Ask."""
        super().on_mount()
        self._ask()

    def _ask(self) -> None:
        self.run_worker(self._collect(), group="answers", description="asks hosts", exclusive=True, exit_on_error=False)

    async def _collect(self) -> None:
        run = self.state
        async with aclosing(fan_out(each(self._asked), self._runner())) as answers:
            async for answer in answers:
                self.post_message(AnswerCame(run, answer))

    def _runner(self) -> Callable[[Asked], Awaitable[Answer]]:
        job = self.state.job
        if job.command is not PING:
            return lambda one: ask_one(one, job)
        view = self.desk.view
        nodes = view.digest.snapshot.nodes.values() if view.digest is not None else ()
        wanted = Round(
            job=ping_job(job.values),
            ips=(job.values["ip"],) if "ip" in job.values else (),
            nodes={address: node for node in nodes for address in node.addresses},
        )
        return lambda one: ping_from(one, wanted)

    def take_veil(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:  # noqa: ARG002 - hosts are found by their specs
        """Ask once more, by the names that are shown now: what came is of the others."""
        veil, source = self.desk.veil, self.desk.source
        specs = {veil.real_host(one.host).spec for one in self._asked}
        everybody = source.asked() if source is not None else ()
        self._asked = tuple(one for one in everybody if veil.real_host(one.host).spec in specs)
        job = self.state.job
        job = structs.replace(job, values={name: veil.shown(value) for name, value in job.values.items()})
        self.state = Run(job, tuple(one.host for one in self._asked))
        self._pane.run = self.state
        self._ask()

    def on_answer_came(self, message: AnswerCame) -> None:
        """Take it in and draw, unless it is of before names were hidden or shown."""
        if message.run is self.state:
            self.state.take(message.answer)
            self.show()

    def action_move(self, step: int) -> None:
        """Look at another host."""
        self.state.move(step)
        self.show()

    def action_page(self, step: int) -> None:
        """Scroll the answer a page."""
        self.state.top += step * max(1, self._pane.size.height - 2)
        self.show()

    def action_step(self, step: int) -> None:
        """Scroll the answer sideways."""
        self.state.step(step)
        self.show()

    def action_first(self) -> None:
        """Scroll to the top of the answer."""
        self.state.top = 0
        self.show()

    def action_last(self) -> None:
        """Scroll to its end."""
        self.state.top = 10**9
        self.show()

    def action_raw(self) -> None:
        """Show the answer as it came, or laid out."""
        self.state.is_raw, self.state.only_differences = not self.state.is_raw, False
        self.state.top = self.state.left = 0
        self.show()

    def action_differences(self) -> None:
        """Show only what differs between hosts, or single answers again."""
        self.state.only_differences, self.state.top = not self.state.only_differences, 0
        self.show()

    def action_again(self) -> None:
        """Ask once more."""
        self.state.restart()
        self.show()
        self._ask()

    def action_copy(self) -> None:
        """Copy what is shown at the right, whole."""
        whole = replace(self.state, top=0, left=0)
        rows = answer_rows(self.desk.pen, whole, COPY_CELLS, 10**6, indent=0)
        self.app.copy_to_clipboard(plain_text(rows))
        self.say("copied the answer")

    def action_write(self) -> None:
        """Write every answer to a file of its own, in a new folder where tsym was started."""
        good = self.state.good
        if not good:
            self.say("there is no answer to write")
            return
        try:
            folder = write_answers(self.state, self.desk.clock())
        except OSError as error:
            self.say(f"cannot write here: {error.strerror or error}")
            return
        self.say(f"wrote {len(good)} files to {folder}/")


def write_answers(run: Run, now: datetime, base: Path | None = None) -> Path:
    """Write the answers as they came, one file a host, for nobody else to read; return the folder."""
    suffix = {Form.JSON: "json", Form.TEXT: "txt", Form.BYTES: "bin", Form.STREAM: "ndjson"}[run.job.command.form]
    folder = (base or Path()) / f"tsym-{run.job.command.name}-{now:%Y%m%d-%H%M%S}"
    folder.mkdir(mode=0o700, exist_ok=True)
    taken: set[str] = set()
    for answer in run.good:
        (folder / f"{file_name(answer.host.name, taken)}.{suffix}").write_bytes(answer.body)
    return folder
