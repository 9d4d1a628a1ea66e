"""What hosts are called where several stand together: on rows, in streams, as files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tsym_agent.model.hosts import Host


def host_names(hosts: Iterable[Host]) -> dict[str, str]:
    """Name hosts by spec: by their short names where those are unique, else with the spec."""
    hosts = tuple(hosts)
    counts = Counter(host.name for host in hosts)
    return {
        host.spec: host.name if counts[host.name] == 1 or host.name == host.spec else f"{host.name} ({host.spec})"
        for host in hosts
    }


def file_name(name: str, taken: set[str]) -> str:
    """Make a host's name part of a file's name: it comes from a stranger, and may be another one's too."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "host"
    number = 1
    while (unique := safe if number == 1 else f"{safe}-{number}") in taken:
        number += 1
    taken.add(unique)
    return unique
