"""What a host remembers of a peer it has talked to: path and WireGuard state, as far as status shows them."""

from __future__ import annotations

from dataclasses import dataclass

from tsym_agent.model.paths import PathKind
from tsym_agent.sim.chance import share, whole
from tsym_agent.sim.network import Route

ACTIVE_S = 45.0
"""A peer counts as active for so long after we last sent it something; heartbeats keep its path alive meanwhile."""
_MAPPING_S = 120.0
"""A router's UDP mapping outlives the last packet by so long: until then a path found once is found again at once."""
_HANDSHAKE_S = 120.0
"""WireGuard renews its keys so often while data flows."""
_HANDSHAKE_BYTES = (148, 92)
"""Sent and received by the side that starts a handshake."""
_PING_BYTES = 64


@dataclass(slots=True)
class Session:
    """One host's side of one pair. Times are virtual seconds."""

    began_s: float
    pings: int = 0
    """Since the path was last unknown."""
    total_pings: int = 0
    last_write_s: float = -1e9
    last_handshake_s: float | None = None
    sent_bytes: int = 0
    received_bytes: int = 0

    def send(self, now_s: float) -> int:
        """Count a ping and return its number."""
        if now_s - self.last_write_s > ACTIVE_S + _MAPPING_S:
            self.began_s, self.pings = now_s, 0
        self.last_write_s = now_s
        self.pings += 1
        self.total_pings += 1
        return self.total_pings

    def has_found(self, route: Route, now_s: float, *key: object) -> bool:
        """Whether the settled path is in use; before that, pongs come by DERP.

        Two NATs meet once DERP has told each side of the other: two to three seconds, or two to three pings in a row.
        """
        if route.is_at_once or route.path is PathKind.DERP:
            return True
        wait_s = 2.0 + share("discovery", *key)
        return self.pings > whole(2, 3, "discovery", *key) or now_s - self.began_s >= wait_s

    def is_active(self, now_s: float) -> bool:
        """Whether status calls the peer active."""
        return now_s - self.last_write_s < ACTIVE_S

    def carry(self, now_s: float) -> None:
        """Count a ping that travelled inside WireGuard, with the handshake it may have needed."""
        if self.last_handshake_s is None or now_s - self.last_handshake_s >= _HANDSHAKE_S:
            self.last_handshake_s = now_s
            self.sent_bytes += _HANDSHAKE_BYTES[0]
            self.received_bytes += _HANDSHAKE_BYTES[1]
        self.sent_bytes += _PING_BYTES
        self.received_bytes += _PING_BYTES
