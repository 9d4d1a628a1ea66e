"""The root filesystem that our Containerfile would make, put together without a registry.

The base image is played by this machine's own Python with the libraries it needs; everything else is done as the file's
last stage says: what is copied in, as whom it runs, and its entry point.
"""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tsym_agent.places import read_place
from tsym_agent.places.packing import write_folder

UNUSED = shutil.ignore_patterns(
    "test", "tests", "idlelib", "tkinter", "ensurepip", "site-packages", "__pycache__", "*.a"
)


@dataclass(frozen=True)
class Image:
    """A root filesystem, and how the agent is started in it."""

    root: Path
    entrypoint: list[str]
    user: str
    env: dict[str, str]

    def boot(self, *words: str, socket: Path, user: str | None = None) -> list[str]:
        """Return the command that starts the agent in a mount namespace of its own, beside a daemon's socket.

        What is mounted goes with the namespace, which `ip netns exec` has made.
        """
        inside = self.root / "run" / "tailscale" / "tailscaled.sock"
        mount = f"mount --bind -o ro {self.root} {self.root} && mount --bind {socket} {inside}"
        variables = [f"{name}={value}" for name, value in self.env.items()]
        start = ["chroot", f"--userspec={user or self.user}", str(self.root), "/usr/bin/env", "-i", *variables]
        start += [*self.entrypoint, *words]
        return ["sh", "-c", f'{mount} && exec "$@"', "boot", *start]


def make_image(root: Path) -> Image:
    """Put the root filesystem together; the folder must not exist yet."""
    last_stage = read_place("Containerfile").rpartition("\nFROM ")[2]
    entrypoint = re.search(r"^ENTRYPOINT (\[.*\])$", last_stage, re.MULTILINE)
    user = re.search(r"^USER (\S+)$", last_stage, re.MULTILINE)
    env = re.search(r"^ENV (.+)$", last_stage, re.MULTILINE)
    assert entrypoint
    assert user
    assert env
    _copy_python(root)
    _copy_program(Path("/usr/bin/env"), root)
    write_folder(root / "opt" / "tsym-agent")
    for module in (root / "opt").rglob("*.so"):  # a whole base image has all of them
        _copy_libraries(module, root)
    for folder in ("run/tailscale", "tmp", "var/lib/tsym-agent", "etc"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "run" / "tailscale" / "tailscaled.sock").touch()
    variables = dict(pair.split("=", 1) for pair in env[1].split())
    return Image(root, json.loads(entrypoint[1]), user[1], {"PATH": "/usr/local/bin:/usr/bin:/bin"} | variables)


def _copy_python(root: Path) -> None:
    """Copy this interpreter to where it expects itself, and link it where an image has it."""
    prefix = Path(sys.base_prefix)
    release = f"python{sys.version_info.major}.{sys.version_info.minor}"
    binary = prefix / "bin" / release
    _copy_program(binary, root)
    library = prefix / "lib" / release
    shutil.copytree(library, root / library.relative_to("/"), ignore=UNUSED, symlinks=True)
    for module in (library / "lib-dynload").glob("*.so"):
        _copy_libraries(module, root)
    link = root / "usr" / "local" / "bin" / "python3"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(binary)


def _copy_program(path: Path, root: Path) -> None:
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, target)
    _copy_libraries(path, root)


def _copy_libraries(path: Path, root: Path) -> None:
    listed = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
    for found in re.findall(r"(/\S+) \(0x", listed):
        target = root / found.lstrip("/")
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, target)
