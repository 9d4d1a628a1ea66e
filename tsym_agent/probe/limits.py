"""Every number that probing obeys, with its reason. Nothing else in the project invents one.

A ping wakes its peer for 45 s and starts heartbeats each 3 s, keeps NAT mappings and radios alive and changes what
status shows. So looking costs something, and this module is its price list.
"""

from __future__ import annotations

from tsym_agent.model.paths import PingKind

DISCO_TIMEOUT_S = 5.0
"""A daemon drops a disco pong that comes later than this, so waiting longer cannot help."""

TUNNEL_TIMEOUT_S = 10.0
"""For TSMP and ICMP, and the daemon's own limit for PeerAPI: WireGuard repeats a lost handshake only after 5 s, so a
shorter wait would call one lost packet a dead tunnel."""

PROBES_PER_SWEEP = 3
"""Enough to tell loss from death, few enough to be polite."""

PROBES_WHEN_OFFLINE = 1
"""Control says it is gone: look once each sweep, since offline and unreachable are different claims."""

PROBE_SPACING_S = 1.0
"""Between two probes of one pair: at most one a second to any peer."""

FIRST_SPACING_S = 0.4
"""Between the probes of a pair's first sweep, which somebody is waiting for; it happens once."""

SWEEP_EVERY_S = 60.0
"""How old a picture may grow while nothing happens."""

SWEEP_SPREAD = 0.15
"""Pairs come due up to this share of a sweep early, each by its own fixed amount, so that no sweep is one burst."""

LOOKED_AT_EVERY_S = 5.0
"""For pairs a person has on screen: as quick as an idle peer finds its path."""

STALE_AFTER_S = 150.0
"""Two sweeps and their timeouts without an answer: what we know is history."""

PAIRS_PER_MINUTE = 2_500
"""Up to so many ordered pairs a minute the whole mesh is probed; above, pairs are sampled."""

STEADY_SHARE = 0.5
"""Of a sampled budget: goes to the same few hosts for each peer, so that each peer stays fresh from somewhere. The rest
wanders over all other pairs."""

SETTLE_S = 15.0
"""Longest that a one-shot command probes on for a believable first picture."""

SETTLE_RELAYED_S = 7.0
"""How long a relayed class must have had the chance to be replaced by a better one. The first ping to an idle peer goes
by DERP; the heartbeats that do the full path discovery follow 3 s and 6 s later."""

DEAD_AFTER_S = 6.6
"""How long a pair must have been silent before it is called dead. A daemon pings a trusted direct path alone until its
last pong is 6.5 s old; only then would a probe come back by DERP."""

IN_FLIGHT = 128
"""Probes in flight in all. 500 dead pairs in a full budget hang 3 probes for 5 s each, which is 125 at any moment."""

IN_FLIGHT_PER_HOST = 32
"""Probes in flight from one host: a host whose peers all hang leaves three quarters of the slots to others."""

WINDOW_SAMPLES = 64
"""Samples kept for a pair: a quarter of an hour of sweeps with room for a look."""

WINDOW_AGE_S = 900.0
"""Older samples say nothing of now."""


def timeout_of(kind: PingKind) -> float:
    """Return how long a ping of this kind may take before it counts as lost, in seconds."""
    return DISCO_TIMEOUT_S if kind is PingKind.DISCO else TUNNEL_TIMEOUT_S
