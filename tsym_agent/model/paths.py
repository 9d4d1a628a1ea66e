"""How packets travel, and how far a sample can be trusted: two questions, two enums, never mixed."""

from __future__ import annotations

from enum import StrEnum


class PathKind(StrEnum):
    """The class of a path, claimed only where the evidence names one."""

    DIRECT = "direct"
    """UDP between the two nodes, over the LAN or through NAT."""
    PEER_RELAY = "peer-relay"
    """UDP through another node of the tailnet."""
    DERP = "derp"
    """TCP through a DERP region."""
    UNKNOWN = "unknown"
    """Nobody said: TSMP and ICMP pongs, errors, silence, idle peers."""


class SampleState(StrEnum):
    """What a pair's newest sample is worth."""

    FRESH = "fresh"
    """Answered in the last sweep."""
    STALE = "stale"
    """Answered once, but too long ago to trust."""
    FAILED = "failed"
    """No probe of the last sweep was answered."""
    NEVER = "never"
    """Not probed yet, or not to be probed."""


class PingKind(StrEnum):
    """The four pings of LocalAPI; each proves another layer."""

    DISCO = "disco"
    """Below WireGuard: the only one that names a path."""
    TSMP = "TSMP"
    """Inside WireGuard, answered by the peer's tailscaled."""
    ICMP = "ICMP"
    """Inside WireGuard, answered by the peer's IP stack."""
    PEERAPI = "peerapi"
    """An HTTP request to the peer's PeerAPI."""

    @property
    def json_name(self) -> str:
        """The lower-case word that our documents use."""
        return self.value.lower()
