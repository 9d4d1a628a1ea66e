"""`tsym nodes`: who is in the tailnet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import click
import msgspec

from tsym_agent.model.documents import node_entry, nodes_document
from tsym_agent.model.nodes import Hidden, Node, Standing
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.model.times import parse_time
from tsym_agent.probe.limits import PROBES_PER_SWEEP
from tsym_tui.cli.documents import emit_document, emit_line
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.hiding import narrowed, shown
from tsym_tui.cli.names import find_node
from tsym_tui.cli.nodelist import GROUPS, SORTS, chosen, grouped, ordered
from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.session import judge_hosts, open_fleet, repeat, run, show_views, tell_troubles
from tsym_tui.cli.texts import Column, Pen, Row, emit, line, narrate, table
from tsym_tui.cli.views import inquire, node_text, ping, said
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.fleet.filters import Filter, FilterError, language_lines, parse_filter
from tsym_tui.fleet.fleet import Fleet
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import NODE_LOOKS, STANDING_WORDS, NodeKind, Role, format_age

_COLUMNS = (
    Column(""),
    Column("NAME", most=40),
    Column("ADDRESS"),
    Column("OWNER", most=32),
    Column("OS", most=10),
    Column("STATE", most=60),
    Column("SITE", most=18),
    Column("TAILNET", most=48),
)


class NodesWishes(Wishes, frozen=True, kw_only=True):
    """What `tsym nodes` may be told."""

    filter_text: str = msgspec.field(default="", name="filter")
    sort: str | None = None
    reverse: bool = False
    group: str | None = None
    detail: str | None = None


def _language() -> str:
    """Return the filter language for the help, from its one table."""
    lines = "\n".join(f"  {example.ljust(20)} {words}" for example, words in language_lines())
    return f"\b\nFilters, here, in the app and, for hosts, after --on:\n{lines}"


@click.command("nodes", short_help="List the nodes of the tailnet.", epilog=_language())
@setting("--filter", metavar="FILTER", default="", help="Only nodes that it lets pass; the language stands below.")
@setting("--sort", type=click.Choice(list(SORTS)), help="Sort by this.  [default: hosts first, then by name]")
@setting("--reverse", is_flag=True, help="The other way round.")
@setting("--group", type=click.Choice(GROUPS), help="Put nodes together that share this.")
@setting("--detail", metavar="NODE", help="Show one node as the app's node screen does; pings it three times.")
@shared_options("host", "scan", "all", "hide_names", "json", "ndjson", "watch", "every")
@look_options
def command(**given: object) -> int:
    """List the nodes that the hosts know, their views merged. Sends no probe but with --detail.

    Online is what control says; whether a node can be reached is what `tsym matrix` finds out, and `tsym pair` for one
    pair in detail.
    """
    wishes = to_wishes(given, NodesWishes)
    if wishes.detail is not None:
        return run(show_node(wishes, wishes.detail))
    _parse_filter(wishes.filter_text)
    return run(show_views(wishes, partial(_print, wishes), read=partial(_read, wishes), tells_troubles=True))


def _parse_filter(text: str) -> Filter:
    try:
        return parse_filter(text, is_measured=False)
    except FilterError as error:
        raise click.UsageError(f"--filter: {error}") from error


def _read(wishes: NodesWishes, fleet: Fleet) -> Snapshot:
    return narrowed(fleet, wishes.filter_text, lambda snapshot, text: chosen(snapshot, _parse_filter(text)))


def _print(wishes: NodesWishes, snapshot: Snapshot, page: Page) -> None:
    nodes = ordered(snapshot.nodes.values(), snapshot.vantages, wishes.sort, is_reversed=wishes.reverse)
    if wishes.sort or wishes.reverse:
        snapshot = msgspec.structs.replace(snapshot, nodes={node.ref: node for node in nodes})
    if wishes.wants_ndjson:
        many = len(snapshot.tailnets) > 1
        for node in snapshot.nodes.values():
            emit_line({"schema": "tsym/nodes/1"} | node_entry(node, many_tailnets=many))
    elif wishes.wants_json:
        emit_document(nodes_document(snapshot), wishes)
    elif snapshot.nodes:
        emit(page.wrap(page.pen.write(node_rows(page.pen, snapshot, grouped(nodes, wishes.group)))))
    elif wishes.filter_text:
        narrate("tsym: no node matches the filter")


async def show_node(wishes: NodesWishes, name: str) -> Exit:
    """Find the node, ping it from every host, ask who knows it, and print it."""
    from tsym_tui.ui.digests import digest
    from tsym_tui.ui.rows.nodeview import wanted_witness

    page = Page(wishes)
    async with open_fleet(wishes, is_probing=False) as fleet:
        await fleet.ready()
        if not fleet.vantages():
            hosts = fleet.snapshot().hosts
            tell_troubles(hosts)
            return judge_hosts(hosts)
        ref = find_node(shown(fleet, name), fleet.everyone()).ref

        async def show_once() -> Exit:
            sources = [one for one in fleet.vantages() if one != ref and one.tailnet == ref.tailnet]
            await ping(fleet, [(one, ref) for one in sources], PROBES_PER_SWEEP)
            snapshot = fleet.snapshot()
            inquiry = await inquire(fleet, (ref,), wanted_witness(digest(snapshot), ref))
            if wishes.wants_json or wishes.wants_ndjson:
                part = msgspec.structs.replace(snapshot, nodes={ref: snapshot.nodes[ref]})
                emit_document(nodes_document(part) | {"said": said(inquiry)}, wishes)
            else:
                emit(page.wrap(page.pen.write(node_text(page.pen, snapshot, ref, inquiry))))
            return judge_hosts(snapshot.hosts)

        return await repeat(wishes, show_once)


def node_rows(pen: Pen, snapshot: Snapshot, groups: Sequence[tuple[str, Sequence[Node]]]) -> list[Row]:
    """Lay the nodes out as a table, hosts marked, each group under its title, and count what is hidden."""
    vantages = snapshot.vantages
    many = len(snapshot.tailnets) > 1
    lines = [
        [
            _marker(pen, is_host=node.ref in vantages),
            pen.run(node.name, Role.STRONG if node.ref in vantages else Role.TEXT),
            pen.run(node.addresses[0] if node.addresses else ""),
            pen.run(node.owner or ", ".join(node.tags), Role.DIM),
            pen.run(node.os, Role.DIM),
            pen.run(*_state(node, snapshot.generated_at)),
            pen.run(node.site or "", Role.DIM),
            pen.run(str(node.ref.tailnet) if many else "", Role.DIM),
        ]
        for _, nodes in groups
        for node in nodes
    ]
    drawn = iter(table(pen, _COLUMNS, lines))
    rows = [next(drawn)]
    for title, nodes in groups:
        online = sum(node.online is True for node in nodes)
        count = f"  {len(nodes)}, {online} online"
        rows += [line(), line(pen.run(title, Role.STRONG), pen.run(count, Role.DIM))] if title else []
        rows += [next(drawn) for _ in nodes]
    if snapshot.hidden:
        rows += [line(), line(pen.run(f"+{snapshot.hidden} hidden: unused exit nodes and strangers (--all)", Role.DIM))]
    return rows


def _marker(pen: Pen, *, is_host: bool) -> Run:
    look = NODE_LOOKS[NodeKind.AGENT if is_host else NodeKind.PEER]
    return pen.run(look.glyph.at(pen.level), look.role)


def _state(node: Node, now: datetime) -> tuple[str, Role]:
    """Say how a node stands: the three claims of control, and nothing of reachability."""
    words = []
    if node.standing is not Standing.OK:
        words.append(STANDING_WORDS[node.standing])
    if node.online is None:
        words.append("unknown")
    elif node.online:
        words.append("online")
    else:
        seen = parse_time(node.last_seen)
        words.append(f"offline, seen {format_age((now - seen).total_seconds())} ago" if seen else "offline")
    if node.hidden is not Hidden.NO:
        words.append("shared in" if node.hidden is Hidden.SHARED_IN else "unused exit node")
    if node.is_exit_node_option and node.hidden is Hidden.NO:
        words.append("offers exit node")
    if node.routes:
        words.append(f"routes {', '.join(node.routes)}")
    if node.standing is Standing.OK and (expiry := _expiry_words(node.key_expiry, now)):
        words.append(expiry)
    bad = node.standing is not Standing.OK
    return "; ".join(words), Role.WARN if bad else Role.TEXT if node.online else Role.STALE


SOON_S = 14 * 86_400
"""A key that expires within this time is worth a word."""


def _expiry_words(expiry: str | None, now: datetime) -> str | None:
    moment = parse_time(expiry)
    left_s = (moment - now).total_seconds() if moment else SOON_S
    if left_s >= SOON_S:
        return None
    return f"key expires in {format_age(left_s)}" if left_s > 0 else "key past its expiry"
