"""`tsym matrix`: path and latency of every pair, host by peer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

import click

from tsym_agent.model.documents import pair_entry, pairs_document
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.probe.plan import PairKey
from tsym_tui.cli.documents import emit_document, emit_line
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.grid import Asked, matrix_rows
from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.session import Progress, judge, open_fleet, repeat, run, tell_troubles
from tsym_tui.cli.texts import emit
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.fleet.fleet import Fleet
from tsym_tui.graph.groups import Criterion
from tsym_tui.ui.rows.matrixmetric import Metric, Sort

METRICS = tuple(metric.value for metric in Metric)
SORTS = tuple(order.value for order in Sort)
GROUPS = tuple(by.value for by in Criterion if by is not Criterion.NONE)


class MatrixWishes(Wishes, frozen=True, kw_only=True):
    """What `tsym matrix` may be told."""

    metric: str = METRICS[0]
    sort: str | None = None
    group: str | None = None

    @property
    def asked(self) -> Asked:
        """What of the matrix is wanted."""
        return Asked(
            metric=Metric(self.metric),
            sort=Sort(self.sort) if self.sort else None,
            group=Criterion(self.group) if self.group else None,
        )


@click.command("matrix", short_help="Show path and latency of every pair, host by peer.")
@shared_options("host", "scan", "all", "hide_names", "json", "ndjson", "settle", "fail_on", "watch", "every")
@setting(
    "--metric",
    type=click.Choice(METRICS),
    default=METRICS[0],
    show_default=True,
    help="The number beside each mark, and what colours it.",
)
@setting("--sort", type=click.Choice(SORTS), help="Order of rows and columns; without it, as hosts list them.")
@setting("--group", type=click.Choice(GROUPS), help="A column for each group instead of one for each node.")
@look_options
def command(**given: object) -> int:
    """Show path and latency of every pair: a row for each host, a column for each node.

    Probes until every pair is direct or has shown its class twice, at most --settle seconds. Dead pairs are an answer:
    the exit code is 0, unless --fail-on says otherwise.
    """
    return run(show_matrix(to_wishes(given, MatrixWishes)))


async def show_matrix(wishes: MatrixWishes) -> Exit:
    """Probe every pair and print the result, once or again and again."""
    page = Page(wishes)
    async with open_fleet(wishes, is_probing=wishes.settle_s > 0) as fleet:
        printed: set[PairKey] = set()
        as_they_come = (lambda: _print_settled(fleet, printed)) if wishes.wants_ndjson else None
        await settle(fleet, wishes, as_they_come)

        async def show() -> Exit:
            snapshot = fleet.snapshot()
            print_matrix(snapshot, wishes, page, printed)
            printed.clear()
            if not wishes.watch:
                tell_troubles(snapshot.hosts)
            return judge(snapshot, wishes)

        return await repeat(wishes, show)


async def settle(fleet: Fleet, wishes: Wishes, meanwhile: Callable[[], None] | None = None) -> None:
    """Wait for a believable picture, counting on stderr where a person watches."""
    if wishes.settle_s <= 0:
        await fleet.ready()
        return
    progress = Progress("probing: settled")

    def tell(done: int, total: int) -> None:
        progress(done, total)
        if meanwhile:
            meanwhile()

    try:
        await fleet.settle(wishes.settle_s, tell)
    finally:
        progress.clear()


def _print_settled(fleet: Fleet, printed: set[PairKey]) -> None:
    """Print each pair once it has settled."""
    snapshot, busy = fleet.snapshot(), fleet.busy()
    done = {key for key, pair in snapshot.pairs.items() if pair.samples and key not in busy and key not in printed}
    _print_lines(snapshot, done)
    printed |= done


def _print_lines(snapshot: Snapshot, keys: Iterable[PairKey]) -> None:
    many = len(snapshot.tailnets) > 1
    for key in keys:
        emit_line({"schema": "tsym/pairs/1"} | pair_entry(snapshot.pairs[key], many_tailnets=many))


def print_matrix(snapshot: Snapshot, wishes: Wishes, page: Page, printed: AbstractSet[PairKey] = frozenset()) -> None:
    """Print the pairs as asked: JSON, a line for each that was not printed yet, or the grid."""
    if wishes.wants_ndjson:
        _print_lines(snapshot, (key for key in snapshot.pairs if key not in printed))
    elif wishes.wants_json:
        emit_document(pairs_document(snapshot), wishes)
    elif snapshot.pairs:
        asked = wishes.asked if isinstance(wishes, MatrixWishes) else Asked()
        emit(page.wrap(page.pen.write(matrix_rows(page.pen, snapshot, asked))))
