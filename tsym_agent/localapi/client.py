"""Questions to one tailscaled over LocalAPI.

Each method says what it asks and what comes back; what a person may do about a refusal stands in the error. Nothing
here changes a daemon. Further reads, asked for by few, are functions in `tsym_agent.localapi.reads`.

Learnt from ipn/localapi and client/local of tailscale 1.80.3 and 1.102.3.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Literal, TypeVar
from urllib.parse import urlencode

from tsym_agent.localapi.bus import BusWatch
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    BadAnswerError,
    NoSuchObjectError,
    NotSupportedError,
    RequestRefusedError,
)
from tsym_agent.localapi.following import Following, Target, Turn, one_stream
from tsym_agent.localapi.refusals import from_answer, from_wire
from tsym_agent.model.derp import DERPMap, parse_derp_map
from tsym_agent.model.hosts import Rights
from tsym_agent.model.lock import LockStatus, parse_lock_status
from tsym_agent.model.logs import Event, LogLine
from tsym_agent.model.netmap import ControlNode, parse_control_node
from tsym_agent.model.notify import TOPOLOGY_MASK, BusMask, Notify
from tsym_agent.model.paths import PingKind
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.pings import PingResult, parse_ping_result
from tsym_agent.model.prefs import Prefs, parse_prefs
from tsym_agent.model.status import Status, SweepStatus, parse_status, parse_sweep_status
from tsym_agent.model.whois import WhoIs, parse_whois
from tsym_agent.wire.client import Body, HttpClient, Observer
from tsym_agent.wire.errors import WireError, WireTimeoutError
from tsym_agent.wire.streams import Opener

T = TypeVar("T")

HOST_HEADER = "local-tailscaled.sock"
"""The only name the daemon answers to: its defence against browsers. Not even a port may follow it."""

MAX_CALLS = 4
MAX_PINGS = 16
"""Pings wait long for the dead, so they have connections of their own: a status never queues behind them."""

PING_TIMEOUT_S = 5.0
"""What the official command line allows; the daemon ignores pongs later than that."""


class LocalClient:
    """One tailscaled, asked politely: few connections, a deadline for every call."""

    def __init__(
        self,
        opener: Opener,
        *,
        auth: str | None = None,
        timeout_s: float = 5.0,
        max_pings: int = MAX_PINGS,
        host_header: str = HOST_HEADER,
    ) -> None:
        """Ask over `opener`; `auth` is the token of the macOS apps, `timeout_s` the deadline of every call but ping.

        `host_header` is for what stands before a daemon and answers to a name of its own.
        """
        login = None if auth is None else ("", auth)
        self.where = opener.where
        self._timeout_s = timeout_s
        self._calls = HttpClient(opener, host_header=host_header, auth=login, max_connections=MAX_CALLS)
        self._pings = HttpClient(opener, host_header=host_header, auth=login, max_connections=max_pings)
        self._daemon_version: str | None = None
        self._rights: Rights | None = None

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of every call from now on, when it ends; it must not raise."""
        self._calls.observer = self._pings.observer = observer

    @property
    def daemon_version(self) -> str | None:
        """Long version of the daemon, as its last answer said; None before the first."""
        return self._daemon_version

    async def status(self) -> Status:
        """Ask `GET status`: this node and all it knows. Works in every state of the daemon."""
        return self._decode("status", parse_status, await self._status_body())

    async def sweep_status(self) -> SweepStatus:
        """Ask `GET status`, and read only what a sweep needs of it."""
        return self._decode("status", parse_sweep_status, await self._status_body())

    async def status_bytes(self, *, peers: bool = True) -> bytes:
        """Ask `GET status` and return the body as it came; `peers=False` leaves the peers out."""
        return bytes(await self._status_body(peers=peers))

    async def prefs(self) -> Prefs:
        """Ask `GET prefs`: the wishes of this node's owner."""
        return self._decode("prefs", parse_prefs, await self.ask("prefs"))

    async def derp_map(self) -> DERPMap | None:
        """Ask `GET derpmap`; None while the daemon is not connected to control."""
        return self._decode("derpmap", parse_derp_map, await self.ask("derpmap"))

    async def who_is(self, addr: str, proto: str | None = None) -> WhoIs:
        """Ask `GET whois` of an IP, an `ip:port` or a `nodekey:…`; only tailnet addresses are known.

        `proto` (`tcp` or `udp`, daemons from 1.70) says what the port belongs to. `NoSuchObjectError` = nobody's.
        """
        params = {"addr": addr} | ({"proto": proto} if proto else {})
        return self._decode("whois", parse_whois, await self.ask("whois", params))

    async def peer_by_id(self, node_id: int) -> ControlNode:
        """Ask `GET peer-by-id` (daemons from 1.98): control's words about one node, self included."""
        return self._decode("peer-by-id", parse_control_node, await self.ask("peer-by-id", {"id": str(node_id)}))

    async def lock_status(self) -> LockStatus:
        """Ask `GET tka/status`: tailnet lock, and the peers it filters out."""
        return self._decode("tka/status", parse_lock_status, await self.ask("tka/status"))

    async def ping(
        self, ip: str, kind: PingKind = PingKind.DISCO, *, size: int = 0, timeout_s: float = PING_TIMEOUT_S
    ) -> PingResult:
        """Ask `POST ping` of a Tailscale IP (a name is the caller's to resolve).

        A daemon says nothing at all when no pong comes, so silence ends here after `timeout_s` with
        `AnswerTimeoutError`; closing the connection is what makes the daemon stop waiting. What it knows at once
        (no such peer, own address) is a result with `err`. `size` is for disco pings only. Sends packets, and makes
        the peer active for 45 s; changes nothing else.
        """
        params = {"ip": ip, "type": kind.value} | ({"size": str(size)} if size else {})
        body = await self._ask(self._pings, timeout_s, "ping", params, method="POST")
        return self._decode("ping", parse_ping_result, body)

    async def rights(self, *, again: bool = False) -> Rights | None:
        """Find out what the daemon lets us do; None where it cannot be told.

        Everybody who may connect may read, so only writing is in question: `GET profiles/current` needs it and changes
        nothing. The answer holds for all our connections (the daemon looks at our user ID), so it is asked once, unless
        `again`; a connection that breaks forgets it, since a daemon may come back with another operator.
        """
        if self._rights is None or again:
            self._rights = await self._find_rights()
        return self._rights

    def watch_ipn_bus(self, mask: BusMask = TOPOLOGY_MASK) -> AsyncGenerator[Notify, None]:
        """Watch `GET watch-ipn-bus` for ever, reconnecting inside.

        Yields `model.notify.RESUMED` after each gap: read status afresh then (its `touches_topology` is true). Raises
        `AccessDeniedError`, `NotSupportedError`, `RequestRefusedError` or `BadAnswerError`, which no waiting mends.
        Leave it with `contextlib.aclosing`, so that its connection closes at once.
        """
        return BusWatch(self._calls).notices(mask)

    def follow_ipn_bus(self, mask: BusMask = TOPOLOGY_MASK) -> AsyncGenerator[Notify | Turn, None]:
        """Watch the bus as `watch_ipn_bus` does, and be told as well when its stream stands and when it broke."""
        return BusWatch(self._calls).told(mask)

    def log_lines(self, level: int = 0) -> AsyncGenerator[LogLine, None]:
        """Follow `GET logtap` (1.36) for ever: the daemon's log up to a verbosity, safe to print.

        The first line says that the tap stands; after a gap another one does. Needs the right to write: raises
        `AccessDeniedError` without it, and whatever else keeps the first stream from standing. Reconnects later. Leave
        it with `contextlib.aclosing`.
        """
        from tsym_agent.localapi.logtap import follow_log  # here and below: an agent starts without what few ask for

        return follow_log(Following(self._calls), level)

    def events(self, source: Literal["ipn", "bus"] = "ipn") -> AsyncGenerator[Event, None]:
        """Follow what happens on the host, for ever, with the manners of `log_lines`.

        `ipn` is `GET watch-ipn-bus` condensed to what is news; `bus` is `GET debug-bus-events` (1.86), the daemon's
        inner events, for which it wants the right to write.
        """
        from tsym_agent.localapi.happenings import follow_bus_events, follow_ipn

        if source == "bus":
            return follow_bus_events(Following(self._calls))
        return follow_ipn(BusWatch(self._calls), self._status_body)

    async def stream(
        self, name: str, params: Mapping[str, str] = {}, *, method: str = "GET"
    ) -> AsyncGenerator[bytes, None]:
        """Ask one endpoint on a connection of its own and yield its body as it comes; raises `LocalAPIError`.

        It is not mended when it breaks. Leave it with `contextlib.aclosing`.
        """
        async with aclosing(one_stream(self._calls, Target(name, _target(name, params), method))) as pieces:
            async for piece in pieces:
                if isinstance(piece, bytes):
                    yield piece

    async def ask(
        self,
        name: str,
        params: Mapping[str, str] = {},
        *,
        method: str = "GET",
        body: bytes = b"",
        timeout_s: float | None = None,
    ) -> Body:
        """Ask one endpoint and return the body of a good answer (empty for 204); else raise `LocalAPIError`.

        `timeout_s` is for questions that take long; None = this client's usual deadline.
        """
        deadline_s = self._timeout_s if timeout_s is None else timeout_s
        return await self._ask(self._calls, deadline_s, name, params, method=method, body=body)

    async def aclose(self) -> None:
        """Close every connection; calls under way fail."""
        await self._calls.aclose()
        await self._pings.aclose()

    async def _ask(
        self,
        http: HttpClient,
        timeout_s: float,
        name: str,
        params: Mapping[str, str],
        *,
        method: str = "GET",
        body: bytes = b"",
    ) -> Body:
        try:
            answer = await http.request(
                method, _target(name, params), body=body, timeout_s=timeout_s, is_repeatable=True
            )
        except WireError as error:
            if not isinstance(error, WireTimeoutError):
                self._rights = None
            raise from_wire(self.where, error) from error
        self._daemon_version = answer.header("Tailscale-Version") or self._daemon_version
        if answer.status not in {200, 204}:
            raise from_answer(self.where, name, answer.status, answer.body)
        return answer.body

    async def _status_body(self, *, peers: bool = True) -> Body:
        return await self.ask("status", {} if peers else {"peers": "false"})

    async def _find_rights(self) -> Rights | None:
        try:
            await self.ask("profiles/current")
        except AccessDeniedError:
            return Rights.READ
        except (NotSupportedError, NoSuchObjectError, RequestRefusedError):
            return None
        return Rights.WRITE

    def _decode(self, name: str, parse: Callable[[Body], T], body: Body) -> T:
        try:
            return parse(body)
        except PayloadError as error:
            raise BadAnswerError(self.where, f"{name}: {error}") from error


def _target(name: str, params: Mapping[str, str]) -> str:
    return f"/localapi/v0/{name}" + (f"?{urlencode(params)}" if params else "")
