"""A lab's name and folder, held while its owner lives; and sweeping what dead owners left.

The folder carries an advisory lock, which the kernel drops when the owner ends, however it ends. So a lab whose lock
can be taken has no owner, and no process id has to be believed. Namespaces carry the lab's name as a prefix: they
are made after the folder and removed before it.
"""

import fcntl
import os
import re
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .netns import Namespace
from .programs import wait_until
from .requirements import LabError

ROOT = Path("/tmp")
"""Where lab folders live, whatever TMPDIR says: unix socket paths end at 107 bytes, and a sweep must find them."""

LAB_NAME = re.compile(r"tsl[0-9a-f]{4}")
KILL_DEADLINE_S = 10.0


@dataclass(frozen=True)
class Claim:
    """A lab's name, held by this process."""

    name: str
    """`tsl` and four hex digits: the folder's name and the prefix of every namespace."""
    _lock: int = field(repr=False)

    @property
    def folder(self) -> Path:
        return ROOT / self.name

    def release(self) -> None:
        """End and remove whatever still carries this lab's name, folder last."""
        _remove_everything_of(self.name)
        os.close(self._lock)


def make() -> Claim:
    """Take a lab name nobody uses, and make its folder."""
    for _ in range(100):
        name = f"tsl{secrets.token_hex(2)}"
        try:
            (ROOT / name).mkdir(mode=0o711)  # other users may pass through to the sockets, as to a real daemon's
        except FileExistsError:
            continue
        with _lock_of(name) as lock:
            if lock is not None:  # else a sweeper took the still unlocked folder for a dead lab's
                return Claim(name, os.dup(lock))
    raise LabError(f"no free lab name in {ROOT}: 100 random ones were taken")


def sweep() -> list[str]:
    """Remove every lab whose owner is dead, and say which; labs of living owners are left alone."""
    return [name for name in sorted(_seen_labs()) if _sweep_one(name)]


def living() -> list[Path]:
    """Folders of the labs whose owners live."""
    return [ROOT / name for name in sorted(_folders()) if LAB_NAME.fullmatch(name) and _is_held(name)]


def _seen_labs() -> set[str]:
    names = [name.partition("-")[0] for name in Namespace.all_names()] + _folders()
    return {name for name in names if LAB_NAME.fullmatch(name)}


def _folders() -> list[str]:
    """Names of our own lab-like folders; what another user made there is not ours to remove."""
    with os.scandir(ROOT) as entries:
        return [
            entry.name
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_uid == os.geteuid()
        ]


def _is_held(name: str) -> bool:
    with _lock_of(name) as lock:
        return lock is None and (ROOT / name).exists()


def _sweep_one(name: str) -> bool:
    if not (ROOT / name).exists():  # only namespaces are left: something emptied the temporary folder
        _remove_everything_of(name)
        return True
    with _lock_of(name) as lock:
        if lock is None:
            return False
        _remove_everything_of(name)
        return True


@contextmanager
def _lock_of(name: str) -> Iterator[int | None]:
    """Hold the lab folder's lock; None when another process holds it or the folder is gone."""
    try:
        opened = os.open(ROOT / name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        yield None
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield opened if os.fstat(opened).st_nlink else None
    except BlockingIOError:
        yield None
    finally:
        os.close(opened)


def _remove_everything_of(name: str) -> None:
    namespaces = [Namespace(found) for found in Namespace.all_names() if found.startswith(f"{name}-")]
    for namespace in namespaces:
        for pid in namespace.processes():
            _kill(pid)
    for namespace in namespaces:
        wait_until(namespace.is_idle, f"{namespace.name} to be empty", KILL_DEADLINE_S)
        namespace.delete()
    shutil.rmtree(ROOT / name, ignore_errors=True)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
