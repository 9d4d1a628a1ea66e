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
TRAFFIC_STEP_S = 10.0
"""What steady traffic adds is booked in steps, so that a status holds still in between."""
_TRAFFIC_BEFORE_S = 3600.0
"""Steady traffic has flowed for so long when a scenario starts."""


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
    traffic_kbps: float = 0.0
    """What the two machines say to each other all the time, each way."""
    booked_s: float = 0.0
    """Traffic is counted up to here."""

    @classmethod
    def of_traffic(cls, kbps: float, *key: object) -> Session:
        """Make the session of two machines that have talked for an hour."""
        session = cls(began_s=-_TRAFFIC_BEFORE_S, traffic_kbps=kbps, booked_s=-_TRAFFIC_BEFORE_S)
        session.last_handshake_s = -_TRAFFIC_BEFORE_S - _HANDSHAKE_S * share("handshake", *key)
        session.book_traffic(0.0)
        return session

    def has_new_step(self, now_s: float) -> bool:
        """Whether there is steady traffic to count."""
        return self.traffic_kbps > 0 and _step_s(now_s) > self.booked_s

    def book_traffic(self, now_s: float, *, flowed: bool = True) -> None:
        """Count the traffic since the last step; what had no path did not flow."""
        if not self.has_new_step(now_s):
            return
        step_s = _step_s(now_s)
        grown = int((step_s - self.booked_s) * self.traffic_kbps * 1000 / 8)
        self.booked_s = step_s
        if not flowed:
            return
        self.sent_bytes += grown
        self.received_bytes += int(grown * 0.9)
        self.last_write_s = step_s
        renewed = self.last_handshake_s if self.last_handshake_s is not None else step_s
        self.last_handshake_s = renewed + (step_s - renewed) // _HANDSHAKE_S * _HANDSHAKE_S

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


def _step_s(now_s: float) -> float:
    return now_s // TRAFFIC_STEP_S * TRAFFIC_STEP_S
