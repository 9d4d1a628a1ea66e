"""`tsym logs`: the logs of many daemons as one."""

from __future__ import annotations

import click
import msgspec

from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.session import run
from tsym_tui.cli.streams import StreamWishes, follow, stream_options
from tsym_tui.cli.texts import Pen, Row, line
from tsym_tui.cli.wishes import to_wishes
from tsym_tui.fleet.merging import Entry
from tsym_tui.fleet.streaming import LOGS
from tsym_tui.graph.cells import settle
from tsym_tui.graph.themes import Role


@click.command("logs", short_help="Follow the logs of many hosts, merged by time.")
@stream_options
@setting("--level", type=click.IntRange(0, 9), default=0, show_default=True, help="Details up to this verbosity, too.")
@shared_options("host", "hide_names", "ndjson")
@look_options
def command(**given: object) -> int:
    """Follow what the daemons of all hosts write to their logs, in the order of time.

    Each line has its host's own time. A host that goes away says so, and is followed again when it is back. Reading a
    log needs root, the operator, or an agent that runs privileged.
    """
    wishes = to_wishes(given, StreamWishes)
    return run(follow(wishes, msgspec.structs.replace(LOGS, level=wishes.level), "tsym/logs/1", _write))


def _write(pen: Pen, entry: Entry) -> Row:
    detail = [pen.run(f"[v{entry.level}] ", Role.DIM)] if entry.level else []
    return line(*detail, pen.run(settle(entry.words), Role.DIM if entry.level else Role.TEXT))
