"""What `/v1/hello` says of each command: whether it would run for this caller now, and what keeps it from it."""

from __future__ import annotations

import re
from collections.abc import Callable

from tsym_agent.localapi.commands import Command
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hello import CommandWord, DaemonWord
from tsym_agent.model.hosts import Rights
from tsym_agent.server.beside import Facts
from tsym_agent.server.identity import Permissions
from tsym_agent.server.problems import PRIVILEGED_HINT

_RELEASE = re.compile(r"(\d+)\.(\d+)")


def command_words(facts: Facts, permissions: Permissions, *, allow_write: bool) -> tuple[CommandWord, ...]:
    """Say of each command whether it would run, and if not, the first reason that keeps it from it."""
    checks: tuple[Callable[[Command], str], ...] = (
        lambda command: _permission_reason(command, permissions, allow_write=allow_write),
        lambda command: _daemon_reason(command, facts.daemon),
    )
    return tuple(_word(command, checks) for command in COMMANDS.values())


def _word(command: Command, checks: tuple[Callable[[Command], str], ...]) -> CommandWord:
    reason = next((reason for check in checks if (reason := check(command))), "")
    return CommandWord(name=command.name, runs=not reason, reason=reason)


def _permission_reason(command: Command, permissions: Permissions, *, allow_write: bool) -> str:
    if permissions.permits(command):
        return ""
    if command.acts:
        return "your grant does not let you act" if allow_write else "this agent runs without --allow-write"
    return permissions.limit or "your grant does not name it"


def _daemon_reason(command: Command, daemon: DaemonWord) -> str:
    if daemon.error:
        return daemon.error
    release, since, until = (release_of(text) for text in (daemon.version or "", command.since, command.until))
    if release and since and release < since:
        return f"its tailscaled is {daemon.version}; this came with {command.since}"
    if release and until and release > until:
        return f"its tailscaled is {daemon.version}; this went after {command.until}"
    if command.right is Rights.WRITE and daemon.rights is Rights.READ:
        return PRIVILEGED_HINT
    return ""


def release_of(version: str) -> tuple[int, int] | None:
    """Return major and minor of a version; None for a text that has none."""
    found = _RELEASE.match(version)
    return (int(found[1]), int(found[2])) if found else None
