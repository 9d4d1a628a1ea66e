"""Finding the tailscaled of another container, from a container beside it that sees its processes.

A pod's containers share no files, but with a shared process namespace each sees the others' roots under
`/proc/PID/root`. Sockets are looked for there: where a tailscaled was told to put it, where its environment says, and
at the usual places. What is found counts only if it answers like a tailscaled.

Paths are walked step by step with the other root as their own: a symlink to `/run/x` in a container means that
container's `/run/x`, while the system, asked for the whole path, would take ours. And no link leads out of it.

Needs Linux, the other processes' user or root, and CAP_SYS_PTRACE.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import DaemonNotFoundError, DaemonNotReadyError, LocalAPIError
from tsym_agent.wire.openers import READ_AHEAD_BYTES
from tsym_agent.wire.streams import Opener

PROC = Path("/proc")

USUAL = ("/tmp/tailscaled.sock", "/var/run/tailscale/tailscaled.sock", "/run/tailscale/tailscaled.sock")  # noqa: S108 - where the official container puts it

THIS_POD = "this pod"
MOST_LINKS = 40
MOST_NAMED = 8
"""Places a process may name: what stands in its command line is a stranger's word."""
CONFIRM_S = 2.0

Confirm = Callable[[Opener], Awaitable[bool]]
"""Says whether what listens there is a tailscaled."""


@dataclass(frozen=True, slots=True)
class ContainerOpener:
    """Opens a socket by its path in the root of another process."""

    pid: int
    path: str
    proc: Path = PROC

    @property
    def where(self) -> str:
        """The process and the path."""
        return f"pid {self.pid}: {self.path}"

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` when that is refused, or the process has ended."""
        descriptor = open_inside(self.proc / str(self.pid), self.path)
        try:
            # By its descriptor: the path may be over the bound for sockets, and nothing can be put in its place.
            return await asyncio.open_unix_connection(f"/proc/self/fd/{descriptor}", limit=READ_AHEAD_BYTES)
        finally:
            os.close(descriptor)


async def discover_all(
    proc: Path = PROC, *, own_pid: int | None = None, confirm: Confirm | None = None
) -> list[ContainerOpener]:
    """Return every tailscaled that answers, by process number; raises `DaemonNotFoundError` when there is none.

    Processes that we started are passed over: a node of our own is not the one to speak about. A container that is
    replaced has other processes: look again then.
    """
    if sys.platform != "linux":
        raise DaemonNotFoundError(THIS_POD, "sockets of other containers can be found on Linux only", "use --socket")
    look = _Look(proc, own_pid or os.getpid())
    found = [each for each in look.sockets() if await (confirm or _is_tailscaled)(each)]
    if not found:
        raise look.nothing()
    return found


class _Process(NamedTuple):
    """What is known of a process."""

    pid: int
    parent: int


class _Look:
    """One look at all processes."""

    def __init__(self, proc: Path, own_pid: int) -> None:
        self._proc = proc
        self._own_pid = own_pid
        self._seen = 0
        self._closed = 0
        self._silent: list[str] = []

    def sockets(self) -> Iterator[ContainerOpener]:
        """Yield sockets that are there, each once, however many processes share its root."""
        known: set[tuple[int, int]] = set()
        for process in self._others():
            self._seen += 1
            folder = self._proc / str(process.pid)
            for path in dict.fromkeys((*islice(_named_places(folder), MOST_NAMED), *USUAL)):
                try:
                    identity = _socket_identity(folder, path)
                except OSError as error:
                    if error.errno in {errno.EACCES, errno.EPERM}:
                        self._closed += 1
                        break
                    continue
                if identity is not None and identity not in known:
                    known.add(identity)
                    opener = ContainerOpener(process.pid, path, self._proc)
                    self._silent.append(opener.where)
                    yield opener

    def nothing(self) -> DaemonNotFoundError:
        """Say why nothing was found, as far as it shows."""
        if self._silent:
            words, hint = f"no tailscaled answers at {', '.join(self._silent)}", "is it starting, or stopped?"
        elif self._closed:
            words = f"{self._closed} of {self._seen} other processes may not be looked into"
            hint = "run as their user or as root, with CAP_SYS_PTRACE"
        elif not self._seen:
            words = "no process of another container is visible"
            hint = "set shareProcessNamespace on the pod, or targetContainerName on a debug container"
        else:
            words = f"no tailscaled socket in the roots of {self._seen} other processes"
            hint = "is tailscaled running? if it listens elsewhere, use --socket"
        return DaemonNotFoundError(THIS_POD, words, hint)

    def _others(self) -> list[_Process]:
        """Return all processes but us and those we started, by number."""
        processes = {process.pid: process for process in _processes(self._proc)}
        return [process for pid, process in sorted(processes.items()) if not self._is_ours(process, processes)]

    def _is_ours(self, process: _Process, processes: dict[int, _Process]) -> bool:
        for _ in range(len(processes)):
            if process.pid == self._own_pid:
                return True
            parent = processes.get(process.parent)
            if parent is None:
                return False
            process = parent
        return False


def _processes(proc: Path) -> Iterator[_Process]:
    for folder in proc.iterdir():
        if folder.name.isascii() and folder.name.isdigit():
            try:
                state = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                yield _Process(int(folder.name), int(state.rpartition(")")[2].split()[1]))
            except (OSError, ValueError, IndexError):
                continue  # it has just ended


def _named_places(folder: Path) -> Iterator[str]:
    """Yield where a process says that its daemon's socket is: a tailscale program's `--socket`, and `TS_SOCKET`."""
    words = _words(folder / "cmdline")
    if words and Path(words[0]).name.startswith(("tailscale", "containerboot")):
        for word, following in zip(words, (*words[1:], ""), strict=True):
            name, equals, value = word.lstrip("-").partition("=")
            if word.startswith("-") and name == "socket":
                yield value if equals else following
    for word in _words(folder / "environ"):
        name, _, value = word.partition("=")
        if name == "TS_SOCKET" and value:
            yield value


def _words(path: Path) -> list[str]:
    try:
        return [word for word in path.read_bytes().decode("utf-8", "surrogateescape").split("\0") if word]
    except OSError:
        return []


def _socket_identity(folder: Path, path: str) -> tuple[int, int] | None:
    """Return what tells a socket from all others; None when something else is there."""
    descriptor = open_inside(folder, path)
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None


def open_inside(process: Path, path: str) -> int:
    """Return a descriptor of what `path` is to a process, given its folder under `/proc`; it only names the file.

    Raises `OSError` as opening it there would. The caller closes it.
    """
    trail = [os.open(process / "root", os.O_PATH | os.O_DIRECTORY)]
    try:
        if not path.startswith("/"):
            trail.append(os.open(process / "cwd", os.O_PATH | os.O_DIRECTORY))
        _walk(trail, deque(path.split("/")))
        return trail.pop() if len(trail) > 1 else os.dup(trail[0])
    finally:
        for descriptor in trail:
            os.close(descriptor)


def _walk(trail: list[int], steps: deque[str]) -> None:
    """Go on from the last of `trail`, which holds a descriptor for each folder from the root on."""
    links = 0
    while steps:
        step = steps.popleft()
        if step == "..":
            _go_back(trail, max(1, len(trail) - 1))
        elif step not in {"", "."}:
            trail.append(os.open(step, os.O_PATH | os.O_NOFOLLOW, dir_fd=trail[-1]))
            if stat.S_ISLNK(os.fstat(trail[-1]).st_mode):
                links += 1
                if links > MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), step)
                target = os.readlink("", dir_fd=trail[-1])
                _go_back(trail, 1 if target.startswith("/") else len(trail) - 1)
                steps.extendleft(reversed(target.split("/")))


def _go_back(trail: list[int], length: int) -> None:
    while len(trail) > length:
        os.close(trail.pop())


async def _is_tailscaled(opener: Opener) -> bool:
    client = LocalClient(opener, timeout_s=CONFIRM_S)
    try:
        await client.status_bytes(peers=False)
    except DaemonNotReadyError:
        return True
    except LocalAPIError:
        return False
    finally:
        await client.aclose()
    return True
