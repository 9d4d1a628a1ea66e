"""Which hosts a lab has, behind what, and which path each pair of them must take: data only."""

from dataclasses import dataclass
from itertools import permutations

from .netns import Nat

ROUTERS: dict[str, Nat] = {
    "r1": Nat.EASY,
    "r2": Nat.EASY,
    "r3": Nat.HARD,
    "r4": Nat.HARD,
    "r5": Nat.UDP_BLOCKED,
}


@dataclass(frozen=True)
class HostSpec:
    """One host of the lab and whose node it runs."""

    name: str
    router: str | None
    """Whose private network it is in; None for an address of its own on the internet."""
    user: str | None
    """Whose node it is; None for one that belongs to the relay tag instead."""

    @property
    def side(self) -> str:
        """What lies between it and the internet: `public`, or the kind of its router's NAT."""
        return "public" if self.router is None else str(ROUTERS[self.router])


HOSTS = (
    HostSpec("a", "r1", "alice"),  # a and b share a private network
    HostSpec("b", "r1", "alice"),
    HostSpec("c", "r2", "alice"),
    HostSpec("d", "r3", "bob"),
    HostSpec("e", "r4", "bob"),
    HostSpec("p", None, None),  # can serve as peer relay
    HostSpec("u", "r5", "bob"),
)
RELAY_HOST = "p"

DIRECT, PEER_RELAY, DERP = "direct", "peer-relay", "derp"

PATHS: dict[frozenset[str], tuple[str, str]] = {
    frozenset({"easy"}): (DIRECT, DIRECT),
    frozenset({"easy", "public"}): (DIRECT, DIRECT),
    frozenset({"hard", "public"}): (DIRECT, DIRECT),
    frozenset({"easy", "hard"}): (DERP, PEER_RELAY),
    frozenset({"hard"}): (DERP, PEER_RELAY),
    frozenset({"udp-blocked", "easy"}): (DERP, DERP),
    frozenset({"udp-blocked", "hard"}): (DERP, DERP),
    frozenset({"udp-blocked", "public"}): (DERP, DERP),
}
"""For the two sides of a pair: its path without a peer relay, and with one. Order does not matter."""


def expected_paths(*, with_relay: bool) -> dict[tuple[str, str], str]:
    """Path of every ordered pair of hosts, by their names."""
    return {(one.name, other.name): _path(one, other, with_relay) for one, other in permutations(HOSTS, 2)}


def _path(one: HostSpec, other: HostSpec, with_relay: bool) -> str:
    if one.router is not None and one.router == other.router:
        return DIRECT  # they share a network: no NAT between them
    return PATHS[frozenset({one.side, other.side})][with_relay]


def expected_with(host: str, word: str) -> dict[tuple[str, str], str]:
    """Return the classes of all pairs when those of one host have become `word`."""
    return {pair: word if host in pair else path for pair, path in expected_paths(with_relay=False).items()}
