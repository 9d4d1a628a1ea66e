"""One command on many hosts at once: each host's answer, or why there is none, as they come.

Nobody waits for anybody: a host that is slow, dead or refuses is an answer of its own kind, after its own deadline.
Whoever stops reading cancels what is still under way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Protocol, TypeVar, runtime_checkable

import msgspec

from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.errors import (
    REFUSALS,
    AccessDeniedError,
    AnswerTimeoutError,
    BadAnswerError,
    DaemonNotReadyError,
    LocalAPIError,
    NotSupportedError,
)
from tsym_agent.localapi.refusals import OPERATOR_HINT
from tsym_agent.model.hello import Hello
from tsym_agent.model.hosts import Host, HostState, Rights
from tsym_agent.model.payload import ABSENT, Body
from tsym_agent.model.text import printable
from tsym_agent.server.redact import redacted, scrub_words
from tsym_tui.fleet.fleet import Asked, Fleet
from tsym_tui.fleet.members import words_of
from tsym_tui.fleet.select import Selector

T = TypeVar("T")

DEADLINE_S = 10.0
"""For a command that names none: twice what a healthy daemon is given, since many ask at once."""

SPARE_S = 2.0
"""Beyond a command's own time, so that its own error comes first."""

NAMES_WAIT_S = 2.0
"""How long a selection by name waits for hosts that have not said theirs; later ones join when they do."""

LOOK_S = 0.05
"""Between two looks at who has answered."""


class Verdict(StrEnum):
    """What came of asking one host."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    """It does not answer at all."""
    DENIED = "denied"
    """It, or the agent in between, may not or will not do this for us."""
    UNSUPPORTED = "unsupported"
    """Its daemon has no such endpoint."""
    REFUSED = "refused"
    """It answers, and has no answer to this."""
    FAILED = "failed"
    """It began, and did not end well: no answer in time, or nonsense."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one host said."""

    host: Host
    verdict: Verdict = Verdict.OK
    body: bytes = b""
    """As it came, but for its secrets; empty without an answer, and where the daemon has nothing to say."""
    error: str | None = None
    """Why there is no answer and what to do, printable."""
    took_s: float | None = None
    """None = it was not asked."""

    @property
    def is_ok(self) -> bool:
        """Whether there is an answer."""
        return self.verdict is Verdict.OK


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask."""

    command: Command
    values: Mapping[str, str] = {}
    body: bytes = b""
    deadline_s: float | None = None
    """For each host; None = as the command needs."""

    @property
    def limit_s(self) -> float:
        """How long a host is given."""
        if self.deadline_s is not None:
            return self.deadline_s
        return DEADLINE_S if self.command.timeout_s is None else self.command.timeout_s + SPARE_S


@runtime_checkable
class Askable(Protocol):
    """A client that can be asked any endpoint."""

    async def ask(
        self,
        name: str,
        params: Mapping[str, str] = ...,
        *,
        method: str = ...,
        body: bytes = ...,
        timeout_s: float | None = ...,
    ) -> Body:
        """Ask one endpoint and return the body of a good answer; else raise `LocalAPIError`."""


def obstacle(command: Command, asked: Asked) -> str | None:
    """Say why a host would not run a command, without asking; None where nothing is known against it."""
    hello = getattr(asked.client, "agent", None)
    if isinstance(hello, Hello):
        word = hello.word_on(command.name)
        if word is None:
            return f"its agent {printable(hello.agent.version)} does not know this command: update the agent there"
        return None if word.runs else printable(word.reason) or "its agent does not run this for us"
    if command.right is Rights.WRITE and asked.host.rights is Rights.READ:
        return f"its daemon wants more rights for this than we have there: {OPERATOR_HINT}"
    return None


async def ask_one(asked: Asked, job: Job) -> Answer:
    """Ask one host; whatever happens is an answer."""
    return await attempt(asked, job.command, job.limit_s, lambda client: _ask(client, job))


async def attempt(asked: Asked, command: Command, limit_s: float, act: Callable[[Askable], Awaitable[bytes]]) -> Answer:
    """Do something with a host's client within a time; whatever happens is an answer."""
    if (no := _no_use_asking(asked, command)) is not None:
        return no
    host, client = asked.host, _client_of(asked)
    if not isinstance(client, Askable):
        return Answer(host=host, verdict=Verdict.UNSUPPORTED, error="it cannot be asked this way")
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(limit_s):
            body = await act(client)
    except TimeoutError:
        words = f"no answer within {limit_s:g} s: give it more with --timeout, or ask it alone"
        return Answer(host=host, verdict=Verdict.FAILED, error=words, took_s=time.monotonic() - began_s)
    except LocalAPIError as trouble:
        took_s = time.monotonic() - began_s
        words = scrub_words(words_of(trouble, host.spec))
        return Answer(host=host, verdict=_verdict(trouble), error=words, took_s=took_s)
    return Answer(host=host, body=body, took_s=time.monotonic() - began_s)


def _no_use_asking(asked: Asked, command: Command) -> Answer | None:
    host = asked.host
    if asked.client is None or host.state is HostState.FAILED:
        return Answer(host=host, verdict=Verdict.UNREACHABLE, error=host.error or "it has not answered yet")
    if host.state is HostState.DENIED:
        return Answer(host=host, verdict=Verdict.DENIED, error=host.error or "it refuses us")
    reason = obstacle(command, asked)
    return Answer(host=host, verdict=Verdict.DENIED, error=reason) if reason is not None else None


def _client_of(asked: Asked) -> object:
    """Return its client as anything: what it can do beyond a fleet's needs is looked up."""
    return asked.client


async def _ask(client: Askable, job: Job) -> bytes:
    method, path, query = job.command.question(job.values)
    limit_s = job.limit_s if job.deadline_s is not None else job.command.timeout_s
    body = await client.ask(path, query, method=method, body=job.body, timeout_s=limit_s)
    return _as_agents_answer(job.command, bytes(body))


def _as_agents_answer(command: Command, body: bytes) -> bytes:
    """Leave out what an agent would not let out: answers are printed and pasted, and compared with those of agents."""
    if command.form is Form.BYTES:
        return body
    if command.part:
        with suppress(msgspec.DecodeError):  # whoever reads it says that it is nonsense
            member = msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get(command.part, ABSENT)
            body = msgspec.json.encode({command.part: member})
    return redacted(body, command.secrets)


def _verdict(trouble: LocalAPIError) -> Verdict:
    match trouble:
        case AccessDeniedError():
            return Verdict.DENIED
        case NotSupportedError():
            return Verdict.UNSUPPORTED
        case AnswerTimeoutError() | BadAnswerError() | DaemonNotReadyError():
            return Verdict.FAILED
        case _:
            return Verdict.REFUSED if isinstance(trouble, REFUSALS) else Verdict.UNREACHABLE


async def fan_out(hosts: AsyncIterable[Asked], run: Callable[[Asked], Awaitable[T]]) -> AsyncGenerator[T, None]:
    """Run something on each host as soon as it is named, all at once; yield what comes of each when it comes.

    Leave it with `contextlib.aclosing`: then whatever still runs is cancelled at once.
    """
    done: asyncio.Queue[asyncio.Task[T] | None] = asyncio.Queue()
    running: set[asyncio.Task[T]] = set()

    async def start_all() -> None:
        async for asked in hosts:
            task = asyncio.ensure_future(run(asked))
            running.add(task)
            task.add_done_callback(done.put_nowait)

    starter = asyncio.create_task(start_all(), name="fan-out")
    starter.add_done_callback(lambda _: done.put_nowait(None))
    try:
        while running or not starter.done():
            finished = await done.get()
            if finished is None:
                starter.result()
            else:
                running.discard(finished)
                yield finished.result()
        starter.result()  # it may have ended before the last answer was looked at
    finally:
        for task in (starter, *running):
            task.cancel()
        await asyncio.gather(starter, *running, return_exceptions=True)


async def each(hosts: Sequence[Asked]) -> AsyncGenerator[Asked, None]:
    """Name hosts that are known already."""
    for asked in hosts:
        yield asked


async def hosts_as_they_come(fleet: Fleet, selector: Selector, patience_s: float) -> AsyncGenerator[Asked, None]:
    """Name the chosen hosts of a fleet that has just been started, each as soon as its first attempt has ended.

    A selection by name waits a moment for the names. Who has not been tried within `patience_s` is named as it stands;
    so long it also waits for hosts that are still being found.
    """
    named: set[str] = set()
    began_s = time.monotonic()
    ready = asyncio.create_task(fleet.ready(patience_s), name="hosts are found and tried")
    try:
        while True:
            is_last = ready.done()
            if selector.is_everyone or is_last or time.monotonic() - began_s >= NAMES_WAIT_S:
                for one in fleet.chosen(selector):
                    if one.host.spec not in named and (is_last or was_tried(one.host)):
                        named.add(one.host.spec)
                        yield one
            if is_last:
                ready.result()
                return
            await asyncio.wait([ready], timeout=LOOK_S)
    finally:
        ready.cancel()
        await asyncio.gather(ready, return_exceptions=True)


def was_tried(host: Host) -> bool:
    """Whether the first attempt to reach a host has ended, well or not."""
    return host.state is not HostState.CONNECTING or host.age_s is not None or host.error is not None
