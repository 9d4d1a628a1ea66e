"""What happens on a host, as events: the IPN bus condensed to what a person calls news, and the daemon's inner bus.

The IPN bus repeats whole nodes, patches and netmaps; here each is compared with what was known, and only the difference
is told: state, health warnings on and off, peers that come, go and change their connection to control, key expiry,
wishes. What a broken stream kept from us is made good from status, so a gap loses times, not facts.

Learnt from ipn/backend.go, ipn/localapi/debug.go and util/eventbus of tailscale 1.102.3.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from tsym_agent.localapi.bus import BusWatch
from tsym_agent.localapi.errors import BadAnswerError, LocalAPIError
from tsym_agent.localapi.following import Following, Target, Turn
from tsym_agent.localapi.refusals import from_wire
from tsym_agent.localapi.splitting import ObjectSplitter
from tsym_agent.model.logs import Event
from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.notify import BusMask, HealthWarning, Notify, PeerChange
from tsym_agent.model.payload import ABSENT, Body, PayloadError, decode, is_absent
from tsym_agent.model.prefs import Prefs
from tsym_agent.model.status import BackendState
from tsym_agent.model.text import printable
from tsym_agent.model.times import format_time, parse_time
from tsym_agent.wire.errors import WireError

HAPPENINGS_MASK = (
    BusMask.INITIAL_STATE
    | BusMask.INITIAL_PREFS
    | BusMask.INITIAL_HEALTH
    | BusMask.PEER_CHANGES
    | BusMask.NO_NETMAP
    | BusMask.PEER_PATCHES
)
BUS_EVENTS = Target("debug-bus-events", "/localapi/v0/debug-bus-events")

MAX_OBJECT_BYTES = 16 * 1024 * 1024
"""An inner event may hold a whole netmap."""

MAX_DATA_BYTES = 16 * 1024
"""What an event carries beyond its words; a larger one is left out, and the words say so."""


def _now() -> datetime:
    return datetime.now(UTC)


class _KnownPeer(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """What of a peer in status we compare."""

    id: str = msgspec.field(default="", name="ID")
    node_id: int = msgspec.field(default=0, name="NodeID")
    dns_name: str = msgspec.field(default="", name="DNSName")
    host_name: str = ""
    online: bool = False
    key_expiry: str | None = None


class KnownStatus(msgspec.Struct, frozen=True, rename="pascal"):
    """What of a status we compare."""

    self_node: _KnownPeer | None = msgspec.field(default=None, name="Self")
    peer: dict[str, _KnownPeer] | None = None


class _Netmap(msgspec.Struct, frozen=True, rename="pascal"):
    peers: tuple[ControlNode, ...] | None = None


class _InnerEvent(msgspec.Struct, frozen=True, rename="pascal"):
    type: str = ""
    from_: str = msgspec.field(default="", name="From")
    to: tuple[str, ...] | str | None = None
    event: msgspec.Raw = ABSENT


class _Known(NamedTuple):
    """One peer as we last knew it; None = nobody said."""

    name: str
    online: bool | None
    key_expiry: str | None


_STATUS = msgspec.json.Decoder(KnownStatus)
_NETMAP = msgspec.json.Decoder(_Netmap)
_INNER = msgspec.json.Decoder(_InnerEvent)


def parse_known_status(body: Body) -> KnownStatus:
    """Read what of a status is compared; raises `PayloadError`."""
    return decode(_STATUS, body)


class Happenings:
    """Turns notices into news by comparing them with what was known."""

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._now = now
        self._state: BackendState | None = None
        self._prefs: Prefs | None = None
        self._warnings: dict[str, HealthWarning] = {}
        self._peers: dict[str, _Known] = {}
        self._ids: dict[int, str] = {}
        self._self_expiry: str | None = None
        self._has_peers = False
        self.wants_status = True
        """Whether something came that only a status explains: ask for one and pass it to `saw`."""

    def saw(self, status: KnownStatus) -> list[Event]:
        """Take in who is there; the first time that is no news."""
        self.wants_status = False
        is_first, self._has_peers = not self._has_peers, True
        peers = (status.peer or {}).values()
        self._ids.update({peer.node_id: peer.id for peer in peers if peer.node_id})
        seen = {
            peer.id: _Known(_short(peer.dns_name) or peer.host_name, peer.online, peer.key_expiry) for peer in peers
        }
        own_expiry = status.self_node.key_expiry if status.self_node else None
        events = [] if is_first else [*self._compare(seen), *self._own_expiry(own_expiry)]
        self._peers, self._self_expiry = seen, own_expiry
        return events

    def heard(self, notice: Notify) -> list[Event]:
        """Take in a notice and return what is news in it."""
        events: list[Event] = []
        if notice.err_message:
            events.append(self._event("error", notice.err_message))
        if notice.state is not None:
            events += self._heard_state(notice.state)
        if notice.prefs is not None:
            events += self._heard_prefs(notice.prefs)
        if notice.health is not None:
            events += self._heard_health(notice.health.warnings or {})
        is_new_stream = bool(notice.session_id) and self._has_peers
        if notice.self_change is not None or not is_absent(notice.peer_changes) or is_new_stream:
            self.wants_status = True
        if not is_absent(notice.net_map):
            events += self._heard_netmap(notice.net_map)
        events += [event for node in notice.peers_changed or () for event in self._heard_node(node)]
        events += [event for patch in notice.peer_changed_patch or () for event in self._heard_patch(patch)]
        events += [event for number in notice.peers_removed or () for event in self._heard_removal(number)]
        return events

    def _heard_state(self, state: BackendState) -> list[Event]:
        before, self._state = self._state, state
        if state is before:
            return []
        return [self._event("state", f"{state}" + (f" (was {before})" if before is not None else ""))]

    def _heard_prefs(self, prefs: Prefs) -> list[Event]:
        before, self._prefs = self._prefs, prefs
        if before is None or before == prefs:
            return []
        return [self._event("prefs", ", ".join(_differences(before, prefs)))]

    def _heard_health(self, warnings: dict[str, HealthWarning]) -> list[Event]:
        before, self._warnings = self._warnings, warnings
        began = [warning for code, warning in warnings.items() if code not in before]
        ended = [warning for code, warning in before.items() if code not in warnings]
        return [
            *(self._event("health", _warning_words(each)) for each in began),
            *(self._event("health-over", each.title or each.warnable_code) for each in ended),
        ]

    def _heard_netmap(self, raw: msgspec.Raw) -> list[Event]:
        try:
            nodes = decode(_NETMAP, bytes(raw)).peers or ()
        except PayloadError:
            self.wants_status = True
            return []
        seen: dict[str, _Known] = {node.stable_id: _known(node) for node in nodes}
        self._ids.update({node.id: node.stable_id for node in nodes})
        events = self._compare(seen) if self._has_peers else []
        self._peers, self._has_peers = seen, True
        return events

    def _heard_node(self, node: ControlNode) -> list[Event]:
        self._ids[node.id] = node.stable_id
        known = _known(node)
        before = self._peers.get(node.stable_id)
        self._peers[node.stable_id] = known
        if before is None:
            return [self._event("peer-added", f"{known.name} is new", node.stable_id)] if self._has_peers else []
        return self._changes(node.stable_id, before, known)

    def _heard_patch(self, patch: PeerChange) -> list[Event]:
        stable_id = self._ids.get(patch.node_id)
        before = self._peers.get(stable_id) if stable_id is not None else None
        if stable_id is None or before is None:
            self.wants_status = True
            return []
        known = _Known(
            before.name,
            before.online if patch.online is None else patch.online,
            before.key_expiry if patch.key_expiry is None else patch.key_expiry,
        )
        self._peers[stable_id] = known
        return self._changes(stable_id, before, known)

    def _heard_removal(self, number: int) -> list[Event]:
        stable_id = self._ids.pop(number, None)
        if stable_id is None:
            self.wants_status = True
            return []
        gone = self._peers.pop(stable_id, None)
        return [self._event("peer-removed", f"{gone.name} is gone", stable_id)] if gone is not None else []

    def _compare(self, seen: dict[str, _Known]) -> list[Event]:
        events: list[Event] = []
        for stable_id, known in seen.items():
            before = self._peers.get(stable_id)
            if before is None:
                events.append(self._event("peer-added", f"{known.name} is new", stable_id))
            else:
                events += self._changes(stable_id, before, known)
        for stable_id in self._peers.keys() - seen.keys():
            events.append(self._event("peer-removed", f"{self._peers[stable_id].name} is gone", stable_id))
        return events

    def _changes(self, stable_id: str, before: _Known, known: _Known) -> list[Event]:
        events: list[Event] = []
        if known.online is not None and known.online is not before.online:
            word = "online" if known.online else "offline"
            events.append(self._event(f"peer-{word}", f"{known.name} is {word}", stable_id))
        if parse_time(known.key_expiry) != parse_time(before.key_expiry):
            events.append(self._event("key-expiry", _expiry_words(known.name, known.key_expiry), stable_id))
        return events

    def _own_expiry(self, expiry: str | None) -> Iterable[Event]:
        if parse_time(expiry) != parse_time(self._self_expiry):
            yield self._event("key-expiry", _expiry_words("this node", expiry))

    def _event(self, kind: str, words: str, node: str = "") -> Event:
        return Event(at=format_time(self._now()), kind=kind, words=printable(words), node=node)


async def follow_ipn(
    watch: BusWatch, read_status: Callable[[], Awaitable[Body]], *, now: Callable[[], datetime] = _now
) -> AsyncGenerator[Event, None]:
    """Yield what the IPN bus tells, for ever; the first event says that the stream stands.

    `read_status` asks for a status with peers. Raises `LocalAPIError` when the first stream cannot be had, later only
    what no waiting mends.
    """
    happenings = Happenings(now)
    async with aclosing(watch.told(HAPPENINGS_MASK, must_stand_at_once=True)) as told:
        async for word in told:
            if isinstance(word, Notify):
                for event in happenings.heard(word):
                    yield event
            else:
                happenings.wants_status = word is Turn.UP
                yield _turn(word, now)
            if happenings.wants_status:
                for event in await _caught_up(happenings, read_status):
                    yield event


async def follow_bus_events(following: Following, *, now: Callable[[], datetime] = _now) -> AsyncGenerator[Event, None]:
    """Yield the events inside the daemon, for ever (1.86 on, right to write); first and errors as `follow_ipn`."""
    splitter = ObjectSplitter(MAX_OBJECT_BYTES)
    where = following.http.where
    async with aclosing(following.pieces(BUS_EVENTS, must_stand_at_once=True)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Turn):
                splitter = ObjectSplitter(MAX_OBJECT_BYTES)
                yield _turn(piece, now)
                continue
            try:
                events = [parse_inner_event(each, format_time(now())) for each in splitter.feed(piece)]
            except WireError as error:
                raise from_wire(where, error) from error
            except PayloadError as error:
                raise BadAnswerError(where, f"debug-bus-events: {error}") from error
            for event in events:
                if event is not None:
                    yield event


def parse_inner_event(body: bytes, arrived_at: str) -> Event | None:
    """Read one object of `debug-bus-events`; None for those that only speak of the stream itself."""
    inner = decode(_INNER, body)
    if not inner.type:
        return None
    to = ", ".join((inner.to,) if isinstance(inner.to, str) else inner.to or ())
    words = f"{inner.from_} → {to}" if to else inner.from_
    data = bytes(inner.event)
    if len(data) > MAX_DATA_BYTES:
        words, data = f"{words} ({len(data)} bytes, left out)", b"null"
    return Event(at=arrived_at, kind=printable(inner.type), words=printable(words), data=msgspec.Raw(data))


async def _caught_up(happenings: Happenings, read_status: Callable[[], Awaitable[Body]]) -> list[Event]:
    """Compare with status; where it cannot be had now, the next notice that needs it asks again."""
    try:
        return happenings.saw(parse_known_status(await read_status()))
    except (LocalAPIError, PayloadError):
        return []


def _turn(turn: Turn, now: Callable[[], datetime]) -> Event:
    at = format_time(now())
    if turn is Turn.UP:
        return Event(at=at, kind="listening", words="the stream stands")
    return Event(at=at, kind="broken", words="the stream broke: what happens now is not told until it stands again")


def _known(node: ControlNode) -> _Known:
    return _Known(_short(node.name) or node.computed_name, node.online, node.key_expiry)


def _short(dns_name: str) -> str:
    return dns_name.partition(".")[0]


def _warning_words(warning: HealthWarning) -> str:
    """Say what is wrong, and once: many warnings repeat their title as their text."""
    if warning.text.startswith(warning.title):
        return warning.text
    return f"{warning.title}: {warning.text}" if warning.text else warning.title


def _expiry_words(name: str, expiry: str | None) -> str:
    moment = parse_time(expiry)
    return f"the key of {name} " + (f"expires at {format_time(moment)}" if moment else "does not expire any more")


def _differences(before: Prefs, after: Prefs) -> Iterable[str]:
    for field in msgspec.structs.fields(Prefs):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new:
            yield f"{field.encode_name}: {_spelled(old)} → {_spelled(new)}"


def _spelled(value: object) -> str:
    return msgspec.json.encode(value).decode()
