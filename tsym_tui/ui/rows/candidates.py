"""Where a node may be reached: the endpoints that its own daemon lists or that pongs came from, and which is used."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.fleet.inquiry import Inquiry
from tsym_tui.graph.looks import LOOKS, Role, format_ms, number_of
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.rows.pens import Pen, Row, blank, fit, fit_text
from tsym_tui.ui.source import Sample

ADDRESS_CELLS = 26


class Candidate(msgspec.Struct, frozen=True):
    """One way in."""

    path: PathKind
    where: str
    kind: str
    """What sort of address it is, in a word."""
    is_used: bool = False
    answered_s: float | None = None
    """How long ago a pong came from there; None = never, as far as we remember."""


def candidates(
    digest: Digest, ends: tuple[NodeRef, NodeRef], samples: Sequence[Sample], now_s: float, inquiry: Inquiry
) -> list[Candidate]:
    """List the ways from the first end to the second one, those in use first."""
    source, target = ends
    pair = digest.pair(source, target)
    seen = inquiry.seen_by(source, target)
    own = inquiry.own(target)
    ages = _ages(samples, now_s)
    used = _used(pair)
    found: dict[tuple[PathKind, str], Candidate] = {}

    def note(path: PathKind, key: str, where: str, kind: str) -> None:
        found.setdefault((path, key), Candidate(path, where, kind, used == (path, key), ages.get((path, key))))

    for endpoint in ((own.addrs if own is not None else None) or (), [seen.cur_addr] if seen and seen.cur_addr else []):
        for text in endpoint:
            note(PathKind.DIRECT, text, text, address_kind(text))
    for path, key in [*([used] if used else []), *ages]:
        if path is PathKind.DIRECT:
            note(path, key, key, address_kind(key))
        elif path is PathKind.PEER_RELAY:
            note(path, key, _relay_words(digest, key), "relay")
        elif path is PathKind.DERP:
            note(path, key, f"DERP {key}", "region")
    node = digest.snapshot.nodes.get(target)
    if node is not None and node.home_region:
        note(PathKind.DERP, node.home_region, f"DERP {node.home_region}", "its home")
    return sorted(found.values(), key=lambda one: (not one.is_used, one.answered_s is None, one.answered_s or 0.0))


def _used(pair: Pair | None) -> tuple[PathKind, str] | None:
    """Return the way that is in use now."""
    if pair is None or pair.state is not SampleState.FRESH:
        return None
    key = {
        PathKind.DIRECT: pair.endpoint,
        PathKind.PEER_RELAY: (pair.peer_relay or "").partition(":vni:")[0],
        PathKind.DERP: pair.derp_region,
        PathKind.UNKNOWN: None,
    }[pair.path]
    return (pair.path, key) if key else None


def _ages(samples: Sequence[Sample], now_s: float) -> dict[tuple[PathKind, str], float]:
    """Return for each way that pongs came by how long ago the last one did."""
    ages: dict[tuple[PathKind, str], float] = {}
    for sample in samples:
        if sample.latency_ms is None:
            continue
        relay = (sample.peer_relay or "").partition(":vni:")[0]
        for path, key in (
            (PathKind.DIRECT, sample.endpoint),
            (PathKind.PEER_RELAY, relay),
            (PathKind.DERP, sample.derp_region),
        ):
            if sample.path is path and key:
                ages[path, key] = max(0.0, now_s - sample.at_s)
    return ages


def _relay_words(digest: Digest, address: str) -> str:
    ref = digest.endpoints.get(address.rpartition(":")[0].strip("[]"))
    return f"{digest.name_of(ref)} {address}" if ref is not None else address


def address_kind(endpoint: str) -> str:
    """Say what sort of address an endpoint has."""
    try:
        address = ipaddress.ip_address(endpoint.rpartition(":")[0].strip("[]"))
    except ValueError:
        return ""
    if address.is_link_local:
        return "link-local"
    if address.version == 6:
        return "IPv6 LAN" if address in _UNIQUE_LOCAL else "IPv6"
    if address in _CARRIER:
        return "carrier"
    return "private" if any(address in network for network in _PRIVATE) else "public"


_UNIQUE_LOCAL = ipaddress.ip_network("fc00::/7")
_CARRIER = ipaddress.ip_network("100.64.0.0/10")
_PRIVATE = tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def candidate_rows(pen: Pen, found: Sequence[Candidate], pair: Pair | None, now: datetime, cells: int) -> list[Row]:
    """Write them under each other: sign, address, sort, and since when it was not used."""
    rows: list[Row] = []
    where_cells = min(ADDRESS_CELLS, max(16, cells - 32))
    for one in found:
        look = LOOKS[SampleState.FRESH, one.path]
        number = number_of(pair) if pair is not None and one.is_used else None
        known = "?" if one.answered_s is None else "." if pen.is_ascii else "·"
        mark = pen.latency(pen.glyph(look.glyph), number) if one.is_used else pen(known, Role.CHROME)
        where = fit_text(one.where, where_cells, pen.signs.ellipsis)
        row: Row = [mark, *blank(1), pen.strong(where) if one.is_used else pen(where)]
        row += [*blank(1), pen.dim(fit_text(one.kind, 10)), *blank(1), *_state(pen, one, number, now)]
        rows.append(fit(row, cells, pen.signs.ellipsis))
    if not found:
        rows.append([pen.dim("none known")])
    return rows


def _state(pen: Pen, one: Candidate, number: float | None, now: datetime) -> Row:
    if one.is_used:
        figure = [pen.dim(", "), pen.latency(f"{format_ms(number)} ms", number)] if number is not None else []
        return [pen("in use"), *figure]
    if one.answered_s is None:
        return [pen.dim("no pong seen")]
    return [pen.dim(f"last pong {now - timedelta(seconds=one.answered_s):%H:%M:%S}")]


def carrying_route(address: str, allowed: Sequence[str]) -> str | None:
    """Return the route that carries an address: of those a peer may receive for, the longest that holds it."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return None
    best: tuple[int, str] | None = None
    for text in allowed:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        if network.version == wanted.version and wanted in network and (best is None or network.prefixlen > best[0]):
            best = network.prefixlen, text
    return None if best is None else best[1]
