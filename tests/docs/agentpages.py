"""Reference pages of what is asked of daemons and of agents, made from the registry and from a page of metrics."""

import asyncio
import re

from tsym_agent.localapi.commands import Command
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hello import AgentMode
from tsym_agent.model.hosts import Rights
from tsym_agent.server.essence import SlimStatus, slim_status
from tsym_agent.server.metrics import Metrics

_STATUS = b"""{"Version": "1", "BackendState": "Running",
 "Self": {"ID": "n0", "DNSName": "here.", "KeyExpiry": "2030-01-01T00:00:00Z"},
 "Peer": {"nodekey:1": {"ID": "n1", "DNSName": "there.", "TailscaleIPs": ["100.64.0.1"],
 "CurAddr": "192.0.2.1:41641", "Online": true, "KeyExpiry": "2030-01-01T00:00:00Z"}}}"""
_PONG = b'{"IP": "100.64.0.1", "LatencySeconds": 0.01, "Endpoint": "192.0.2.1:41641"}'
GAUGES = ("watchers", "log_readers", "event_listeners")
_RIGHTS = {Rights.READ: "r", Rights.WRITE: "w", None: "none"}


def commands_of_daemons() -> str:
    """Show the registry that agents, `tsym get` and the app's palette stand on."""
    lines = [
        "# Commands of daemons",
        "",
        "Made from the registry: what an agent lets through, `tsym get` asks and the app's palette offers. A `w`",
        "asks for a privileged caller (root, the operator, an agent that runs as root); what says `r` may be asked by",
        "whoever may connect. Those that act are run by agents only with `--allow-write` and a grant that says so;",
        "those marked * read more than a map needs, and a grant has to name them.",
        "",
        "| command | right | since | parameters | what it answers |",
        "|---|---|---|---|---|",
        *(_command_row(command) for command in COMMANDS.values()),
    ]
    return "\n".join(lines) + "\n"


def metrics() -> str:
    """Show every series of `/metrics`."""
    page = asyncio.run(_page())
    words = dict(re.findall(r"^# HELP (\S+) (.*)$", page, re.MULTILINE))
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    lines = [
        "# Metrics of an agent",
        "",
        "Made from a page of `/metrics`. [Who may ask what](../guides/who-may-ask.md) says who may scrape it. Path",
        "classes come from what status proves and from pings that went through the agent; it sends none of its own.",
        "",
        "| name | kind | labels | |",
        "|---|---|---|---|",
        *(f"| `{name}` | {kinds[name]} | {_labels_of(page, name)} | {said} |" for name, said in words.items()),
    ]
    return "\n".join(lines) + "\n"


class _Source:
    async def current(self) -> SlimStatus:
        """Return a status that has one of everything."""
        return slim_status(_STATUS)


async def _page() -> str:
    made = Metrics(_Source(), mode=AgentMode.ATTACH, gauges=dict.fromkeys(GAUGES, lambda: 1))
    made.count_request("status", 200)
    await made.page()  # it learns whose addresses they are
    made.note_ping("100.64.0.1", "disco", "", _PONG, None)
    return (await made.page()).decode()


def _labels_of(page: str, name: str) -> str:
    found = re.search(rf"^{name}(?:_bucket)?{{(.*)}} ", page, re.MULTILINE)
    names = re.findall(r'([a-z_]+)="', found[1]) if found else []
    return ", ".join(f"`{label}`" for label in names if label != "le")


def _command_row(command: Command) -> str:
    parameters = ", ".join(f"`{one.name}`" + ("" if one.is_required else "?") for one in command.parameters)
    name = f"`{command.name}`" + ("*" if command.is_sensitive else "") + (" (acts)" if command.acts else "")
    until = f" to {command.until}" if command.until else ""
    sends = f" Sends or costs: {command.sends}." if command.sends else ""
    words = command.words.replace("|", "\\|")
    return f"| {name} | {_RIGHTS[command.right]} | {command.since}{until} | {parameters} | {words}.{sends} |"
