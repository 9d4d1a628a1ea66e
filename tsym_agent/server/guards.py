"""What a browser could be made to send, refused.

A web page can have its visitor's browser ask an agent, and the agent would see an allowed node. LocalAPI defends itself
by its Host and Origin checks; an agent drops those headers on the way to it, so it has to take that defence over. Host
must be a name or address of ours, which a rebound DNS name is not; Origin, Referer and Sec-Fetch-Site must not speak of
another site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

from tsym_agent.model.text import printable
from tsym_agent.server.problems import Code, ProblemError, problem
from tsym_agent.wire.exchange import Request

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

_AUTHORITY = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9_.-]{1,253}))(?::(?P<port>[0-9]{1,5}))?"
)
_TELLING = frozenset({"host", "origin", "referer", "sec-fetch-site"})
_MOST_KNOWN = 64
_OUR_SITES = frozenset({"same-origin", "none"})


class HostGuard:
    """Knows what this agent is called."""

    def __init__(self, names: Iterable[str] = (), port: int | None = None) -> None:
        """Answer to `names` (MagicDNS names and addresses) on `port`; None = on any."""
        self._names: frozenset[str] = frozenset()
        self._known: dict[str, bool] = {}
        self.port = port
        self.answer_to(names)

    def answer_to(self, names: Iterable[str]) -> None:
        """Replace the names; a full MagicDNS name stands for its first label, too."""
        self._known.clear()
        folded = {_folded(name) for name in names if name}
        self._names = frozenset(folded | {name.partition(".")[0] for name in folded if not _is_address(name)})

    def check(self, request: Request) -> None:
        """Raise `ProblemError` for a request that is meant for another, or made for another site."""
        said = [(name, value) for name, value in request.headers if name in _TELLING]
        host = request.host
        if not self._is_ours(host) or sum(name == "host" for name, _ in said) != 1:
            detail = f"this agent is not called {printable(host)[:80] or 'nothing'}"
            raise ProblemError(problem(Code.BAD_HOST, detail, "ask it by its MagicDNS name or its Tailscale address"))
        if len(said) > 1 and not all(_is_from_here(name, value, f"http://{host}".casefold()) for name, value in said):
            detail = "a page of another site may not ask an agent"
            raise ProblemError(problem(Code.BAD_HOST, detail, "use tsym, or open the address in a tab of its own"))

    def _is_ours(self, authority: str) -> bool:
        if (known := self._known.get(authority)) is not None:
            return known
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[authority] = is_ours = self._names_us(authority)
        return is_ours

    def _names_us(self, authority: str) -> bool:
        found = _AUTHORITY.fullmatch(authority)
        if found is None:
            return False
        if found["port"] and self.port is not None and int(found["port"]) != self.port:
            return False
        return _folded(found["v6"] or found["name"]) in self._names


def _is_from_here(name: str, value: str, origin: str) -> bool:
    match name:
        case "origin":
            return value.casefold() == origin
        case "referer":
            return not value or f"{value.casefold()}/".startswith(f"{origin}/")
        case "sec-fetch-site":
            return value in _OUR_SITES
        case _:
            return True


def _folded(name: str) -> str:
    if _is_address(name):
        return str(ip_address(name))
    return name.casefold().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
