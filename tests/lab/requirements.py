"""What a machine must have for the lab, and one line that says what it lacks."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

MINIMUM_GO = (1, 26)

DEBIAN_PACKAGES = {"ip": "iproute2", "nft": "nftables", "conntrack": "conntrack", "setpriv": "util-linux"}
"""Programs the lab runs, and the Debian package that brings each."""


SSH_PACKAGES = {"ssh": "openssh-client", "sshd": "openssh-server"}
"""What the tests of one transport need on top: a machine without them has a lab all the same."""


class LabError(Exception):
    """The lab cannot be built or do what was asked; the message says what was seen and what to try.

    - tools.BuildError: a tool set did not build
    - programs.ProgramError: a program ended, or was not ready in time
    """


class BuiltOrNot(Protocol):
    """The one question this module has about a tool set."""

    @property
    def is_built(self) -> bool: ...


def lacks(toolsets: Iterable[BuiltOrNot]) -> str | None:
    """Name what this machine lacks for a lab with these tools, in one line; None when it lacks nothing.

    Debian packages that are missing are installed when that is possible.
    """
    if sys.platform != "linux":
        return f"needs Linux network namespaces, and this is {sys.platform}"
    if os.geteuid() != 0:
        return f"needs root for network namespaces, and this is uid {os.geteuid()}"
    if not Path("/dev/net/tun").exists():
        return "needs /dev/net/tun, and this kernel or container does not offer it"
    if not _runs("unshare", "--net", "true"):
        return "needs the right to make network namespaces, and `unshare --net true` was refused"
    if not all(toolset.is_built for toolset in toolsets) and (trouble := _go_trouble()):
        return trouble
    return _install_missing_packages(DEBIAN_PACKAGES)


def lacks_ssh() -> str | None:
    """Name what this machine lacks for a host reached by ssh, in one line; None when it lacks nothing."""
    absent = _absent_programs(SSH_PACKAGES)
    if "sshd" in absent and Path("/run/systemd/system").exists():
        return "needs sshd; install openssh-server yourself, since its package opens this machine's port 22"
    return _install_missing_packages(SSH_PACKAGES)


def require(toolsets: Iterable[BuiltOrNot]) -> None:
    """Raise LabError with what this machine lacks, if anything."""
    if lacking := lacks(toolsets):
        raise LabError(lacking)


def is_required() -> bool:
    """Say whether lacking something is a failure, not a skip: on the project's CI."""
    return os.environ.get("CI") == "true"


def parse_go_version(text: str) -> tuple[int, int] | None:
    """Read (major, minor) out of what `go version` prints; None if it is none of Go's release names."""
    found = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def _go_trouble() -> str | None:
    wanted = f"needs Go {MINIMUM_GO[0]}.{MINIMUM_GO[1]} or newer to build tailscale and headscale"
    if shutil.which("go") is None:
        return f"{wanted}, and there is no `go` on the PATH"
    said = subprocess.run(["go", "version"], capture_output=True, text=True, check=False).stdout.strip()
    version = parse_go_version(said)
    if version is None or version < MINIMUM_GO:
        return f"{wanted}, and `go version` says {said!r}"
    return None


def _install_missing_packages(wanted: Mapping[str, str]) -> str | None:
    if not (absent := _absent_programs(wanted)):
        return None
    packages = [wanted[program] for program in absent]
    if shutil.which("apt-get") is None:
        return f"needs the programs {', '.join(absent)}; install them (Debian calls them {' '.join(packages)})"
    _runs("apt-get", "update", "-q")
    _runs("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages)
    if still := _absent_programs(wanted):
        return f"needs the programs {', '.join(still)}, and `apt-get install {' '.join(packages)}` did not bring them"
    return None


def _absent_programs(wanted: Mapping[str, str]) -> list[str]:
    return [program for program in wanted if shutil.which(program) is None]


def _runs(*argv: str) -> bool:
    noninteractive = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(argv, env=noninteractive, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
