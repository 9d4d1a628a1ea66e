"""`tsym events`: what happens on many hosts."""

from __future__ import annotations

import click

from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.session import run
from tsym_tui.cli.streams import StreamWishes, follow, stream_options
from tsym_tui.cli.texts import Pen, Row, line
from tsym_tui.cli.wishes import to_wishes
from tsym_tui.fleet.merging import Entry
from tsym_tui.fleet.streaming import EVENTS, INNER_EVENTS
from tsym_tui.graph.cells import settle
from tsym_tui.graph.themes import Role


@click.command("events", short_help="Follow what happens on many hosts, merged by time.")
@stream_options
@setting(
    "--source",
    type=click.Choice(["ipn", "bus"]),
    default="ipn",
    show_default=True,
    help="ipn: state, health, peers, keys, wishes. bus: inside the daemon, for root or the operator.",
)
@shared_options("host", "hide_names", "ndjson")
@look_options
def command(**given: object) -> int:
    """Follow what happens on all hosts: states, health, who comes and goes, keys, wishes; in the order of time."""
    wishes = to_wishes(given, StreamWishes)
    return run(follow(wishes, INNER_EVENTS if wishes.source == "bus" else EVENTS, "tsym/events/1", _write))


def _write(pen: Pen, entry: Entry) -> Row:
    return line(pen.run(f"{settle(entry.kind)}  ", Role.STRONG), pen.run(settle(entry.words)))
