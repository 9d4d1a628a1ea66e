"""`tsym nodes`: who is in the tailnet."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import click

from tsym_agent.model.documents import node_entry, nodes_document
from tsym_agent.model.nodes import Hidden, Node, Standing
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.model.times import parse_time
from tsym_tui.cli.documents import emit_document, emit_line
from tsym_tui.cli.options import look_options, shared_options
from tsym_tui.cli.session import run, show_views
from tsym_tui.cli.texts import Column, Pen, Row, emit, line, table
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
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


@click.command("nodes", short_help="List the nodes of the tailnet.")
@shared_options("host", "scan", "all", "json", "ndjson", "watch", "every")
@look_options
def command(**given: object) -> int:
    """List the nodes that the hosts know, their views merged. Sends no probe.

    Online is what control says; whether a node can be reached is what `tsym matrix` finds out.
    """
    wishes = to_wishes(given, Wishes)
    return run(show_views(wishes, partial(_print, wishes), tells_troubles=True))


def _print(wishes: Wishes, snapshot: Snapshot, page: Page) -> None:
    if wishes.wants_ndjson:
        many = len(snapshot.tailnets) > 1
        for node in snapshot.nodes.values():
            emit_line({"schema": "tsym/nodes/1"} | node_entry(node, many_tailnets=many))
    elif wishes.wants_json:
        emit_document(nodes_document(snapshot), wishes)
    elif snapshot.nodes:
        emit(page.wrap(page.pen.write(node_rows(page.pen, snapshot))))


def node_rows(pen: Pen, snapshot: Snapshot) -> list[Row]:
    """Lay the nodes out as a table, hosts marked, and count what is hidden."""
    vantages = snapshot.vantages
    nodes = sorted(snapshot.nodes.values(), key=lambda node: (node.ref.tailnet, node.ref not in vantages, node.name))
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
        for node in nodes
    ]
    rows = table(pen, _COLUMNS, lines)
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
