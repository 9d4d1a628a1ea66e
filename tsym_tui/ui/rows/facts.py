"""The small facts that details share: three claims about reachability, labelled values, states in words."""

from __future__ import annotations

from datetime import datetime

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.nodes import Node
from tsym_agent.model.times import parse_time
from tsym_tui.graph.looks import Role, format_age, host_words
from tsym_tui.ui.digests import NodeSum
from tsym_tui.ui.problems import STANDING_ADVICE
from tsym_tui.ui.rows.pens import Pen, Row, fit_text, wrap

LABEL_CELLS = 9


def fact(pen: Pen, label: str, value: str) -> Row:
    """Write a word and its value."""
    return [pen.dim(fit_text(label, LABEL_CELLS)), pen(value)]


def age_of(moment: str | None, now: datetime) -> str | None:
    """Say how long ago a written time was; None when there is none."""
    then = parse_time(moment)
    return None if then is None else f"{format_age(max(0.0, (now - then).total_seconds()))} ago"


def claims(pen: Pen, node: Node, sums: NodeSum, now: datetime) -> list[Row]:
    """Write the three different claims about a node: connected to control, handshake, answers probes."""
    handshake = age_of(node.last_handshake, now)
    if node.online is None:
        online = _claim(pen, None, "online", "unknown")
    else:
        seen = age_of(node.last_seen, now) if not node.online else None
        online = _claim(pen, node.online, "online" if node.online else "offline", seen or "per control")
    heard = "" if sums.age_s is None else format_age(sums.age_s)
    if sums.fresh:
        reachable = _claim(pen, True, "reachable", f"{heard} ago" if heard else "")
    elif sums.failed:
        reachable = _claim(pen, False, "no answer", f"for {heard}" if heard else "to any probe")
    else:
        reachable = _claim(pen, None, "reachable", f"{heard} ago" if heard else "not probed")
    return [online, _claim(pen, True if handshake else None, "handshake", handshake or "none seen"), reachable]


def _claim(pen: Pen, is_so: bool | None, word: str, evidence: str) -> Row:
    """Write one claim with its tick; None = nobody knows."""
    if is_so is None:
        mark = pen("?".ljust(3), Role.CHROME)
    elif is_so:
        mark = pen(pen.signs.check.ljust(3), Role.OK)
    else:
        mark = pen("x  " if pen.is_ascii else "✕  ", Role.DEAD)
    return [mark, pen(fit_text(word, 10)), pen.dim(evidence)]


def host_lines(pen: Pen, host: Host, cells: int) -> list[Row]:
    """Say how a host stands with us when it is not well, and what to do, wrapped."""
    if host.state is HostState.OK:
        return [[pen("! ", Role.WARN), pen(line)] for text in host.health for line in wrap(text, cells - 2)]
    role = Role.CHROME if host.state is HostState.CONNECTING else Role.WARN
    lines = wrap(host.error, cells) if host.error else []
    return [[pen(host_words(host), role, bold=True)], *([pen(line)] for line in lines)]


def standing_lines(pen: Pen, node: Node, cells: int) -> list[Row]:
    """Say why a node may not take part, where that is so, and what to do; wrapped."""
    return [[pen(line, Role.WARN, bold=True)] for line in wrap(STANDING_ADVICE.get(node.standing, ""), cells)]
