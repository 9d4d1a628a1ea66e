"""The one table from a path to what answers it: what it needs, and what it costs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl

from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.server.budgets import Cost
from tsym_agent.server.identity import Admitted
from tsym_agent.server.problems import Code, ProblemError, problem
from tsym_agent.wire.exchange import Reply, Request

HEALTH_PATH = "/healthz"
METRICS_PATH = "/metrics"
LOCALAPI_PREFIX = "/localapi/v0/"


class Visit(NamedTuple):
    """One request whose caller is known."""

    request: Request
    admitted: Admitted
    query: dict[str, str]
    """Parameters that the page knows, each given once."""


class Pages(Protocol):
    """What answers."""

    async def hello(self, visit: Visit) -> Reply:
        """Say who is who."""

    async def watch(self, visit: Visit) -> Reply:
        """Stream a snapshot and what changes."""

    async def ping(self, visit: Visit) -> Reply:
        """Ping many targets."""

    async def logs(self, visit: Visit) -> Reply:
        """Stream the daemon's log."""

    async def events(self, visit: Visit) -> Reply:
        """Stream what happens in the daemon."""

    async def metrics(self, visit: Visit) -> Reply:
        """Answer a scraper."""


class Route(NamedTuple):
    """One page."""

    method: str
    answer: Callable[[Pages, Visit], Awaitable[Reply]]
    command: str = ""
    """The command of the registry that it stands for; whoever may not run that may not have the page."""
    cost: Cost = Cost.PLAIN
    parameters: tuple[str, ...] = ()


ROUTES: dict[str, Route] = {
    "/v1/hello": Route("GET", lambda pages, visit: pages.hello(visit)),
    "/v1/watch": Route("GET", lambda pages, visit: pages.watch(visit), "status", Cost.STREAM, ("samples",)),
    "/v1/ping": Route("POST", lambda pages, visit: pages.ping(visit), "ping", Cost.PROBE),
    "/v1/logs": Route("GET", lambda pages, visit: pages.logs(visit), "logs", Cost.STREAM, ("level",)),
    "/v1/events": Route("GET", lambda pages, visit: pages.events(visit), "", Cost.STREAM, ("source",)),
    METRICS_PATH: Route("GET", lambda pages, visit: pages.metrics(visit), "status"),
}

EVENT_COMMANDS = {"ipn": "ipn-bus", "bus": "bus-events"}
"""What each source of events stands for."""


def find_route(path: str, method: str) -> Route:
    """Return the page at a path, compared byte by byte; raise `ProblemError` for none, and for another method."""
    route = ROUTES.get(path)
    if route is None:
        hint = f"there is {', '.join(ROUTES)}, {HEALTH_PATH} and {LOCALAPI_PREFIX}…"
        raise ProblemError(problem(Code.NO_SUCH_PAGE, "nothing answers here", hint))
    if method != route.method:
        raise ProblemError(problem(Code.METHOD, f"{path} is asked with {route.method}"))
    return route


def read_query(request: Request, route: Route) -> dict[str, str]:
    """Return a page's parameters; raise `ProblemError` for one that it does not know or that comes twice."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(request.target.partition("?")[2], keep_blank_values=True):
        if name not in route.parameters:
            takes = f"it takes {', '.join(route.parameters)}" if route.parameters else "it takes nothing"
            raise ProblemError(problem(Code.BAD_PARAMETER, f"no parameter {name[:60]!r}", takes))
        if name in found:
            raise ProblemError(problem(Code.BAD_PARAMETER, f"{name} is given twice"))
        found[name] = value
    return found


def needed_command(route: Route, query: dict[str, str]) -> Command | None:
    """Return the command that a page stands for; None = whoever is let in may have it."""
    if route.parameters == ("source",):
        source = query.get("source", "ipn")
        if source not in EVENT_COMMANDS:
            raise ProblemError(problem(Code.BAD_PARAMETER, f"source={source[:60]!r}: wanted ipn or bus"))
        return COMMANDS[EVENT_COMMANDS[source]]
    return COMMANDS[route.command] if route.command else None


def cost_of(command: Command) -> Cost:
    """Say what kind of work a command is."""
    if command.form is Form.STREAM:
        return Cost.STREAM
    return Cost.PROBE if command.sends else Cost.PLAIN
