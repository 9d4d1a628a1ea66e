"""The private folder of an own node: its state, its socket, its key file while it logs in, and a lock.

It is its owner's alone (0700). The socket in it is open to everybody by its own mode, and whoever reaches it travels
the tailnet as this node; the state holds the node's private key.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tsym_agent.control.secrets import Secret
from tsym_agent.model.homes import at_home
from tsym_agent.tailscaled.errors import FolderError, FolderInUseError

SYSTEM_FOLDER = Path("/var/lib/tsym-agent")
MAX_SOCKET_BYTES = 100
"""The system's limit for a socket's path is 104 to 108 bytes, with its end."""

SUFFIX_BYTES = 3
_ALPHABET = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def default_state_dir(env: Mapping[str, str], *, is_root: bool) -> Path:
    """Return where an agent keeps its own node: the service manager's place, the system's, or the user's."""
    if service := env.get("STATE_DIRECTORY", "").partition(":")[0]:  # systemd's StateDirectory=
        return Path(service)
    if is_root:
        return SYSTEM_FOLDER
    return Path(env.get("XDG_STATE_HOME") or Path(env.get("HOME") or "/") / ".local" / "state") / "tsym" / "agent"


class Folder:
    """The folder, held by this process until `release`."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def take(cls, path: Path) -> Folder:
        """Make the folder or take over what a former run left; raise `FolderError` when it cannot be ours."""
        path = at_home(path).absolute()
        if len(os.fsencode(path / "tailscaled.sock")) > MAX_SOCKET_BYTES:
            raise FolderError(
                f"the state folder {path} has too long a name for a socket in it",
                f"choose one of at most {MAX_SOCKET_BYTES - len('/tailscaled.sock')} bytes",
            )
        with _explaining(path):
            path = _private(path)
            folder = cls(path, _locked(path))
            try:
                folder.key_path.unlink(missing_ok=True)  # a run that was killed could not
            except OSError:
                folder.release()
                raise
        return folder

    @property
    def socket(self) -> Path:
        """Where the node's tailscaled listens."""
        return self.path / "tailscaled.sock"

    @property
    def key_path(self) -> Path:
        """Where the auth key lies while the node logs in."""
        return self.path / "auth-key"

    @contextmanager
    def key_file(self, key: Secret) -> Iterator[Path]:
        """Write the key where only this user reads it, and remove it at the end; raise `FolderError`."""
        with _explaining(self.path):
            opened = os.open(self.key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with _explaining(self.path), os.fdopen(opened, "w", encoding="utf-8") as file:
                file.write(key.reveal())
            yield self.key_path
        finally:
            self.key_path.unlink(missing_ok=True)

    def hostname(self, prefix: str) -> str:
        """Return the prefix with a random end, the same one while the folder lives; raise `FolderError`."""
        remembered = self.path / "hostname"
        with _explaining(self.path):
            name = remembered.read_text(encoding="utf-8", errors="replace").strip() if remembered.exists() else ""
            if not (name.startswith(f"{prefix}-") and is_hostname(name)):
                name = f"{prefix}-{secrets.token_hex(SUFFIX_BYTES)}"
                remembered.write_text(f"{name}\n", encoding="utf-8")
        return name

    def release(self) -> None:
        """Let another agent have the folder; harmless when that was done."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def is_hostname(name: str) -> bool:
    """Say whether a name can be a node's: one DNS label."""
    return _ALPHABET.fullmatch(name.lower()) is not None


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Turn what the system says about the folder into a `FolderError`."""
    try:
        yield
    except OSError as error:
        words = error.strerror or str(error)
        raise FolderError(f"cannot use the state folder {path}: {words}", "choose another with --state-dir") from error


def _private(path: Path) -> Path:
    """Return the folder itself, made if new, ours, and closed to everybody else."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = path.resolve()  # a service manager may give us a link that only root could have made
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise FolderError(f"the state folder {path} belongs to another user", "choose another with --state-dir")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def _locked(path: Path) -> int:
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise FolderInUseError(
            f"another program keeps its own node in {path}", "stop that one, or choose another folder with --state-dir"
        ) from error
    return lock
