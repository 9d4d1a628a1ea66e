"""`GET /localapi/v0/watch-ipn-bus`: one line a notification; an absent field means unchanged."""

from __future__ import annotations

from enum import IntFlag

import msgspec

from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.payload import ABSENT, decode, is_absent
from tsym_agent.model.prefs import Prefs
from tsym_agent.model.status import BackendState, Status, UserProfile


class BusMask(IntFlag):
    """The mask bits we use (ipn.NotifyWatchOpt); daemons ignore bits they do not know."""

    INITIAL_STATE = 1 << 1
    INITIAL_PREFS = 1 << 2
    INITIAL_NETMAP = 1 << 3
    INITIAL_HEALTH = 1 << 7
    PEER_CHANGES = 1 << 12
    NO_NETMAP = 1 << 13
    INITIAL_STATUS = 1 << 14
    PEER_PATCHES = 1 << 15


TOPOLOGY_MASK = (
    BusMask.INITIAL_STATE | BusMask.INITIAL_HEALTH | BusMask.PEER_CHANGES | BusMask.NO_NETMAP | BusMask.PEER_PATCHES
)
"""What a watcher of the topology asks for; status is fetched apart, so older daemons need no other mask."""

_STATES = (
    BackendState.NO_STATE,
    BackendState.IN_USE_OTHER_USER,
    BackendState.NEEDS_LOGIN,
    BackendState.NEEDS_MACHINE_AUTH,
    BackendState.STOPPED,
    BackendState.STARTING,
    BackendState.RUNNING,
)


class HealthWarning(msgspec.Struct, frozen=True, rename="pascal"):
    """One warning of the daemon's health tracker."""

    warnable_code: str = ""
    severity: str = ""
    """`high`, `medium`, `low`, or a word of a newer daemon."""
    title: str = ""
    text: str = ""
    broken_since: str | None = None
    impacts_connectivity: bool = False


class Health(msgspec.Struct, frozen=True, rename="pascal"):
    """All warnings now, by code."""

    warnings: dict[str, HealthWarning] | None = None


class PeerChange(msgspec.Struct, frozen=True, rename="pascal"):
    """A patch of one peer."""

    node_id: int = msgspec.field(default=0, name="NodeID")
    derp_region: int = msgspec.field(default=0, name="DERPRegion")
    endpoints: tuple[str, ...] | None = None
    online: bool | None = None
    last_seen: str | None = None
    key_expiry: str | None = None


class Notify(msgspec.Struct, frozen=True, rename="pascal"):
    """One message of the bus. `BrowseToURL` is left out: it is a login secret."""

    version: str = ""
    session_id: str = msgspec.field(default="", name="SessionID")
    err_message: str | None = None
    state_number: int | None = msgspec.field(default=None, name="State")
    prefs: Prefs | None = None
    net_map: msgspec.Raw = ABSENT
    """Whole netmap of daemons before 1.102: large, so raw."""
    self_change: ControlNode | None = None
    """On this one, read status afresh: a full netmap may lie behind it."""
    initial_status: Status | None = None
    peer_changed_patch: tuple[PeerChange, ...] | None = None
    peer_changes: msgspec.Raw = ABSENT
    """What 1.98 alone sends for `PEER_CHANGES`, in place of the netmap: raw, since a status says it better."""
    peers_changed: tuple[ControlNode, ...] | None = None
    peers_removed: tuple[int, ...] | None = None
    user_profiles: dict[str, UserProfile] | None = None
    health: Health | None = None

    @property
    def state(self) -> BackendState | None:
        """The backend state; None = unchanged."""
        if self.state_number is None:
            return None
        return _STATES[self.state_number] if 0 <= self.state_number < len(_STATES) else BackendState.UNKNOWN

    @property
    def touches_topology(self) -> bool:
        """Whether a reader of status should read it again; so it should on the first notice of every stream."""
        return (
            bool(self.session_id)
            or not is_absent(self.net_map)
            or not is_absent(self.peer_changes)
            or any(
                value is not None
                for value in (
                    self.state_number,
                    self.self_change,
                    self.peer_changed_patch,
                    self.peers_changed,
                    self.peers_removed,
                )
            )
        )


RESUMED = Notify(session_id="resumed")
"""Not from the daemon: a watcher yields this very value after its stream had broken and stands again. What happened in
between was not told, so read status afresh."""

_DECODER = msgspec.json.Decoder(Notify)


def parse_notify(line: bytes) -> Notify:
    """Read one line of the bus."""
    return decode(_DECODER, line)
