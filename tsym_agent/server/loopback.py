"""Whether a port of 127.0.0.1 tells one connection from all others.

Beside a userspace daemon callers are known by the port that its netstack connects from. The kernel lets connections to
different places share one port, and any program of the host can ask for that (`IP_LOCAL_PORT_RANGE`, or patience): it
would be taken for the caller whose connection to another service comes from there.
"""

from __future__ import annotations

import re
from pathlib import Path

TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
"""Linux; elsewhere nobody can be told this, and a port is believed."""

_TIME_WAIT = b"06"
"""A connection that has ended: its caller is forgotten before that."""


def is_shared(port: int, ours: int, tables: tuple[Path, ...] = TABLES) -> bool:
    """Say whether a connection that comes from this port of 127.0.0.1 goes elsewhere than to our port."""
    line = re.compile(rb": (?:0{16}FFFF0000)?0100007F:%04X [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) " % port)
    for table in tables:
        try:
            connections = line.findall(table.read_bytes())
        except OSError:
            continue
        if any(int(to, 16) != ours and state != _TIME_WAIT for to, state in connections):
            return True
    return False
