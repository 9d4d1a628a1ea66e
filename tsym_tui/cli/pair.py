"""`tsym pair`: both directions of one pair, layer by layer."""

from __future__ import annotations

import click
import msgspec

from tsym_agent.model.documents import pairs_document
from tsym_agent.probe.plan import PairKey
from tsym_tui.cli.documents import emit_document
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit, worst
from tsym_tui.cli.hiding import shown
from tsym_tui.cli.names import find_node
from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.session import judge_hosts, judge_pairs, open_fleet, repeat, run, tell_troubles
from tsym_tui.cli.texts import emit
from tsym_tui.cli.views import inquire, pair_text, ping, said
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.fleet.fleet import Fleet


class PairWishes(Wishes, frozen=True, kw_only=True):
    """What `tsym pair` may be told."""

    one: str
    other: str
    count: int = 5


@click.command("pair", short_help="Show both directions of one pair, layer by layer.")
@click.argument("one", metavar="NODE")
@click.argument("other", metavar="NODE")
@setting("-c", "--count", type=click.IntRange(1, 60), default=5, show_default=True, help="Disco pings each way.")
@shared_options("host", "scan", "hide_names", "json", "fail_on", "watch", "every")
@look_options
def command(**given: object) -> int:
    """Show what carries the pair of two NODEs (names, FQDNs, addresses), as the app's pair screen does.

    Each end that is a host pings the other one: a few times by disco, once inside the tunnel in each way there is. Then
    it is asked which routes it uses and what it did about the other's endpoints.
    """
    return run(show_pair(to_wishes(given, PairWishes)))


async def show_pair(wishes: PairWishes) -> Exit:
    """Find the two, ping them, ask them, and print it."""
    page = Page(wishes)
    async with open_fleet(wishes, is_probing=False) as fleet:
        await fleet.ready()
        if not fleet.vantages():
            hosts = fleet.snapshot().hosts
            tell_troubles(hosts)
            return judge_hosts(hosts)
        ends = find_ends(fleet, wishes)
        return await repeat(wishes, lambda: _show_once(fleet, wishes, ends, page))


def find_ends(fleet: Fleet, wishes: PairWishes) -> PairKey:
    """Return the two nodes that are meant; at least one of them must be a host."""
    everyone = fleet.everyone()
    names = [shown(fleet, text) for text in (wishes.one, wishes.other)]
    one, other = (find_node(text, everyone).ref for text in names)
    if one == other:
        raise CommandError(f"{names[0]} and {names[1]} are the same node")
    if not {one, other} & set(fleet.vantages()):
        raise CommandError(f"neither {names[0]} nor {names[1]} can be asked: `tsym hosts` lists who can")
    return one, other


async def _show_once(fleet: Fleet, wishes: PairWishes, ends: PairKey, page: Page) -> Exit:
    await ping(fleet, [key for key in (ends, ends[::-1]) if key[0] in fleet.vantages()], wishes.count)
    inquiry = await inquire(fleet, ends)
    snapshot = fleet.snapshot()
    pairs = {key: pair for key, pair in snapshot.pairs.items() if key in {ends, ends[::-1]}}
    if wishes.wants_json:
        nodes = {ref: node for ref, node in snapshot.nodes.items() if ref in ends}
        part = msgspec.structs.replace(snapshot, pairs=pairs, nodes=nodes)
        emit_document(pairs_document(part) | {"said": said(inquiry)}, wishes)
    else:
        emit(page.wrap(page.pen.write(pair_text(fleet, page.pen, snapshot, ends, inquiry))))
    hosts = [host for host in snapshot.hosts if host.ref in ends]
    return worst(judge_hosts(hosts), judge_pairs(pairs.values(), wishes.fail_on))
