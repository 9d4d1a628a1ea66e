"""Long-running programs of a lab, and waiting for what they do."""

import functools
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from .requirements import LabError

T = TypeVar("T")

POLL_S = 0.05
STOP_DEADLINE_S = 10.0
PROXY_VARIABLES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


class ProgramError(LabError):
    """A program ended, refused, or was not ready in time; carries the end of its log."""


class Program:
    """One running program whose output goes to a log file, and which does not outlive this process.

    The kernel kills it when the *thread* that started it ends, so start programs from a thread that lives as long
    as the lab: the main one. A tailscaled can do better (`ends_with_owner`): it watches a pipe of this process.
    """

    def __init__(
        self, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None, *, ends_with_owner: bool = False
    ) -> None:
        self.log = log
        self._name = log.stem
        environment = clean_environment() | dict(env or {})
        if ends_with_owner:
            environment["TS_PARENT_DEATH_FD"] = str(_owner_pipe()[0])
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                list(argv) if ends_with_owner else ["setpriv", "--pdeathsig", "KILL", *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=_owner_pipe()[:1] if ends_with_owner else (),
                start_new_session=True,  # ctrl-c is for the owner, who stops everything in order
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def require_running(self) -> None:
        """Raise ProgramError with the end of the log if it has ended."""
        if not self.is_running:
            raise ProgramError(f"{self._name} ended with {self._process.returncode}:\n{last_lines(self.log)}")

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, and after a while make it; harmless when it has ended already."""
        self._process.terminate()
        try:
            self._process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once; harmless when it has ended already."""
        self._process.kill()
        self._process.wait()


@functools.cache
def _owner_pipe() -> tuple[int, int]:
    """Return a pipe nobody writes to: its readers see it close when this process is gone."""
    return os.pipe()


def wait_until(condition: Callable[[], T], what: str, deadline_s: float, program: Program | None = None) -> T:
    """Ask `condition` again and again until it is truthy, and return what it said.

    Raises LabError naming `what` after `deadline_s`, or at once when the program that should bring it has ended.
    """
    end = time.monotonic() + deadline_s
    while not (answer := condition()):
        if program is not None:
            program.require_running()
        if time.monotonic() > end:
            said = f":\n{last_lines(program.log)}" if program is not None else ""
            raise ProgramError(f"waited {deadline_s:g} s for {what}, in vain{said}")
        time.sleep(POLL_S)
    return answer


def run(argv: Sequence[str | Path], deadline_s: float = 30.0, ok: Sequence[int] = (0,)) -> str:
    """Run a short command outside the namespaces and return its stdout; ProgramError if it fails or hangs."""
    command = [str(part) for part in argv]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline_s,
            env=clean_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramError(f"{' '.join(command)} was not done after {deadline_s:g} s") from error
    if done.returncode not in ok:
        raise ProgramError(f"{' '.join(command)} exited with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Return this process's environment without proxies and tailscale settings, which would bend what nodes do."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in PROXY_VARIABLES and not name.startswith(("TS_", "TSNET_", "HEADSCALE_"))
    }


def last_lines(log: Path, count: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
