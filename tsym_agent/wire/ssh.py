"""One connection to a host by the system's OpenSSH, and unix sockets of that host made reachable here.

The user's own configuration holds: aliases, keys, agents, jump hosts, host keys. So `ssh HOST` working is all it takes,
and what it says when it does not is told in words. One ssh process serves a host as its control master; sockets are
forwarded through it, and commands run through it, without logging in again.

Its control socket and the forwarded sockets lie in a folder of ours alone. A small shell stands guard over them: when
this process is gone, even killed, its end of a pipe closes, and the guard ends the connection and removes the folder.

Run against OpenSSH 9.2.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from tsym_agent.wire.children import end, environment, tell
from tsym_agent.wire.errors import WireError

CONNECT_S = 10
"""For TCP and the first words of the other side, each hop."""
LOGIN_S = 30.0
"""For all of it, where nobody is asked anything."""
ASKING_S = 180.0
"""For all of it, where a person types."""
SILENCE_S = 15
"""After so long without a word ssh asks whether the other side is there; the third silence ends the connection."""
CONTROL_S = 5.0
"""For what the master does by itself, over a local socket."""

LONGEST_FOLDER = 60
"""Bytes. OpenSSH adds 17 to the name of a control socket while it makes it, and macOS allows 103 in all."""

LAST_WORDS_BYTES = 8192
LAST_WORDS_S = 0.5
"""After ssh has ended. Its proxy may hold the pipe open longer."""

GUARD = 'trap "" INT HUP TERM; read -r _; "$1" -F none -S "$2/control" -O exit x >/dev/null 2>&1; rm -rf "$2"'
"""Reads until the pipe closes. Asking the master to exit by its socket cannot hit another process, as its ID could."""


class SshTrouble(StrEnum):
    """Why ssh did not connect, as far as its words tell."""

    MISSING = "missing"
    """There is no ssh program."""
    NAME = "name"
    UNREACHABLE = "unreachable"
    HOST_KEY_UNKNOWN = "host-key-unknown"
    HOST_KEY_CHANGED = "host-key-changed"
    LOGIN = "login"
    """No key was accepted; a person might be asked for a password or a passphrase."""
    CONFIG = "config"
    """Its own configuration is at fault."""
    TIMEOUT = "timeout"
    OTHER = "other"


ASKABLE = frozenset({SshTrouble.LOGIN, SshTrouble.HOST_KEY_UNKNOWN})
"""A person at a terminal could answer these."""

_SIGNS: tuple[tuple[str, SshTrouble], ...] = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", SshTrouble.HOST_KEY_CHANGED),
    ("REVOKED HOST KEY", SshTrouble.HOST_KEY_CHANGED),
    ("Host key verification failed", SshTrouble.HOST_KEY_UNKNOWN),
    ("host key is known for", SshTrouble.HOST_KEY_UNKNOWN),
    ("Could not resolve hostname", SshTrouble.NAME),
    ("Permission denied (", SshTrouble.LOGIN),
    ("Too many authentication failures", SshTrouble.LOGIN),
    ("No more authentication methods", SshTrouble.LOGIN),
    ("Bad configuration option", SshTrouble.CONFIG),
    ("terminating, ", SshTrouble.CONFIG),
    ("Bad owner or permissions on", SshTrouble.CONFIG),
    ("Connection refused", SshTrouble.UNREACHABLE),
    ("No route to host", SshTrouble.UNREACHABLE),
    ("Network is unreachable", SshTrouble.UNREACHABLE),
    ("timed out", SshTrouble.TIMEOUT),
    ("Connection closed by", SshTrouble.UNREACHABLE),
    ("Connection reset by", SshTrouble.UNREACHABLE),
)
"""In the order they count: a changed key is also a failed verification."""


class SshError(WireError):
    """No connection by ssh; `words` are the last it said."""

    def __init__(self, trouble: SshTrouble, words: str) -> None:
        super().__init__(words)
        self.trouble = trouble
        self.words = words


class Ran(NamedTuple):
    """What came of a command on the other side."""

    code: int
    output: bytes


class SshLink:
    """A connection to one host, made when it is first needed and again after it broke."""

    def __init__(
        self,
        host: str,
        *,
        program: Sequence[str] = ("ssh",),
        asking: asyncio.Lock | None = None,
        login_s: float = LOGIN_S,
    ) -> None:
        """Connect to `host` as `ssh HOST` does. `program` is its command line, for a configuration of its own.

        `asking` lets ssh ask a person at the terminal, once, for what it cannot do without; hosts that share a
        terminal share the lock. None = it never asks.
        """
        self.host = host
        self._program = tuple(program)
        self._asking = asking
        self._login_s = login_s
        self._has_asked = False
        self._folder: Path | None = None
        self._guard: Process | None = None
        self._master: Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._said = bytearray()
        self._forwarded: dict[str, str] = {}
        self._turn = asyncio.Lock()

    @property
    def is_up(self) -> bool:
        """Whether the connection stands, as far as ssh has noticed."""
        return self._master is not None and self._master.returncode is None and bool(self._folder)

    async def connect(self) -> None:
        """Make the connection unless it stands; raises `SshError`."""
        async with self._turn:
            if self.is_up:
                return
            try:
                await self._start(asks=False)
            except SshError as error:
                if self._asking is None or self._has_asked or error.trouble not in ASKABLE:
                    raise
                self._has_asked = True
                async with self._asking:
                    await self._start(asks=True)

    async def forward(self, remote: str) -> str:
        """Return the path of a socket here that leads to the socket `remote` there; raises `SshError`.

        Whether anybody listens there shows only when it is opened: then the stream ends without a byte.
        """
        async with self._turn:
            if remote not in self._forwarded:
                local = str(self._in_folder(f"s{len(self._forwarded)}"))
                spelled = remote.replace("\\", "\\\\").replace(":", "\\:").replace("%", "%%")
                await self._control("-O", "forward", "-o", "StreamLocalBindUnlink=yes", "-L", f"{local}:{spelled}")
                self._forwarded[remote] = local
            return self._forwarded[remote]

    async def run(self, command: str, given: bytes = b"", timeout_s: float = 10.0) -> Ran:
        """Run a command by the login shell there, `given` on its stdin; raises `SshError` when that cannot be done."""
        control = str(self._in_folder("control"))
        # Without its master this would connect anew, to a host called x: the proxy that ends at once prevents it.
        argv = [self._program[0], "-F", "none", "-S", control, "-T", "-x", "-a", "-o", "ProxyCommand=exit"]
        argv += ["-o", "LogLevel=ERROR", "x", command]
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment()
        )
        try:
            async with asyncio.timeout(timeout_s):
                output, _ = await process.communicate(given)
        except TimeoutError as error:
            raise SshError(SshTrouble.TIMEOUT, f"a command there was not done within {timeout_s:g} s") from error
        finally:
            await end(process)
        return Ran(process.returncode or 0, output)

    async def aclose(self) -> None:
        """End the connection and remove what it left here."""
        async with self._turn:
            await self._clear()

    async def _start(self, *, asks: bool) -> None:
        await self._clear()
        try:
            self._folder = make_folder()
            await self._set_guard(self._folder)
            self._master = await self._started(asks=asks)
            self._listener = asyncio.create_task(self._listen(self._master.stderr), name=f"words of ssh {self.host}")
            await self._wait_for_login(self._master, ASKING_S if asks else self._login_s)
        except BaseException:
            await self._clear()
            raise

    async def _set_guard(self, folder: Path) -> None:
        argv = ("/bin/sh", "-c", GUARD, "tsym-ssh-guard", self._program[0], str(folder))
        self._guard = await asyncio.create_subprocess_exec(
            *argv, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True, env=environment()
        )

    async def _started(self, *, asks: bool) -> Process:
        """Start ssh. What asks stays in our session, or it could not reach the terminal."""
        options = _master_options(self._in_folder("control"), asks=asks)
        argv = (*self._program, *options, "--", self.host)
        try:
            return await asyncio.create_subprocess_exec(
                *argv, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=not asks, env=environment()
            )
        except OSError as error:
            raise SshError(SshTrouble.MISSING, f"{self._program[0]}: {error.strerror or error}") from error

    async def _listen(self, words: asyncio.StreamReader | None) -> None:
        """Keep the last of what ssh says; left unread it would stop at a full pipe."""
        self._said.clear()
        while words is not None and (data := await words.read(4096)):
            self._said += data
            del self._said[:-LAST_WORDS_BYTES]

    async def _wait_for_login(self, master: Process, timeout_s: float) -> None:
        """Return when the control socket is there, which ssh makes once it is logged in."""
        control = self._in_folder("control")
        try:
            async with asyncio.timeout(timeout_s):
                while not control.is_socket():
                    if master.returncode is not None:
                        raise await self._refusal(master.returncode)
                    await asyncio.sleep(0.02)  # a file that appears: there is nothing to await
        except TimeoutError as error:
            raise SshError(SshTrouble.TIMEOUT, f"not logged in within {timeout_s:g} s") from error

    async def _refusal(self, code: int) -> SshError:
        if self._listener is not None:
            await asyncio.wait({self._listener}, timeout=LAST_WORDS_S)
        said = self._said.decode("utf-8", "replace")
        trouble = next((trouble for sign, trouble in _SIGNS if sign in said), SshTrouble.OTHER)
        lines = [line.strip() for line in said.splitlines() if line.strip(" @\r\n")]
        return SshError(trouble, lines[-1] if lines else f"ssh ended with {code}")

    async def _control(self, *words: str) -> None:
        """Ask the master something by its socket."""
        argv = (self._program[0], "-F", "none", "-S", str(self._in_folder("control")), *words, "x")
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=environment()
        )
        try:
            async with asyncio.timeout(CONTROL_S):
                _, said = await process.communicate()
        except TimeoutError as error:
            raise SshError(SshTrouble.TIMEOUT, "ssh does not answer on its control socket") from error
        finally:
            await end(process)
        if process.returncode != 0:
            words_said = said.decode("utf-8", "replace").strip()
            raise SshError(SshTrouble.OTHER, words_said or "ssh refused to forward a socket")

    def _in_folder(self, name: str) -> Path:
        if self._folder is None:
            raise SshError(SshTrouble.OTHER, "the connection is closed")
        return self._folder / name

    async def _clear(self) -> None:
        """End everything. The guard does most of it, in the same way as it would without us."""
        folder, guard, master = self._folder, self._guard, self._master
        self._folder = self._guard = self._master = None
        self._forwarded.clear()
        if master is not None:  # first of all, as what follows may be cancelled: the guard cannot end one that logs in
            tell(master, signal.SIGTERM)
        if guard is not None:
            await _dismiss(guard)
        if master is not None:
            await end(master)
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
            self._listener = None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def make_folder() -> Path:
    """Make a folder of ours alone whose name is short enough for sockets in it."""
    for parent in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()):
        if parent and len(os.fsencode(parent)) + len("/tsym-12345678") <= LONGEST_FOLDER and os.access(parent, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="tsym-", dir=parent))
    return Path(tempfile.mkdtemp(prefix="tsym-", dir="/tmp"))


def _master_options(control: Path, *, asks: bool) -> list[str]:
    """Return what is said to ssh. Options given here win over the user's, so only those that must hold are given."""
    wanted = {
        "BatchMode": "no" if asks else "yes",
        "ControlPersist": "no",
        "ClearAllForwardings": "yes",  # the user's own session may hold those ports
        "PermitLocalCommand": "no",
        "RemoteCommand": "none",
        "ConnectTimeout": f"{CONNECT_S}",
        "ServerAliveInterval": f"{SILENCE_S}",
        "ServerAliveCountMax": "3",
        "LogLevel": "INFO",  # QUIET would leave us without a reason
    }
    options = [word for key, value in wanted.items() for word in ("-o", f"{key}={value}")]
    return ["-M", "-N", "-T", "-x", "-a", "-S", str(control), *options]


async def _dismiss(guard: Process) -> None:
    """Let the guard do its work and wait for it."""
    if guard.stdin is not None:
        guard.stdin.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(CONTROL_S):
            await guard.wait()
    await end(guard)
