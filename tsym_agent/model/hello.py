"""`GET /v1/hello` of an agent: who it is, whom it stands beside, who is asking, and what that one may do."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tsym_agent.model.hosts import Rights
from tsym_agent.model.payload import Body, decode

SCHEMA = "tsym/hello/1"


class AgentMode(StrEnum):
    """How an agent stands on the tailnet."""

    ATTACH = "attach"
    """On the addresses of the tailscaled that it speaks about."""
    OWN = "own"
    """On a node of its own, beside the one it speaks about."""
    DEV = "dev"
    """On loopback: no tailnet, no identity."""


class Admission(StrEnum):
    """Why a caller was let in."""

    TAG = "tag"
    USER = "user"
    OWNER = "owner"
    CAPABILITY = "capability"
    DEV = "dev"


class AgentWord(msgspec.Struct, frozen=True, kw_only=True):
    """The agent itself."""

    version: str
    mode: AgentMode
    started_at: str
    """RFC 3339."""


class HelloNode(msgspec.Struct, frozen=True, kw_only=True):
    """The node that the agent speaks about."""

    id: str
    name: str
    control_url: str
    tailnet: str
    addresses: tuple[str, ...] = ()


class DaemonWord(msgspec.Struct, frozen=True, kw_only=True):
    """How its tailscaled stands."""

    version: str | None = None
    state: str | None = None
    """As the daemon spells it; None while it does not answer."""
    rights: Rights | None = None
    """What it lets the agent do."""
    error: str | None = None
    """Why it does not answer, and what to do."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, as the agent's tailscaled knows it."""

    id: str
    """Stable node ID; empty with `--dev`."""
    name: str
    login: str | None = None
    """Its owner; None for tagged nodes."""
    tags: tuple[str, ...] = ()
    via: Admission = Admission.DEV


class May(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller may run."""

    commands: tuple[str, ...] = ()
    """Names of the registry; `*` = all that read."""
    write: bool = False
    """Whether commands that act are among them."""


class CommandWord(msgspec.Struct, frozen=True, kw_only=True):
    """One command, and whether this agent would run it for this caller now."""

    name: str
    runs: bool
    reason: str = ""
    """Why not, and what would help."""


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer."""

    schema: str = SCHEMA
    agent: AgentWord
    node: HelloNode | None = None
    """None until its daemon has answered once."""
    daemon: DaemonWord
    you: Caller
    may: May
    commands: tuple[CommandWord, ...] = ()
    features: tuple[str, ...] = ()
    """What beyond LocalAPI it offers: `watch`, `ping`, `logs`, `events`, `etag`."""

    def word_on(self, command: str) -> CommandWord | None:
        """Return what it says of a command; None when it has never heard of it."""
        return next((word for word in self.commands if word.name == command), None)


_DECODER = msgspec.json.Decoder(Hello)


def parse_hello(body: Body) -> Hello:
    """Read an agent's hello; raises `PayloadError` for anything else, as another program's answer is."""
    return decode(_DECODER, body)
