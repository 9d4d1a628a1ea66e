"""`tsym hosts`: which hosts are asked, and how they stand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import click

from tsym_agent.model.documents import host_entry, hosts_document
from tsym_agent.model.hosts import Host, HostState, Rights
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.cli.documents import emit_document, emit_line
from tsym_tui.cli.options import look_options, shared_options
from tsym_tui.cli.session import run, show_views
from tsym_tui.cli.texts import Column, Pen, Row, emit, table
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.graph.looks import HOST_WORDS, Role, format_age

_COLUMNS = (
    Column("HOST", most=24),
    Column("STATE"),
    Column("VERSION", most=12),
    Column("RIGHTS"),
    Column("AGENT", most=24),
    Column("VIA", most=50),
    Column("ANSWERED"),
    Column("WHAT TO DO", most=200),
)


@click.command("hosts", short_help="List the hosts that are asked, and how they stand.")
@shared_options("host", "scan", "hide_names", "json", "ndjson", "watch", "every")
@look_options
def command(**given: object) -> int:
    """List the hosts that are asked, and how they stand.

    Without --host these are this machine's tailscaled or the hosts file, and every agent that they or the control plane
    know of by its tag. AGENT says by which agent a host is asked and how that one stands; one that does not tell of
    changes by itself is polled.

    A daemon that is stopped, starting or logged out has been reached: that is an answer, and the exit code is 0.
    """
    wishes = to_wishes(given, Wishes)
    return run(show_views(wishes, partial(_print, wishes), tells_troubles=False))


def _print(wishes: Wishes, snapshot: Snapshot, page: Page) -> None:
    many = len(snapshot.tailnets) > 1
    if wishes.wants_ndjson:
        for host in snapshot.hosts:
            emit_line({"schema": "tsym/hosts/1"} | host_entry(host, many_tailnets=many))
    elif wishes.wants_json:
        emit_document(hosts_document(snapshot.hosts, snapshot.generated_at, many_tailnets=many), wishes)
    else:
        emit(page.wrap(page.pen.write(host_rows(page.pen, snapshot.hosts))))


def host_rows(pen: Pen, hosts: Iterable[Host]) -> list[Row]:
    """Lay the hosts out as a table."""
    return table(pen, _COLUMNS, [_cells(pen, host) for host in hosts])


_ROLES = {HostState.OK: Role.OK, HostState.CONNECTING: Role.DIM, HostState.FAILED: Role.DEAD}
_RIGHTS = {Rights.READ: "read", Rights.WRITE: "write"}


def _agent_words(host: Host) -> str:
    """Say by which agent a host is asked; nothing where its daemon is."""
    if host.agent is None:
        return host.mode
    return ", ".join(part for part in (host.agent, host.mode, "" if host.is_followed else "polled") if part)


def _cells(pen: Pen, host: Host) -> Row:
    answered = "" if host.state is HostState.OK else format_age(host.age_s)
    return [
        pen.run(host.name, Role.STRONG),
        pen.run(HOST_WORDS[host.state], _ROLES.get(host.state, Role.WARN)),
        pen.run((host.version or "").partition("-")[0]),
        pen.run(_RIGHTS[host.rights] if host.rights else "", Role.DIM),
        pen.run(_agent_words(host)),
        pen.run(host.via or host.spec, Role.DIM),
        pen.run(answered, Role.STALE),
        pen.run(host.error or "; ".join(host.health), Role.WARN),
    ]
