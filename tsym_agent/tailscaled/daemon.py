"""One tailscaled: from nothing to a socket that answers, the commands put to it, and its end."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress

from tsym_agent.control.secrets import scrub
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import DaemonNotFoundError, DaemonUnreachableError, LocalAPIError
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import Status, parse_status
from tsym_agent.model.text import printable
from tsym_agent.tailscaled.argv import DaemonWords, Login, Settings, set_argv
from tsym_agent.tailscaled.errors import CommandError, StartError
from tsym_agent.tailscaled.process import Process, Say, run
from tsym_agent.tailscaled.programs import Programs
from tsym_agent.wire.openers import UnixOpener

START_DEADLINE_S = 20.0
COMMAND_DEADLINE_S = 30.0
LOG_OUT_DEADLINE_S = 5.0
POLL_S = 0.05
REMEMBERED_LINES = 20

LOGIN_LINK = re.compile(r"https?://(?:[^\s/]+/){1,4}?(?:a|register)/\S+")
"""Where a person logs a node in: at the hosted control plane, at headscale. Who opens it first owns the node."""

Link = Callable[[str], None]


class Tailscaled:
    """A tailscaled that we start and end, with the state it finds in its folder."""

    def __init__(self, programs: Programs, words: DaemonWords, env: Mapping[str, str], say: Say) -> None:
        """Run `programs.tailscaled` with these words; `say` gets its log without secrets."""
        self.opener = UnixOpener(str(words.socket))
        self.client = LocalClient(self.opener)
        """For the owner's questions; closed by `aclose`."""
        self._programs = programs
        self._words = words
        self._env = env
        self._say = say
        self._process: Process | None = None
        self._last_lines: deque[str] = deque(maxlen=REMEMBERED_LINES)

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Start it and return once it answers; raise `StartError` with its last words, leaving nothing behind."""
        argv = self._words.argv(str(self._programs.tailscaled))
        self._process = await Process.start(argv, self._env, self._hear, ends_with_us=True)
        try:
            await self._wait_answering(self._process, time.monotonic() + deadline_s)
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> int:
        """Wait until its process ends, and return the exit status."""
        if self._process is None:
            raise StartError("tailscaled was not started")
        return await self._process.wait()

    async def stop(self) -> None:
        """End it as its service manager would; harmless when it does not run."""
        if self._process is not None:
            await self._process.stop()

    async def aclose(self) -> None:
        """End it and close its client."""
        await self.stop()
        await self.client.aclose()

    async def up(self, login: Login, deadline_s: float | None, on_link: Link | None = None) -> None:
        """Run `tailscale up` and return once the node runs; raise `CommandError` with what it said.

        None = no deadline, for a person who logs in by the link that `on_link` is given.
        """
        await self._command("up", login.argv(str(self._programs.tailscale), self._words.socket), deadline_s, on_link)

    async def set(self, settings: Settings) -> None:
        """Run `tailscale set`: change what is said, leave the rest; raise `CommandError`."""
        argv = set_argv(str(self._programs.tailscale), self._words.socket, settings)
        await self._command("set", argv, COMMAND_DEADLINE_S, None)

    async def own_status(self) -> Status:
        """Ask `GET status` without the peers; raise `StartError` when it does not answer."""
        try:
            return parse_status(await self.client.status_bytes(peers=False))
        except (LocalAPIError, PayloadError) as error:
            raise StartError(f"tailscaled does not answer: {error}") from error

    async def log_out(self) -> None:
        """Ask `POST logout`: the node's key expires, and an ephemeral node is gone. Raises `LocalAPIError`."""
        await self.client.ask("logout", method="POST", timeout_s=LOG_OUT_DEADLINE_S)

    async def _wait_answering(self, process: Process, end: float) -> None:
        """Ask until it answers: its socket's file may be a former run's, and it listens before it can speak."""
        while time.monotonic() < end:
            if process.returncode is not None:
                await process.wait()
                raise StartError(f"tailscaled ended with {process.returncode}: {self._last_words()}")
            with suppress(DaemonNotFoundError, DaemonUnreachableError):
                await self._ask_status(end)
                return
            await asyncio.sleep(POLL_S)
        raise StartError(f"tailscaled did not answer on its socket in time: {self._last_words()}")

    async def _ask_status(self, end: float) -> None:
        left_s = max(POLL_S, end - time.monotonic())
        try:  # a call waits until the backend is made
            await self.client.ask("status", {"peers": "false"}, timeout_s=left_s)
        except (DaemonNotFoundError, DaemonUnreachableError):
            raise
        except LocalAPIError as error:
            raise StartError(f"tailscaled started and does not answer: {error}") from error

    async def _command(self, name: str, argv: list[str], deadline_s: float | None, on_link: Link | None) -> None:
        said: deque[str] = deque(maxlen=REMEMBERED_LINES)

        def hear(line: str) -> None:
            if on_link is not None and (found := LOGIN_LINK.search(line)):
                on_link(found[0])
            said.append(clean(line))

        try:
            code = await run(argv, self._env, hear, deadline_s=deadline_s)
        except TimeoutError as error:
            raise CommandError(f"`tailscale {name}` was not done after {deadline_s:g} s: {_joined(said)}") from error
        if code != 0:
            raise CommandError(f"`tailscale {name}` failed: {_joined(said) or f'exit status {code}'}")

    def _hear(self, line: str) -> None:
        text = clean(line)
        self._last_lines.append(text)
        self._say(text)

    def _last_words(self) -> str:
        return self._last_lines[-1] if self._last_lines else "it said nothing"


def clean(line: str) -> str:
    """Return a line of a daemon's log without keys and login links, safe to print."""
    return printable(LOGIN_LINK.sub("(login link)", scrub(line)))


def _joined(lines: deque[str]) -> str:
    return " / ".join(lines) or "it said nothing"
