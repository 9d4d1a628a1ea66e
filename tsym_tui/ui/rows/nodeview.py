"""A node over the whole screen: what it is, three facts about reaching it, its routes and what hosts say; its pairs.

What only its own daemon knows is said to be unknown until it has told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Hidden, Node
from tsym_agent.model.times import parse_time
from tsym_tui.fleet.inquiry import Inquiry
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import Role, format_age, host_words
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.problems import KEY_WARNING_S
from tsym_tui.ui.rows.candidates import address_kind
from tsym_tui.ui.rows.facts import LABEL_CELLS, claims, fact, host_lines, standing_lines
from tsym_tui.ui.rows.nodedetail import MOST_PAIRS, class_bars, node_title, pair_list
from tsym_tui.ui.rows.pairview import trouble_rows
from tsym_tui.ui.rows.pens import Pen, Row, blank, fit_text, width_of, wrap

TWO_COLUMNS = 76
GAP = 4
MOST_COLUMN = 74


class NodeFacts(msgspec.Struct, frozen=True):
    """What there is to show of a node."""

    digest: Digest
    ref: NodeRef
    inquiry: Inquiry
    now: datetime
    """The moment of the picture, in the person's time zone."""


def node_view(pen: Pen, facts: NodeFacts, cells: int, most_pairs: int = MOST_PAIRS) -> list[Row]:
    """Write the view for that many cells."""
    node = facts.digest.snapshot.nodes.get(facts.ref)
    if node is None:
        return [[pen.dim("this node has left the tailnet")]]
    if cells < TWO_COLUMNS:
        pairs = _pairs(pen, facts, cells, most_pairs)
        return [*_about(pen, facts, node, cells), [], *pairs, *_said(pen, facts, cells)]
    left_cells = min(MOST_COLUMN, (cells - GAP) // 2)
    left = [*_about(pen, facts, node, left_cells), *_said(pen, facts, left_cells)]
    right = _pairs(pen, facts, min(56, cells - GAP - left_cells), most_pairs)
    rows: list[Row] = []
    for y in range(max(len(left), len(right))):
        first = left[y] if y < len(left) else []
        rows.append([*first, *blank(left_cells + GAP - width_of(first)), *(right[y] if y < len(right) else [])])
    return rows


def _about(pen: Pen, facts: NodeFacts, node: Node, cells: int) -> list[Row]:
    """Write what the node is, in blocks that have something to say."""
    digest, host = facts.digest, facts.digest.sum_of(node.ref).host
    rows: list[Row] = [node_title(pen, digest, node, cells)]
    rows += [[pen.dim(text)] for text in wrap("  ".join((*node.tags, node.owner or "", _sort_of(node))), cells)]
    for block in (
        standing_lines(pen, node, cells),
        claims(pen, node, digest.sum_of(node.ref), digest.snapshot.generated_at),
        _identity(pen, facts, node),
        _asked_as(pen, host, cells),
        host_lines(pen, host, cells) if host is not None else [],
        _routes(pen, facts, node, cells),
        _endpoints(pen, facts, cells),
    ):
        rows += [[], *block] if block else []
    return rows


def _sort_of(node: Node) -> str:
    if node.hidden is Hidden.SHARED_IN:
        return "shared in from another tailnet"
    return "unused exit node" if node.hidden is Hidden.UNUSED_EXIT else ""


def _identity(pen: Pen, facts: NodeFacts, node: Node) -> list[Row]:
    """Write its names, addresses, versions, place and key."""
    rows = [fact(pen, "name", node.name)]
    rows += [fact(pen, "host", node.host_name)] if node.host_name and node.host_name != node.short_name else []
    rows += [fact(pen, "address" if place == 0 else "", text) for place, text in enumerate(node.addresses)]
    rows += [fact(pen, "ID", str(node.ref.stable_id))]
    rows.append(_known(pen, "os", node.os))
    rows.append(_known(pen, "version", node.version, "only its own daemon tells"))
    rows.append(_known(pen, "home", f"DERP {node.home_region}" if node.home_region else None))
    rows.append(_known(pen, "site", node.site))
    rows.append(_key(pen, facts, node))
    return rows


def _known(pen: Pen, label: str, value: str | None, why: str = "") -> Row:
    """Write a fact; one that nobody knows says so."""
    if value:
        return fact(pen, label, value)
    words = f"unknown: {why}" if why else "unknown"
    return [pen.dim(fit_text(label, LABEL_CELLS)), pen.dim(words)]


def _key(pen: Pen, facts: NodeFacts, node: Node) -> Row:
    """Say when its key expires, and on which day."""
    expiry = parse_time(node.key_expiry)
    if expiry is None:
        return [pen.dim(fit_text("key", LABEL_CELLS)), pen.dim("no expiry known")]
    left_s = (expiry - facts.digest.snapshot.generated_at).total_seconds()
    words = f"expires in {format_age(left_s)}" if left_s > 0 else f"expired {format_age(-left_s)} ago"
    day = f"  {expiry.astimezone(facts.now.tzinfo):%Y-%m-%d %H:%M}"
    return [
        pen.dim(fit_text("key", LABEL_CELLS)),
        pen(words, Role.WARN if left_s < KEY_WARNING_S else Role.TEXT),
        pen.dim(day),
    ]


def _asked_as(pen: Pen, host: Host | None, cells: int) -> list[Row]:
    """Say how we ask it."""
    if host is None:
        return [[pen.dim(fit_text("asked", LABEL_CELLS)), pen.dim("no host of ours: others speak of it")]]
    words = "" if host.state is HostState.OK else f"  {host_words(host)}"
    rows: list[Row] = [
        [pen.dim(fit_text("asked" if place == 0 else "", LABEL_CELLS)), pen(text)]
        for place, text in enumerate(wrap(f"{host.spec}{words}", cells - LABEL_CELLS))
    ]
    agent = f"agent {host.agent}" if host.agent else "no agent"
    rights = {"r": "may read", "w": "may read and change"}.get(
        host.rights.value if host.rights else "", "rights unknown"
    )
    told = "tells of changes" if host.is_followed else "is polled"
    rows += [[*blank(LABEL_CELLS), pen.dim(text)] for text in wrap(f"{agent}, {rights}, {told}", cells - LABEL_CELLS)]
    return rows


# routes

_ROUTE_CELLS = 22


def _routes(pen: Pen, facts: NodeFacts, node: Node, cells: int) -> list[Row]:
    """Write each prefix with who wants it: advertised by the node, approved by control, primary now."""
    wishes = facts.inquiry.wishes.get(node.ref)
    advertised = None if wishes is None else set(wishes.prefs.advertise_routes or ())
    entries = facts.inquiry.words_about(node.ref)
    own = {str(address) for address in node.addresses}
    approved = {
        text for entry in entries for text in entry.peer.allowed_ips or () if text.rpartition("/")[0] not in own
    }
    primary = set(node.routes) | {text for entry in entries for text in entry.peer.primary_routes or ()}
    prefixes = sorted((advertised or set()) | approved | primary)
    if node.is_exit_node_option and not prefixes:
        prefixes = ["0.0.0.0/0"]
    if not prefixes:
        return [] if entries else [_known(pen, "routes", None, "nobody has told yet")]
    route_cells = min(_ROUTE_CELLS, max(12, cells - 3 * 11))
    head = pen(fit_text("routes", route_cells), Role.DIM, bold=True)
    rows: list[Row] = [
        [head, *(pen(fit_text(word, 11), Role.CHROME) for word in ("advertised", "approved", "primary"))]
    ]
    for prefix in prefixes:
        marks = (
            None if advertised is None else prefix in advertised,
            (prefix in approved) if entries else None,
            prefix in primary if not prefix.endswith("/0") else None,
        )
        rows.append([pen(fit_text(prefix, route_cells, pen.signs.ellipsis)), *(_tick(pen, mark) for mark in marks)])
    return rows


def _tick(pen: Pen, is_so: bool | None) -> Run:
    if is_so is None:
        return pen(fit_text("?", 11), Role.CHROME)
    return pen(fit_text(pen.signs.check, 11), Role.OK) if is_so else pen(fit_text("no", 11), Role.WARN)


def _endpoints(pen: Pen, facts: NodeFacts, cells: int) -> list[Row]:
    """Write where its own daemon says it may be reached."""
    own = facts.inquiry.own(facts.ref)
    if own is None:
        return []
    rows = [[pen("endpoints", Role.DIM, bold=True)]]
    where_cells = min(30, cells - 12)
    rows += [
        [pen(fit_text(text, where_cells, pen.signs.ellipsis)), *blank(1), pen.dim(address_kind(text))]
        for text in own.addrs or ()
    ]
    return rows if len(rows) > 1 else []


def _said(pen: Pen, facts: NodeFacts, cells: int) -> list[Row]:
    rows = trouble_rows(pen, facts.digest, facts.inquiry, cells)
    return [[], *rows] if rows else []


def _pairs(pen: Pen, facts: NodeFacts, cells: int, most: int) -> list[Row]:
    """Write how its pairs are reached, then each."""
    bars = class_bars(pen, facts.digest, facts.ref, cells)
    return [*bars, *([[]] if bars else []), *pair_list(pen, facts.digest, facts.ref, cells, most)]


def wanted_witness(digest: Digest, ref: NodeRef) -> NodeRef | None:
    """Choose who may speak of a node that has no host of ours: one that reaches it, else any that answers."""
    host = digest.sum_of(ref).host
    if host is not None and host.state is HostState.OK:
        return None
    answering = [one.ref for one in digest.snapshot.hosts if one.state is HostState.OK and one.ref is not None]
    reaching: Sequence[NodeRef] = [pair.source for pair in digest.incoming.get(ref, ()) if pair.source in answering]
    return next(iter((*reaching, *answering)), None)
