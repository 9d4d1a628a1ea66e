"""A tailscaled on another machine, reached by ssh: its socket forwarded here, and asked as if it were ours.

The daemon sees the user who logged in there, so that user's rights are ours. No agent is needed on the far side, and no
shell either, unless something is wrong: then one short command looks for the reason.
"""

from __future__ import annotations

import asyncio

from tsym_agent.localapi.client import HOST_HEADER, MAX_PINGS, LocalClient
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    AnswerTimeoutError,
    DaemonNotFoundError,
    DaemonUnreachableError,
    LocalAPIError,
)
from tsym_agent.localapi.find import MACOS_PLACES, UNIX_PLACES
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.errors import WireError, WireTimeoutError
from tsym_agent.wire.openers import UnixOpener
from tsym_agent.wire.ssh import SshError, SshLink, SshTrouble

PLACES = tuple(f"/{place}" for place in (*UNIX_PLACES, *MACOS_PLACES))

KNOCK_S = 5.0

LOOK = (
    "sh -c 'id -un; while read -r p; do "
    'if test -S "$p"; then if test -w "$p"; then r=open; else r=closed; fi; '
    'if tailscale --socket="$p" status --json --peers=false </dev/null >/dev/null 2>&1; then r=well; fi; '
    'echo "$r $p"; fi; done\''
)
"""Says who we are there, and of each path on stdin that is a socket: whether we may open it, and whether its daemon
answers the program beside it. Written so that csh and fish take it, too."""

_SSH_ERRORS: dict[SshTrouble, tuple[type[LocalAPIError], str, str]] = {
    SshTrouble.MISSING: (DaemonUnreachableError, "there is no ssh program here", "install OpenSSH's client"),
    SshTrouble.NAME: (DaemonUnreachableError, "ssh does not know that name", "is it spelled as in your ssh_config?"),
    SshTrouble.UNREACHABLE: (DaemonUnreachableError, "ssh cannot reach it", "try `ssh {host}`"),
    SshTrouble.TIMEOUT: (AnswerTimeoutError, "ssh got no answer", "try `ssh {host}`"),
    SshTrouble.HOST_KEY_UNKNOWN: (
        AccessDeniedError,
        "its host key is not known here",
        "run `ssh {host}` once, and compare the key it shows",
    ),
    SshTrouble.HOST_KEY_CHANGED: (
        AccessDeniedError,
        "its host key is not the one known here",
        "if its owner confirms the new key, `ssh-keygen -R` its name and run `ssh {host}` once; if not, stay away",
    ),
    SshTrouble.LOGIN: (
        AccessDeniedError,
        "no key of yours lets you in without asking",
        "run `ssh {host}` once; if it asks for a passphrase, `ssh-add` your key first",
    ),
    SshTrouble.CONFIG: (DaemonUnreachableError, "your ssh_config is not right", "try `ssh {host}`"),
    SshTrouble.OTHER: (DaemonUnreachableError, "ssh did not connect", "try `ssh {host}`"),
}


class SshOpener:
    """Opens the LocalAPI socket of another machine, connecting by ssh when that is needed.

    Unlike other openers it raises `LocalAPIError`, not `OSError`: it knows the reason, and the way out.
    """

    def __init__(self, link: SshLink, socket: str = "") -> None:
        """Go by `link` to `socket` there; empty = the first usual place that answers."""
        self._link = link
        self._places = (socket,) if socket else PLACES
        self.where = f"ssh:{link.host}" + (f":{socket}" if socket else "")
        self._path: str | None = None
        self._finding: asyncio.Task[str] | None = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `LocalAPIError` when that cannot be done."""
        path = await self.find()
        try:
            return await UnixOpener(path).open()
        except OSError as error:
            raise DaemonUnreachableError(self.where, "the connection by ssh broke", "try again") from error

    async def find(self) -> str:
        """Return the socket here that leads to the daemon there, connecting first where that is needed.

        A caller that gives up leaves the search going for the next one: logging in may take longer than a question.
        """
        finding = self._finding
        if finding is None or finding.done():  # while one is going, the path is of a connection that broke
            if self._path is not None and self._link.is_up:
                return self._path
            finding = self._finding = asyncio.create_task(self._find(), name=f"way to {self.where}")
            finding.add_done_callback(_take_note)
        try:
            return await asyncio.shield(finding)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if finding.cancelled() and caller is not None and not caller.cancelling():
                raise DaemonUnreachableError(self.where, "the connection by ssh was closed") from None
            raise

    async def aclose(self) -> None:
        """End the connection."""
        if self._finding is not None:
            self._finding.cancel()
            await asyncio.gather(self._finding, return_exceptions=True)
        await self._link.aclose()

    async def _find(self) -> str:
        try:
            await self._link.connect()
            for place in self._places:
                path = await self._link.forward(place)
                if await _answers(path):
                    self._path = path
                    return path
            raise await self._explain()
        except SshError as error:
            raise self._from_ssh(error) from error
        except OSError as error:
            words = f"ssh cannot be started here: {error.strerror or error}"
            raise DaemonUnreachableError(self.where, words, "close other programs, and try again") from error

    async def _explain(self) -> LocalAPIError:
        """Find out why nobody answers: forwarding tells no reasons."""
        try:
            ran = await self._link.run(LOOK, "".join(f"{place}\n" for place in self._places).encode())
        except SshError:
            ran = None
        user, *findings = (ran.output.decode("utf-8", "replace").splitlines() if ran and ran.code == 0 else []) or [""]
        return self._from_findings(user, [(kind, path) for kind, _, path in (line.partition(" ") for line in findings)])

    def _from_findings(self, user: str, findings: list[tuple[str, str]]) -> LocalAPIError:
        host = self._link.host
        looked = ", ".join(self._places)
        if not user:
            words = "no tailscaled answers there, and no command may be run there to see why"
            hint = f"does its sshd forward sockets (AllowStreamLocalForwarding)? looked at {looked}"
            return DaemonUnreachableError(self.where, words, hint)
        for kind, path in findings:
            if kind == "well":
                words = f"tailscaled runs there, but sshd does not let {user} forward a socket"
                return AccessDeniedError(
                    self.where, words, "allow it in its sshd_config: AllowStreamLocalForwarding yes"
                )
            if kind == "closed":
                hint = f"log in as the one who may: ssh:root@{host.rpartition('@')[2]}, or put an agent there"
                return AccessDeniedError(self.where, f"{user} may not open {path} there", hint)
        if findings:
            words = f"nobody listens behind {findings[0][1]} there"
            return DaemonUnreachableError(self.where, words, f"start it: ssh -t {host} sudo systemctl start tailscaled")
        hint = f"if tailscaled listens elsewhere, write ssh:{host}:/ITS/SOCKET"
        return DaemonNotFoundError(self.where, f"no tailscaled socket there; looked at {looked}", hint)

    def _from_ssh(self, error: SshError) -> LocalAPIError:
        kind, meaning, hint = _SSH_ERRORS[error.trouble]
        return kind(self.where, f"{meaning}: {error.words}", hint.format(host=self._link.host))


class SshClient(LocalClient):
    """A client whose connection by ssh ends with it."""

    def __init__(self, opener: SshOpener, *, timeout_s: float = 5.0, max_pings: int = MAX_PINGS) -> None:
        super().__init__(opener, timeout_s=timeout_s, max_pings=max_pings)
        self._way = opener

    async def connect(self) -> None:
        """Log in and find the daemon's socket, however long ssh takes; raises `LocalAPIError`."""
        await self._way.find()

    async def aclose(self) -> None:
        """Close every connection, and the one by ssh."""
        await super().aclose()
        await self._way.aclose()


def _take_note(finding: asyncio.Task[str]) -> None:
    """Look at how a search ended which nobody waits for any more: the next one tells it anew."""
    if not finding.cancelled():
        finding.exception()


async def _answers(path: str) -> bool:
    """Say whether a daemon is behind a forwarded socket; one that is slow is one."""
    http = HttpClient(UnixOpener(path), host_header=HOST_HEADER, max_connections=1)
    try:
        await http.request("GET", "/localapi/v0/status?peers=false", timeout_s=KNOCK_S)
    except WireTimeoutError:
        return True
    except WireError:
        return False
    finally:
        await http.aclose()
    return True
