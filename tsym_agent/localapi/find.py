"""Finding this machine's tailscaled: every place a distribution, a container, an appliance or macOS keeps it.

The first place where something listens wins. A socket that is there and refuses us ends the search with that refusal:
going on to some other daemon behind a person's back would answer another question than the one asked.

Places: paths and safesocket of tailscale 1.102.3, containerboot, and the vendors' packages.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from tsym_agent.localapi.endpoints import Endpoint
from tsym_agent.localapi.errors import DaemonNotFoundError, DaemonUnreachableError
from tsym_agent.localapi.macos import ListOpenFiles, app_store_endpoints, list_open_files, standalone_endpoint
from tsym_agent.localapi.refusals import START_HINT, from_wire
from tsym_agent.wire.connection import Connection
from tsym_agent.wire.errors import ConnectError
from tsym_agent.wire.openers import UnixOpener

UNIX_PLACES = (
    "var/run/tailscale/tailscaled.sock",
    "run/tailscale/tailscaled.sock",
    "tmp/tailscaled.sock",  # the official container
    "var/packages/Tailscale/var/tailscaled.sock",  # Synology DSM 7
    "var/packages/Tailscale/etc/tailscaled.sock",  # Synology DSM 6
    "tmp/tailscale/tailscaled.sock",  # QNAP
    "perm/tailscaled/tailscaled.sock",  # gokrazy
)
MACOS_PLACES = ("var/run/tailscaled.socket",)

THIS_MACHINE = "this machine"


async def find_daemon(
    env: Mapping[str, str] = os.environ,
    *,
    root: Path = Path("/"),
    platform: str = sys.platform,
    open_files: ListOpenFiles = list_open_files,
) -> Endpoint:
    """Return where this machine's tailscaled listens.

    `TS_SOCKET` in `env`, when set, is the only place looked at. `root` stands before every other path. Raises
    `DaemonNotFoundError` with all that was tried, or the refusal of a socket that is there.
    """
    if named := env.get("TS_SOCKET"):
        return await _connectable(Endpoint(UnixOpener(named)))
    if platform == "win32":
        raise DaemonNotFoundError(
            THIS_MACHINE,
            "on Windows tailscaled listens on a named pipe, which is not spoken here",
            "ask another machine's daemon with --host; `tailscale debug local-creds` shows what this one offers",
        )
    tried: list[str] = []
    if platform == "darwin" and (app := await _find_app(root, open_files, tried)):
        return app
    for place in MACOS_PLACES if platform == "darwin" else UNIX_PLACES:
        path = root / place
        if reason := _reason_to_pass(path):
            tried.append(f"{path} ({reason})")
        else:
            return await _connectable(Endpoint(UnixOpener(str(path))))
    raise DaemonNotFoundError(
        THIS_MACHINE,
        f"no tailscaled found; looked at {', '.join(tried)}",
        f"if it is installed, {START_HINT}; if it listens elsewhere, set TS_SOCKET",
    )


async def _find_app(root: Path, open_files: ListOpenFiles, tried: list[str]) -> Endpoint | None:
    """Return the macOS app that answers; an app that left its files and went is only noted."""
    candidates = [("App Store app", endpoint) for endpoint in await app_store_endpoints(open_files)]
    if standalone := standalone_endpoint(root):
        candidates.append(("standalone app", standalone))
    if not candidates:
        tried.append("the macOS apps (not running)")
    for name, endpoint in candidates:
        try:
            return await _connectable(endpoint)
        except DaemonUnreachableError as error:
            tried.append(f"{name} at {endpoint.where} ({error.message})")
    return None


def _reason_to_pass(path: Path) -> str | None:
    """Say why a place is passed over; None = it holds a socket, or something only the system may explain."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return None  # connecting gives the same refusal, and that is the one to tell
    if not stat.S_ISSOCK(found.st_mode):
        return "not a socket"
    if _is_anybodys(path.parent) and found.st_uid not in {0, os.geteuid()}:
        return "belongs to another user"
    return None


def _is_anybodys(folder: Path) -> bool:
    """Say whether every user may put a socket there: what stands in /tmp proves nothing by its name."""
    return bool(folder.stat().st_mode & stat.S_IWOTH)


async def _connectable(endpoint: Endpoint) -> Endpoint:
    try:
        connection = await Connection.open(endpoint)
    except ConnectError as error:
        raise from_wire(endpoint.where, error) from error
    connection.abort()
    await connection.wait_closed()
    return endpoint
