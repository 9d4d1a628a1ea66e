"""Answers as tables for people: the known ones in a form of their own, any other JSON by its shape.

Pure, and without colours: the command line and the app each write the same sheet in their own way.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from statistics import median

import msgspec

from tsym_agent.localapi.commands import Command, Form
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.text import printable
from tsym_tui.fleet.differences import Value
from tsym_tui.fleet.dnsanswers import read_message

MOST_COLUMNS = 8
"""More do not fit a terminal; `--json` has them all."""

NOTHING = "nothing"

MOST_DEPTH = 200
"""How deep an answer may be nested: real ones are a dozen deep, and walking through one must not take all the stack."""


class Sheet(msgspec.Struct, frozen=True):
    """A table, or text when it has no columns."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    left_out: int = 0
    """Columns there was no room for."""

    @property
    def is_text(self) -> bool:
        """Whether the rows are lines as they came."""
        return not self.columns


def read_answer(command: Command, body: bytes) -> Value:
    """Read what a daemon said: JSON, or the part of it that is meant; text as one string.

    Its secrets are out of it already. Raises `PayloadError` where it is not what the command promises.
    """
    if command.form is not Form.JSON:
        return body.decode("utf-8", "replace")
    if not body:
        return None
    try:
        value: Value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadError(f"{command.name}: not JSON: {error}") from error
    _check_depth(command, value)
    if not command.part:
        return value
    return value.get(command.part) if isinstance(value, dict) else None


def _check_depth(command: Command, value: Value) -> None:
    layer = [value]
    for _ in range(MOST_DEPTH):
        members = [
            thing.values() if isinstance(thing, dict) else thing for thing in layer if isinstance(thing, dict | list)
        ]
        if not members:
            return
        layer = list(chain.from_iterable(members))
    raise PayloadError(f"{command.name}: nested more than {MOST_DEPTH} deep")


def sheet_of(command: Command, value: Value) -> Sheet:
    """Lay an answer out."""
    known = _KNOWN.get(command.name)
    if known is not None and (sheet := known(value)) is not None:
        return _clean(sheet)
    if isinstance(value, str):
        return text_sheet(value)
    return _clean(_by_shape(value))


def text_sheet(text: str) -> Sheet:
    """Lay text out as it came, made printable."""
    return Sheet((), tuple((printable(line.replace("\t", "    ")),) for line in text.splitlines()))


def _clean(sheet: Sheet) -> Sheet:
    rows = tuple(tuple(printable(cell) for cell in row) for row in sheet.rows)
    return Sheet(tuple(printable(title) for title in sheet.columns), rows, sheet.left_out)


def _by_shape(value: Value) -> Sheet:
    if value is None or (isinstance(value, list | dict) and not value):
        return Sheet(("answer",), ((NOTHING,),))
    match value:
        case list() if all(isinstance(item, dict) for item in value):
            return _things([("", item) for item in value if isinstance(item, dict)])
        case list():
            return Sheet(("value",), tuple((in_words(item),) for item in value))
        case dict() if all(isinstance(item, dict) and item for item in value.values()):
            return _things([(key, item) for key, item in value.items() if isinstance(item, dict)])
        case dict():
            return Sheet(("member", "value"), tuple(_facts(value, "")))
        case _:
            return Sheet(("value",), ((in_words(value),),))


def _things(things: Sequence[tuple[str, Mapping[str, Value]]]) -> Sheet:
    """Lay things of one kind out, a row each; what no thing has is left out, and scalars go before nested members."""
    members = list(dict.fromkeys(member for _, thing in things for member in thing))
    used = [
        member
        for member in members
        if any(thing.get(member) not in (None, "", 0, False, [], {}) for _, thing in things)
    ]
    nested = {member for member in used if any(isinstance(thing.get(member), dict | list) for _, thing in things)}
    used.sort(key=lambda member: member in nested)
    has_keys = any(key for key, _ in things)
    shown = used[: MOST_COLUMNS - has_keys]
    columns = (*(("key",) if has_keys else ()), *shown)
    rows = [
        (*((key,) if has_keys else ()), *(in_words(thing.get(member)) for member in shown)) for key, thing in things
    ]
    return Sheet(columns or ("answer",), tuple(row or (NOTHING,) for row in rows), len(used) - len(shown))


def _facts(value: Mapping[str, Value], path: str) -> Iterable[tuple[str, str]]:
    for name, member in value.items():
        place = f"{path}.{name}" if path else name
        if isinstance(member, dict) and member:
            yield from _facts(member, place)
        else:
            yield place, in_words(member)


def in_words(value: Value) -> str:
    """Write a value in a cell: scalars as they are, lists of them with commas, anything deeper as JSON."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case int() | float():
            return str(value)
        case list() if not any(isinstance(item, dict | list) for item in value):
            return ", ".join(in_words(item) for item in value) or "-"
        case _:
            return msgspec.json.encode(value).decode() if value else "-"


# the known ones


def member(value: Value, *path: str) -> Value:
    """Return a member of a member; None where there is none."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _text(value: Value, *path: str) -> str:
    found = member(value, *path)
    return found if isinstance(found, str) else ""


def _dicts(value: Value) -> list[dict[str, Value]]:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict)]


def _status(value: Value) -> Sheet | None:
    """Lay this node out in one row; who is there is what `peer-map` lists."""
    if not isinstance(value, dict):
        return None
    peers = _dicts(member(value, "Peer"))
    online = sum(peer.get("Online") is True for peer in peers)
    health = member(value, "Health")
    row = (
        _text(value, "BackendState"),
        _text(value, "Self", "DNSName").rstrip(".") or _text(value, "Self", "HostName"),
        in_words(member(value, "TailscaleIPs")),
        _text(value, "Version").partition("-")[0],
        f"{online} of {len(peers)} online",
        _text(value, "CurrentTailnet", "Name"),
        "; ".join(in_words(item) for item in health) if isinstance(health, list) else "",
    )
    return Sheet(("state", "name", "addresses", "version", "peers", "tailnet", "health"), (row,))


def _peers(value: Value) -> Sheet | None:
    """Lay every peer out in one row, with the path that this host trusts now."""
    peers = sorted(_dicts(value), key=lambda peer: _text(peer, "DNSName") or _text(peer, "HostName"))
    if not peers:
        return None
    rows = [
        (
            _text(peer, "DNSName").rstrip(".") or _text(peer, "HostName"),
            "online" if peer.get("Online") else "offline",
            _path_words(peer),
            _text(peer, "OS"),
            in_words(peer.get("Tags")) if peer.get("Tags") else "",
            in_words(peer.get("TailscaleIPs")),
        )
        for peer in peers
    ]
    return Sheet(("name", "control", "path", "os", "tags", "addresses"), tuple(rows))


def _path_words(peer: Mapping[str, Value]) -> str:
    """Say what status claims of the path, and nothing while the peer is idle."""
    if not peer.get("Active"):
        return "idle"
    if peer.get("CurAddr"):
        return f"direct {in_words(peer.get('CurAddr'))}"
    if peer.get("PeerRelay"):
        return f"peer relay {in_words(peer.get('PeerRelay'))}"
    return f"DERP {in_words(peer.get('Relay'))}" if peer.get("Relay") else "unknown"


def _whois(value: Value) -> Sheet | None:
    if not isinstance(member(value, "Node"), dict):
        return None
    caps = member(value, "CapMap")
    row = (
        _text(value, "Node", "Name").rstrip("."),
        _text(value, "UserProfile", "LoginName"),
        in_words(member(value, "Node", "Addresses")),
        in_words(member(value, "Node", "Tags")),
        ", ".join(caps) if isinstance(caps, dict) else "",
    )
    return Sheet(("node", "owner", "addresses", "tags", "capabilities"), (row,))


def _derp_map(value: Value) -> Sheet | None:
    regions = sorted(_dicts(member(value, "Regions")), key=lambda region: str(region.get("RegionID")).zfill(6))
    rows = [
        (
            in_words(region.get("RegionID")),
            _text(region, "RegionCode"),
            _text(region, "RegionName"),
            ", ".join(_text(node, "HostName") for node in _dicts(region.get("Nodes"))),
        )
        for region in regions
    ]
    return Sheet(("region", "code", "name", "relays"), tuple(rows)) if rows else None


def _health(value: Value) -> Sheet | None:
    if not value:
        return Sheet(("health",), (("well",),))
    return Sheet(("health",), tuple((in_words(item),) for item in value)) if isinstance(value, list) else None


def _pings(value: Value) -> Sheet | None:
    """Lay every peer out in one row: how its last pong came, the median round trip, and what was lost."""
    if not isinstance(value, list) or not value:
        return None
    by_peer: dict[str, list[dict[str, Value]]] = {}
    for ping in _dicts(value):
        by_peer.setdefault(_text(ping, "ip"), []).append(ping)
    rows = []
    for ip, pings in by_peer.items():
        answered = [ping for ping in pings if not ping.get("error")]
        times = [ms for ping in answered if isinstance(ms := ping.get("latency_ms"), int | float)]
        lost = f"{len(pings) - len(answered)} of {len(pings)}" if len(pings) > len(answered) else ""
        way = _way(answered[-1]) if answered else in_words(pings[-1].get("error"))
        rows.append((_text(pings[0], "peer"), f"{median(times):.1f} ms" if times else "-", way, lost, ip))
    return Sheet(("peer", "round trip", "by", "lost", "address"), tuple(rows))


def _way(ping: Mapping[str, Value]) -> str:
    match ping.get("path"):
        case "direct":
            return f"direct {in_words(ping.get('endpoint'))}"
        case "peer-relay":
            return f"peer relay {in_words(ping.get('peer_relay'))}"
        case "derp":
            return f"DERP {in_words(ping.get('derp_region'))}"
        case _:
            return f"path unknown ({in_words(ping.get('ping'))})"


def _dns_answer(value: Value) -> Sheet | None:
    """Lay out what the resolver said, and which one it was."""
    try:
        message = read_message(base64.b64decode(_text(value, "Bytes"), validate=True))
    except ValueError:
        return None
    by = ", ".join(_text(resolver, "Addr") for resolver in _dicts(member(value, "Resolvers")))
    rows = [
        (message.code, record.name, record.type, record.value, f"{record.ttl_s} s", by) for record in message.records
    ]
    return Sheet(("code", "name", "type", "value", "ttl", "asked"), tuple(rows or [(message.code, "", "", "", "", by)]))


_KNOWN: dict[str, Callable[[Value], Sheet | None]] = {
    "status": _status,
    "peer-map": _peers,
    "whois": _whois,
    "derp-map": _derp_map,
    "health": _health,
    "ping": _pings,
    "dns-query": _dns_answer,
}
