"""One host's newest view of its tailnet, in clean values: every string printable, every list a tuple.

The cheap status of a poll says who is there and which paths are trusted; owners, handshakes, expiry and routes need the
whole status and are carried over from the last one read. Paths stand apart from the sights, because they change all the
time and concern one pair, while a changed sight means merging a node anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.lock import LockPeer
from tsym_agent.model.paths import PathKind
from tsym_agent.model.prefs import Prefs
from tsym_agent.model.status import BackendState, PeerStatus, Status, SweepPeer, SweepStatus, passive_path
from tsym_agent.model.text import printable
from tsym_agent.model.times import parse_time

DEFAULT_CONTROL_URL = "https://controlplane.tailscale.com"
_CONTROL_SYNONYMS = frozenset({"", "https://login.tailscale.com", DEFAULT_CONTROL_URL})
"""What prefs may hold for the hosted service (ipn.Prefs, IsLoginServerSynonym)."""


class Extras(msgspec.Struct, frozen=True, gc=False):
    """What only the whole status says of a node."""

    owner: str | None = None
    last_handshake: str | None = None
    last_seen: str | None = None
    key_expiry: str | None = None
    routes: tuple[str, ...] = ()
    is_exit_node_option: bool = False


class Sight(msgspec.Struct, frozen=True, gc=False):
    """One node as one host knows it."""

    stable_id: StableNodeID
    name: str = ""
    """MagicDNS name without its trailing dot; empty when it has none."""
    host_name: str = ""
    addresses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    os: str = ""
    is_online: bool = False
    home_region: str | None = None
    is_exit_node_in_use: bool = False
    is_sharee: bool = False
    is_expired: bool = False
    is_locked_out: bool = False
    is_unapproved: bool = False
    extras: Extras = Extras()


class Route(msgspec.Struct, frozen=True, gc=False):
    """The UDP path that a host trusts to a peer now."""

    path: PathKind
    endpoint: str | None = None
    peer_relay: str | None = None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What one host said last."""

    backend: BackendState
    backend_word: str = ""
    """The state as the daemon spelled it."""
    tailnet: Tailnet
    own: Sight | None = None
    """Itself; None while it has no node (logged out)."""
    own_endpoints: tuple[str, ...] = ()
    peers: dict[StableNodeID, Sight] = {}
    routes: dict[StableNodeID, Route] = {}
    version: str | None = None
    health: tuple[str, ...] = ()

    @property
    def ref(self) -> NodeRef | None:
        """The node it is."""
        return NodeRef(self.tailnet, self.own.stable_id) if self.own else None

    @property
    def is_in_map_poll(self) -> bool:
        """Whether control talks to it, so that what it says of others being online is of now."""
        return self.own is not None and self.own.is_online

    def sight_of(self, stable_id: StableNodeID) -> Sight | None:
        """Return how it sees a node, itself included."""
        if self.own is not None and self.own.stable_id == stable_id:
            return self.own
        return self.peers.get(stable_id)


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What a view needs beyond a status: read seldom, carried over."""

    control_url: str = ""
    extras: dict[StableNodeID, Extras] = {}
    own_endpoints: tuple[str, ...] = ()
    locked_out: tuple[LockPeer, ...] = ()
    unapproved: frozenset[StableNodeID] = frozenset()


def control_url_of(prefs: Prefs) -> str:
    """Return the control server of prefs, its spellings made one."""
    url = prefs.control_url.rstrip("/")
    return DEFAULT_CONTROL_URL if url in _CONTROL_SYNONYMS else printable(url)


def read_extras(status: Status) -> dict[StableNodeID, Extras]:
    """Take from a whole status what a poll does not read."""
    nodes = (*status.peers, status.self_node) if status.self_node else status.peers
    return {node.id: _extras_of(status, node) for node in nodes if node.id}


def _extras_of(status: Status, node: PeerStatus) -> Extras:
    owner = status.owner_of(node)
    return Extras(
        owner=_text(owner) if owner else None,
        last_handshake=_time(node.last_handshake),
        last_seen=_time(node.last_seen),
        key_expiry=_time(node.key_expiry),
        routes=_texts(node.primary_routes),
        is_exit_node_option=node.exit_node_option,
    )


def read_view(status: Status | SweepStatus, around: Surroundings, before: View | None = None) -> View:
    """Make a view of a status. A daemon that is down names no tailnet, so the one it named before stays."""
    named = status.current_tailnet.name if status.current_tailnet else ""
    tailnet = Tailnet(around.control_url, printable(named))
    own = _sight(status.self_node, around) if status.self_node and status.self_node.id else None
    if not named and before is not None and before.tailnet.control_url == around.control_url:
        tailnet = before.tailnet
        own = own or before.own
    peers = {peer.id: _sight(peer, around) for peer in status.peers if peer.id}
    for stranger in around.locked_out:
        if stranger.stable_id and stranger.stable_id not in peers:
            peers[stranger.stable_id] = _locked_out(stranger)
    return View(
        backend=status.state,
        backend_word=printable(status.backend_state),
        tailnet=tailnet,
        own=own,
        own_endpoints=around.own_endpoints,
        peers=peers,
        routes=dict(_routes(status.peers)),
        version=printable(status.version) or None,
        health=_texts(status.health),
    )


def _routes(peers: Iterable[SweepPeer | PeerStatus]) -> Iterable[tuple[StableNodeID, Route]]:
    for peer in peers:
        match passive_path(peer):
            case PathKind.DIRECT:
                yield peer.id, Route(PathKind.DIRECT, endpoint=printable(peer.cur_addr))
            case PathKind.PEER_RELAY:
                yield peer.id, Route(PathKind.PEER_RELAY, peer_relay=printable(peer.peer_relay))
            case _:
                pass


def _sight(node: SweepPeer | PeerStatus, around: Surroundings) -> Sight:
    return Sight(
        stable_id=node.id,
        name=_text(node.dns_name.rstrip(".")),
        host_name=_text(node.host_name),
        addresses=_texts(node.tailscale_ips),
        tags=_texts(node.tags),
        os=_text(node.os),
        is_online=node.online,
        home_region=_text(node.relay) or None,
        is_exit_node_in_use=node.exit_node,
        is_sharee=node.sharee_node,
        is_expired=node.expired,
        is_unapproved=node.id in around.unapproved,
        extras=around.extras.get(node.id, _NO_EXTRAS),
    )


_NO_EXTRAS = Extras()


def _locked_out(stranger: LockPeer) -> Sight:
    return Sight(
        stable_id=stranger.stable_id,
        name=printable(stranger.name.rstrip(".")),
        host_name=printable(stranger.name.partition(".")[0]),
        addresses=_texts(stranger.tailscale_ips),
        is_locked_out=True,
    )


def changed_nodes(before: View | None, after: View | None) -> set[NodeRef]:
    """Return the nodes that two views of one host describe differently: these must be merged anew."""
    old, new = _sights(before), _sights(after)
    if before and after and before.is_in_map_poll != after.is_in_map_poll:
        return old.keys() | new.keys()  # its word on who is online has gained or lost its weight
    return {ref for ref in old.keys() | new.keys() if old.get(ref) != new.get(ref)}


def _sights(view: View | None) -> Mapping[NodeRef, Sight]:
    if view is None:
        return {}
    own = [view.own] if view.own else []
    return {NodeRef(view.tailnet, sight.stable_id): sight for sight in (*own, *view.peers.values())}


_STANDS = {
    BackendState.RUNNING: (HostState.OK, None),
    BackendState.STARTING: (HostState.CONNECTING, "tailscaled is starting: wait a moment"),
    BackendState.NO_STATE: (HostState.CONNECTING, "tailscaled is starting: wait a moment"),
    BackendState.STOPPED: (HostState.STOPPED, "tailscaled is stopped: run `tailscale up` there"),
    BackendState.NEEDS_LOGIN: (HostState.NEEDS_LOGIN, "logged out: run `tailscale up` there and log in"),
    BackendState.NEEDS_MACHINE_AUTH: (HostState.NEEDS_LOGIN, "waiting for approval by an admin of the tailnet"),
    BackendState.IN_USE_OTHER_USER: (HostState.DENIED, "tailscaled is in use by another user of that machine"),
}


def host_state_of(view: View) -> tuple[HostState, str | None]:
    """Say how a daemon that answers stands, and what to do about it."""
    if view.backend is BackendState.NEEDS_LOGIN and view.own and view.own.is_expired:
        return HostState.NEEDS_LOGIN, "its key has expired: run `tailscale up --force-reauth` there"
    if view.backend is BackendState.UNKNOWN:
        return HostState.FAILED, f"tailscaled is in a state that this version does not know: {view.backend_word}"
    return _STANDS[view.backend]


@lru_cache(maxsize=1 << 16)
def _text(value: str) -> str:
    """Make a text printable; fifty hosts tell the same thousand names again and again."""
    return printable(value)


@lru_cache(maxsize=1 << 14)
def _texts(values: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(printable(value) for value in values or ())


def _time(text: str | None) -> str | None:
    """Keep a time as it was written, unless it means never."""
    return _text(text) if text and parse_time(text) else None
