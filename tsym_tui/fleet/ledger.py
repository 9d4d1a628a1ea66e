"""What one host's status says, kept so that only what changed is read again.

Status comes whole (a poll, the first line of a stream) or as a delta. Of a whole one each peer's bytes are compared by
their fingerprint with those of the last, and only peers that differ are decoded; a delta is nothing but such peers. So
the cost of a look follows what happened, not how many peers there are.

Slim statuses leave handshakes out; a peer that comes without one keeps the newest that was heard of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from sys import intern
from typing import NamedTuple

import msgspec

from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.lock import LockPeer
from tsym_agent.model.payload import Body, PayloadError, decode
from tsym_agent.model.status import BackendState, PeerStatus, Status, TailnetStatus, UserProfile
from tsym_agent.model.text import printable
from tsym_tui.fleet.views import Route, Sight, View, node_ref, read_sight, route_of, texts_of, time_of

_SHARED = 1 << 16
"""Sights that several hosts see alike are one value: so many are kept to be shared."""

_ALIKE = 1 << 12
"""Peers that one host told of and the next ones may tell of in the same bytes: so many are read once for all of them.
They take a few MB."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a view needs beyond a status: read seldom, carried over."""

    control_url: str = ""
    locked_out: tuple[LockPeer, ...] = ()
    unapproved: frozenset[StableNodeID] = frozenset()


class News(NamedTuple):
    """What is different from one view of a host to the next."""

    sights: frozenset[NodeRef] = frozenset()
    """Nodes to merge anew."""
    routes: frozenset[StableNodeID] = frozenset()
    """Peers whose trusted path is another one, or gone."""

    def also(self, other: News) -> News:
        """Return both together."""
        return News(self.sights | other.sights, self.routes | other.routes)


class LostPlaceError(Exception):
    """A delta cannot be worked in; only a whole status helps."""


class _Frame(msgspec.Struct, frozen=True, rename="pascal"):
    """A status with its peers unread."""

    version: str = ""
    backend_state: str = ""
    self_node: PeerStatus | None = msgspec.field(default=None, name="Self")
    health: tuple[str, ...] | None = None
    current_tailnet: TailnetStatus | None = None
    user: dict[str, UserProfile] | None = None
    peer: dict[str, msgspec.Raw] | None = None


class _Told(NamedTuple):
    """A peer as a host told of it."""

    data: bytes
    mark: int
    """Fingerprint of the bytes, one object for all hosts that told the same."""
    peer: PeerStatus
    route: Route | None


_FRAME = msgspec.json.Decoder(_Frame)
_PEER = msgspec.json.Decoder(PeerStatus)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Ledger:
    """One host's peers by node key, and the view they make."""

    def __init__(self, surroundings: Surroundings | None = None) -> None:
        self.view: View | None = None
        self.surroundings = surroundings or Surroundings()
        self._frame = _Frame()
        self._ids: dict[str, StableNodeID] = {}
        self._prints: dict[str, int] = {}
        self._peers: dict[StableNodeID, Sight] = {}
        self._routes: dict[StableNodeID, Route] = {}
        self._strangers: frozenset[StableNodeID] = frozenset()
        """Nodes that are seen only because tailnet lock keeps them out."""
        self._top: dict[str, bytes] | None = None
        """Members of the last whole status but `Peer`, for deltas to change; None until somebody needs them."""

    def take_status(self, body: Body, *, expects_deltas: bool = False) -> News:
        """Work a whole status in; raises `PayloadError`."""
        frame = decode(_FRAME, body)
        listed = frame.peer or {}
        known = self._prints if (frame.user or {}) == (self._frame.user or {}) else {}
        changed = {key: data for key, raw in listed.items() if known.get(key) != hash(data := bytes(raw))}
        gone = () if self._ids.keys() == listed.keys() else [key for key in self._ids if key not in listed]
        peers = _all_told(changed)
        self._top = _top_of(body) if expects_deltas else None
        return self._work_in(frame, peers, gone)

    def take_delta(self, top: Mapping[str, msgspec.Raw], peers: Mapping[str, msgspec.Raw], gone: Iterable[str]) -> News:
        """Work a delta in; raises `PayloadError`, and `LostPlaceError` where it does not fit what is known."""
        if self._top is None:
            raise LostPlaceError("a delta before any status")
        frame = self._frame
        if top:
            self._top |= {name: bytes(raw) for name, raw in top.items()}
            frame = decode(_FRAME, msgspec.json.encode({name: msgspec.Raw(raw) for name, raw in self._top.items()}))
            users = frame.user or {}
            if any(users.get(number) != profile for number, profile in (self._frame.user or {}).items()):
                raise LostPlaceError("an owner goes by another name")
        return self._work_in(frame, _all_told({key: bytes(raw) for key, raw in peers.items()}), gone)

    def note_times(self, status: Status) -> News:
        """Take from a status what slim ones leave out: when hosts last shook hands."""
        seen = {}
        for peer in status.peers:
            sight = self._peers.get(peer.id)
            heard = time_of(peer.last_handshake)
            if sight is not None and heard and sight.extras.last_handshake != heard:
                extras = msgspec.structs.replace(sight.extras, last_handshake=heard)
                seen[peer.id] = _shared(msgspec.structs.replace(sight, extras=extras))
        if not seen or self.view is None:
            return News()
        self._peers |= seen
        return self._set_view(self._frame, set(seen), frozenset())

    def surround(self, surroundings: Surroundings) -> News:
        """Take other surroundings."""
        before, self.surroundings = self.surroundings, surroundings
        if self.view is None or before == surroundings:
            return News()
        changed = (before.unapproved ^ surroundings.unapproved) & self._peers.keys()
        for stable_id in changed:
            waits = stable_id in surroundings.unapproved
            self._peers[stable_id] = _shared(msgspec.structs.replace(self._peers[stable_id], is_unapproved=waits))
        same_frame = msgspec.structs.replace(self._frame)  # another value: the tailnet may be another one now
        return self._set_view(same_frame, set(changed), frozenset())

    def place(self, control_url: str) -> None:
        """Take the control server's name; it counts from the next status on."""
        if self.surroundings.control_url != control_url:
            self.surroundings = msgspec.structs.replace(self.surroundings, control_url=control_url)

    def _work_in(self, frame: _Frame, peers: Mapping[str, _Told], gone: Iterable[str]) -> News:
        changed: set[StableNodeID] = set()
        moved: set[StableNodeID] = set()
        leaving = [self._ids.pop(key) for key in gone if key in self._ids]
        for key, told in peers.items():
            self._prints[intern(key)] = told.mark
            if not told.peer.id:
                continue
            stable_id = self._remember(key, told.peer.id)
            before = self._peers.get(stable_id)
            sight = _sight(told.data, *self._around(told.peer, frame, before))
            if before is not sight and before != sight:
                self._peers[stable_id] = sight
                changed.add(stable_id)
            if self._routes.get(stable_id) != told.route:
                moved.add(stable_id)
                self._set_route(stable_id, told.route)
        if leaving:
            self._forget(leaving, changed)
        return self._set_view(frame, changed, frozenset(moved))

    def _set_route(self, stable_id: StableNodeID, route: Route | None) -> None:
        if route is None:
            del self._routes[stable_id]
        else:
            self._routes[stable_id] = route

    def _remember(self, key: str, stable_id: StableNodeID) -> StableNodeID:
        known = self._ids.get(key)
        if known != stable_id:
            known = self._ids[intern(key)] = StableNodeID(intern(stable_id))
        return known

    def _forget(self, leaving: Iterable[StableNodeID], changed: set[StableNodeID]) -> None:
        """Drop nodes whose keys have gone, unless they go by another key now."""
        kept = set(self._ids.values())
        self._prints = {key: mark for key, mark in self._prints.items() if key in self._ids}
        for stable_id in leaving:
            if stable_id not in kept:
                self._peers.pop(stable_id, None)
                self._routes.pop(stable_id, None)
                changed.add(stable_id)

    def _around(self, peer: PeerStatus, frame: _Frame, before: Sight | None) -> tuple[str, str | None, bool]:
        """Return what a sight needs beyond its peer: the owner, when they last shook hands, and whether it waits."""
        profile = None if peer.tags or frame.user is None else frame.user.get(str(peer.user_id))
        return (
            profile.login_name if profile else "",
            before.extras.last_handshake if before else None,
            peer.id in self.surroundings.unapproved,
        )

    def _set_view(self, frame: _Frame, changed: set[StableNodeID], moved: frozenset[StableNodeID]) -> News:
        """Make the view of what is known now and say what is new in it."""
        before = self.view
        if before is not None and frame is self._frame and not self.surroundings.locked_out:
            if changed:  # in dictionaries that the view holds already
                self.view = msgspec.structs.replace(before, edition=before.edition + 1)
            return News(frozenset(node_ref(before.tailnet, stable_id) for stable_id in changed), moved)
        own, tailnet = self._own(frame), self._tailnet(frame)
        if before is not None and tailnet is before.tailnet and own is None and not _name_of(frame):
            own = before.own  # a daemon that is down names no tailnet and no node: those of before stay
        self._frame = frame if frame.peer is None else msgspec.structs.replace(frame, peer=None)
        strangers = _strangers(self.surroundings.locked_out, self._peers)
        changed |= self._strangers ^ strangers.keys()
        self._strangers = frozenset(strangers)
        self.view = View(
            backend=BackendState(frame.backend_state),
            backend_word=printable(frame.backend_state),
            tailnet=tailnet,
            own=own,
            own_endpoints=texts_of(frame.self_node.addrs) if frame.self_node else (),
            peers=self._peers | strangers if strangers else self._peers,
            routes=self._routes,
            version=printable(frame.version) or None,
            health=texts_of(frame.health),
            edition=before.edition + bool(changed) if before else 0,
        )
        return News(_refs_to_merge(before, self.view, changed), moved)

    def _own(self, frame: _Frame) -> Sight | None:
        node = frame.self_node
        if node is None or not node.id:
            return None
        before = self.view.own if self.view else None
        around = self._around(node, frame, before if before and before.stable_id == node.id else None)
        return read_sight(node, *around)

    def _tailnet(self, frame: _Frame) -> Tailnet:
        """Return the tailnet it names; a daemon that is down names none, so the one it named before stays."""
        before = self.view.tailnet if self.view else None
        name = _name_of(frame)
        if not name and before is not None and before.control_url == self.surroundings.control_url:
            return before
        return _tailnet(self.surroundings.control_url, printable(name))


def _refs_to_merge(before: View | None, after: View, changed: set[StableNodeID]) -> frozenset[NodeRef]:
    """Return which nodes look different, `changed` being the peers that do."""
    if before is None:
        return frozenset(after.refs())
    if before.tailnet is not after.tailnet:  # it speaks of another network
        left = {node_ref(before.tailnet, stable_id) for stable_id in changed} | before.refs()
        return frozenset(left | after.refs())
    if before.is_in_map_poll != after.is_in_map_poll:  # its word on who is online has gained or lost its weight
        return frozenset(after.refs() | {node_ref(after.tailnet, stable_id) for stable_id in changed})
    if (before.own, before.version, before.backend) != (after.own, after.version, after.backend):
        changed = changed | {one.stable_id for one in (before.own, after.own) if one}
    return frozenset(node_ref(after.tailnet, stable_id) for stable_id in changed)


def _name_of(frame: _Frame) -> str:
    return frame.current_tailnet.name if frame.current_tailnet else ""


def _all_told(peers: Mapping[str, bytes]) -> dict[str, _Told]:
    try:
        return {key: _told(data) for key, data in peers.items()}
    except msgspec.DecodeError as error:
        raise PayloadError(f"unexpected shape of a peer: {error}") from error


@lru_cache(maxsize=_ALIKE)
def _told(data: bytes) -> _Told:
    """Read a peer: most hosts say the same of it, byte by byte."""
    peer = _PEER.decode(data)
    return _Told(data, hash(data), peer, route_of(peer))


@lru_cache(maxsize=_ALIKE)
def _sight(data: bytes, owner: str, handshake: str | None, is_unapproved: bool) -> Sight:
    """Return the one value of what these bytes and a host's surroundings make of a peer."""
    return _shared(read_sight(_told(data).peer, owner, handshake, is_unapproved))


def _top_of(body: Body) -> dict[str, bytes]:
    """Return the members of a status but the peers, each as bytes of its own, so that the body can go."""
    return {name: bytes(raw) for name, raw in decode(_MEMBERS, body).items() if name != "Peer"}


def _strangers(locked_out: Iterable[LockPeer], sights: Mapping[StableNodeID, Sight]) -> dict[StableNodeID, Sight]:
    """Return the nodes that tailnet lock keeps out: status does not list them."""
    return {
        stranger.stable_id: Sight(
            stable_id=stranger.stable_id,
            name=printable(stranger.name.rstrip(".")),
            host_name=printable(stranger.name.partition(".")[0]),
            addresses=texts_of(stranger.tailscale_ips),
            is_locked_out=True,
        )
        for stranger in locked_out
        if stranger.stable_id and stranger.stable_id not in sights
    }


@lru_cache(maxsize=256)
def _tailnet(control_url: str, name: str) -> Tailnet:
    """Return the one value of a tailnet, so that comparing two costs nothing."""
    return Tailnet(control_url, name)


@lru_cache(maxsize=_SHARED)
def _shared(sight: Sight) -> Sight:
    """Return the one value of all equal sights."""
    return sight
