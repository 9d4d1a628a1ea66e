"""LocalAPI of one simulated host: the guards, rights, methods and errors of a real daemon of its version."""

from __future__ import annotations

from collections.abc import Awaitable
from urllib.parse import parse_qsl

from tsym_agent.sim.bus import Bus
from tsym_agent.sim.calls import Call, Endpoint, RefusedError, daemon_headers
from tsym_agent.sim.clock import Clock
from tsym_agent.sim.endpoints import ENDPOINTS
from tsym_agent.sim.eras import era_of
from tsym_agent.sim.taps import Taps
from tsym_agent.sim.world import World
from tsym_agent.wire.exchange import Reply, Request, Response

PREFIX = "/localapi/v0/"
HOST_HEADER = "local-tailscaled.sock"
_NO_SUCH_PAGE = "404 page not found"


class Daemon:
    """The LocalAPI of one host; call it with a request."""

    def __init__(self, world: World, host: str, clock: Clock, bus: Bus, taps: Taps | None = None) -> None:
        """Answer for `host`; `taps` are for all hosts of the world, as `bus` is."""
        self._world = world
        self._host = host
        self._clock = clock
        self._bus = bus
        self._taps = taps or Taps(world, clock)

    async def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        path = request.path
        if path == "/":
            return Response(200, b"This is a simulated tailscaled.\n", (("Content-Type", "text/html; charset=utf-8"),))
        if path == "/server-status":
            return Response(200, b"{}\n", (("Content-Type", "application/json"),))
        if not path.startswith("/localapi/"):
            return Response.text(404, _NO_SUCH_PAGE)
        if request.header("referer") or request.header("origin") or request.host not in {HOST_HEADER, ""}:
            return Response.text(403, "invalid localapi request")
        facts = self._world.population[self._host]
        try:
            return await self._ask(request, path)
        except RefusedError as refusal:
            return Response.text(refusal.status, str(refusal), daemon_headers(facts.version))

    async def _ask(self, request: Request, path: str) -> Reply:
        self._world.advance(self._clock.now_s())
        facts = self._world.population[self._host]
        name, rest = _split(path.removeprefix(PREFIX))
        endpoint = ENDPOINTS.get(name)
        is_known = endpoint is not None and endpoint.since <= era_of(facts.version) <= endpoint.until
        if endpoint is None or not is_known or not path.startswith(PREFIX):
            raise RefusedError(404, _NO_SUCH_PAGE)
        if not _permits(facts.node.rights, endpoint):
            raise RefusedError(403, f"{name.rstrip('/')} access denied")
        if endpoint.methods and request.method not in endpoint.methods:
            raise RefusedError(*endpoint.wrong_method)
        call = Call(self._world, self._host, self._clock, self._bus, self._taps, request, _parameters(request), rest)
        answer = endpoint.answer(call)
        return await answer if isinstance(answer, Awaitable) else answer


def _split(name: str) -> tuple[str, str]:
    """Split a path into endpoint and rest; an endpoint that ends in `/` takes everything after its first slash."""
    head, slash, rest = name.partition("/")
    return (name, "") if name in ENDPOINTS or not slash else (head + slash, rest)


def _permits(granted: str, endpoint: Endpoint) -> bool:
    return not endpoint.right or granted == "write" or (endpoint.right == "read" and granted == "read")


def _parameters(request: Request) -> dict[str, str]:
    """Return the parameters of query and form; the form wins, as with Go's FormValue."""
    form: dict[str, str] = {}
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if request.method in {"POST", "PUT", "PATCH"} and kind == "application/x-www-form-urlencoded":
        form = dict(reversed(parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)))
    return request.query | form
