"""One command on many hosts as the app shows it: who was asked, what came, and what of it is looked at. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from tsym_agent.localapi.commands import Form
from tsym_agent.model.hosts import Host
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.text import printable
from tsym_tui.fleet.differences import Spread, compare
from tsym_tui.fleet.fanout import Answer, Job, Verdict
from tsym_tui.fleet.hostnames import host_names
from tsym_tui.fleet.sheets import Sheet, read_answer, sheet_of

TEXT_STEP = 20
"""Cells that text moves when it is scrolled sideways."""


@dataclass
class Run:
    """The state of a run."""

    job: Job
    hosts: tuple[Host, ...]
    answers: dict[str, Answer] = field(default_factory=dict)
    """By spec, as far as they came."""
    selected: int = 0
    is_raw: bool = False
    only_differences: bool = False
    top: int = 0
    """First row of the answer on screen."""
    left: int = 0
    """Columns of a table, or steps of text, that were scrolled past."""
    _sheets: dict[tuple[str, bool], Sheet] = field(default_factory=dict)
    _spreads: tuple[int, tuple[Spread, ...]] = (-1, ())

    def take(self, answer: Answer) -> None:
        """Take in an answer; nonsense is none."""
        if answer.is_ok:
            try:
                read_answer(self.job.command, answer.body)
            except PayloadError as error:
                answer = msgspec.structs.replace(answer, verdict=Verdict.FAILED, error=f"{error}: is it a tailscaled?")
        self.answers[answer.host.spec] = answer
        self._forget(answer.host.spec)

    def restart(self) -> None:
        """Forget all answers: they are asked for once more."""
        for spec in list(self.answers):
            self._forget(spec)
        self.answers.clear()

    def _forget(self, spec: str) -> None:
        """Drop what was made of a host's answer before."""
        self._spreads = (-1, ())
        for is_raw in (False, True):
            self._sheets.pop((spec, is_raw), None)

    @property
    def host(self) -> Host | None:
        """The host that is looked at."""
        return self.hosts[self.selected] if self.hosts else None

    @property
    def answer(self) -> Answer | None:
        """Its answer; None = it has not come."""
        return self.answers.get(self.host.spec) if self.host else None

    @property
    def good(self) -> list[Answer]:
        """What is an answer, in the order of hosts."""
        came = [self.answers[host.spec] for host in self.hosts if host.spec in self.answers]
        return [answer for answer in came if answer.is_ok]

    @property
    def waiting(self) -> int:
        """How many hosts have not answered yet."""
        return len(self.hosts) - len(self.answers)

    @property
    def has_bytes(self) -> bool:
        """Whether answers are for another program."""
        return self.job.command.form is Form.BYTES

    def names(self) -> dict[str, str]:
        """Name the hosts; those of one name by their specs, too."""
        return host_names(self.hosts)

    def move(self, step: int) -> None:
        """Look at another host."""
        self.selected = min(max(0, self.selected + step), max(0, len(self.hosts) - 1))
        self.top = self.left = 0

    def step(self, step: int) -> None:
        """Scroll sideways, as far as there is something to see."""
        sheet = self.sheet()
        if sheet is None:
            return
        widest = max((len(cells[0]) for cells in sheet.rows), default=0) // TEXT_STEP
        most = widest if sheet.is_text else max(0, len(sheet.columns) - 2)
        self.left = min(max(0, self.left + step), most)

    def sheet(self) -> Sheet | None:
        """Return the answer laid out, or as it came; None when there is none."""
        answer = self.answer
        if answer is None or not answer.is_ok:
            return None
        key = (answer.host.spec, self.is_raw)
        if key not in self._sheets:
            self._sheets[key] = self._lay_out(answer)
        return self._sheets[key]

    def _lay_out(self, answer: Answer) -> Sheet:
        if self.has_bytes:
            return Sheet((), ((f"{len(answer.body)} bytes for another program: W writes them to files",),))
        value = read_answer(self.job.command, answer.body)
        if not self.is_raw:
            return sheet_of(self.job.command, value)
        if isinstance(value, str):
            return sheet_of(self.job.command, value)
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
        return Sheet((), tuple((printable(line),) for line in text.splitlines()))

    def spreads(self) -> tuple[Spread, ...]:
        """Return what differs between the answers that came."""
        if self._spreads[0] != len(self.answers):
            values = [read_answer(self.job.command, answer.body) for answer in self.good]
            self._spreads = (len(self.answers), compare(values))
        return self._spreads[1]

    def same_as(self) -> Sequence[str]:
        """Name the other hosts that said exactly the same."""
        answer = self.answer
        if answer is None or not answer.is_ok:
            return ()
        names = self.names()
        return [names[other.host.spec] for other in self.good if other is not answer and other.body == answer.body]


def title_of(job: Job) -> str:
    """Write what was asked, as on the command line."""
    return " ".join([job.command.name, *(f"{name}={value}" for name, value in job.values.items())])
