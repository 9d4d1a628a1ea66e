"""Following many hosts on the command line: what `tsym logs` and `tsym events` share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import click
import msgspec

from tsym_agent.model.documents import JSON
from tsym_agent.model.hosts import Host, HostState
from tsym_tui.cli.documents import emit_line
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.get import PATIENCE_S, judge
from tsym_tui.cli.hiding import shown
from tsym_tui.cli.options import Decorator, Function, setting
from tsym_tui.cli.session import open_fleet
from tsym_tui.cli.texts import Pen, Row, choose_pen, emit, line
from tsym_tui.cli.wishes import Wishes
from tsym_tui.fleet.fanout import Verdict, hosts_as_they_come
from tsym_tui.fleet.filters import FilterError
from tsym_tui.fleet.hostnames import host_names
from tsym_tui.fleet.merging import Entry, Merger, Sieve, Tone, parse_pattern
from tsym_tui.fleet.select import parse_selector
from tsym_tui.fleet.streaming import Following, sources_of
from tsym_tui.graph.cells import clip, settle, width
from tsym_tui.graph.frame import Run
from tsym_tui.graph.hues import hue_of
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import Role

MOST_NAME = 24


class StreamWishes(Wishes, frozen=True, kw_only=True):
    """What a command that follows may be told."""

    on: tuple[str, ...] = ()
    for_s: float | None = msgspec.field(default=None, name="seconds")
    lines: int | None = None
    grep: str = ""
    follow: bool = True
    level: int = 0
    source: str = "ipn"


def stream_options(function: Function) -> Function:
    """Add the options of commands that follow."""
    options: list[Decorator] = [
        setting("--on", multiple=True, metavar="SELECTOR", help="Hosts to follow: names, tags, a filter, `all`."),
        setting("--for", "seconds", type=click.FloatRange(0.1), metavar="SECONDS", help="End after so long."),
        setting("--lines", type=click.IntRange(1), metavar="N", help="End after so many lines."),
        setting("--grep", default="", metavar="PATTERN", help="Only lines that have it; small letters match any."),
        setting("-f", "--follow", is_flag=True, default=True, help="Go on until interrupted; it always does."),
    ]
    for add in reversed(options):
        function = add(function)
    return function


async def follow(wishes: StreamWishes, wanted: Following, schema: str, write: Callable[[Pen, Entry], Row]) -> Exit:
    """Print what the chosen hosts say, until told to end."""
    try:
        selector = parse_selector(wishes.on)
    except FilterError as error:
        raise CommandError(str(error)) from error
    async with open_fleet(wishes, is_probing=False) as fleet:
        if wishes.hide_names:
            await fleet.ready(PATIENCE_S)  # a name that nobody has told yet would not be hidden
        hosts = hosts_as_they_come(fleet, selector, PATIENCE_S)
        sieve = Sieve(pattern=parse_pattern(wishes.grep), level=wishes.level)
        merger = Merger(sources_of(hosts, wanted, fleet.asked), sieve=sieve)
        writer = Writer(wishes, schema, write, lambda: host_names(one.host for one in fleet.asked()))
        try:
            async with asyncio.timeout(wishes.for_s):
                async with aclosing(merger.entries()) as entries:
                    async for entry in entries:
                        if writer.print(entry) == wishes.lines:
                            break
        except TimeoutError:
            pass
        followed = [one.host for one in fleet.chosen(selector)]
    if not followed:
        raise CommandError(f"--on {shown(fleet, selector.text)!r} means none of the hosts; `tsym hosts` lists them")
    return judge(_verdict(host, merger) for host in followed)


def _verdict(host: Host, merger: Merger) -> Verdict:
    """Say what came of following a host; one that is well and silent has nothing to say."""
    if host.spec in merger.heard:
        return Verdict.OK
    if host.spec in merger.refused:
        return Verdict.DENIED
    return Verdict.UNREACHABLE if host.state in {HostState.FAILED, HostState.CONNECTING} else Verdict.OK


class Writer:
    """Prints entries, each host in its own colour."""

    def __init__(
        self,
        wishes: StreamWishes,
        schema: str,
        write: Callable[[Pen, Entry], Row],
        names: Callable[[], dict[str, str]],
    ) -> None:
        self._wants_lines = wishes.wants_ndjson
        self._schema = schema
        self._write = write
        self._names = names
        self._pen = choose_pen(wishes)
        self._known: dict[str, str] = {}
        """What hosts are called here, by spec."""
        self._called: dict[str, str] = {}
        """What they called themselves when that was looked up."""
        self._printed = 0

    def print(self, entry: Entry) -> int:
        """Print one; return how many lines of hosts there were so far."""
        if self._called.get(entry.host.spec) != entry.host.name:
            self._called[entry.host.spec] = entry.host.name
            self._known = self._names()
        if self._wants_lines:
            emit_line({"schema": self._schema} | entry_json(entry))
        else:
            emit(self._pen.write(self._rows(entry)))
        self._printed += entry.tone is Tone.ITEM
        return self._printed

    def _rows(self, entry: Entry) -> list[Row]:
        pen = self._pen
        names = list(self._known)
        place = names.index(entry.host.spec) if entry.host.spec in names else 0
        name = clip(settle(self._known.get(entry.host.spec, entry.host.name)), MOST_NAME, "")
        cells = min(MOST_NAME, max([width(settle(each)) for each in self._known.values()], default=0))
        hue = hue_of(pen.theme, place)
        bar = "|" if pen.level is Level.ASCII else "▌"
        head = [
            pen.run(f"{entry.clock} ", Role.DIM),
            Run(f"{bar}{name}{' ' * (cells - width(name))} ", hue),
        ]
        lost = [line(*head, pen.run(f"{entry.lost} dropped here", Role.WARN))] if entry.lost else []
        if entry.tone is Tone.NOTICE:
            return [*lost, line(*head, pen.run(f"-- {settle(entry.words)}", Role.WARN))]
        return [*lost, line(*head, *self._write(pen, entry))]


def entry_json(entry: Entry) -> JSON:
    """Describe an entry."""
    host = entry.host
    plain: JSON = {
        "host": host.name,
        "spec": host.spec,
        "id": host.ref.stable_id if host.ref else None,
        "at": entry.at,
        "notice": entry.tone is Tone.NOTICE,
        "lost": entry.lost,
    }
    if entry.kind:
        return plain | {"kind": entry.kind, "words": entry.words, "node": entry.node or None, "data": entry.data}
    return plain | {"level": entry.level, "text": entry.words}
