"""Which `tailscaled` and `tailscale` are run, and the environment they are given.

The environment is built, not inherited: ours may hold an auth key, an OAuth secret or a token of a cluster, and a
child's environment is one `ps e` away from every program of the same user.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tsym_agent.tailscaled.errors import ProgramNotFoundError

USUAL_PLACES = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin", "/opt/homebrew/bin")
"""A plain user's PATH often leaves out the folders where packages put tailscaled."""

VARIABLES = {"tailscaled": "TSYM_TAILSCALED", "tailscale": "TSYM_TAILSCALE"}

PASSED_ON = frozenset(
    {
        "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
        "TS_DISABLE_PORTMAPPER", "TS_LOG_VERBOSITY", "TS_PERMIT_CERT_UID",
        "TS_ASSUME_NETWORK_UP_FOR_TEST", "TS_PANIC_IF_HIT_MAIN_CONTROL",
    }
)  # fmt: skip
"""What a tailscaled needs of its surroundings: places, certificates, proxies, and switches that are no secrets."""
PASSED_PREFIX = "TS_DEBUG_"


@dataclass(frozen=True, slots=True)
class Programs:
    """The two binaries, which belong to one release."""

    tailscaled: Path
    tailscale: Path


def find_programs(
    env: Mapping[str, str] = os.environ, *, tailscaled: Path | None = None, tailscale: Path | None = None
) -> Programs:
    """Return the programs to run; raise `ProgramNotFoundError` with what would help.

    What is given counts first, then `TSYM_TAILSCALED` and `TSYM_TAILSCALE`, then the PATH and the usual places.
    """
    return Programs(_find("tailscaled", tailscaled, env), _find("tailscale", tailscale, env))


def child_environment(env: Mapping[str, str], state_dir: Path, *, uploads_logs: bool = False) -> dict[str, str]:
    """Return the environment of a tailscaled whose logs lie in `state_dir`, with none of our own secrets."""
    passed = {name: value for name, value in env.items() if name in PASSED_ON or name.startswith(PASSED_PREFIX)}
    own = {"PATH": _search_path(env), "TS_LOGS_DIR": str(state_dir)}
    return passed | own | ({} if uploads_logs else {"TS_NO_LOGS_NO_SUPPORT": "1"})


def _find(name: str, given: Path | None, env: Mapping[str, str]) -> Path:
    variable = VARIABLES[name]
    named = given or (Path(env[variable]) if env.get(variable) else None)
    if named is not None:
        if not os.access(named, os.X_OK) or named.is_dir():
            raise ProgramNotFoundError(
                f"{named} is not a program that can be run", f"mend the path, or unset {variable}"
            )
        return named.absolute()
    found = shutil.which(name, path=_search_path(env))
    if found is None:
        raise ProgramNotFoundError(
            f"a node of its own needs the program {name}, and it is not on the PATH",
            f"install Tailscale on this machine (it need not run), or name the program with {variable}",
        )
    return Path(found).absolute()


def _search_path(env: Mapping[str, str]) -> str:
    own = [part for part in env.get("PATH", "").split(os.pathsep) if part]
    return os.pathsep.join([*own, *(place for place in USUAL_PLACES if place not in own)])
