"""One child process: its output line by line, its end, and that it does not outlive us.

asyncio's child watcher is the one owner of `waitpid`. So signals go by pidfd where the system has them: `send_signal`
of the standard library polls first and would take the exit status away from the watcher.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Protocol

from tsym_agent.tailscaled.errors import StartError

Say = Callable[[str], None]
"""Takes one line for whoever reads along; must not fail."""

STOP_GRACE_S = 10.0
"""How long a process may take to end by itself: tailscaled's own log-out at its end is given five seconds."""

OUTPUT_GRACE_S = 0.5
"""How long the output of an ended process may still come: a grandchild may hold it open for ever."""

MAX_LINE_BYTES = 16 * 1024


class _Watched(Protocol):
    """What is used of asyncio's process."""

    pid: int

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...


class Process:
    """A running child in a process group of its own, so that ctrl-c at a terminal is not its business."""

    def __init__(self, watched: _Watched, pump: asyncio.Task[None], output: _Output, lifeline: int | None) -> None:
        self._watched = watched
        self._pump = pump
        self._output = output
        self._lifeline = lifeline
        self._pidfd = _open_pidfd(watched.pid)

    @classmethod
    async def start(
        cls, argv: Sequence[str], env: Mapping[str, str], say: Say, *, ends_with_us: bool = False
    ) -> Process:
        """Start a program with this environment and no other; raise `StartError` when the system will not.

        `say` gets each line of its output. `ends_with_us` hands it the reading end of a pipe that closes with this
        process, however it ends; tailscaled obeys (`TS_PARENT_DEATH_FD`), hard and at once.
        """
        environment = dict(env)
        theirs: int | None = None
        lifeline: int | None = None
        with ExitStack() as for_the_child, ExitStack() as for_us:
            try:
                if ends_with_us:
                    theirs, lifeline = os.pipe()
                    for_the_child.callback(os.close, theirs)
                    for_us.callback(os.close, lifeline)
                    environment["TS_PARENT_DEATH_FD"] = str(theirs)
                read_end, write_end = os.pipe()
                for_the_child.callback(os.close, write_end)
                output = await _Output.open(read_end)
                for_us.callback(output.close)
                watched = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=write_end,
                    stderr=asyncio.subprocess.STDOUT,
                    env=environment,
                    process_group=0,
                    pass_fds=() if theirs is None else (theirs,),
                )
            except OSError as error:
                raise StartError(f"cannot start {argv[0]}: {error.strerror or error}") from error
            for_us.pop_all()
        return cls(watched, asyncio.create_task(output.pump(say), name=f"output of {argv[0]}"), output, lifeline)

    @property
    def pid(self) -> int:
        """Its process id, which is also its group's."""
        return self._watched.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._watched.returncode

    async def wait(self) -> int:
        """Wait until it has ended and its last words are said, and return its exit status."""
        code = await self._watched.wait()
        await self._let_go()
        return code

    async def stop(self, grace_s: float = STOP_GRACE_S) -> int:
        """Ask it to end, after a while make it, and return its exit status; harmless when it has ended."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self._watched.wait()
        except TimeoutError:
            self.kill()
        return await self.wait()

    def kill(self) -> None:
        """End it at once, with all it has started; harmless when it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.returncode is not None:
            return
        with suppress(ProcessLookupError):
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, number)
            else:
                os.kill(self.pid, number)

    async def _let_go(self) -> None:
        await asyncio.wait({self._pump}, timeout=OUTPUT_GRACE_S)
        self._pump.cancel()
        self._output.close()
        await asyncio.wait({self._pump})
        lifeline, self._lifeline = self._lifeline, None
        pidfd, self._pidfd = self._pidfd, None
        _close(lifeline, pidfd)


async def run(argv: Sequence[str], env: Mapping[str, str], say: Say, *, deadline_s: float | None) -> int:
    """Run a program to its end and return its exit status; raise `TimeoutError` and end it after `deadline_s`.

    None = it may take for ever. Whoever cancels this ends the program too.
    """
    process = await Process.start(argv, env, say)
    try:
        async with asyncio.timeout(deadline_s):
            return await process.wait()
    finally:  # also when it has ended: somebody else may hold its output
        await process.stop(grace_s=1.0)


class _Output:
    """The reading end of a child's output."""

    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport) -> None:
        self._reader = reader
        self._transport = transport

    @classmethod
    async def open(cls, read_end: int) -> _Output:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
        )
        return cls(reader, transport)

    async def pump(self, say: Say) -> None:
        """Hand over lines until the last holder of the other end has closed it."""
        rest = b""
        while chunk := await self._reader.read(MAX_LINE_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > MAX_LINE_BYTES:
                lines, rest = [*lines, rest[:MAX_LINE_BYTES]], b""
            for line in lines:
                _say_line(say, line)
        _say_line(say, rest)

    def close(self) -> None:
        self._transport.close()


def _say_line(say: Say, line: bytes) -> None:
    if text := line.decode("utf-8", "replace").rstrip():
        say(text)


def _open_pidfd(pid: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # it has ended, or this kernel is older than 5.3
        return None


def _close(*descriptors: int | None) -> None:
    for descriptor in descriptors:
        if descriptor is not None:
            os.close(descriptor)
