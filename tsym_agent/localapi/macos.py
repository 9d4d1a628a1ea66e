"""The two macOS apps: they listen on a TCP port of loopback and prove "same user" by a token on disk.

* The App Store app keeps a file open whose *name* holds port and token; only its own user may list its open files.
* The standalone app (macsys) leaves its port as the target of a symlink and its token in a file for group `admin`.
  Both may be left over from an earlier run, so the port is tried before it is believed.

Learnt from safesocket/safesocket_darwin.go of tailscale 1.102.3; tried against stand-ins only, not on a Mac.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from tsym_agent.localapi.endpoints import Endpoint
from tsym_agent.localapi.errors import AccessDeniedError
from tsym_agent.wire.openers import TcpOpener

ListOpenFiles = Callable[[], Awaitable[str]]
"""Returns what `lsof -F` says of the App Store app's open files; empty when there is none."""

LOOPBACK = "127.0.0.1"
"""The apps bind IPv4 loopback only, and `localhost` may mean IPv6."""

LSOF_TIMEOUT_S = 5.0

_PROOF_NAME = re.compile(r"\.tailscale\.ipn\.macos/sameuserproof-(\d{1,5})-([0-9A-Fa-f]+)$", re.MULTILINE)


async def list_open_files() -> str:
    """Ask lsof for the files the App Store app's extension holds open under our user."""
    command = ("lsof", "-n", "-a", f"-u{os.getuid()}", "-c", "IPNExtension", "-F")
    quiet = asyncio.subprocess.DEVNULL
    try:
        lsof = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=asyncio.subprocess.PIPE, stderr=quiet)
    except FileNotFoundError:
        return ""
    try:
        async with asyncio.timeout(LSOF_TIMEOUT_S):
            output, _ = await lsof.communicate()
    except TimeoutError:
        return ""  # lsof hangs on dead network mounts: then the app is not found, and the search goes on
    finally:
        if lsof.returncode is None:
            with suppress(ProcessLookupError):
                lsof.kill()
            await lsof.wait()
    return output.decode("utf-8", "replace")


def parse_open_files(listing: str) -> list[tuple[int, str]]:
    """Return port and token of each proof file in what lsof listed, in its order."""
    return [(int(port), token) for port, token in _PROOF_NAME.findall(listing)]


async def app_store_endpoints(list_files: ListOpenFiles) -> list[Endpoint]:
    """Return where the App Store app says it listens."""
    return [Endpoint(TcpOpener(LOOPBACK, port), token) for port, token in parse_open_files(await list_files())]


def standalone_endpoint(root: Path) -> Endpoint | None:
    """Return where the standalone app says it listens; None when it is not installed.

    Raises `AccessDeniedError` when this user may not read the token.
    """
    folder = root / "Library/Tailscale"
    try:
        port = int(str((folder / "ipnport").readlink()))
    except (OSError, ValueError):
        return None
    proof = folder / f"sameuserproof-{port}"
    try:
        token = proof.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise AccessDeniedError(str(proof), "this user may not read it", "join the group admin, or use sudo") from error
    return Endpoint(TcpOpener(LOOPBACK, port), token)
