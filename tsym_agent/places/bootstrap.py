"""What a packed agent starts with: `__main__` of the single file and of the folder. Standard library only.

The single file is unpacked once, into a cache folder of its user's alone that is named after its content, and runs from
there; where nothing can be kept, into a temporary one that goes with the process.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

USAGE = 2


def main() -> int:
    """Unpack if need be, and run the agent."""
    place = Path(__file__).parent
    if zipfile.is_zipfile(place):
        place = unpacked(place, os.environ)
    wanted = (place / "runs-on").read_text(encoding="utf-8")
    if wanted != (here := f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"):
        sys.stderr.write(
            f"tsym-agent: this file was packed for {wanted}, and this is {here}; pack one here with "
            "`python -m tsym_agent.places zipapp`, or run it with the other Python\n"
        )
        return USAGE
    sys.path.insert(0, str(place))
    from tsym_agent.__main__ import main as run_agent

    return run_agent(sys.argv[1:])


def unpacked(archive: Path, env: Mapping[str, str]) -> Path:
    """Return the folder with what is in the archive, unpacked now or by a former start."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:16]
    for cache in cache_folders(env):
        try:
            return _kept(archive, cache / digest)
        except OSError:
            continue
    import atexit

    folder = Path(tempfile.mkdtemp(prefix="tsym-agent-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _extract(archive, folder)
    return folder


def cache_folders(env: Mapping[str, str]) -> list[Path]:
    """Return where an unpacked agent may be kept, best first: the service manager's place, the user's, the system's."""
    found = []
    if service := env.get("CACHE_DIRECTORY", "").partition(":")[0]:
        found.append(Path(service))
    if user := env.get("XDG_CACHE_HOME"):
        found.append(Path(user) / "tsym" / "agent")
    elif home := env.get("HOME"):
        found.append(Path(home) / ".cache" / "tsym" / "agent")
    if os.geteuid() == 0:
        found.append(Path("/var/cache/tsym-agent"))
    return found


def _kept(archive: Path, folder: Path) -> Path:
    """Return the folder, which only ever appears whole; raise `OSError` when it cannot be made or is not ours."""
    folder = folder.parent.resolve() / folder.name
    _refuse_strangers(folder.parent)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.parent.stat().st_uid != os.geteuid() or folder.parent.stat().st_mode & 0o022:
        raise PermissionError(f"{folder.parent} can be written by others")
    if not folder.is_dir():
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
        try:
            _extract(archive, partial)
            partial.rename(folder)
        except OSError:
            shutil.rmtree(partial, ignore_errors=True)
            if not folder.is_dir():  # else another start was quicker
                raise
    if folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to another user")
    return folder


def _refuse_strangers(folder: Path) -> None:
    """Raise `PermissionError` where somebody else could put another folder in this one's place.

    The agent loads parts of itself as long as it runs: one that root keeps in a user's home would be that user's.
    """
    for place in (folder, *folder.parents):
        if place.exists():
            found = place.stat()
            is_anybodys = found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
            if found.st_uid not in {0, os.geteuid()} or is_anybodys:
                raise PermissionError(f"{place} can be changed by others")


def _extract(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)


if __name__ == "__main__":
    raise SystemExit(main())
