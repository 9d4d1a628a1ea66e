"""The tailscaled of a pod, asked by running the pod's own `tailscale debug localapi` with `kubectl exec`.

Why kubectl and not a library: the user's contexts, login plugins, proxies and certificates hold as they do at the
prompt, and nothing is installed for it. Each question is a process here and one in the pod, so this is for a look, not
for watching a hundred pods: an agent in the pod answers a thousand times as often.

A program in a pod does not end with the `kubectl` that started it, and a ping of the dead would wait there for ever.
So what is run is bounded by the pod's `timeout`, where there is one.

Learnt from cmd/tailscale/cli/debug.go of tailscale 1.102.3; 1.80.3 has no such command.
"""

from __future__ import annotations

import asyncio
import math
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn

from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    DaemonNotFoundError,
    DaemonUnreachableError,
    LocalAPIError,
    NotSupportedError,
)
from tsym_agent.model.text import printable
from tsym_agent.wire.children import end, environment
from tsym_agent.wire.client import MAX_BODY_BYTES, HttpClient, Response, StreamedResponse
from tsym_agent.wire.connection import Connection
from tsym_agent.wire.errors import DisconnectedError, ProtocolError, WireTimeoutError
from tsym_agent.wire.openers import READ_AHEAD_BYTES

MAX_PROCESSES = 4
"""Each kubectl takes some 40 MiB here."""

START_S = 3.0
"""What kubectl, the API server and the container runtime may take on top of the daemon's own time."""

STREAM_S = 600
"""A stream ends after this and is asked for anew; its program would outlive us by no more."""

MAX_WORDS_BYTES = 8192
MAX_LINE = 300
LAST_WORDS_S = 2.0

Run = Callable[[Sequence[str]], Awaitable[Process]]
"""Starts a command line with its output and errors piped; raises `OSError` when there is no such program."""


@dataclass(slots=True)
class Pod:
    """One container of one pod."""

    namespace: str
    name: str
    container: str = ""
    """Empty = kubectl's choice, the first or the annotated one."""
    has_timeout: bool = True
    """Whether it has a program of that name: learnt when it has not."""

    @property
    def where(self) -> str:
        """The pod as its spec has it."""
        return f"kube:{self.namespace}/{self.name}" + (f"/{self.container}" if self.container else "")

    def command(self, method: str, target: str, body: str, seconds: float) -> list[str]:
        """Return the command line that asks its daemon."""
        kubectl = ["kubectl", "exec", f"--namespace={self.namespace}", self.name]
        if self.container:
            kubectl.append(f"--container={self.container}")
        bound = ["timeout", str(math.ceil(seconds))] if self.has_timeout else []
        return [
            *kubectl,
            "--",
            *bound,
            "tailscale",
            "debug",
            "localapi",
            "-v",
            method,
            target,
            *([body] if body else []),
        ]


async def run_here(argv: Sequence[str]) -> Process:
    """Start a command line on this machine."""
    return await asyncio.create_subprocess_exec(
        *argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=READ_AHEAD_BYTES, start_new_session=True, env=environment()
    )


class _NoTimeoutProgramError(Exception):
    """The pod has no `timeout`."""


class PodRequests(HttpClient):
    """Sends requests to one daemon, each by a process of its own; raises `LocalAPIError` with the reason it has."""

    def __init__(self, pod: Pod, *, run: Run = run_here, max_processes: int = MAX_PROCESSES) -> None:
        super().__init__(_NoStream(pod.where), host_header="", max_connections=max_processes)
        self._pod = pod
        self._run = run
        self._processes: set[Process] = set()

    async def _request(
        self,
        method: str,
        target: str,
        body: bytes,
        headers: Sequence[tuple[str, str]],
        timeout_s: float,
        is_repeatable: bool | None,
    ) -> Response:
        """Ask and return the whole answer; `timeout_s` is the daemon's, the way there has its own on top."""
        _ = is_repeatable  # what did not come about is never asked twice
        async with self._slots, self._answer(method, target, body, headers, timeout_s) as answer:
            try:
                async with asyncio.timeout(timeout_s + START_S):
                    return Response(answer.status, answer.headers, await answer.read(MAX_BODY_BYTES))
            except TimeoutError as error:
                raise WireTimeoutError(f"no whole answer within {timeout_s + START_S:g} s") from error

    @asynccontextmanager
    async def _stream(
        self, method: str, target: str, body: bytes, headers: Sequence[tuple[str, str]], timeout_s: float
    ) -> AsyncIterator[StreamedResponse]:
        """Ask and hand over the answer as it comes. Leaving the context ends the process."""
        async with self._answer(method, target, body, headers, timeout_s, STREAM_S) as answer:
            yield answer

    async def aclose(self) -> None:
        """End every process; questions under way fail, and take in what is left of its output."""
        self.is_closed = True
        await asyncio.gather(*(end(process) for process in self._processes))

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        target: str,
        body: bytes,
        headers: Sequence[tuple[str, str]],
        timeout_s: float,
        lasts_s: float | None = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Ask. The program in the pod ends after `lasts_s`, whatever becomes of us; None = soon after we gave up."""
        if headers:
            raise ValueError("a question by kubectl has no headers")
        patience_s = timeout_s + START_S
        bound_s = lasts_s or patience_s + START_S
        process: Process | None = None
        try:
            async with _deadline(patience_s):
                has_timeout = self._pod.has_timeout
                process = await self._started(self._pod.command(method, target, body.decode(), bound_s))
                try:
                    answer = await self._head(process, method)
                except _NoTimeoutProgramError as error:
                    if not has_timeout:
                        raise explain(self.where, f"{error}") from error
                    self._pod.has_timeout = False
                    await self._dismiss(process)
                    process = await self._started(self._pod.command(method, target, body.decode(), bound_s))
                    answer = await self._head(process, method)
            yield answer
        finally:
            if process is not None:
                await self._dismiss(process)

    async def _started(self, argv: Sequence[str]) -> Process:
        if self.is_closed:
            raise DisconnectedError("this client is closed")
        try:
            process = await self._run(argv)
        except OSError as error:
            words = f"cannot run {argv[0]}: {error.strerror or error}"
            raise DaemonUnreachableError(self.where, words, "install kubectl: kube: hosts are asked by it") from error
        self._processes.add(process)
        return process

    async def _head(self, process: Process, method: str) -> StreamedResponse:
        """Return the answer once its head is here."""
        if process.stdout is None or process.stdin is None:
            raise ValueError("a process whose output is not piped")
        connection = Connection(process.stdout, process.stdin)
        connection.take_as_sent(method)
        try:
            status, headers = await connection.read_head()
        except (DisconnectedError, ProtocolError) as error:
            words = await _last_words(process)
            if _lacks(words, "timeout"):
                raise _NoTimeoutProgramError(words) from error
            raise explain(self.where, words) from error
        return StreamedResponse(connection, status, headers)

    async def _dismiss(self, process: Process) -> None:
        """End a process and take in what is left of its output: its pipes close at their end."""
        self._processes.discard(process)
        await end(process)
        if process.stdin is not None:
            process.stdin.close()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LAST_WORDS_S):
                        await pipe.read()


class PodClient(LocalClient):
    """A client of the tailscaled in a pod."""

    def __init__(self, pod: Pod, *, run: Run = run_here, timeout_s: float = 5.0) -> None:
        super().__init__(_NoStream(pod.where), timeout_s=timeout_s)
        self._calls = PodRequests(pod, run=run)
        self._pings = PodRequests(pod, run=run)


@dataclass(frozen=True, slots=True)
class _NoStream:
    """Where a stream would lead, if there were one."""

    where: str

    async def open(self) -> NoReturn:
        raise ConnectionError(f"{self.where} is asked by a program, not over a stream")


_MEANINGS: tuple[tuple[str, type[LocalAPIError], str, str], ...] = (
    ("unknown subcommand", NotSupportedError, "its tailscale lacks `debug localapi`", "use a newer image, or an agent"),
    ("is not valid for pod", DaemonNotFoundError, "it has no such container", "see `kubectl describe pod`"),
    ("container not found", DaemonNotFoundError, "its container does not run", "see `kubectl describe pod`"),
    ("current phase is", DaemonUnreachableError, "it does not run", "see `kubectl describe pod`"),
    ("cannot exec into", DaemonUnreachableError, "it does not run", "see `kubectl describe pod`"),
    ("does not have a host assigned", DaemonUnreachableError, "it does not run yet", "see `kubectl describe pod`"),
    ("(NotFound)", DaemonNotFoundError, "there is no such pod", "see `kubectl get pods --all-namespaces`"),
    ("not found", DaemonNotFoundError, "there is no such pod", "see `kubectl get pods --all-namespaces`"),
    ("(Forbidden)", AccessDeniedError, "you may not run programs in it", "you need `create` on pods/exec there"),
    ("(Unauthorized)", AccessDeniedError, "the cluster does not know you", "log in as your kubeconfig wants it"),
    ("must be logged in", AccessDeniedError, "the cluster does not know you", "log in as your kubeconfig wants it"),
    ("local-tailscaled.sock", DaemonUnreachableError, "no tailscaled answers in there", "is it the right container?"),
    ("local Tailscale daemon", DaemonUnreachableError, "no tailscaled answers in there", "is it the right container?"),
    ("to the server", DaemonUnreachableError, "the cluster does not answer", "see `kubectl cluster-info`"),
    ("current-context", DaemonUnreachableError, "no cluster is chosen", "see `kubectl config get-contexts`"),
)  # fmt: skip
"""What kubectl, the container runtime and tailscale say, what it means, what helps. In the order they count."""


def explain(where: str, words: str) -> LocalAPIError:
    """Say what the last words of a failed question mean."""
    if _lacks(words, "tailscale"):
        hint = "name the container: kube:NAMESPACE/POD/CONTAINER"
        return DaemonNotFoundError(where, "there is no tailscale program in that container", hint)
    said = printable(_telling_line(words))
    for sign, kind, meaning, hint in _MEANINGS:
        if sign in words:
            return kind(where, f"{meaning}: {said}", hint)
    return DaemonUnreachableError(where, said or "kubectl ended without a word", "try it by hand: kubectl exec")


def _lacks(words: str, program: str) -> bool:
    """Say whether a container runtime complains that there is no such program."""
    is_missing = "executable file not found" in words or "no such file or directory" in words
    return is_missing and any(f"{quote}{program}{quote}" in words for quote in ('"', "'", "`"))


def _telling_line(words: str) -> str:
    """Return the line that says most: not narration, and not that something exited with a number."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    dull = ("# ", "Defaulted container", "command terminated with", "Use 'kubectl", "USAGE", "For help")
    telling = [line for line in lines if not line.startswith(dull)]
    line = (telling or lines or [""])[0]
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - 1] + "…"


async def _last_words(process: Process) -> str:
    """Return what it said on stderr until it ended, as far as it ends soon."""
    said = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_WORDS_S):
            while process.stderr is not None and (data := await process.stderr.read(4096)):
                said += data[: MAX_WORDS_BYTES - len(said)]
    return said.decode("utf-8", "replace")


@asynccontextmanager
async def _deadline(timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s) as deadline:
            yield
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise WireTimeoutError(f"no answer within {timeout_s:g} s") from error
