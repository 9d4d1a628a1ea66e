"""Who may come to an agent in a test: whois answers, and a daemon that gives them."""

from __future__ import annotations

import msgspec

from tsym_agent.localapi.errors import DaemonUnreachableError, NoSuchObjectError
from tsym_agent.model.agents import CAPABILITY
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.status import UserProfile
from tsym_agent.model.whois import WhoIs
from tsym_agent.wire.exchange import Request


def visitor(
    *tags: str, login: str = "", user_id: int = 7, name: str = "laptop", sharer: int = 0, grants: object = None
) -> WhoIs:
    """Return what whois says of a node; `grants` is the list of values of the agent's capability."""
    values = None if grants is None else msgspec.json.decode(msgspec.json.encode(grants), type=tuple[msgspec.Raw, ...])
    node = ControlNode(
        stable_id=StableNodeID(f"n-{name}"), name=f"{name}.example.ts.net.", tags=tags or None, sharer=sharer
    )
    profile = UserProfile(id=user_id, login_name="tagged-devices" if tags else login)
    return WhoIs(node=node, user_profile=profile, cap_map=None if grants is None else {CAPABILITY: values})


class FakeWho:
    """A daemon that knows some addresses, and can be silent."""

    def __init__(self, **known: WhoIs) -> None:
        self.known = {address.replace("_", "."): who for address, who in known.items()}
        self.asked: list[tuple[str, str | None]] = []
        self.is_silent = False

    def know(self, address: str, who: WhoIs) -> None:
        self.known[address] = who

    async def who_is(self, addr: str, proto: str | None = None) -> WhoIs:
        self.asked.append((addr, proto))
        if self.is_silent:
            raise DaemonUnreachableError("/run/s.sock", "nobody listens", "start it")
        found = self.known.get(addr) or self.known.get(addr.rpartition(":")[0])
        if found is None:
            raise NoSuchObjectError("/run/s.sock", "whois: no match for IP:port")
        return found


def request(
    target: str = "/v1/hello",
    *,
    method: str = "GET",
    remote: tuple[str, int] | None = ("100.64.0.9", 51000),
    host: str = "agent.example.ts.net:3621",
    body: bytes = b"",
) -> Request:
    """Return a request as a server hands it over."""
    return Request(method, target, (("host", host),), body, remote)
