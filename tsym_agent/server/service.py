"""Everything an agent answers, beside one daemon: the handler of its HTTP server, without the listening.

A request goes through the same doors in the same order: Host and Origin, who asks, what they may, what they cost, and
only then to what answers it. Nothing leaves on another way: problems, faults of ours and streams end here too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from functools import partial

import msgspec

from tsym_agent import __version__
from tsym_agent.localapi.client import HOST_HEADER, LocalClient
from tsym_agent.localapi.commands import Command
from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hello import AgentMode, AgentWord, Hello
from tsym_agent.model.times import format_time
from tsym_agent.server.allow import read_question
from tsym_agent.server.audit import Audit
from tsym_agent.server.beside import Beside
from tsym_agent.server.budgets import UNBOUNDED_RATE, USUAL, Budgets, Cost
from tsym_agent.server.guards import LOOPBACK_NAMES, HostGuard
from tsym_agent.server.hello import command_words
from tsym_agent.server.identity import Admitted, Admitting, RefusedError
from tsym_agent.server.parts import Parts
from tsym_agent.server.passage import Passage
from tsym_agent.server.problems import AGENT_HEADER, Code, ProblemError, problem, problem_of
from tsym_agent.server.proxy import Proxy
from tsym_agent.server.redact import scrub
from tsym_agent.server.routes import (
    HEALTH_PATH,
    LOCALAPI_PREFIX,
    METRICS_PATH,
    Visit,
    cost_of,
    find_route,
    needed_command,
    read_query,
)
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.exchange import Reply, Request, Response, StreamingResponse
from tsym_agent.wire.streams import Opener

FEATURES = ("watch", "ping", "logs", "events", "etag")

_JSON = ("Content-Type", "application/json")
_NDJSON = ("Content-Type", "application/x-ndjson")

MAX_PINGS = 32
"""Pings of jobs under way: `server.pings.IN_FLIGHT` in all, which is not worth its import here."""

MAX_UPSTREAM = sum(bound.in_all for bound in USUAL.values())
"""Connections of callers' questions to the daemon. Budgets bound them by kind; were there fewer, the pings of some,
which hold one each for as long as nobody answers, would keep the questions of others waiting."""


class Service:
    """What stands beside one daemon."""

    def __init__(  # noqa: PLR0913 - all but three have a default that stands
        self,
        opener: Opener,
        *,
        gate: Admitting,
        mode: AgentMode,
        guard: HostGuard | None = None,
        auth: str | None = None,
        allow_write: bool = False,
        budgets: Budgets | None = None,
        audit: Audit | None = None,
    ) -> None:
        """Stand beside the daemon behind `opener`; `auth` is the token of the macOS apps.

        Without a `guard` it answers to loopback names only; without an `audit` nothing is written down.
        """
        self._gate = gate
        self._mode = mode
        self._guard = guard or HostGuard(LOOPBACK_NAMES)
        self._allow_write = allow_write
        self._budgets = budgets or Budgets(UNBOUNDED_RATE if mode is AgentMode.DEV else None)
        self._audit = audit
        self._started_at = format_time(datetime.now(UTC))
        self._client = LocalClient(opener, auth=auth, max_pings=MAX_PINGS)
        self._parts = Parts(self._client, mode, self._budgets.gauges)
        login = None if auth is None else ("", auth)
        upstream = HttpClient(opener, host_header=HOST_HEADER, auth=login, max_connections=MAX_UPSTREAM)
        self._proxy = Proxy(upstream, on_ping=self._parts.note_ping)
        self._beside = Beside(self._client)

    async def start(self) -> None:
        """Begin what runs without being asked; there is nothing yet."""

    async def aclose(self) -> None:
        """End every stream and close every connection to the daemon."""
        await self._parts.aclose()
        await self._proxy.aclose()
        await self._client.aclose()

    async def handle(self, request: Request) -> Reply:
        """Answer one request. Never raises for anything that a caller or the daemon can do."""
        if request.target == HEALTH_PATH and request.method in {"GET", "HEAD"}:
            return Response(200, b"ok", (("Content-Type", "text/plain"), AGENT_HEADER))
        passage = Passage(request, self._audit)
        reply = await self._answer(request, passage)
        self._parts.metrics.count_request(passage.what, reply.status)
        return reply

    async def _answer(self, request: Request, passage: Passage) -> Reply:
        try:
            return passage.end(await self._pass(request, passage))
        except ProblemError as error:
            return self._refuse(error, passage)
        except LocalAPIError as error:
            return passage.refuse(problem_of(error))
        except Exception as error:  # noqa: BLE001 - the edge: a fault is told as one, and its place goes to the log
            passage.note_fault(error)
            return passage.refuse(problem(Code.FAULT, "this is a fault of the agent", "its log says where"))
        except BaseException:  # cancelled: the caller has gone
            passage.leave()
            raise

    def _refuse(self, error: ProblemError, passage: Passage) -> Response:
        """Send a refusal out; who has been refused too often is neither answered at length nor written down."""
        if passage.admitted is None:
            passage.refused = error.caller if isinstance(error, RefusedError) else None
            try:
                self._budgets.take(f"refused {passage.account}", Cost.PLAIN).release()
            except ProblemError as flood:
                passage.hush()
                error = flood
        return passage.refuse(error.problem, error.headers)

    async def _pass(self, request: Request, passage: Passage) -> Reply:
        self._guard.check(request)
        path = request.target.partition("?")[0]
        is_scrape = path == METRICS_PATH
        admitted = await (self._gate.admit_scraper if is_scrape else self._gate.admit)(request)
        passage.admitted = admitted
        if path.startswith(LOCALAPI_PREFIX):
            return await self._ask_daemon(request, admitted, passage)
        route = find_route(path, request.method)
        passage.what = path
        query = read_query(request, route)
        command = needed_command(route, query)
        if command is not None and not admitted.permissions.permits(command):
            raise self._not_granted(admitted, command)
        passage.lease = self._budgets.take(passage.account, route.cost)
        passage.is_welcome = partial(self._is_welcome, request, command)
        return await route.answer(self, Visit(request, admitted, query))

    async def _ask_daemon(self, request: Request, admitted: Admitted, passage: Passage) -> Reply:
        asked = read_question(request)
        granted = asked.within(admitted.permissions.permits)
        passage.what = (granted or asked).command.name
        if granted is None:
            raise self._not_granted(admitted, asked.command)
        passage.lease = self._budgets.take(passage.account, cost_of(granted.command))
        passage.is_welcome = partial(self._is_welcome, request, granted.command)
        return await self._proxy.answer(request, granted)

    async def _is_welcome(self, request: Request, command: Command | None) -> bool:
        """Whether a caller may still have what a stream of theirs stands for; unknown counts as yes."""
        try:
            admitted = await self._gate.admit(request)
        except ProblemError as error:
            return error.problem.code is not Code.NOT_ALLOWED
        return command is None or admitted.permissions.permits(command)

    def _not_granted(self, admitted: Admitted, command: Command) -> ProblemError:
        if command.acts and not self._allow_write:
            hint = "it changes something: start the agent with --allow-write, and grant it with write"
        elif admitted.permissions.limit:
            hint = admitted.permissions.limit
        else:
            hint = f'add "{command.name}" to the commands of the grant for {admitted.caller.name}'
        return ProblemError(problem(Code.NOT_GRANTED, f"{admitted.caller.name} may not run {command.name} here", hint))

    # Pages

    async def hello(self, visit: Visit) -> Reply:
        """Say who is who, and what would run."""
        facts = await self._beside.facts()
        admitted = visit.admitted
        hello = Hello(
            agent=AgentWord(version=__version__, mode=self._mode, started_at=self._started_at),
            node=facts.node,
            daemon=facts.daemon,
            you=admitted.caller,
            may=admitted.permissions.may,
            commands=command_words(facts, admitted.permissions, allow_write=self._allow_write),
            features=FEATURES,
        )
        return Response(200, scrub(msgspec.json.encode(hello)), (_JSON,))

    async def watch(self, visit: Visit) -> Reply:
        """Stream a snapshot and what changes."""
        with_samples = visit.query.get("samples", "1")
        if with_samples not in {"0", "1"}:
            raise ProblemError(problem(Code.BAD_PARAMETER, "samples: wanted 0 or 1"))
        return _stream(self._parts.hub.watch(with_samples=with_samples == "1"))

    async def ping(self, visit: Visit) -> Reply:
        """Ping many targets."""
        from tsym_agent.server.pings import read_job

        return _stream(await self._parts.pings.answer(read_job(visit.request.body)))

    async def logs(self, visit: Visit) -> Reply:
        """Stream the daemon's log."""
        from tsym_agent.server.logs import read_level

        return _stream(await self._parts.logs.follow(read_level(visit.query.get("level", "0"))))

    async def events(self, visit: Visit) -> Reply:
        """Stream what happens in the daemon."""
        return _stream(await self._parts.events.follow("bus" if visit.query.get("source") == "bus" else "ipn"))

    async def metrics(self, visit: Visit) -> Reply:  # noqa: ARG002 - a page as the others
        """Answer a scraper."""
        from tsym_agent.server.exposition import MEDIA_TYPE

        return Response(200, await self._parts.metrics.page(), (("Content-Type", MEDIA_TYPE),))


def _stream(chunks: AsyncGenerator[bytes, None]) -> StreamingResponse:
    return StreamingResponse(chunks, 200, (_NDJSON,))
