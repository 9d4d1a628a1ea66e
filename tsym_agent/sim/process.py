"""The simulator as a child process, for the demo and for tests.

    async with SimProcess("home") as sim:
        ...  # sim.spec names it to everything that takes hosts; sim.socket("nas") is one host's LocalAPI

The child ends with the block, and with this process, however that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import IO, Self

import tsym_agent
from tsym_agent.sim.errors import StartError
from tsym_agent.sim.folder import Index, read_index

_END_TIMEOUT_S = 5.0


class SimProcess:
    """A simulated tailnet that runs while the block does."""

    def __init__(  # noqa: PLR0913 - each has a default that stands
        self,
        scenario: str | Path = "home",
        *,
        directory: Path | None = None,
        seed: int = 0,
        speed: float = 1.0,
        epoch: datetime | None = None,
        agents: bool = False,
        ready_timeout_s: float = 20.0,
    ) -> None:
        """Prepare to run a scenario; without a directory it makes a short one and removes it in the end."""
        self._arguments = ["--scenario", str(scenario), "--seed", str(seed), "--speed", str(speed), "--with-parent"]
        if epoch is not None:
            self._arguments += ["--epoch", epoch.isoformat()]
        if agents:
            self._arguments.append("--agents")
        if directory is None:
            self._arguments.append("--remove-dir")  # the child lives on for a moment when we are killed
        self._given_directory = directory
        self._ready_timeout_s = ready_timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self.directory = directory or Path()
        """Where the sockets are."""
        self.index = Index(tailnet="", scenario="", hosts=())
        """What `sim.json` says; filled once it runs."""

    @property
    def spec(self) -> str:
        """The host spec that means all its hosts."""
        return f"sim:{self.directory}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of its hosts."""
        return tuple(host.name for host in self.index.hosts)

    @property
    def pid(self) -> int | None:
        """The child's process ID while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def agent(self, host: str) -> str:
        """Return where a host's agent listens, as `ADDRESS:PORT`; empty when there are no agents."""
        return next((listed.agent for listed in self.index.hosts if listed.name == host), "")

    def socket(self, host: str) -> Path:
        """Return the path of a host's LocalAPI socket."""
        return self.directory / f"{host}.sock"

    async def __aenter__(self) -> Self:
        if self._given_directory is None:
            self.directory = _make_directory()
        try:
            with tempfile.TemporaryFile() as complaints:
                await self._start(complaints)
        except BaseException:  # a cancelled start, too, leaves no child
            await self.aclose()
            raise
        self.index = read_index(self.directory)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the child and remove what it made."""
        process, self._process = self._process, None
        try:
            if process is not None and process.returncode is None:
                await _end(process)
        finally:
            if self._given_directory is None and self.directory != Path():
                shutil.rmtree(self.directory, ignore_errors=True)

    async def _start(self, complaints: IO[bytes]) -> None:
        source = str(Path(tsym_agent.__file__).parents[1])
        path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tsym_agent.sim",
            "--dir",
            str(self.directory),
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,  # its closing tells the child that we are gone
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,  # ctrl-c is the application's to handle
            env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe, see above
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), self._ready_timeout_s)
        except TimeoutError:
            raise StartError(f"the simulator was not ready after {self._ready_timeout_s:g} s") from None
        if not line:
            await self._process.wait()
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip()
            raise StartError(said or f"the simulator ended with code {self._process.returncode}")


def _make_directory() -> Path:
    """Make a folder that keeps socket paths short: the system's own temporary folder may be a long way down."""
    short = "/tmp"  # noqa: S108 - mkdtemp makes what is inside ours alone
    return Path(tempfile.mkdtemp(prefix="tsym-", dir=short if os.access(short, os.W_OK) else None))


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_TIMEOUT_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
