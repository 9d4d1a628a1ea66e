"""Who waits for an admin's approval: status does not say, control's own record of a node does.

Go leaves a false `MachineAuthorized` out, so a record without it means "not approved" only where this control server
writes the field at all, which its record of the host itself shows. Asking costs one request a node; so only nodes that
may be in question are asked about, and only a few at a time: offline, and never seen to handshake.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Protocol

from tsym_agent.localapi.errors import REFUSALS, DaemonNotReadyError
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.status import PeerStatus, Status
from tsym_agent.model.times import parse_time

MOST_ASKED = 16
"""Questions in one look: real control servers send few such nodes, or none."""


class RecordKeeper(Protocol):
    """Who knows control's records."""

    async def peer_by_id(self, node_id: int) -> ControlNode:
        """Return control's words about one node."""


class Approvals:
    """What one host's control server says of approval."""

    def __init__(self) -> None:
        self._is_marked: bool | None = None
        """Whether this control server writes the field; None = not found out."""
        self._approved: dict[StableNodeID, bool] = {}
        self._turns: dict[StableNodeID, int] = {}
        """When each was asked about last, as the number of the question."""
        self._counter = itertools.count(1)

    @property
    def unapproved(self) -> frozenset[StableNodeID]:
        """The nodes that wait."""
        return frozenset(node for node, approved in self._approved.items() if not approved)

    def note(self, record: ControlNode) -> None:
        """Take a record that control sent by itself."""
        if record.machine_authorized is not None or self._is_marked:
            self._approved[record.stable_id] = record.machine_authorized is True

    async def ask(self, client: RecordKeeper, status: Status) -> None:
        """Ask about the nodes in question; a daemon that is too old or refuses leaves all unknown.

        Raise `LocalAPIError` when the daemon could not be asked: that says nothing of approval.
        """
        own = status.self_node
        suspects = [peer for peer in status.peers if self._is_suspect(peer)]
        if own is None or not own.node_id or not suspects:
            return
        if self._is_marked is None:
            self._is_marked = await _writes_approval(client, own.node_id)
        for peer in sorted(suspects, key=self._turn_of)[:MOST_ASKED] if self._is_marked else ():
            self._turns[peer.id] = next(self._counter)
            with suppress(*REFUSALS):  # this one: it may have left since the status was read
                self.note(await client.peer_by_id(peer.node_id))

    def _turn_of(self, peer: PeerStatus) -> tuple[bool, int]:
        """Order suspects: those of whom nothing is known first, and among equals whoever was asked longest ago."""
        return peer.id in self._approved, self._turns.get(peer.id, 0)

    def _is_suspect(self, peer: PeerStatus) -> bool:
        if not peer.node_id or peer.online or self._approved.get(peer.id) is True:
            return False
        return parse_time(peer.last_handshake) is None


async def _writes_approval(client: RecordKeeper, own_id: int) -> bool | None:
    """Whether control writes the field, by its record of the host itself; None = the daemon cannot say yet."""
    try:
        return (await client.peer_by_id(own_id)).machine_authorized is True
    except DaemonNotReadyError:
        return None
    except REFUSALS:
        return False
