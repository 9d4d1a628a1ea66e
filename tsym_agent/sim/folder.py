"""The folder of a running simulator: one socket a host, and the index that says they are ready.

    DIR/sim.lock     held while the simulator runs; names its process and the sockets it makes
    DIR/HOST.sock    the LocalAPI of one host
    DIR/sim.json     the index, written last

Only files a simulator made are ever removed: its own at the end, and those of one that was killed at the next start.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tsym_agent.sim.errors import FolderError

INDEX = "sim.json"
LOCK = "sim.lock"
SCHEMA = "tsym/sim/1"
LONGEST_PATH_BYTES = 100
"""Some systems cut socket paths at 104 bytes; below 100 there is room everywhere."""


class IndexHost(msgspec.Struct, frozen=True, omit_defaults=True):
    """One host of the index."""

    name: str
    socket: str
    """Absolute path."""
    id: str
    """Stable node ID."""
    agent: str = ""
    """Where its agent listens, as `ADDRESS:PORT`; empty = it has none."""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What `sim.json` says."""

    schema: str = SCHEMA
    tailnet: str
    scenario: str
    hosts: tuple[IndexHost, ...]


class _Claim(msgspec.Struct, frozen=True):
    pid: int
    sockets: tuple[str, ...]


def read_index(directory: Path) -> Index:
    """Read the index of a running simulator; raise `FolderError` when there is none."""
    path = directory / INDEX
    try:
        return msgspec.json.decode(path.read_bytes(), type=Index)
    except FileNotFoundError as error:
        raise FolderError(
            f"{directory}: no simulated tailnet runs here (no {INDEX}); start one with tsym sim"
        ) from error
    except (OSError, msgspec.DecodeError) as error:
        raise FolderError(f"{path}: cannot be read: {error}") from error


class Folder:
    """One simulator's folder. Claim it first, release it last."""

    def __init__(self, directory: Path, hosts: Iterable[str], *, is_ours: bool = False) -> None:
        """Prepare for a directory; it goes in the end when we made it, or when it was made for us (`is_ours`)."""
        self.directory = directory.absolute()
        self._sockets = tuple(f"{host}.sock" for host in hosts)
        self._lock: int | None = None
        self._goes_in_the_end = is_ours
        self._is_swept = False
        """Whether index and sockets in the folder, if any, are ours to remove."""

    def socket(self, host: str) -> Path:
        """Return the path of a host's socket."""
        return self.directory / f"{host}.sock"

    def claim(self) -> None:
        """Make the folder ours; raise `FolderError` when it cannot be."""
        longest = max((len(os.fsencode(self.directory / name)) for name in self._sockets), default=0)
        if longest > LONGEST_PATH_BYTES:
            raise FolderError(
                f"{self.directory}: its socket paths would take {longest} bytes, {LONGEST_PATH_BYTES} is the most that"
                " works everywhere; choose a shorter --dir, such as one under /tmp"
            )
        try:
            self._make_directory()
            self._take_lock()
            self._sweep()
        except OSError as error:
            self.release()
            raise FolderError(f"{self.directory}: {error.strerror or error}") from error
        except FolderError:
            self.release()
            raise

    def publish(self, index: Index) -> None:
        """Write the index: from now on others may use the sockets."""
        draft = self.directory / f".{INDEX}.new"
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(index)) + b"\n")
        draft.replace(self.directory / INDEX)

    def withdraw(self) -> None:
        """Remove the index: nobody should start using the sockets."""
        if self._is_swept:
            (self.directory / INDEX).unlink(missing_ok=True)

    def release(self) -> None:
        """Remove everything we made and let the folder go."""
        self.withdraw()
        for name in self._sockets if self._is_swept else ():
            self._remove_socket(name)
        self._is_swept = False
        if self._lock is not None:
            (self.directory / LOCK).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
        if self._goes_in_the_end:
            with contextlib.suppress(OSError):  # somebody may have put a file of theirs there
                self.directory.rmdir()

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True)
            self._goes_in_the_end = True
        except FileExistsError:
            if not self.directory.is_dir():
                raise FolderError(f"{self.directory}: is a file; choose another --dir") from None

    def _take_lock(self) -> None:
        path = self.directory / LOCK
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_current = os.path.samestat(os.fstat(lock), path.stat())  # its last owner may just have removed it
        except (BlockingIOError, FileNotFoundError):
            is_current = False
        if not is_current:
            claim = _read_claim(lock)
            os.close(lock)
            who = f" (process {claim.pid})" if claim else ""
            raise FolderError(
                f"{self.directory}: a simulated tailnet runs here already{who}; end that one or choose another --dir"
            )
        if os.fstat(lock).st_size > 0 and _read_claim(lock) is None:
            os.close(lock)
            raise FolderError(f"{path}: in the way and not ours; move it or choose another --dir")
        self._lock = lock

    def _sweep(self) -> None:
        """Remove what a killed simulator left, and write down what is ours from now on."""
        assert self._lock is not None  # noqa: S101 - claim takes the lock first
        claim = _read_claim(self._lock)
        if claim is not None:
            (self.directory / INDEX).unlink(missing_ok=True)
            for name in claim.sockets:
                if os.sep not in name:
                    self._remove_socket(name)
        for name in (INDEX, *self._sockets):
            if os.path.lexists(self.directory / name):
                raise FolderError(f"{self.directory / name}: in the way and not ours; move it or choose another --dir")
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, msgspec.json.encode(_Claim(os.getpid(), self._sockets)), 0)
        self._is_swept = True

    def _remove_socket(self, name: str) -> None:
        path = self.directory / name
        if path.is_socket():
            with contextlib.suppress(OSError):
                path.unlink()


def _read_claim(lock: int) -> _Claim | None:
    try:
        return msgspec.json.decode(os.pread(lock, 1 << 20, 0), type=_Claim)
    except msgspec.DecodeError:
        return None
