"""The agent as one file, or as one folder, that any Python of the same release and platform runs.

The libraries it stands on are taken from this interpreter's installation, nothing is fetched. One of them is compiled,
so the file says which Python it is for, and its first start unpacks it (`bootstrap`): a library cannot be loaded out
of a zip. The same versions give the same bytes.
"""

from __future__ import annotations

import stat
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

LIBRARIES = ("h11", "msgspec")
PACKAGE = Path(__file__).parents[1]
LEFT_OUT = frozenset({"sim"})
"""Packages of ours that no agent runs."""

SHEBANG = b"#!/usr/bin/env python3\n"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date a zip can say."""


class PackingError(Exception):
    """The agent cannot be packed here; says what is missing."""


def write_zipapp(target: Path) -> None:
    """Write the agent as one file that can be run; raise `PackingError` or `OSError`."""
    contents = dict(_contents())
    with target.open("wb") as file:
        file.write(SHEBANG)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(contents):
                archive.writestr(_entry(name), contents[name])
    target.chmod(0o755)


def write_folder(target: Path) -> None:
    """Write the agent as a folder for `python FOLDER`; what is in its place already must be an empty folder."""
    if target.is_dir() and any(target.iterdir()):
        raise PackingError("there is something in that folder already")
    for name, content in _contents():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def runs_on() -> str:
    """Return which Python and machine the packed agent is for, as `bootstrap` compares it."""
    return f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"


def _contents() -> Iterator[tuple[str, bytes]]:
    """Yield names in the archive and what they hold."""
    yield "__main__.py", Path(__file__).with_name("bootstrap.py").read_bytes()
    yield "runs-on", runs_on().encode()
    for path in sorted(PACKAGE.rglob("*")):
        relative = path.relative_to(PACKAGE)
        if path.is_file() and "__pycache__" not in relative.parts and relative.parts[0] not in LEFT_OUT:
            yield f"tsym_agent/{relative.as_posix()}", path.read_bytes()
    for library in LIBRARIES:
        yield from _files_of(library)


def _files_of(library: str) -> Iterator[tuple[str, bytes]]:
    """Yield what an installed library is made of, and its licence."""
    try:
        listed = metadata.files(library)
    except metadata.PackageNotFoundError:
        listed = None
    if not listed:
        raise PackingError(f"the library {library} is not installed for {sys.executable} in a way that lists its files")
    for path in listed:
        is_code = path.parts[0] == library and path.suffix in {".py", ".so"} and "tests" not in path.parts
        if is_code or (path.parts[0].endswith(".dist-info") and path.stem.upper().startswith("LICEN")):
            yield path.as_posix(), path.read_binary()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    return entry
