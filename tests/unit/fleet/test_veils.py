"""Hosts that answer with pseudonyms. What their clients do is tested where they are used: in screens and commands."""

from __future__ import annotations

from tests.unit.fleet.planted import leaks, secret_tailnet
from tsym_agent.localapi.errors import AccessDeniedError
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hello import AgentMode, AgentWord, Caller, CommandWord, DaemonWord, Hello, May
from tsym_tui.fleet.fanout import obstacle
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.pseudonyms import Pseudonyms
from tsym_tui.fleet.veils import hidden_trouble, veiled

SALT = b"a salt of 32 bytes, as they are."


def test_a_host_is_veiled_with_its_node_and_tags() -> None:
    picture, names = secret_tailnet(), Pseudonyms(SALT)
    shown = names.hide(picture)
    asked = Asked(picture.hosts[0], next(iter(picture.nodes.values())), None, ("tag:narwhal",))
    found = veiled(asked, names)

    assert found.node is not None
    assert found.node.ref in shown.nodes
    assert leaks(str(found)) == []


def test_a_trouble_keeps_its_kind_and_loses_its_names() -> None:
    names = Pseudonyms(SALT)
    names.hide(secret_tailnet())
    trouble = hidden_trouble(AccessDeniedError("ssh:marisol@zebrafish", "zebrafish says no to 203.0.113.177"), names)

    assert isinstance(trouble, AccessDeniedError)
    assert "says no" in str(trouble)
    assert leaks(f"{trouble!r} {trouble} {trouble.where} {trouble.message} {trouble.hint}") == []


class Agent:
    """A client of an agent that says why it does not do something."""

    agent = Hello(
        agent=AgentWord(version="1.0", mode=AgentMode.ATTACH, started_at="2025-03-01T12:00:00Z"),
        daemon=DaemonWord(),
        you=Caller(id="", name=""),
        may=May(),
        commands=(CommandWord(name="status", runs=False, reason="zebrafish refuses 203.0.113.177"),),
    )


def test_why_an_agent_does_not_do_something_names_nobody() -> None:
    picture, names = secret_tailnet(), Pseudonyms(SALT)
    names.hide(picture)
    asked = Asked(picture.hosts[0], None, Agent())  # type: ignore[arg-type]  # its agent is all that is asked
    words = obstacle(COMMANDS["status"], veiled(asked, names)) or ""

    assert "refuses" in words
    assert leaks(words) == []
