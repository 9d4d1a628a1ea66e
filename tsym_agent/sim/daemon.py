"""LocalAPI of one simulated host: the guards, methods, rights, errors and bodies of a real daemon of its version."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import parse_qsl

import msgspec

from tsym_agent.model.paths import PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.sim.bodies import documents
from tsym_agent.sim.eras import Era, capability_version, era_of, long_version
from tsym_agent.sim.facts import Facts
from tsym_agent.sim.world import World
from tsym_agent.wire.server import Header, Reply, Request, Response

PREFIX = "/localapi/v0/"
HOST_HEADER = "local-tailscaled.sock"
MAX_PING_BYTES = 65_467
"""Largest `size` a Linux daemon takes."""

_GUARD_HEADERS: tuple[Header, ...] = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; script-src 'none'"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
)
NOT_FOUND = Response.text(404, "404 page not found")


class Clock(Protocol):
    """Virtual time."""

    def now_s(self) -> float:
        """Return the virtual second it is."""

    async def sleep(self, virtual_s: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one endpoint."""

    daemon: Daemon
    request: Request
    parameters: dict[str, str]
    rest: str = ""
    """What follows the prefix of an endpoint that ends in `/`."""

    @property
    def world(self) -> World:
        """The tailnet asked about."""
        return self.daemon.world

    @property
    def host(self) -> str:
        """The host that is asked."""
        return self.daemon.host


class RefusedError(Exception):
    """A request the daemon refuses."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How one endpoint is guarded and answered."""

    answer: Callable[[Call], Reply | Awaitable[Reply]]
    right: Literal["read", "write", ""] = "read"
    methods: tuple[str, ...] = ()
    """Empty = any."""
    wrong_method: tuple[int, str] = (405, "unsupported method")
    since: Era = (1, 34)


class Daemon:
    """The LocalAPI of one host; call it with a request."""

    def __init__(self, world: World, host: str, clock: Clock) -> None:
        self.world = world
        self.host = host
        self.clock = clock

    @property
    def facts(self) -> Facts:
        """What holds of the host now."""
        return self.world.population[self.host]

    async def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        path = request.path
        if path == "/":
            return Response(200, b"This is a simulated tailscaled.\n", (("Content-Type", "text/html"),))
        if not path.startswith("/localapi/"):
            return NOT_FOUND
        if request.header("referer") or request.header("origin") or request.host not in {HOST_HEADER, ""}:
            return Response.text(403, "invalid localapi request")
        try:
            return await self._dispatch(request, path)
        except RefusedError as refusal:
            return Response.text(refusal.status, str(refusal), self.headers)

    @property
    def headers(self) -> tuple[Header, ...]:
        """The headers of every answer."""
        version = self.facts.version
        return (
            ("Tailscale-Version", long_version(version)),
            ("Tailscale-Cap", str(capability_version(era_of(version)))),
            *_GUARD_HEADERS,
        )

    def json(self, value: object, status: int = 200) -> Response:
        """Make a JSON answer."""
        return self.bytes(msgspec.json.encode(value) + b"\n", status)

    def bytes(self, body: bytes, status: int = 200) -> Response:
        """Make an answer of ready JSON."""
        return Response(status, body, (("Content-Type", "application/json"), *self.headers))

    async def _dispatch(self, request: Request, path: str) -> Reply:
        name = path.removeprefix(PREFIX)
        head, slash, rest = name.partition("/")
        endpoint = ENDPOINTS.get(name)
        if endpoint is None and slash:
            endpoint = ENDPOINTS.get(head + slash)
        else:
            rest = ""
        if endpoint is None or not path.startswith(PREFIX) or era_of(self.facts.version) < endpoint.since:
            raise RefusedError(404, "404 page not found")
        if not self._permits(endpoint.right):
            raise RefusedError(403, f"{name} access denied")
        if endpoint.methods and request.method not in endpoint.methods:
            raise RefusedError(*endpoint.wrong_method)
        answer = endpoint.answer(Call(self, request, _parameters(request), rest))
        return await answer if isinstance(answer, Awaitable) else answer

    def _permits(self, right: str) -> bool:
        granted = self.facts.node.rights
        return not right or granted == "write" or (right == "read" and granted == "read")


def _parameters(request: Request) -> dict[str, str]:
    """Return the parameters of query and form; the form wins, as with Go's FormValue."""
    form = {}
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if request.method in {"POST", "PUT", "PATCH"} and kind == "application/x-www-form-urlencoded":
        form = dict(reversed(parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)))
    return request.query | form


def _status(call: Call) -> Reply:
    wanted = call.parameters.get("peers", "true")
    if wanted not in _TRUE | _FALSE:
        raise RefusedError(400, f'invalid "peers" parameter: {wanted}')
    return call.daemon.bytes(call.world.status_body(call.host, peers=wanted in _TRUE))


def _prefs(call: Call) -> Reply:
    if call.request.method == "PATCH":
        raise RefusedError(403, "prefs write access denied")
    return call.daemon.json(documents.prefs(call.world, call.host))


def _derp_map(call: Call) -> Reply:
    return call.daemon.json(documents.derp_map(call.world, call.host))


def _who_is(call: Call) -> Reply:
    address = call.parameters.get("addr", "")
    if not address:
        raise RefusedError(400, "missing 'addr' parameter")
    facts = _node_of(call, address)
    if facts is None:
        raise RefusedError(404, "no match for IP:port")
    return call.daemon.json(documents.who_is(call.world, call.host, facts))


def _node_of(call: Call, address: str) -> Facts | None:
    """Find a node by node key, address, or address and port."""
    if address.startswith("nodekey:"):
        return next((facts for facts in call.world.population.all() if facts.identity.node_key == address), None)
    bare = address.removeprefix("[").partition("]")[0] if address.startswith("[") else address
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        bare = str(ipaddress.ip_address(bare))
    except ValueError as error:
        raise RefusedError(400, "invalid 'addr' parameter") from error
    name = call.world.population.by_address.get(bare)
    facts = call.world.population[name] if name else None
    return facts if facts and (facts.is_shown or facts.node.name == call.host) else None


def _peer_by_id(call: Call) -> Reply:
    wanted = call.parameters.get("id", "")
    if not wanted.isdecimal() or int(wanted) == 0:
        raise RefusedError(400, "missing or invalid 'id' parameter")
    found = (facts for facts in call.world.population.all() if facts.identity.node_id == int(wanted))
    facts = next(found, None)
    if facts is None or not facts.is_shown:
        raise RefusedError(404, "no peer with that NodeID")
    return call.daemon.json(documents.node_body(call.world, call.host, facts))


async def _ping(call: Call) -> Reply:
    ip, kind, size = _ping_parameters(call)
    clock, world = call.daemon.clock, call.world
    answer = world.ping(call.host, ip, PingKind(kind), clock.now_s(), size=size) if kind in set(PingKind) else None
    if answer is None:
        await asyncio.Future()  # a real daemon waits for a pong until its client gives up
        raise AssertionError
    await clock.sleep(answer.after_s)
    return call.daemon.json(ping_body(answer.result, era_of(call.daemon.facts.version)))


def _ping_parameters(call: Call) -> tuple[str, str, int]:
    given = call.parameters
    if not given.get("ip"):
        raise RefusedError(400, "missing 'ip' parameter")
    try:
        ip = str(ipaddress.ip_address(given["ip"]))
    except ValueError as error:
        raise RefusedError(400, "invalid IP") from error
    kind = given.get("type", "")
    if not kind:
        raise RefusedError(400, "missing 'type' parameter")
    size = given.get("size") or "0"
    if not size.isdecimal():
        raise RefusedError(400, "invalid 'size' parameter")
    if int(size) and kind != PingKind.DISCO:
        raise RefusedError(400, "'size' parameter is only supported with disco pings")
    if int(size) > MAX_PING_BYTES:
        raise RefusedError(400, f"maximum value for 'size' is {MAX_PING_BYTES}")
    return ip, kind, int(size)


def ping_body(result: PingResult, era: Era) -> dict[str, object]:
    """Return a ping's result with the keys a daemon of that era sends."""
    fields: dict[str, object] = {
        "IP": result.ip,
        "NodeIP": result.node_ip,
        "NodeName": result.node_name,
        "Err": result.err,
        "LatencySeconds": result.latency_seconds,
        "Endpoint": result.endpoint,
    }
    if era >= (1, 86):
        fields["PeerRelay"] = result.peer_relay
    fields |= {"DERPRegionID": result.derp_region_id, "DERPRegionCode": result.derp_region_code}
    if result.peer_api_port:
        fields["PeerAPIPort"] = result.peer_api_port
    if result.peer_api_url:
        fields["PeerAPIURL"] = result.peer_api_url
    if result.is_local_ip:
        fields["IsLocalIP"] = True
    return fields


def _lock_status(call: Call) -> Reply:
    return call.daemon.json(documents.lock_status(call.world, call.host))


def _profiles(call: Call) -> Reply:
    profile = documents.profile(call.world, call.host)
    if call.rest == "":
        return call.daemon.json([profile])
    if call.rest in {"current", profile["ID"]}:
        return call.daemon.json(profile)
    raise RefusedError(404, "Profile not found")


_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}

ENDPOINTS: dict[str, Endpoint] = {
    "status": Endpoint(_status),
    "prefs": Endpoint(_prefs, methods=("GET", "HEAD", "PATCH")),
    "derpmap": Endpoint(_derp_map, right="", methods=("GET",), wrong_method=(400, "want GET")),
    "whois": Endpoint(_who_is),
    "peer-by-id": Endpoint(_peer_by_id, since=(1, 98)),
    "ping": Endpoint(_ping, right="", methods=("POST",), wrong_method=(400, "want POST")),
    "tka/status": Endpoint(_lock_status, methods=("GET",)),
    "profiles/": Endpoint(_profiles, right="write", methods=("GET",)),
}
