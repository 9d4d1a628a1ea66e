"""The faces of a screen that has no data to show: loading, empty, failed. Each says what is going on and what to do."""

from __future__ import annotations

from enum import Enum, auto

from tsym_agent.model.hosts import Host, HostState
from tsym_tui.graph.looks import HOST_WORDS, NODE_LOOKS, NodeKind, Role
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.problems import host_title
from tsym_tui.ui.rows.pens import Pen, Row, blank, clip, wrap

MARGIN = 4


class Face(Enum):
    """What a screen shows."""

    LOADING = auto()
    DATA = auto()
    EMPTY = auto()
    FAILED = auto()


def face_of(digest: Digest | None, trouble: str | None) -> Face:
    """Choose the face: data as soon and as long as there is a node to show, however old."""
    if digest is None or not digest.snapshot.nodes:
        hosts = digest.snapshot.hosts if digest is not None else ()
        is_waiting = any(host.state in {HostState.CONNECTING, HostState.OK} for host in hosts) or not hosts
        return Face.LOADING if is_waiting and trouble is None else Face.FAILED
    return Face.DATA if digest.snapshot.pairs else Face.EMPTY


def face_rows(pen: Pen, face: Face, digest: Digest | None, trouble: str | None, cells: int) -> list[Row]:
    """Write a face; an empty list for data."""
    hosts = digest.snapshot.hosts if digest is not None else ()
    room = max(10, cells - 2 * MARGIN)
    match face:
        case Face.LOADING:
            body = _loading(pen, hosts, room)
        case Face.EMPTY:
            body = _empty(pen, digest, room)
        case Face.FAILED:
            body = _failed(pen, hosts, trouble, room)
        case Face.DATA:
            return []
    return [[], *([*blank(MARGIN), *clip(row, room, pen.signs.ellipsis)] if row else [] for row in body)]


def _loading(pen: Pen, hosts: tuple[Host, ...], room: int) -> list[Row]:
    if not hosts:
        return [[pen.strong("looking for a tailscaled")]]
    return [
        [pen.strong("asking"), pen.dim(f" {len(hosts)} {'host' if len(hosts) == 1 else 'hosts'}")],
        [],
        *_hosts(pen, hosts, room),
    ]


def _empty(pen: Pen, digest: Digest | None, room: int) -> list[Row]:
    names = ", ".join(digest.name_of(ref) for ref in digest.order) if digest is not None else ""
    hidden = digest.snapshot.hidden if digest is not None else 0
    rows: list[Row] = [[pen.strong("nobody else is here")], []]
    rows += [[pen.dim(line)] for line in wrap(f"{names} is the only node this host may see.", room)]
    if hidden:
        rows += [[pen.dim(line)] for line in wrap(f"{hidden} more are hidden; start with --all to see them.", room)]
    rows += [[pen.dim(line)] for line in wrap("Add a machine to the tailnet, or look at its access rules.", room)]
    return [*rows, [], [pen.accent("r"), pen.dim(" ask again")]]


def _failed(pen: Pen, hosts: tuple[Host, ...], trouble: str | None, room: int) -> list[Row]:
    if trouble is not None and not hosts:
        rows: list[Row] = [[pen("cannot look at the tailnet", Role.WARN, bold=True)], []]
        rows += [[pen(line)] for line in wrap(trouble, room)]
    else:
        count = "the host does not answer" if len(hosts) == 1 else f"none of {len(hosts)} hosts answers"
        rows = [[pen(count, Role.WARN, bold=True)], [], *_hosts(pen, hosts, room)]
    return [*rows, [], [pen.accent("r"), pen.dim(" try again   "), pen.accent("q"), pen.dim(" quit")]]


def _hosts(pen: Pen, hosts: tuple[Host, ...], room: int) -> list[Row]:
    """List hosts with their states, and what to do about each."""
    rows: list[Row] = []
    for host in hosts:
        kind = NodeKind.AGENT if host.state is HostState.OK else NodeKind.SILENT
        mark = pen.glyph(NODE_LOOKS[kind].glyph)
        role = Role.CHROME if host.state in {HostState.CONNECTING, HostState.OK} else Role.WARN
        rows.append([pen(mark, role), pen(" "), pen.strong(host_title(host)), pen(f"  {HOST_WORDS[host.state]}", role)])
        rows += [[*blank(2), pen.dim(line)] for line in wrap(host.error or "", room - 2)]
        rows += [[]] if host.error else []
    return rows[:-1] if rows and not rows[-1] else rows
