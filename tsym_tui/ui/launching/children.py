"""Children: each one leads a process group of its own, and nothing of it outlives the app.

A child is started in a new session: it has no terminal, so it can neither ask nor paint there, and signals for its
group reach it and what it started, never us nor anybody else. It is reaped by us alone, after its group was told to
end: until then its number belongs to nobody else.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tsym_agent.exits import Exit
from tsym_tui.ui.launching.outcomes import outcome
from tsym_tui.ui.launching.output import Output
from tsym_tui.ui.launching.tools import Tool

GRACE_S = 5.0
"""Between asking a child to end and being firmer: `tsym invite` takes a key back in that time."""

LEAVING_GRACE_S = 2.0
"""The same when the app ends: somebody waits for their prompt."""

DRAIN_S = 1.0
"""How long the output may stay open when the child has ended."""

MOST_RUNS = 12
"""Ended runs kept to look at, together with those that go on."""

_CHUNK = 65_536
_REST_S = 0.02
"""Pause after a full chunk, so that a child that only writes leaves the app time: about 3 MB/s."""


def find_program(name: str, modules: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return how a program of ours is written, and how it is started.

    They differ only in that a name that the person's own shell would find to be the same file stands for its path.
    """
    beside = Path(sys.executable).with_name(name)
    if beside.is_file() and os.access(beside, os.X_OK):
        in_path = shutil.which(name)
        is_same = in_path is not None and Path(in_path).absolute() == beside.absolute()
        return [name] if is_same else [str(beside)], [str(beside)]
    command = [sys.executable, "-m", modules[name]]
    return command, command


class Run:
    """One child: what was started, what it says, how it ended."""

    def __init__(self, tool: Tool, shown: Sequence[str], argv: Sequence[str], clock: Callable[[], float]) -> None:
        self.tool = tool
        self.line = shlex.join(shown)
        """The command line as a shell would take it."""
        self.argv = tuple(argv)
        self.output = Output()
        self.code: int | None = None
        """None while it runs; negative = ended by that signal."""
        self.is_cancelled = False
        self.back = 0
        """Lines looked back from the end; 0 = it follows."""
        self.left = 0
        """Columns of the output that are out of sight at the left."""
        self._clock = clock
        self._started = clock()
        self._ended: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._gone = asyncio.Event()
        """The leader has ended; it may not be reaped yet."""

    @property
    def runs(self) -> bool:
        """Whether it goes on."""
        return self.code is None

    @property
    def outcome(self) -> str:
        """How it ended, in words; empty while it runs."""
        return "" if self.code is None else outcome(self.tool, self.code)

    @property
    def seconds(self) -> float:
        """How long it ran so far, or did run."""
        return (self._ended if self._ended is not None else self._clock()) - self._started

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its group; to nobody once it was reaped."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
                os.killpg(self._process.pid, number)

    async def go(self, environment: Mapping[str, str], changed: Callable[[], None]) -> None:
        """Start it, take in what it says until it has ended, and reap it; `changed` is called for all news."""
        if self.is_cancelled:
            self._finish(Exit.INTERRUPTED, changed)
            return
        try:
            process = subprocess.Popen(  # noqa: ASYNC220, S603 - starts in a millisecond; argv is shown and wanted
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=dict(environment),
            )
        except OSError as error:
            self.output.take(f"cannot start {self.argv[0]}: {error.strerror}\n".encode())
            self._finish(Exit.USAGE, changed)
            return
        self._process = process
        loop = asyncio.get_running_loop()
        threading.Thread(
            target=_await_end, args=(process, loop, self._gone), name=f"waits for {process.pid}", daemon=True
        ).start()
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        reading = asyncio.create_task(self._read(process.stdout.fileno(), changed), name="launch output")
        try:
            await self._gone.wait()
            self.signal(signal.SIGTERM)  # what it left behind
            await asyncio.wait([reading], timeout=DRAIN_S)
        finally:
            self.signal(signal.SIGKILL)
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
            process.stdout.close()
            code = process.wait()
            self._finish(code, changed)

    def _finish(self, code: int, changed: Callable[[], None]) -> None:
        self.output.end()
        self._ended = self._clock()
        self.code = code
        changed()

    async def _read(self, pipe: int, changed: Callable[[], None]) -> None:
        os.set_blocking(pipe, False)
        loop = asyncio.get_running_loop()
        while True:
            readable = loop.create_future()
            loop.add_reader(pipe, _resolve, readable)
            try:
                await readable
            finally:
                loop.remove_reader(pipe)
            data = os.read(pipe, _CHUNK)
            if not data:
                return
            self.output.take(data)
            changed()
            if len(data) == _CHUNK:
                await asyncio.sleep(_REST_S)

    async def cancel(self, grace_s: float = GRACE_S) -> None:
        """Interrupt it, then be firmer: TERM, and KILL for what heeds neither. Returns when its leader has ended."""
        self.is_cancelled = True
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._gone.is_set() or self._process is None:
                return
            self.signal(number)
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._gone.wait()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _await_end(process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop, gone: asyncio.Event) -> None:
    """Wait in a thread until a child has ended, and leave it to be reaped where that can be asked for."""
    if hasattr(os, "waitid"):
        with suppress(ChildProcessError):  # ended by force, and reaped
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:  # macOS before Python 3.13
        process.wait()
    with suppress(RuntimeError):  # the loop is closed: nobody asks any more
        loop.call_soon_threadsafe(gone.set)


class Children:
    """All runs of the app, the newest first."""

    def __init__(
        self, environment: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.runs: list[Run] = []
        self._environment = environment
        self._clock = clock
        self._tasks: dict[Run, asyncio.Task[None]] = {}
        self._is_closing = False
        atexit.register(self._end_now)

    def start(
        self, tool: Tool, shown: Sequence[str], argv: Sequence[str], changed: Callable[[], None], *, columns: int = 80
    ) -> Run:
        """Start a child; it runs on whatever is on screen."""
        run = Run(tool, shown, argv, self._clock)
        if self._is_closing:
            run.code = Exit.INTERRUPTED
            return run
        environment = dict(self._environment) | {"COLUMNS": str(columns), "PYTHONUNBUFFERED": "1"}
        self.runs.insert(0, run)
        self._forget()
        task = asyncio.create_task(run.go(environment, changed), name=f"launch {tool.name}")
        self._tasks[run] = task
        task.add_done_callback(lambda _: self._tasks.pop(run, None))
        return run

    def _forget(self) -> None:
        """Drop the oldest that have ended."""
        for run in reversed(self.runs[:]):
            if len(self.runs) > MOST_RUNS and not run.runs:
                self.runs.remove(run)

    async def aclose(self) -> None:
        """End every child, and wait until each is reaped."""
        self._is_closing = True
        going = [run for run in self.runs if run.runs]
        tasks = list(self._tasks.values())
        await asyncio.gather(*(run.cancel(LEAVING_GRACE_S) for run in going))
        if tasks:
            await asyncio.wait(tasks, timeout=2 * DRAIN_S)
        self._end_now()
        atexit.unregister(self._end_now)

    def _end_now(self) -> None:
        """End what is still there by force: the app is leaving without its loop."""
        for run in self.runs:
            run.signal(signal.SIGKILL)
