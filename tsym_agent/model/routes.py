"""Which exit node to take, and which routers answer: `suggest-exit-node` (1.66) and `routecheck` (1.100)."""

from __future__ import annotations

import msgspec

from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.payload import Body, decode
from tsym_agent.model.status import Location


class ExitNodeSuggestion(msgspec.Struct, frozen=True, rename="pascal"):
    """The exit node the daemon would choose; equally good ones are drawn by lot."""

    id: StableNodeID = msgspec.field(default=StableNodeID(""), name="ID")
    name: str = ""
    location: Location | None = None


class ReachableRouter(msgspec.Struct, frozen=True):
    """A router of subnets or exit traffic that answered."""

    id: int = 0
    """Control's number of the node, not its stable ID."""
    name: str = ""
    """FQDN with its trailing dot."""
    addr: str = ""
    """The address that was probed."""
    routes: tuple[str, ...] | None = None


class RouteCheck(msgspec.Struct, frozen=True):
    """The daemon's last look at its routers."""

    done: str = ""
    """When it was finished, RFC 3339."""
    reachable: tuple[ReachableRouter, ...] | None = None


_SUGGESTION = msgspec.json.Decoder(ExitNodeSuggestion)
_ROUTE_CHECK: msgspec.json.Decoder[RouteCheck | None] = msgspec.json.Decoder(RouteCheck | None)


def parse_exit_node_suggestion(body: Body) -> ExitNodeSuggestion:
    """Read the daemon's suggestion."""
    return decode(_SUGGESTION, body)


def parse_route_check(body: Body) -> RouteCheck | None:
    """Read the last report; None (an empty body) = the daemon has not looked yet."""
    return decode(_ROUTE_CHECK, body) if body else None
