"""One host's newest view of its tailnet, in clean values: every string printable, every list a tuple.

Paths stand apart from the sights, because they change all the time and concern one pair, while a changed sight means
merging a node anew.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.paths import PathKind
from tsym_agent.model.status import BackendState, PeerStatus, passive_path
from tsym_agent.model.text import printable
from tsym_agent.model.times import parse_time

DEFAULT_CONTROL_URL = "https://controlplane.tailscale.com"
_CONTROL_SYNONYMS = frozenset({"", "https://login.tailscale.com", DEFAULT_CONTROL_URL})
"""What prefs may hold for the hosted service (ipn.Prefs, IsLoginServerSynonym)."""


class Extras(msgspec.Struct, frozen=True, gc=False):
    """What changes seldom, and what most nodes do not have."""

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
    edition: int = 0
    """Grows when peers look different: the dictionaries are the newest view's and change with it."""

    @property
    def ref(self) -> NodeRef | None:
        """The node it is."""
        return node_ref(self.tailnet, self.own.stable_id) if self.own else None

    def refs(self) -> set[NodeRef]:
        """Return every node it speaks of."""
        own = [self.own.stable_id] if self.own else []
        return {node_ref(self.tailnet, stable_id) for stable_id in (*own, *self.peers)}

    @property
    def is_in_map_poll(self) -> bool:
        """Whether control talks to it, so that what it says of others being online is of now."""
        return self.own is not None and self.own.is_online

    def sight_of(self, stable_id: StableNodeID) -> Sight | None:
        """Return how it sees a node, itself included."""
        if self.own is not None and self.own.stable_id == stable_id:
            return self.own
        return self.peers.get(stable_id)


def canonical_control_url(url: str) -> str:
    """Return a control server as prefs spell it, its spellings made one."""
    url = url.rstrip("/")
    return DEFAULT_CONTROL_URL if url in _CONTROL_SYNONYMS else printable(url)


def route_of(peer: PeerStatus) -> Route | None:
    """Return the UDP path that status proves; None when it proves none."""
    match passive_path(peer):
        case PathKind.DIRECT:
            return Route(PathKind.DIRECT, endpoint=printable(peer.cur_addr))
        case PathKind.PEER_RELAY:
            return Route(PathKind.PEER_RELAY, peer_relay=printable(peer.peer_relay))
        case _:
            return None


def read_sight(node: PeerStatus, owner: str, handshake: str | None, is_unapproved: bool) -> Sight:
    """Read one node of a status; `handshake` is what was known of it, for a status that leaves handshakes out."""
    extras = Extras(
        owner=text_of(owner) or None,
        last_handshake=time_of(node.last_handshake) or handshake,
        last_seen=time_of(node.last_seen),
        key_expiry=time_of(node.key_expiry),
        routes=texts_of(node.primary_routes),
        is_exit_node_option=node.exit_node_option,
    )
    return Sight(
        stable_id=node.id,
        name=text_of(node.dns_name.rstrip(".")),
        host_name=text_of(node.host_name),
        addresses=texts_of(node.tailscale_ips),
        tags=texts_of(node.tags),
        os=text_of(node.os),
        is_online=node.online,
        home_region=text_of(node.relay) or None,
        is_exit_node_in_use=node.exit_node,
        is_sharee=node.sharee_node,
        is_expired=node.expired,
        is_unapproved=is_unapproved,
        extras=extras if extras != _NO_EXTRAS else _NO_EXTRAS,
    )


_NO_EXTRAS = Extras()


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
def text_of(value: str) -> str:
    """Make a text printable; fifty hosts tell the same thousand names again and again."""
    return printable(value)


@lru_cache(maxsize=1 << 16)
def texts_of(values: tuple[str, ...] | None) -> tuple[str, ...]:
    """Make texts printable."""
    return tuple(printable(value) for value in values or ())


@lru_cache(maxsize=1 << 14)
def time_of(text: str | None) -> str | None:
    """Keep a time as it was written, unless it means never."""
    return printable(text) if text and parse_time(text) else None


@lru_cache(maxsize=1 << 17)
def node_ref(tailnet: Tailnet, stable_id: StableNodeID) -> NodeRef:
    """Return the one value of a node's key, its hash counted once."""
    return NodeRef(tailnet, stable_id)
