"""`tsym matrix`: path and latency of every pair, host by peer."""

from __future__ import annotations

import click

from tsym_agent.model.documents import pair_entry, pairs_document
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.cli.documents import emit_document, emit_line
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.grid import matrix_rows
from tsym_tui.cli.options import look_options, shared_options
from tsym_tui.cli.session import Progress, judge, open_fleet, repeat, run, tell_troubles
from tsym_tui.cli.texts import emit
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.fleet.fleet import Fleet


@click.command("matrix", short_help="Show path and latency of every pair, host by peer.")
@shared_options("host", "all", "json", "ndjson", "settle", "fail_on", "watch", "every")
@look_options
def command(**given: object) -> int:
    """Show path and latency of every pair: a row for each host, a column for each node.

    Probes until every pair is direct or has shown its class twice, at most --settle seconds. Dead pairs are an answer:
    the exit code is 0, unless --fail-on says otherwise.
    """
    return run(show_matrix(to_wishes(given, Wishes)))


async def show_matrix(wishes: Wishes) -> Exit:
    """Probe every pair and print the result, once or again and again."""
    page = Page(wishes)
    async with open_fleet(wishes, is_probing=wishes.settle_s > 0) as fleet:
        await settle(fleet, wishes)

        async def show() -> Exit:
            snapshot = fleet.snapshot()
            print_matrix(snapshot, wishes, page)
            if not wishes.watch:
                tell_troubles(snapshot.hosts)
            return judge(snapshot, wishes)

        return await repeat(wishes, show)


async def settle(fleet: Fleet, wishes: Wishes) -> None:
    """Wait for a believable picture, counting on stderr where a person watches."""
    if wishes.settle_s <= 0:
        await fleet.ready()
        return
    progress = Progress("probing: settled")
    try:
        await fleet.settle(wishes.settle_s, progress)
    finally:
        progress.clear()


def print_matrix(snapshot: Snapshot, wishes: Wishes, page: Page) -> None:
    """Print the pairs as asked: JSON, a line each, or the grid."""
    if wishes.wants_ndjson:
        many = len(snapshot.tailnets) > 1
        for pair in snapshot.pairs.values():
            emit_line({"schema": "tsym/pairs/1"} | pair_entry(pair, many_tailnets=many))
    elif wishes.wants_json:
        emit_document(pairs_document(snapshot), wishes)
    elif snapshot.pairs:
        emit(page.wrap(page.pen.write(matrix_rows(page.pen, snapshot))))
