"""The lab's binaries, built once from their pinned Go modules into a cache outside the tree.

A tool set is a folder under `tools/` with a go.mod, whose `tool` lines name what is built, and its go.sum. Sets are
separate modules because one module has one version of each dependency: headscale would otherwise be compiled against
a tailscale it was never tested with.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .requirements import LabError

MODULES = Path(__file__).parent / "tools"

Say = Callable[[str], None]
"""Takes one line of narration for the person who waits."""

# Parts that only add weight here: cloud and hardware stores, other systems' service managers. Everything that a
# LocalAPI read answers from stays in, so that the lab's daemons say what packaged ones say.
OMITTED_FEATURES = ("aws", "bird", "completion", "desktop_sessions", "systray", "tap", "tpm", "wakeonlan")


class BuildError(LabError):
    """A tool set did not build; says which, and Go's own last words."""


@dataclass(frozen=True)
class Toolset:
    """One pinned Go module and how its tools are linked."""

    name: str
    """Its folder under `tools/`."""
    stamp: str | None = None
    """What a tailscale binary says its version is; the upstream build script would set it."""
    omitted: tuple[str, ...] = ()
    """Tailscale features left out, as their `ts_omit_` build tags name them."""
    modules: Path = MODULES
    """Where the folder of that name is."""

    @property
    def module(self) -> Path:
        return self.modules / self.name

    @property
    def flags(self) -> list[str]:
        ldflags = ["-s", "-w"]
        if self.stamp:
            ldflags += [f"-X tailscale.com/version.{kind}Stamp={self.stamp}" for kind in ("long", "short")]
        tags = ",".join(f"ts_omit_{feature}" for feature in self.omitted)
        return ["-trimpath", "-buildvcs=false", f"-ldflags={' '.join(ldflags)}", f"-tags={tags}"]

    @property
    def key(self) -> str:
        """Folder name in the cache: changes with the pinned versions, their checksums and the flags."""
        digest = hashlib.sha256("\n".join(self.flags).encode())
        for name in ("go.mod", "go.sum"):
            digest.update((self.module / name).read_bytes())
        return f"{self.name}-{digest.hexdigest()[:12]}"

    @property
    def folder(self) -> Path:
        return cache_root() / self.key

    @property
    def is_built(self) -> bool:
        """True once the folder exists: it only ever appears whole."""
        return self.folder.is_dir()


TAILSCALE = Toolset("tailscale", stamp="1.102.3", omitted=OMITTED_FEATURES)
TAILSCALE_OLD = Toolset("tailscale-1.80", stamp="1.80.3", omitted=("aws", "bird", "completion", "tap", "tpm"))
HEADSCALE = Toolset("headscale")
ALL = (TAILSCALE, HEADSCALE, TAILSCALE_OLD)


def cache_root() -> Path:
    """Folder of all built sets: `TSYM_TOOLS_DIR`, else the user's cache, so that a fresh clone finds them built."""
    if chosen := os.environ.get("TSYM_TOOLS_DIR"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tsym" / "tools"


def ensure(toolset: Toolset, say: Say = print) -> Path:
    """Folder with the set's binaries, building them first where the cache has none (minutes, when cold).

    Safe beside other builders, in this process or another: one builds, the rest wait and use what it made.
    """
    if toolset.is_built:
        return toolset.folder
    cache_root().mkdir(parents=True, exist_ok=True)
    with _building(toolset, say):
        if not toolset.is_built:
            _build(toolset, say)
    return toolset.folder


@contextmanager
def _building(toolset: Toolset, say: Say) -> Iterator[None]:
    with (cache_root() / f"{toolset.key}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process that builds {toolset.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(toolset: Toolset, say: Say) -> None:
    for abandoned in cache_root().glob(f".{toolset.key}.*"):
        shutil.rmtree(abandoned)  # we hold its lock: whoever made it is gone
    say(f"building {toolset.name} into {toolset.folder} (minutes, once)")
    partial = Path(tempfile.mkdtemp(prefix=f".{toolset.key}.", dir=cache_root()))
    try:
        built = subprocess.run(
            ["go", "build", *toolset.flags, "-o", f"{partial}/", "tool"],
            cwd=toolset.module,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if built.returncode != 0:
            last_words = "\n".join(built.stdout.splitlines()[-15:])
            raise BuildError(f"go build of {toolset.module} failed:\n{last_words}")
        partial.chmod(0o755)  # a daemon of another user may run them
        partial.rename(toolset.folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
