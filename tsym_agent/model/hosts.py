"""A vantage point: a tailscaled we can ask."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tsym_agent.model.ids import NodeRef


class HostState(StrEnum):
    """How a host stands with us."""

    OK = "ok"
    CONNECTING = "connecting"
    """Not answered yet, or its daemon is starting."""
    FAILED = "failed"
    """Does not answer; on screen "silent"."""
    DENIED = "denied"
    """Answers, and refuses us."""
    STOPPED = "stopped"
    """tailscaled answers but is down by wish."""
    NEEDS_LOGIN = "needs-login"
    """Logged out, key expired, or waiting for approval; `error` says which."""


class Rights(StrEnum):
    """What the daemon lets us do."""

    READ = "r"
    WRITE = "w"


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One host and its state."""

    spec: str
    """How it was named: `local`, `unix:PATH`, `sim:DIR#HOST`, …"""
    ref: NodeRef | None = None
    """The node it is; None until it answered once."""
    name: str = ""
    """Its short name, else the spec."""
    state: HostState = HostState.CONNECTING
    via: str = ""
    """The byte stream in use: a socket path, an address."""
    version: str | None = None
    rights: Rights | None = None
    age_s: float | None = None
    """Since its last answer; None = never."""
    error: str | None = None
    """What went wrong and what to do, printable; None when all is well."""
    health: tuple[str, ...] = ()
    """Warnings of its daemon."""
    agent: str | None = None
    """Version of the agent that is asked; None = the daemon is asked itself, or what answers is no agent of ours."""
    mode: str = ""
    """How the agent stands: `attach`, `own`, `dev`; `another agent` for one that is not ours."""
    is_followed: bool = False
    """Whether it tells of changes by itself; otherwise it is polled."""
